"""Looking orders up: at the venue by their digest, in its list, and in trades; never another one's row for ours."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from polymarket_trader import FINE, Desk

from venuekit.adapter import OrderRef, OrderStatus, Side

pytestmark = pytest.mark.anyio
D = Decimal


def answering(desk: Desk, change: Callable[[str, Any, dict[str, Any]], Any]) -> None:
    """Let `change` say what the venue answers, given the path, its real answer and the question."""
    own = desk.api.own

    async def changed(path: str, **query: Any) -> Any:
        return change(path, await own(path, **query), query)

    desk.api.own = changed  # type: ignore[method-assign]


async def test_an_order_that_only_the_list_knows_is_open(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    desk.own.finder.patience_seconds = 0
    answering(desk, lambda path, body, _: {} if path.startswith("/data/order/") else body)
    assert (await desk.own.finder.find(OrderRef.of(order))).status is OrderStatus.OPEN


async def test_another_orders_row_is_not_taken_for_ours(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    other = desk.double.order(desk.token(), Side.BUY, "0.11", "7", account=desk.double.account)
    row = await desk.api.own(f"/data/order/{other}", budget="clob_ledger")
    answering(desk, lambda path, body, _: row if path.startswith("/data/order/") else body)
    found = await desk.own.finder.find(OrderRef.of(order))
    assert (found.venue_order_id, found.price, found.size) == (order.venue_order_id, order.price, D(10))
    assert desk.own.finder.kept(OrderRef(venue_order_id=other)) is None


async def test_what_a_listed_order_has_traded_is_told_with_its_price(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit(price="0.62"))
    desk.double.give(desk.double.other.wallet, "4", desk.token())
    desk.double.order(desk.token(), Side.SELL, "0.62", "4")
    [listed] = [o async for o in desk.own.finder.open()]
    assert (listed.id, listed.filled_size, listed.average_price) == (order.id, D(4), D("0.62"))


async def test_every_page_of_open_orders_is_read_and_each_order_told_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.own.trading.submit(desk.limit())

    def one_a_page(path: str, body: Any, query: dict[str, Any]) -> Any:
        if path != "/data/orders":
            return body
        at = {"MA==": 0, "p1": 1, "p2": 2}[query["next_cursor"]]
        following = ("p1", "p2", "LTE=")[at]
        return {"data": body["data"][at : at + 1], "next_cursor": following}

    own = desk.api.own

    async def paged(path: str, **query: Any) -> Any:
        asked = {**query, "next_cursor": "MA=="} if path == "/data/orders" else query
        return one_a_page(path, await own(path, **asked), query)

    desk.api.own = paged  # type: ignore[method-assign]
    found = [o.id async for o in desk.own.finder.open()]
    assert len(found) == len(set(found)) == 3


async def test_a_list_that_names_its_own_page_as_the_next_ends(desk: Desk) -> None:
    await desk.own.trading.submit(desk.limit())

    def again(path: str, body: Any, query: dict[str, Any]) -> Any:
        return {**body, "next_cursor": query["next_cursor"]} if path == "/data/orders" else body

    answering(desk, again)
    assert len([o async for o in desk.own.finder.open()]) == 1


async def test_orders_that_are_held_back_are_listed_with_those_of_their_outcome_only(desk: Desk) -> None:
    token = desk.token("nba-lal-bos-moneyline")
    ask = await desk.best(token=token)
    held = await desk.own.trading.submit(desk.limit(price=str(ask.price), instrument=token))
    assert held.status_code == "DELAYED"
    assert [o.id async for o in desk.own.finder.open(token)] == [held.id]
    assert not [o async for o in desk.own.finder.open(desk.token(FINE))]
    assert [o.id async for o in desk.own.finder.open()] == [held.id]


async def test_what_is_listed_and_over_may_trade_no_more(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())

    def over(path: str, body: Any, _: dict[str, Any]) -> Any:
        rows = [{**row, "status": "CANCELED"} for row in body["data"]] if path == "/data/orders" else []
        return {**body, "data": rows} if rows else body

    answering(desk, over)
    assert not [o async for o in desk.own.finder.open()]
    assert (await desk.own.finder.find(OrderRef.of(order))).status is OrderStatus.CANCELED
