"""Orders: every type, time in force and option does what its class says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import (
    NANOS,
    Feature,
    NoLiquidity,
    NotReducing,
    OrderRef,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    ceil_to,
    times,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.moving import partly_filled
from venuekit.testing.contract.requests import market

pytestmark = pytest.mark.anyio


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
    size = ceil_to(times(there, Decimal(2)), kit.instrument.lot_size)
    short = kit.resting(price=kit.book.best_ask.price, size=size, time_in_force=TimeInForce.FOK)
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
    expires = await kit.venue_time() + 2 * NANOS
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


@behaviour("ORD-16")
async def test_a_reduce_only_order_with_nothing_to_reduce_is_refused(kit: Kit) -> None:
    taken: set[str] = set()
    if kit.can(Feature.POSITIONS):
        taken = {p.instrument for p in await kit.venue.positions() if p.size}
    await kit.trade_in(lambda i: i.is_derivative and i.id not in taken, "no derivative is trading")
    request = kit.resting(reduce_only=True)
    with pytest.raises(NotReducing):
        await kit.submit(request)
    assert request.client_order_id not in await kit.open_ids()


@behaviour("ORD-17")
async def test_an_order_is_the_same_by_either_id(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    by_venue = await kit.venue.order(OrderRef(venue_order_id=order.venue_order_id, instrument=order.instrument))
    assert (by_venue.client_order_id, by_venue.status) == (order.client_order_id, order.status)
    if kit.can(Feature.ORDER_BY_CLIENT_ID):
        by_client = await kit.venue.order(OrderRef(client_order_id=order.client_order_id, instrument=order.instrument))
        assert by_client == by_venue


@behaviour("ORD-18")
async def test_open_orders_are_listed_for_one_instrument_or_all(kit: Kit) -> None:
    orders = [await kit.submit(kit.resting())]
    tradable = await kit.tradable(2)
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
    before = await kit.venue_time()
    order = await kit.submit(kit.resting())
    after = await kit.venue_time()
    slack = 5 * NANOS
    assert before - slack <= order.created_ns <= order.updated_ns <= after + slack


@behaviour("ORD-22")
async def test_a_reduce_only_order_that_reduces_is_taken(kit: Kit) -> None:
    await kit.trade_in(lambda i: i.is_derivative, "no derivative is trading")
    held = await kit.bought(units=2)
    sale = await kit.done(await kit.submit(kit.taking(Side.SELL, size=held.filled_size, reduce_only=True)))
    assert (sale.reduce_only, sale.filled_size) == (True, held.filled_size)
    sizes = {p.instrument: p.size for p in await kit.venue.positions()}
    assert sizes.get(kit.instrument.id, 0) == 0


@behaviour("ORD-23")
async def test_an_order_that_trades_in_part_rests_with_what_is_left(kit: Kit) -> None:
    order = await partly_filled(kit)
    assert order.size is not None
    assert 0 < order.filled_size < order.size
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.client_order_id in await kit.open_ids()
    assert sum((f.size for f in await kit.fills_of(order)), Decimal(0)) == order.filled_size
