"""An agent at Polymarket works with readable names and small answers: what is long or no news is there for who asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from double_streams import a_double
from polymarket_agent import NO, ORDER, SLUG, YES, Waiting, agent, call, refused

from venuekit_doubles.polymarket import Fault, PolymarketDouble

pytestmark = pytest.mark.anyio


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with a_double() as running:
        yield running


async def test_tools_events_errors_and_resources_speak_of_aliases(double: PolymarketDouble, tmp_path: Path) -> None:
    tokens = double.market(SLUG).tokens
    async with agent(double, tmp_path, toolsets=("core", "discovery", "account")) as client:
        told: list[Any] = [
            await call(client, "get_market_data", instruments=[YES, NO], trades=3),
            await call(client, "get_orderbook", instrument=YES),
            await call(client, "get_historical_candles", instrument=YES),
            books := await call(client, "subscribe", channel="book", instruments=[YES]),
            await Waiting(client, books).until("book_snapshot", instrument=YES),
            await call(client, "place_order", **ORDER),
            await call(client, "place_order", **{**ORDER, "price": "0.64"}),
            await refused(client, "place_order", **{**ORDER, "price": "0.595"}),
            await refused(client, "place_order", **{**ORDER, "size": "1"}),
            *[await call(client, f"get_{what}") for what in ("orders", "fills", "positions", "risk_status", "audit")],
            await call(client, "calculate_position_metrics", instrument=YES),
            await call(client, "list_outcome_positions"),
            await call(client, "list_markets"),
            await call(client, "get_prices", instruments=[YES, NO]),
            await call(client, "get_market_holders", market=SLUG),
            *[await client.read_resource(uri) for uri in ("order://active", "account://positions", "stream://status")],
        ]
        text = repr(told)
        assert text.count(YES) > 10
        assert [token for token in tokens if token in text] == []
        [held] = [row["instrument"] for row in (await call(client, "get_positions"))["positions"]]
        closed = await call(client, "close_position", instrument=held, reason="it leads back to what was bought")
        assert (closed["order"]["side"], closed["order"]["status"]) == ("SELL", "FILLED")


async def test_only_budgets_that_hold_something_up_are_told(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, toolsets=("core", "account")) as client:
        assert (await call(client, "get_realtime_status"))["pace"] == []
        double.fail("balance_allowance", Fault.RATE_LIMITED, Fault.RATE_LIMITED)
        assert (await refused(client, "list_allowances"))["code"] == "RATE_LIMITED"
        [slowed] = (await call(client, "get_realtime_status"))["pace"]
        assert slowed["share"] < 1


async def test_the_ids_are_there_for_who_asks_for_them(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path) as client:
        found = (await call(client, "search_instruments", text="fed"))["instruments"]
        assert {row["alias"]: row["id"] for row in found} == dict(
            zip((YES, NO), double.market(SLUG).tokens, strict=True)
        )
