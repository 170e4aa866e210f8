"""What each distribution must do when nothing else of the workspace was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Command = Sequence[str]
#: What comes with a venue, and with others only by mistake.
COINBASE = ("coinbase", "venuekit_coinbase")
POLYMARKET = ("polymarket", "venuekit_polymarket", "eth_account", "coincurve")
#: Clients of venues that nothing of ours brings.
NEVER = ("ccxt", "py_clob_client", "py_clob_client_v2", "venuekit_ccxt")
VENUES = (*COINBASE, *POLYMARKET, *NEVER)

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
LOOK = """
import asyncio
from venuekit import Mode, VenuekitError, open_desk

async def main():
    for file in (VENUE + "-public.toml", VENUE + ".toml"):
        async with open_desk(file) as desk:
            book = await desk.venue.order_book(INSTRUMENT)
            assert book.bids and book.asks, book
    async with open_desk(VENUE + ".toml") as desk:
        assert await desk.venue.balances()
    try:
        async with open_desk(VENUE + "-public.toml", mode=Mode.SHADOW):
            raise SystemExit("shadow mode without an engine")
    except VenuekitError as error:
        assert error.fix == "Run: pip install venuekit-paper", error.fix

asyncio.run(main())
"""
#: A host's client starts the server in each mode, lists its tools, looks, and trades in shadow without a key.
ASK_THE_SERVER = """
import asyncio, os, shutil
from mcp import Client
from mcp.client.stdio import StdioServerParameters

async def main():
    for mode, file in (("read_only", "-public.toml"), ("shadow", "-public.toml"), ("read_only", ".toml")):
        command = StdioServerParameters(
            command=shutil.which("venuekit-mcp-" + VENUE),
            args=["--mode", mode, "--config", VENUE + file],
            env=dict(os.environ),
        )
        async with Client(command, read_timeout_seconds=60) as client:
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert "get_orderbook" in tools and ("place_order" in tools) is (mode == "shadow"), tools
            found = await client.call_tool("get_orderbook", {"instrument": INSTRUMENT})
            assert not found.is_error and found.structured_content["bids"], found
            if mode == "shadow":
                order = {"instrument": INSTRUMENT, "side": "BUY", "order_type": "MARKET", "size": SIZE, "reason": "a try"}
                placed = await client.call_tool("place_order", order)
                assert not placed.is_error and placed.structured_content["mode"] == "shadow", placed

asyncio.run(main())
"""
#: One process trades at both venues: each tells its book and its own fill, on the WebSocket that neither's client brings.
TRADE_AT_BOTH = """
import asyncio, os
from decimal import Decimal
from importlib.metadata import version
from venuekit import Channel, MarketOrder, Mode, Side, open_desk
from venuekit.adapter import BookSnapshot, FillEvent

async def told(events, kind):
    async for event in events:
        if isinstance(event, kind):
            return event

async def trade(desk, instrument, size):
    books = await desk.subscribe(Channel.BOOK, [instrument])
    fills = await desk.subscribe(Channel.OWN_FILLS, [])
    book = await asyncio.wait_for(told(books, BookSnapshot), 60)
    assert book.book.best_ask is not None, book
    order = await desk.submit(MarketOrder(instrument=instrument, side=Side.BUY, size=Decimal(size)))
    fill = await asyncio.wait_for(told(fills, FillEvent), 60)
    assert fill.fill.client_order_id == order.client_order_id, (fill, order)

async def main():
    assert int(version("websockets").partition(".")[0]) < 14, "what Coinbase's client wants"
    async with (
        open_desk("coinbase.toml", mode=Mode.LIVE) as spot, open_desk("polymarket.toml", mode=Mode.LIVE) as outcomes
    ):
        await asyncio.gather(
            trade(spot, "BTC-USD", "0.001"), trade(outcomes, "fed-cuts-in-december:YES", "10")
        )

os.environ["VENUEKIT__APPROVAL__REQUIRE_ABOVE"] = "1000"
asyncio.run(main())
"""
#: Both servers in one environment, one after the other.
VERSIONS = (("venuekit-mcp-coinbase", "--version"), ("venuekit-mcp-polymarket", "--version"))
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
    #: Venues whose doubles run beside it, each with ``VENUE.toml`` and, without a key, ``VENUE-public.toml``.
    doubles: Sequence[str] = ()


def at(venue: str, instrument: str, size: str, statements: str) -> str:
    """The statements, for an instrument of a venue."""
    return f"VENUE, INSTRUMENT, SIZE = {(venue, instrument, size)!r}\n{statements}"


AT_COINBASE = ("coinbase", "BTC-USD", "0.001")
AT_POLYMARKET = ("polymarket", "fed-cuts-in-december:YES", "10")

#: What is installed, by its names, and what must come of it.
CASES: dict[str, Case] = {
    "venuekit": Case(
        "import venuekit, venuekit.adapter; from venuekit import open_desk, LimitOrder, Side",
        unwanted=("mcp", "pydantic", "pytest", *VENUES),
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
        unwanted=("venuekit_paper", *VENUES),
        scripts=(("venuekit", "--version"),),
        refusals=((("venuekit", "demo"), 1, "venuekit-mcp-paper"),),
    ),
    "venuekit-paper": Case(
        TRADE_ON_PAPER,
        unwanted=("mcp", "pydantic", *VENUES),
        scripts=(("venuekit", "doctor", "paper"),),
        venues=("paper",),
    ),
    "venuekit-mcp-paper": Case(
        "import venuekit_mcp_paper",
        unwanted=("pytest", *VENUES),
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
        unwanted=("mcp", "pytest", *VENUES),
        scripts=(("venuekit-double-coinbase", "--help"),),
        refusals=((("venuekit-double-polymarket",), 2, "pip install 'venuekit-doubles[polymarket]'"),),
    ),
    "venuekit-wire": Case(
        "from venuekit_wire.http import HttpClient, HttpSettings; HttpClient(HttpSettings(venue='Acme', agent='acme'))",
        unwanted=("mcp", "pydantic", "pytest", "websockets", "venuekit_paper", *VENUES),
        scripts=(("venuekit", "venues"),),
        venues=(),
    ),
    "venuekit-coinbase": Case(
        at(*AT_COINBASE, LOOK),
        unwanted=("mcp", "pytest", "venuekit_paper", "pydantic", *POLYMARKET, *NEVER),
        scripts=(
            ("venuekit", "venues", "coinbase"),
            ("venuekit", "config", "check", "--config", "coinbase.toml"),
            ("venuekit", "doctor", "coinbase", "--config", "coinbase.toml"),
        ),
        venues=("coinbase",),
        doubles=("coinbase",),
    ),
    "venuekit-mcp-coinbase": Case(
        at(*AT_COINBASE, ASK_THE_SERVER),
        unwanted=("pytest", *POLYMARKET, *NEVER),
        scripts=(
            ("venuekit-mcp-coinbase", "--version"),
            ("venuekit-mcp-coinbase", "--help"),
            ("venuekit", "client", "install", "claude-desktop", "--server", "coinbase", "--mode", "shadow", "--write"),
        ),
        refusals=(
            (("venuekit-mcp-coinbase", "--mode", "live", "--config", "coinbase.toml"), 2, "approval.require_above"),
            (("venuekit-mcp-coinbase", "--mode", "shadows"), 2, "read_only, shadow, live"),
        ),
        venues=("coinbase", "paper"),
        doubles=("coinbase",),
    ),
    "venuekit-polymarket": Case(
        at(*AT_POLYMARKET, LOOK),
        unwanted=("mcp", "pytest", "venuekit_paper", *COINBASE, *NEVER),
        scripts=(
            ("venuekit", "venues", "polymarket"),
            ("venuekit", "config", "check", "--config", "polymarket.toml"),
            ("venuekit", "doctor", "polymarket", "--config", "polymarket.toml"),
        ),
        venues=("polymarket",),
        doubles=("polymarket",),
    ),
    "venuekit-mcp-polymarket": Case(
        at(*AT_POLYMARKET, ASK_THE_SERVER),
        unwanted=("pytest", *COINBASE, *NEVER),
        scripts=(
            ("venuekit-mcp-polymarket", "--version"),
            ("venuekit-mcp-polymarket", "--help"),
            (
                "venuekit",
                "client",
                "install",
                "claude-desktop",
                "--server",
                "polymarket",
                "--mode",
                "shadow",
                "--write",
            ),
        ),
        refusals=(
            (("venuekit-mcp-polymarket", "--mode", "live", "--config", "polymarket.toml"), 2, "approval.require_above"),
            (("venuekit-mcp-polymarket", "--mode", "shadows"), 2, "read_only, shadow, live"),
        ),
        venues=("polymarket", "paper"),
        doubles=("polymarket",),
    ),
    "venuekit-mcp-coinbase venuekit-mcp-polymarket": Case(
        TRADE_AT_BOTH,
        unwanted=("pytest", *NEVER),
        scripts=VERSIONS,
        venues=("coinbase", "paper", "polymarket"),
        doubles=("coinbase", "polymarket"),
    ),
}
