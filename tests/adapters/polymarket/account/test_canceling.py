"""Canceling: one, those of an outcome, all; what was filled before, and what the venue does not cancel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import anyio
import pytest
from polymarket_trader import FED, FINE, GAME, Desk

from venuekit.adapter import (
    InvalidValue,
    Order,
    OrderAlreadyDone,
    OrderRef,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
)
from venuekit_doubles.polymarket import EngineState, Fault

pytestmark = pytest.mark.anyio
D = Decimal


async def _open(desk: Desk, **more: str) -> Order:
    return await desk.own.trading.submit(desk.limit(**more))


async def test_a_canceled_order_is_over_and_remembered_as_that(desk: Desk) -> None:
    order = await _open(desk)
    after = await desk.own.canceling.cancel(OrderRef.of(order))
    assert (after.status, after.filled_size) == (OrderStatus.CANCELED, D(0))
    assert (await desk.own.finder.find(OrderRef(client_order_id=order.client_order_id))).status is OrderStatus.CANCELED
    with pytest.raises(OrderAlreadyDone):
        await desk.own.canceling.cancel(OrderRef.of(order))


async def test_a_canceled_order_says_what_was_filled_before(desk: Desk) -> None:
    order = await _open(desk, price="0.62", size="30")
    desk.double.give(desk.double.other.wallet, "12", desk.token())
    desk.double.order(desk.token(), Side.SELL, "0.62", "12")
    after = await desk.own.canceling.cancel(OrderRef.of(order))
    assert (after.status, after.filled_size, after.average_price) == (OrderStatus.CANCELED, D(12), D("0.62"))


async def test_an_order_that_was_filled_meanwhile_is_done(desk: Desk) -> None:
    order = await _open(desk, price="0.62")
    desk.double.give(desk.double.other.wallet, "10", desk.token())
    desk.double.order(desk.token(), Side.SELL, "0.62", "10")
    with pytest.raises(OrderAlreadyDone):
        await desk.own.canceling.cancel(OrderRef.of(order))
    after = await desk.own.finder.find(OrderRef.of(order))
    assert (after.status, after.filled_size) == (OrderStatus.FILLED, D(10))


async def test_an_order_that_is_canceled_many_times_at_once_ends_once(desk: Desk) -> None:
    order = await _open(desk)
    outcomes: list[str] = []

    async def cancel() -> None:
        try:
            outcomes.append((await desk.own.canceling.cancel(OrderRef.of(order))).status.value)
        except OrderAlreadyDone:
            outcomes.append("done")

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(cancel)
    assert sorted(outcomes) == ["CANCELED", "done", "done", "done"]


async def test_a_delayed_order_is_not_canceled_and_the_venue_says_why(desk: Desk) -> None:
    token = desk.token(GAME)
    ask = await desk.best(token=token)
    order = await _open(desk, price=str(ask.price), instrument=token)
    with pytest.raises(Rejected) as caught:
        await desk.own.canceling.cancel(OrderRef.of(order))
    assert "delayed" in caught.value.message


async def test_an_answer_that_is_lost_leaves_a_cancel_in_doubt_and_the_order_can_be_asked_for(desk: Desk) -> None:
    order = await _open(desk)
    desk.double.fail("cancel_order", Fault.AFTER_SILENCE)
    with pytest.raises(OutcomeUnknown):
        await desk.own.canceling.cancel(OrderRef.of(order))
    assert (await desk.own.finder.find(OrderRef.of(order))).status is OrderStatus.CANCELED


async def test_all_orders_are_canceled_with_a_result_each(desk: Desk) -> None:
    mine = [await _open(desk), await _open(desk, instrument=desk.token(FINE))]
    results = await desk.own.canceling.cancel_all(None)
    assert {(r.order.venue_order_id, r.error_code) for r in results} == {(o.venue_order_id, None) for o in mine}
    assert not [o async for o in desk.own.finder.open()]
    assert await desk.own.canceling.cancel_all(None) == []


async def test_orders_of_one_outcome_are_canceled_and_no_others(desk: Desk) -> None:
    order, other = await _open(desk), await _open(desk, instrument=desk.token(FINE))
    [result] = await desk.own.canceling.cancel_all(desk.token())
    assert (result.order.venue_order_id, result.error_code) == (order.venue_order_id, None)
    assert [o.id async for o in desk.own.finder.open()] == [other.id]


async def test_orders_of_both_outcomes_of_a_market_are_canceled(desk: Desk) -> None:
    yes, no = await _open(desk), await _open(desk, instrument=desk.token(FED, 1))
    other = await _open(desk, instrument=desk.token(FINE))
    results = await desk.own.canceling.cancel_market(desk.double.market(FED).condition_id)
    assert {r.order.venue_order_id for r in results} == {yes.venue_order_id, no.venue_order_id}
    assert [o.id async for o in desk.own.finder.open()] == [other.id]


async def test_an_empty_market_is_refused_since_it_would_cancel_everything(desk: Desk) -> None:
    await _open(desk)
    with pytest.raises(InvalidValue):
        await desk.own.canceling.cancel_market("")
    assert len([o async for o in desk.own.finder.open()]) == 1
    assert not [a for a in desk.double.requests if a.path == "/cancel-market-orders"]


async def test_chosen_orders_are_canceled_and_no_others(desk: Desk) -> None:
    chosen, other = await _open(desk), await _open(desk)
    [result] = await desk.own.canceling.cancel_many([chosen])
    assert result.error_code is None
    assert [o.id async for o in desk.own.finder.open()] == [other.id]


async def test_orders_can_be_canceled_while_the_venue_takes_none(desk: Desk) -> None:
    order = await _open(desk)
    desk.double.set_state(EngineState.CANCEL_ONLY)
    assert (await desk.own.canceling.cancel(OrderRef.of(order))).status is OrderStatus.CANCELED


async def test_an_order_that_was_matched_in_this_moment_is_not_called_canceled(desk: Desk) -> None:
    """The venue's words are the same for both, and its trade is listed a moment later: who believed that it was
    canceled would place it again."""
    order = await _open(desk, price="0.62")
    desk.double.give(desk.double.other.wallet, "10", desk.token())
    asked = 0
    own = desk.api.own

    async def late(path: str, **query: Any) -> Any:
        nonlocal asked
        if path.startswith("/data/order/") and not asked:
            asked = 1
            row = await own(path, **query)
            desk.double.order(desk.token(), Side.SELL, "0.62", "10")
            return row
        if path == "/data/trades" and asked and asked < 3:
            asked += 1
            return {"data": [], "next_cursor": "LTE="}
        return await own(path, **query)

    desk.api.own = late  # type: ignore[method-assign]
    with pytest.raises(OrderAlreadyDone, match="FILLED"):
        await desk.own.canceling.cancel(OrderRef.of(order))
    after = await desk.own.finder.find(OrderRef.of(order))
    assert (after.status, after.filled_size) == (OrderStatus.FILLED, D(10))


async def test_a_trade_that_is_told_after_an_order_was_taken_for_canceled_makes_it_filled(desk: Desk) -> None:
    order = await _open(desk, price="0.62")
    ended = desk.own.orders.ended(order)
    assert ended.status is OrderStatus.CANCELED
    desk.double.give(desk.double.other.wallet, "10", desk.token())
    desk.double.order(desk.token(), Side.SELL, "0.62", "10")
    await desk.own.ledger.cover(order.created_ns)
    after = await desk.own.finder.find(OrderRef.of(order))
    assert (after.status, after.filled_size, after.status_reason) == (OrderStatus.FILLED, D(10), "")


async def test_an_order_that_somebody_else_canceled_is_said_to_be_canceled(desk: Desk) -> None:
    order = await _open(desk)
    own = desk.api.own

    async def gone(path: str, **query: Any) -> Any:
        row = await own(path, **query)
        if path.startswith("/data/order/"):
            await desk.api.change("DELETE", "/order", {"orderID": order.venue_order_id}, what="to cancel")
        return row

    desk.api.own = gone  # type: ignore[method-assign]
    with pytest.raises(OrderAlreadyDone, match="CANCELED"):
        await desk.own.canceling.cancel(OrderRef.of(order))


async def test_what_traded_while_the_cancel_was_on_its_way_is_told_with_it(desk: Desk) -> None:
    order = await _open(desk, price="0.62", size="30")
    desk.double.give(desk.double.other.wallet, "12", desk.token())
    change = desk.api.change

    async def meanwhile(*arguments: Any, **named: Any) -> Any:
        desk.double.order(desk.token(), Side.SELL, "0.62", "12")
        return await change(*arguments, **named)

    desk.api.change = meanwhile  # type: ignore[method-assign]
    after = await desk.own.canceling.cancel(OrderRef.of(order))
    assert (after.status, after.filled_size) == (OrderStatus.CANCELED, D(12))


async def test_orders_whose_cancel_was_not_answered_are_over_when_they_are_gone(desk: Desk) -> None:
    first, second = await _open(desk), await _open(desk)
    desk.double.fail("cancel_all", Fault.AFTER_SILENCE)
    with pytest.raises(OutcomeUnknown):
        await desk.own.canceling.cancel_all(None)
    for order in (first, second):
        assert (await desk.own.finder.find(OrderRef.of(order))).status is OrderStatus.CANCELED
    third = await _open(desk)
    desk.double.fail("cancel_orders", Fault.AFTER_SILENCE)
    [result] = await desk.own.canceling.cancel_many([third])
    assert result.error_code == OutcomeUnknown.code
    assert (await desk.own.finder.find(OrderRef.of(third))).status is OrderStatus.CANCELED


@pytest.mark.parametrize("answer", [{}, {"canceled": [], "not_canceled": {}}, [], {"canceled": "all"}])
async def test_an_answer_that_does_not_name_an_order_says_nothing_of_it(desk: Desk, answer: Any) -> None:
    order = await _open(desk)

    async def thin(*_: Any, **__: Any) -> Any:
        return answer

    desk.api.change = thin  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        await desk.own.canceling.cancel(OrderRef.of(order))
    [result] = await desk.own.canceling.cancel_all(None)
    assert result.error_code == OutcomeUnknown.code
    [result] = await desk.own.canceling.cancel_many([order])
    assert result.error_code == OutcomeUnknown.code


@pytest.mark.parametrize("why", ["order already matched", "the order can't be found", "Already canceled", "not found"])
async def test_an_order_that_the_venue_says_is_gone_is_looked_for_and_not_refused(desk: Desk, why: str) -> None:
    order = await _open(desk, price="0.62")
    desk.double.give(desk.double.other.wallet, "10", desk.token())

    async def gone(*_: Any, **__: Any) -> Any:
        desk.double.order(desk.token(), Side.SELL, "0.62", "10")
        return {"canceled": [], "not_canceled": {order.venue_order_id: why}}

    desk.api.change = gone  # type: ignore[method-assign]
    with pytest.raises(OrderAlreadyDone, match="FILLED"):
        await desk.own.canceling.cancel(OrderRef.of(order))


async def test_what_was_canceled_with_others_is_known_to_be_over(desk: Desk) -> None:
    chosen = [await _open(desk), await _open(desk)]
    await desk.own.canceling.cancel_many(chosen)
    for order in chosen:
        known = desk.own.orders.known(order.venue_order_id or "")
        assert known is not None
        assert known.status is OrderStatus.CANCELED


async def test_a_thousand_orders_at_most_are_canceled_with_one_request(desk: Desk) -> None:
    order = await _open(desk)
    asked: list[int] = []

    async def count(method: str, path: str, body: Any, *, what: str) -> Any:
        asked.append(len(body))
        return {}

    desk.api.change = count  # type: ignore[method-assign]
    results = await desk.own.canceling.cancel_many([order.but(venue_order_id=f"0x{n:064x}") for n in range(1_001)])
    assert (asked, len(results)) == ([1_000, 1], 1_001)
