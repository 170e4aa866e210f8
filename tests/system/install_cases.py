"""What each distribution must do when nothing else of the workspace was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Command = Sequence[str]
#: Other venues, and what comes with them.
OTHER_VENUES = ("ccxt", "polymarket", "polymarket_client", "py_clob_client", "venuekit_polymarket", "venuekit_ccxt")

TRADE_ON_PAPER = """
import asyncio
from decimal import Decimal
from venuekit import MarketOrder, Side, open_desk

async def main():
    async with open_desk("paper", venue_options={"persist": False}) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01")))
        assert order.filled_size == Decimal("0.01"), order

asyncio.run(main())
"""
#: Public data without a key, the account with one, and shadow mode refused with what to do about it.
LOOK_AT_COINBASE = """
import asyncio
from venuekit import Mode, VenuekitError, open_desk

async def main():
    for file in ("public.toml", "double.toml"):
        async with open_desk(file) as desk:
            book = await desk.venue.order_book("BTC-USD")
            assert book.bids and book.asks, book
    async with open_desk("double.toml") as desk:
        assert await desk.venue.balances()
    try:
        async with open_desk("public.toml", mode=Mode.SHADOW):
            raise SystemExit("shadow mode without an engine")
    except VenuekitError as error:
        assert error.fix == "Run: pip install venuekit-paper", error.fix

asyncio.run(main())
"""
#: A host's client starts the server in each mode, lists its tools, looks, and trades in shadow without a key.
ASK_THE_COINBASE_SERVER = """
import asyncio, os, shutil
from mcp import Client
from mcp.client.stdio import StdioServerParameters

async def main():
    for mode, file in (("read_only", "public.toml"), ("shadow", "public.toml"), ("read_only", "double.toml")):
        command = StdioServerParameters(
            command=shutil.which("venuekit-mcp-coinbase"), args=["--mode", mode, "--config", file], env=dict(os.environ)
        )
        async with Client(command, read_timeout_seconds=60) as client:
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert "get_orderbook" in tools and ("place_order" in tools) is (mode == "shadow"), tools
            found = await client.call_tool("get_orderbook", {"instrument": "BTC-USD"})
            assert not found.is_error and found.structured_content["bids"], found
            if mode == "shadow":
                order = {"instrument": "BTC-USD", "side": "BUY", "order_type": "MARKET", "size": "0.001", "reason": "a try"}
                placed = await client.call_tool("place_order", order)
                assert not placed.is_error and placed.structured_content["mode"] == "shadow", placed

asyncio.run(main())
"""
START_A_DOUBLE = """
import ssl, urllib.request
from venuekit_doubles.coinbase import CoinbaseDouble

with CoinbaseDouble() as double:
    trusted = ssl.create_default_context(cafile=double.ca_file)
    url = f"{double.rest_url}/api/v3/brokerage/market/product_book?product_id=BTC-USD"
    assert b"bids" in urllib.request.urlopen(url, context=trusted).read()
"""


@dataclass(frozen=True)
class Case:
    """What a distribution must do alone."""

    statements: str
    #: Modules that must not have come along.
    unwanted: Sequence[str]
    #: Commands that must end well.
    scripts: Sequence[Command]
    #: Commands that must be refused: with this exit code, and one line on standard error that has this in it.
    refusals: Sequence[tuple[Command, int, str]] = ()
    #: Venues that `venuekit venues` must list, and no others.
    venues: Sequence[str] | None = None
    #: Whether it is tried beside a running double of Coinbase, with ``double.toml`` and, without a key, ``public.toml``.
    at_a_double: bool = False


CASES: dict[str, Case] = {
    "venuekit": Case(
        "import venuekit, venuekit.adapter; from venuekit import open_desk, LimitOrder, Side",
        unwanted=("mcp", "pydantic", "pytest", *OTHER_VENUES),
        scripts=(
            ("venuekit", "--version"),
            ("venuekit", "venues"),
            ("venuekit", "status"),
            ("venuekit", "halt"),
            ("venuekit", "audit", "verify"),
            ("venuekit", "new", "adapter", "somewhere"),
        ),
        refusals=(
            (("venuekit", "demo"), 2, "pip install venuekit-mcp"),
            (("venuekit", "config", "check"), 2, "pip install venuekit-paper"),
            (("venuekit", "client", "install", "cursor"), 2, "pip install venuekit-mcp-paper"),
        ),
    ),
    "venuekit-mcp": Case(
        "import venuekit_mcp; from venuekit_mcp import build_server",
        unwanted=("venuekit_paper", *OTHER_VENUES),
        scripts=(("venuekit", "--version"),),
        refusals=((("venuekit", "demo"), 1, "venuekit-mcp-paper"),),
    ),
    "venuekit-paper": Case(
        TRADE_ON_PAPER,
        unwanted=("mcp", "pydantic", *OTHER_VENUES),
        scripts=(("venuekit", "doctor", "paper"),),
        venues=("paper",),
    ),
    "venuekit-mcp-paper": Case(
        "import venuekit_mcp_paper",
        unwanted=("pytest", *OTHER_VENUES),
        scripts=(
            ("venuekit-mcp-paper", "--version"),
            ("venuekit-mcp-paper", "--help"),
            ("venuekit", "demo", "--json"),
            ("venuekit", "client", "install", "claude-desktop", "--server", "paper", "--mode", "shadow", "--write"),
            ("venuekit", "doctor", "--json"),
        ),
        refusals=(
            (("venuekit-mcp-paper", "--mode", "Live"), 2, "read_only, shadow, live"),
            (("venuekit-mcp-paper", "--config", "nowhere.toml"), 2, "nowhere.toml"),
            (("venuekit-mcp-paper", "--profile", "nosuch"), 2, "polybot"),
        ),
    ),
    "venuekit-doubles": Case(
        START_A_DOUBLE,
        unwanted=("mcp", "pytest", "venuekit_coinbase", *OTHER_VENUES),
        scripts=(("venuekit-double-coinbase", "--help"),),
    ),
    "venuekit-coinbase": Case(
        LOOK_AT_COINBASE,
        unwanted=("mcp", "pydantic", "pytest", "venuekit_paper", *OTHER_VENUES),
        scripts=(
            ("venuekit", "venues", "coinbase"),
            ("venuekit", "config", "check", "--config", "double.toml"),
            ("venuekit", "doctor", "coinbase", "--config", "double.toml"),
        ),
        venues=("coinbase",),
        at_a_double=True,
    ),
    "venuekit-mcp-coinbase": Case(
        ASK_THE_COINBASE_SERVER,
        unwanted=("pytest", *OTHER_VENUES),
        scripts=(
            ("venuekit-mcp-coinbase", "--version"),
            ("venuekit-mcp-coinbase", "--help"),
            ("venuekit", "client", "install", "claude-desktop", "--server", "coinbase", "--mode", "shadow", "--write"),
        ),
        refusals=(
            (("venuekit-mcp-coinbase", "--mode", "live", "--config", "double.toml"), 2, "approval.require_above"),
            (("venuekit-mcp-coinbase", "--mode", "shadows"), 2, "read_only, shadow, live"),
        ),
        venues=("coinbase", "paper"),
        at_a_double=True,
    ),
}
