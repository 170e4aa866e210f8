"""Orders: every type, time in force and option does what its class says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from venuekit.adapter import (
    NANOS,
    BracketOrder,
    Feature,
    MarketOrder,
    NoLiquidity,
    NotReducing,
    Order,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StopLimitOrder,
    StopOrder,
    TimeInForce,
    times,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio


def market(kit: Kit, **fields: Any) -> MarketOrder:
    if "quote_size" not in fields:
        fields.setdefault("size", kit.size(kit.away(Side.BUY)))
    fields.setdefault("side", Side.BUY)
    return MarketOrder(instrument=kit.instrument.id, client_order_id=kit.new_id(), **fields)


def stop_limit(kit: Kit) -> StopLimitOrder:
    """A buy that waits above the market."""
    above = kit.away(Side.SELL)
    return StopLimitOrder(
        instrument=kit.instrument.id,
        side=Side.BUY,
        size=kit.size(kit.away(Side.BUY)),
        stop_price=above,
        price=above,
        client_order_id=kit.new_id(),
    )


async def seen_waiting(kit: Kit, request: OrderRequest) -> Order:
    order = await kit.submit(request)
    assert order.status in {OrderStatus.PENDING_TRIGGER, OrderStatus.OPEN}
    assert order.filled_size == 0
    assert request.client_order_id in await kit.open_ids(), "a conditional order is not among the open orders"
    return order


@behaviour("ORD-01")
async def test_a_limit_order_rests_as_it_was_sent(kit: Kit) -> None:
    request = kit.resting()
    order = await kit.submit(request)
    assert order.status is OrderStatus.OPEN
    assert (order.side, order.type, order.time_in_force) == (Side.BUY, OrderType.LIMIT, TimeInForce.GTC)
    assert (order.venue, order.account) == (kit.venue.name, kit.venue.account)
    assert (order.instrument, order.client_order_id) == (kit.instrument.id, request.client_order_id)
    assert order.venue_order_id
    assert order.filled_size == 0
    assert request.client_order_id in await kit.open_ids()


@behaviour("ORD-02")
async def test_a_limit_order_through_the_market_trades_at_its_price_or_better(kit: Kit) -> None:
    request = kit.taking()
    order = await kit.done(await kit.submit(request))
    assert order.filled_size > 0
    assert order.average_price is not None
    assert order.average_price <= request.price
    for fill in await kit.fills_of(order):
        assert fill.price <= request.price
        assert (fill.side, fill.instrument) == (Side.BUY, kit.instrument.id)


@behaviour("ORD-03")
async def test_a_market_order_trades_its_whole_size(kit: Kit) -> None:
    request = market(kit)
    order = await kit.done(await kit.submit(request))
    assert order.status is OrderStatus.FILLED
    assert order.filled_size == request.size


@behaviour("ORD-04")
async def test_a_market_order_spends_at_most_its_quote_size(kit: Kit) -> None:
    price = kit.through(Side.BUY)
    spend = times(times(kit.size(price, units=3), price), kit.instrument.contract_size)
    order = await kit.done(await kit.submit(market(kit, quote_size=spend)))
    assert order.filled_size > 0
    assert order.average_price is not None
    cost = sum((times(f.price, f.size) for f in await kit.fills_of(order)), Decimal(0))
    assert times(cost, kit.instrument.contract_size) <= spend


@behaviour("ORD-05")
async def test_an_ioc_order_never_rests(kit: Kit) -> None:
    request = kit.resting(time_in_force=TimeInForce.IOC)
    try:
        order = await kit.done(await kit.submit(request))
    except NoLiquidity:
        order = None
    assert order is None or (order.is_done and order.filled_size == 0)
    assert request.client_order_id not in await kit.open_ids()


@behaviour("ORD-06")
async def test_a_fill_or_kill_order_is_all_or_nothing(kit: Kit) -> None:
    there = sum((level.size for level in kit.book.asks if level.price <= kit.book.best_ask.price), Decimal(0))
    short = kit.resting(price=kit.book.best_ask.price, size=times(there, Decimal(2)), time_in_force=TimeInForce.FOK)
    try:
        order = await kit.done(await kit.submit(short))
    except NoLiquidity:
        order = None
    assert order is None or (order.is_done and order.filled_size == 0)
    whole = await kit.done(await kit.submit(kit.taking(time_in_force=TimeInForce.FOK)))
    assert whole.status is OrderStatus.FILLED
    assert whole.filled_size == whole.size


@behaviour("ORD-07")
async def test_a_post_only_order_away_from_the_market_rests(kit: Kit) -> None:
    order = await kit.submit(kit.resting(post_only=True))
    assert (order.status, order.post_only) == (OrderStatus.OPEN, True)


@behaviour("ORD-08")
async def test_a_gtd_order_expires_at_its_time(kit: Kit) -> None:
    expires = await _venue_time(kit) + 2 * NANOS
    order = await kit.submit(kit.resting(time_in_force=TimeInForce.GTD, expires_at_ns=expires))
    assert (order.status, order.expires_at_ns) == (OrderStatus.OPEN, expires)
    await kit.pause(3)
    order = await kit.done(order)
    assert order.status is OrderStatus.EXPIRED
    assert order.client_order_id not in await kit.open_ids()


@behaviour("ORD-09")
async def test_a_day_order_rests(kit: Kit) -> None:
    order = await kit.submit(kit.resting(time_in_force=TimeInForce.DAY))
    assert (order.status, order.time_in_force) == (OrderStatus.OPEN, TimeInForce.DAY)


def stop(kit: Kit, stop_price: Decimal) -> StopOrder:
    return StopOrder(
        instrument=kit.instrument.id,
        side=Side.BUY,
        size=kit.size(kit.away(Side.BUY)),
        stop_price=stop_price,
        client_order_id=kit.new_id(),
    )


@behaviour("ORD-10")
async def test_a_stop_order_waits_for_its_trigger(kit: Kit) -> None:
    request = stop(kit, kit.away(Side.SELL))
    order = await seen_waiting(kit, request)
    assert (order.type, order.stop_price, order.size) == (OrderType.STOP, request.stop_price, request.size)


@behaviour("ORD-11")
async def test_a_stop_limit_order_waits_for_its_trigger(kit: Kit) -> None:
    request = stop_limit(kit)
    order = await seen_waiting(kit, request)
    assert (order.type, order.stop_price, order.price) == (OrderType.STOP_LIMIT, request.stop_price, request.price)


@behaviour("ORD-12")
async def test_a_bracket_order_waits(kit: Kit) -> None:
    held = await kit.bought(units=2)
    request = BracketOrder(
        instrument=kit.instrument.id,
        side=Side.SELL,
        size=min(kit.size(kit.away(Side.BUY)), held.filled_size),
        price=kit.away(Side.SELL),
        stop_price=kit.away(Side.BUY),
        client_order_id=kit.new_id(),
    )
    order = await seen_waiting(kit, request)
    assert (order.type, order.price, order.stop_price) == (OrderType.BRACKET, request.price, request.stop_price)


@behaviour("ORD-13")
async def test_a_stop_order_triggers_when_the_market_trades_there(kit: Kit) -> None:
    trigger = kit.book.asks[min(2, len(kit.book.asks) - 1)].price
    order = await kit.submit(stop(kit, trigger))
    await kit.trade_at(trigger)
    order = await kit.done(order)
    assert order.filled_size > 0


@behaviour("ORD-14")
async def test_an_amended_price_is_the_price_and_the_ids_stay(kit: Kit) -> None:
    before = await kit.submit(kit.resting())
    price = kit.away(Side.BUY, "0.25")
    await kit.venue.amend(OrderRef.of(before), price=price)
    after = await kit.eventually(lambda: kit.venue.order(OrderRef.of(before)), lambda seen: seen.price == price)
    assert (after.price, after.size, after.status) == (price, before.size, OrderStatus.OPEN)
    assert (after.client_order_id, after.venue_order_id) == (before.client_order_id, before.venue_order_id)
    assert (await kit.open_ids()).count(before.client_order_id) == 1


@behaviour("ORD-15")
async def test_an_amended_size_is_the_new_total(kit: Kit) -> None:
    before = await kit.submit(kit.resting(units=3))
    size = kit.size(kit.away(Side.BUY), units=2)
    await kit.venue.amend(OrderRef.of(before), size=size)
    after = await kit.eventually(lambda: kit.venue.order(OrderRef.of(before)), lambda seen: seen.size == size)
    assert (after.size, after.remaining, after.price) == (size, size, before.price)


@behaviour("ORD-16")
async def test_a_reduce_only_order_with_nothing_to_reduce_is_refused(kit: Kit) -> None:
    derivatives = [(i, b) for i, b in await kit.tradable() if i.is_derivative]
    if not derivatives:
        pytest.skip("no derivative is trading")
    if kit.capabilities.can(Feature.POSITIONS):
        taken = {p.instrument for p in await kit.venue.positions() if p.size}
        derivatives = [(i, b) for i, b in derivatives if i.id not in taken]
    kit.instrument, kit.book = derivatives[0]
    request = kit.resting(reduce_only=True)
    with pytest.raises(NotReducing):
        await kit.submit(request)
    assert request.client_order_id not in await kit.open_ids()


@behaviour("ORD-17")
async def test_an_order_is_the_same_by_either_id(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    by_venue = await kit.venue.order(OrderRef(venue_order_id=order.venue_order_id, instrument=order.instrument))
    assert (by_venue.client_order_id, by_venue.status) == (order.client_order_id, order.status)
    if kit.capabilities.can(Feature.ORDER_BY_CLIENT_ID):
        by_client = await kit.venue.order(OrderRef(client_order_id=order.client_order_id, instrument=order.instrument))
        assert by_client == by_venue


@behaviour("ORD-18")
async def test_open_orders_are_listed_for_one_instrument_or_all(kit: Kit) -> None:
    orders = [await kit.submit(kit.resting())]
    tradable = await kit.tradable()
    if len(tradable) > 1:
        kit.instrument, kit.book = tradable[1]
        orders.append(await kit.submit(kit.resting()))
    for order in orders:
        listed = await kit.venue.open_orders(order.instrument)
        assert order.client_order_id in [o.client_order_id for o in listed]
        assert {o.instrument for o in listed} == {order.instrument}
    assert {o.client_order_id for o in orders} <= set(await kit.open_ids())


@behaviour("ORD-19")
async def test_each_order_has_its_own_venue_id(kit: Kit) -> None:
    orders = [await kit.submit(kit.resting()) for _ in range(3)]
    assert len({o.venue_order_id for o in orders}) == 3


@behaviour("ORD-20")
async def test_a_done_order_is_no_longer_open(kit: Kit) -> None:
    order = await kit.bought()
    assert order.client_order_id not in await kit.open_ids()


@behaviour("ORD-21")
async def test_the_times_of_an_order_are_in_order(kit: Kit) -> None:
    before = await _venue_time(kit)
    order = await kit.submit(kit.resting())
    after = await _venue_time(kit)
    slack = 5 * NANOS
    assert before - slack <= order.created_ns <= order.updated_ns <= after + slack


async def _venue_time(kit: Kit) -> int:
    if kit.capabilities.can(Feature.SERVER_TIME):
        return await kit.venue.server_time_ns()
    return kit.clock.now_ns()
