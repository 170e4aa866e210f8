"""Several orders with one request: each has its own outcome, and a success with an error in it is a refusal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from polymarket_trader import Desk

from venuekit.adapter import (
    InsufficientFunds,
    InvalidPrice,
    InvalidValue,
    Order,
    OrderStatus,
    OutcomeUnknown,
    PostOnlyWouldCross,
    RateLimited,
)
from venuekit_doubles.polymarket import Fault

pytestmark = pytest.mark.anyio
D = Decimal


async def test_each_order_of_a_batch_has_its_own_outcome(desk: Desk) -> None:
    ask = await desk.best()
    results = await desk.own.trading.submit_many(
        [
            desk.limit(),
            desk.limit(price=str(ask.price), post_only=True),
            desk.limit(price="0.105"),
            desk.limit(price=str(ask.price)),
            desk.limit(price="0.50", size="1000000"),
        ]
    )
    rested, crossed, off_tick, filled, too_much = results
    assert isinstance(rested, Order)
    assert rested.status is OrderStatus.OPEN
    assert isinstance(crossed, PostOnlyWouldCross), "success: true with an error message was taken for a success"
    assert isinstance(off_tick, InvalidPrice)
    assert isinstance(filled, Order)
    assert (filled.status, filled.filled_size) == (OrderStatus.FILLED, D(10))
    assert isinstance(too_much, InsufficientFunds)
    assert (desk.posted("/orders"), desk.posted("/order")) == (1, 0)


async def test_a_batch_whose_answer_is_lost_is_found_order_by_order(desk: Desk) -> None:
    desk.double.fail("post_orders", Fault.AFTER_RESET)
    results = await desk.own.trading.submit_many([desk.limit(), desk.limit()])
    assert [isinstance(r, Order) and r.status for r in results] == [OrderStatus.OPEN, OrderStatus.OPEN]
    assert desk.posted("/orders") == 1


async def test_a_batch_that_never_arrived_is_in_doubt_and_not_sent_again(desk: Desk) -> None:
    desk.double.fail("post_orders", Fault.RESET)
    results = await desk.own.trading.submit_many([desk.limit(), desk.limit()])
    assert all(isinstance(r, OutcomeUnknown) for r in results)
    assert desk.posted("/orders") == 1


async def test_a_batch_that_was_refused_as_a_whole_may_be_sent_again(desk: Desk) -> None:
    desk.double.fail("post_orders", Fault.RATE_LIMITED)
    requests = [desk.limit(), desk.limit()]
    assert all(isinstance(r, RateLimited) for r in await desk.own.trading.submit_many(requests))
    results = await desk.own.trading.submit_many(requests)
    assert all(isinstance(r, Order) and r.status is OrderStatus.OPEN for r in results)


async def test_orders_that_are_there_are_not_sent_again_with_a_batch(desk: Desk) -> None:
    first = await desk.own.trading.submit(request := desk.limit())
    again, other = await desk.own.trading.submit_many([request, desk.limit()])
    assert isinstance(again, Order)
    assert isinstance(other, Order)
    assert again.venue_order_id == first.venue_order_id
    assert len([o async for o in desk.own.finder.open()]) == 2


async def test_a_batch_has_one_to_fifteen_orders_each_with_its_own_id(desk: Desk) -> None:
    one = desk.limit()
    for requests in ([], [desk.limit() for _ in range(16)], [one, one]):
        with pytest.raises(InvalidValue):
            await desk.own.trading.submit_many(requests)
    results = await desk.own.trading.submit_many([desk.limit() for _ in range(15)])
    assert all(isinstance(r, Order) for r in results)
