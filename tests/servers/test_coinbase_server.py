"""The Coinbase server over stdio, against the double: looking without a key, shadow at its prices, live behind approval."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest
from coinbase_server import ORDER, SERVER, environment, serving
from mcp.shared.exceptions import MCPError
from server_process import TRADING, call, listed

from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_mcp.generate import generated

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with CoinbaseDouble(heartbeat_seconds=0.2, exchange={"pace": "manual", "start_time_ns": 0}) as made:
        yield made


async def test_without_a_key_it_looks_and_lists_nothing_that_trades(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with serving(environment(tmp_path, double), "read_only") as client:
        assert await listed(client) & TRADING == set()
        body = await call(client, "get_market_data", instruments=["BTC-USD"])
        assert Decimal(body["tickers"][0]["bid"]) > 0
        with pytest.raises(MCPError):
            await client.call_tool("place_order", ORDER)


async def test_in_shadow_it_fills_at_the_venues_prices_and_asks_it_nothing_private(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    double.forget()
    toolsets = ("--toolsets", "core,coinbase")
    async with serving(environment(tmp_path, double, key=True), "shadow", *toolsets) as client:
        names = await listed(client)
        assert names >= {*TRADING, "quote_conversion"}
        assert "commit_conversion" not in names, "it would convert real money, and can only be refused"
        asked = {"quote_id": "q", "source": "USD", "target": "USDC", "reason": "t"}
        refused = await client.call_tool("commit_conversion", asked)
        assert refused.is_error
        assert refused.structured_content is not None
        assert "not simulated" in refused.structured_content["message"]
        quoted = (await call(client, "get_market_data", instruments=["BTC-USD"]))["tickers"][0]
        order = await call(client, "place_order", **ORDER)
        assert order["mode"] == "shadow"
        fills = (await call(client, "get_fills"))["fills"]
    assert [Decimal(fill["price"]) for fill in fills] == [Decimal(quoted["ask"])]
    assert double.requests
    assert double.private == []


async def test_live_an_order_reaches_the_venue_once_and_a_large_one_waits(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    double.forget()
    environ = environment(tmp_path, double, key=True, VENUEKIT__APPROVAL__REQUIRE_ABOVE="1000")
    async with serving(environ, "live") as client:
        assert await listed(client) >= TRADING
        placed = await call(client, "place_order", **ORDER)
        assert (placed["mode"], placed["environment"]) == ("live", "sandbox")
        assert [asked.endpoint for asked in double.mutating].count("create") == 1
        waits = await client.call_tool("place_order", {**ORDER, "size": "0.1"})
        assert [asked.endpoint for asked in double.mutating].count("create") == 1, "nobody approved it"
        assert waits.structured_content is not None
        pending = (await call(client, "get_approval_status"))["approvals"]
        assert len(pending) == 1


def test_live_without_a_threshold_is_refused_in_a_line(double: CoinbaseDouble, tmp_path: Path) -> None:
    done = subprocess.run(
        [*SERVER, "--mode", "live"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment(tmp_path, double, key=True),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "approval.require_above" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_generator_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        pytest.fail("the generator opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    files = generated("coinbase")
    assert "Shadow mode needs no key" in files["README.md"]
    assert "Shadow mode needs no key" not in generated("paper")["README.md"]
