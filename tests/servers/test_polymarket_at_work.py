"""The Polymarket server at work, over stdio and HTTP: every tool answers well and badly, and no secret is in any byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from polymarket_server import ARGUMENTS, BUY, ORDER, YES, environment, serving
from server_process import TRADING, call, every_answer, listed, operator, refused

from mcp import Client
from venuekit_doubles.polymarket import Fault, Pace, PolymarketDouble

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]
TOOLSETS = ("--toolsets", "core,discovery,account")


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(secure=True, pace=Pace(moving=False, settle=0.02)) as running:
        yield running


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_every_tool_answers_what_is_right_and_refuses_what_is_wrong(
    double: PolymarketDouble, tmp_path: Path, transport: str
) -> None:
    environ = environment(tmp_path, double, key=True, VENUEKIT__APPROVAL__REQUIRE_ABOVE="1000")
    told: list[Any] = []
    async with serving(environ, "live", *TOOLSETS, "--role", "admin", transport=transport) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} >= TRADING - {"amend_order"}, "the venue cannot amend"
        told += await trading(client)
        answers = await every_answer(client, ARGUMENTS, order_id=told[0]["order"]["id"])
        told += answers
        assert [answer for answer in answers if "code" in answer] == []
        where = {"mode": "live", "venue": "polymarket", "environment": "sandbox"}
        assert [a for a in answers if {name: a.get(name) for name in where} != where] == []
        for tool in tools:
            told += [await wrong(client, tool.name, given) for given in mistakes(tool.input_schema, double)]
        told += await going_wrong(client, double)
    shown = [operator(environ, *words) for words in (("audit", "tail", "-n", "500"), ("orders",), ("config", "check"))]
    kept = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    everything = kept.decode("latin-1") + json.dumps(told) + json.dumps(shown)
    assert len(kept) > 10_000
    assert [secret[:6] for secret in secrets(double) if secret in everything] == []


def secrets(double: PolymarketDouble) -> list[str]:
    """What opens the account."""
    mine = double.account
    return [mine.private_key[2:], mine.credentials.secret, mine.credentials.passphrase, mine.credentials.key]


async def trading(client: Client) -> list[dict[str, Any]]:
    """What the tools that trade answer, each of them done for once."""
    rests = await call(client, "place_order", **ORDER)
    bought = await call(client, "place_order", **BUY)
    canceled = await call(client, "cancel_order", order_id=rests["order"]["id"])
    all_of_them = await call(client, "cancel_all_orders", instrument=YES)
    closed = await call(client, "close_position", instrument=YES, reason="a test")
    assert [answer["order"]["status"] for answer in (bought, canceled, closed)] == ["FILLED", "CANCELED", "FILLED"]
    return [rests, bought, canceled, all_of_them, closed]


def mistakes(schema: dict[str, Any], double: PolymarketDouble) -> Iterator[dict[str, Any]]:
    """Arguments that cannot be right, with the account's secrets in them."""
    everything = " ".join(secrets(double))
    yield {"no_such_argument": everything}
    yield {everything: 1}
    for name in schema.get("properties", {}):
        yield {name: {"of": "no kind that there is", "secret": everything}}


async def wrong(client: Client, tool: str, given: dict[str, Any]) -> dict[str, Any]:
    """The error of a mistake: the caller's, and not a bug."""
    error = await refused(client, tool, **given)
    assert error["code"] == "INVALID_VALUE", (tool, error)
    assert error["message"]
    return error


async def going_wrong(client: Client, double: PolymarketDouble) -> list[dict[str, Any]]:
    """What is said when the venue refuses, and when an agent that was given the secrets repeats them."""
    told = []
    for fault in (Fault.UNAUTHORIZED, Fault.FORBIDDEN_HTML, Fault.AFTER_HTML_WITH_200, Fault.AFTER_RESET):
        double.fail("balance_allowance", fault, fault)
        result = await client.call_tool("list_allowances", {})
        assert result.is_error, fault
        told.append(result.model_dump(mode="json"))
    everything = " ".join(secrets(double))
    told.append(await call(client, "place_order", **{**ORDER, "size": "11", "reason": everything}))
    told.append(await refused(client, "place_order", **{**ORDER, "client_order_id": double.account.private_key}))
    for tool, name in (("get_orderbook", "instrument"), ("get_event", "event"), ("get_market_details", "market")):
        told.append(await refused(client, tool, **{name: double.account.private_key}))
    told.append(await call(client, "get_audit", limit=100))
    return told


@pytest.mark.parametrize(("mode", "transport", "key"), [("read_only", "http", False), ("shadow", "stdio", True)])
async def test_looking_and_shadow_trades_ask_the_venue_for_nothing_private(
    double: PolymarketDouble, tmp_path: Path, mode: str, transport: str, key: bool
) -> None:
    where = {"mode": mode, "venue": "polymarket", "environment": "paper" if mode == "shadow" else "sandbox"}
    environ = environment(tmp_path, double, key=key)
    async with serving(environ, mode, "--toolsets", "core,discovery", transport=transport) as client:
        assert bool(await listed(client) & TRADING) is (mode == "shadow")
        order_id = ""
        if mode == "shadow":
            placed = await call(client, "place_order", **BUY)
            order_id = placed["order"]["id"]
            assert placed["order"]["status"] == "FILLED"
        answers = await every_answer(client, ARGUMENTS, order_id=order_id)
    assert len(answers) > 25
    assert [a for a in answers if {name: a.get(name) for name in where} != where] == []
    assert double.requests
    assert double.private == []
