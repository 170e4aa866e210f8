"""The Coinbase server at work, over stdio and HTTP: every answer names where it is from, orders go once, secrets never."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from coinbase_server import ORDER, environment, serving
from server_process import TRADING, call, every_answer, listed, operator, refused

from mcp import Client
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.faults import Fault

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]
TOOLSETS = ("--toolsets", "core,coinbase")
RESTING = {**ORDER, "order_type": "LIMIT", "price": "1000", "post_only": True}
#: What each tool that only reads is called with, where it needs something.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "search_instruments": {"text": "BTC"},
    "get_market_data": {"instruments": ["BTC-USD"]},
    "get_orderbook": {"instrument": "BTC-USD"},
    "get_historical_candles": {"instrument": "BTC-USD"},
    "check_trade_risk": {"instrument": "BTC-USD", "side": "BUY", "order_type": "MARKET", "size": "0.001"},
    "calculate_position_metrics": {"instrument": "BTC-USD"},
    "subscribe": {"channel": "ticker", "instruments": ["BTC-USD"]},
    "preview_order": {"instrument": "BTC-USD", "side": "BUY", "order_type": "MARKET", "size": "0.001"},
    "quote_conversion": {"source": "USD", "target": "BTC", "amount": "10"},
}


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with CoinbaseDouble(heartbeat_seconds=0.2, exchange={"pace": "manual", "start_time_ns": 0}) as made:
        yield made


def creates(double: CoinbaseDouble) -> int:
    return [asked.endpoint for asked in double.mutating].count("create")


@pytest.mark.parametrize(("mode", "transport"), [("read_only", "stdio"), ("shadow", "http"), ("live", "stdio")])
async def test_every_answer_names_mode_venue_and_environment(
    double: CoinbaseDouble, tmp_path: Path, mode: str, transport: str
) -> None:
    environ = environment(tmp_path, double, key=True, VENUEKIT__APPROVAL__REQUIRE_ABOVE="1000")
    async with serving(environ, mode, *TOOLSETS, transport=transport) as client:
        order_id = ""
        if mode != "read_only":
            placed = await call(client, "place_order", **RESTING)
            order_id = placed["order"]["id"]
            await call(client, "cancel_order", order_id=order_id)
        answers = await every_answer(client, ARGUMENTS, order_id=order_id)
    assert len(answers) > 25
    where = {"mode": mode, "venue": "coinbase", "environment": "paper" if mode == "shadow" else "sandbox"}
    for answer in answers:
        assert {name: answer.get(name) for name in where} == where, answer


async def test_an_order_waits_for_the_operators_command_and_goes_once(double: CoinbaseDouble, tmp_path: Path) -> None:
    double.forget()
    environ = environment(tmp_path, double, key=True, VENUEKIT__APPROVAL__REQUIRE_ABOVE="1")
    order = {**ORDER, "client_order_id": "only-once"}
    async with serving(environ, "live", transport="http") as client:
        assert await listed(client) >= TRADING
        waits = await call(client, "place_order", **order)
        assert waits["order"]["status"] == "PENDING_APPROVAL"
        again = await call(client, "place_order", **order)
        assert again["order"]["id"] == waits["order"]["id"]
        [pending] = operator(environ, "approvals", "list")["approvals"]
        for attempt in ({"confirm": True}, {"approved": True}, {"approval_id": pending["id"]}):
            await refused(client, "place_order", **order, **attempt)
        assert creates(double) == 0, "nobody approved it"
        operator(environ, "approvals", "approve", pending["id"])
        done = await settled(client, waits["order"]["id"])
        assert (done["status"], Decimal(done["filled_size"])) == ("FILLED", Decimal("0.001"))
        assert (await call(client, "place_order", **order))["order"]["status"] == "FILLED"
        reused = await refused(client, "place_order", **{**order, "size": "0.002"})
        assert reused["code"] == "CLIENT_ORDER_ID_REUSED"
    async with serving(environ, "live", transport="http") as client:
        assert (await call(client, "place_order", **order))["order"]["status"] == "FILLED"
        assert creates(double) == 1, "it went to the venue once"
        double.fail("create", Fault.AFTER_RESET)
        lost = await call(client, "place_order", **{**RESTING, "client_order_id": "lost"})
        assert lost["order"]["status"] == "OPEN"
        orders = (await call(client, "get_orders"))["orders"]
    assert [o["client_order_id"] for o in orders if o["client_order_id"] == "lost"] == ["lost"]


async def settled(client: Client, order_id: str) -> dict[str, Any]:
    for _ in range(200):
        order = (await call(client, "get_order_status", order_id=order_id))["order"]
        if order["status"] not in ("PENDING_APPROVAL", "SUBMITTING", "OPEN"):
            break
        await asyncio.sleep(0.05)
    return dict(order)


async def test_a_secret_is_in_no_byte_of_what_the_server_says_or_keeps(double: CoinbaseDouble, tmp_path: Path) -> None:
    environ = environment(tmp_path, double, key=True, VENUEKIT__APPROVAL__REQUIRE_ABOVE="1000")
    told: list[Any] = []
    async with serving(environ, "live", *TOOLSETS, "--role", "admin") as client:
        placed = await call(client, "place_order", **ORDER)
        told += await every_answer(client, ARGUMENTS, order_id=placed["order"]["id"])
        for fault in (Fault.UNAUTHORIZED_ONCE, Fault.HTML_WITH_200, Fault.AFTER_RESET):
            double.fail("accounts", fault, fault)
            told.append(await refused(client, "get_balances"))
        # An agent that was given the secret repeats it, wherever there is a text of its own.
        asked = f"{double.key} {double.secret}"
        told.append(await call(client, "place_order", **{**RESTING, "reason": asked}))
        told.append(await refused(client, "get_orderbook", instrument=double.secret))
        told.append(await refused(client, "place_order", **RESTING, client_order_id=double.secret[:200]))
        told.append(await call(client, "get_audit", limit=100))
    shown = [operator(environ, "audit", "tail"), operator(environ, "orders"), operator(environ, "config", "check")]
    kept = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    everything = kept.decode("latin-1") + json.dumps(told) + json.dumps(shown)
    assert len(kept) > 10_000
    inner = "".join(line for line in double.secret.splitlines() if "-----" not in line)
    spellings = {inner, inner[:40], *[line for line in double.secret.splitlines() if "-----" not in line]}
    for secret in (*spellings, "eyJ", double.key):
        assert secret not in everything, secret[:12]
