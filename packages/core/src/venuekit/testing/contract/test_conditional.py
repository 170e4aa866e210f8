"""Conditional orders: each waits in sight, and does what it waits for when the market trades there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import Order, OrderRequest, OrderStatus, OrderType, Side
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.moving import trade_at
from venuekit.testing.contract.requests import bracket, stop, stop_limit

pytestmark = pytest.mark.anyio


async def seen_waiting(kit: Kit, request: OrderRequest) -> Order:
    order = await kit.submit(request)
    assert order.status in {OrderStatus.PENDING_TRIGGER, OrderStatus.OPEN}
    assert order.filled_size == 0
    assert request.client_order_id in await kit.open_ids(), "a conditional order is not among the open orders"
    return order


def a_little_above(kit: Kit) -> Decimal:
    return kit.book.asks[min(2, len(kit.book.asks) - 1)].price


@behaviour("ORD-10")
async def test_a_stop_order_waits_for_its_trigger(kit: Kit) -> None:
    request = stop(kit)
    order = await seen_waiting(kit, request)
    assert (order.type, order.stop_price, order.size) == (OrderType.STOP, request.stop_price, request.size)


@behaviour("ORD-11")
async def test_a_stop_limit_order_waits_for_its_trigger(kit: Kit) -> None:
    request = stop_limit(kit)
    order = await seen_waiting(kit, request)
    assert (order.type, order.stop_price, order.price) == (OrderType.STOP_LIMIT, request.stop_price, request.price)


@behaviour("ORD-12")
async def test_a_bracket_order_waits(kit: Kit) -> None:
    await kit.bought(units=2)
    request = bracket(kit)
    order = await seen_waiting(kit, request)
    assert (order.type, order.price, order.stop_price) == (OrderType.BRACKET, request.price, request.stop_price)


@behaviour("ORD-13")
async def test_a_stop_order_triggers_when_the_market_trades_there(kit: Kit) -> None:
    trigger = a_little_above(kit)
    order = await kit.submit(stop(kit, trigger))
    await trade_at(kit, trigger)
    order = await kit.done(order)
    assert order.filled_size > 0


@behaviour("ORD-14")
async def test_a_triggered_stop_limit_order_is_a_limit_order(kit: Kit) -> None:
    trigger = a_little_above(kit)
    order = await kit.submit(stop_limit(kit, trigger, kit.away(Side.BUY)))
    await trade_at(kit, trigger)
    order = await kit.eventually(lambda: kit.order(order), lambda seen: seen.status is OrderStatus.OPEN)
    assert order.status is OrderStatus.OPEN, "the order still waits, though the market has traded at its stop price"
    assert order.filled_size == 0
    assert order.price == kit.away(Side.BUY)
    assert order.client_order_id in await kit.open_ids()


@behaviour("ORD-15")
async def test_one_way_out_of_a_bracket_ends_the_other(kit: Kit) -> None:
    await kit.bought(units=2)
    bids = (await kit.venue.order_book(kit.instrument.id)).bids
    trigger = bids[min(1, len(bids) - 1)].price
    request = bracket(kit, trigger)
    order = await kit.submit(request)
    await trade_at(kit, trigger, Side.SELL)
    order = await kit.done(order)
    assert (order.status, order.filled_size) == (OrderStatus.FILLED, request.size)
    assert order.client_order_id not in await kit.open_ids()
