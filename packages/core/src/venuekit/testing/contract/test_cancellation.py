"""Cancellation: canceled means canceled, once, and nothing else is touched."""

from __future__ import annotations

import pytest

from venuekit.adapter import OrderAlreadyDone, OrderRef, OrderStatus, UnknownOrder
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.moving import partly_filled
from venuekit.testing.contract.requests import stop_limit

pytestmark = pytest.mark.anyio


@behaviour("CXL-01")
async def test_a_canceled_order_ends_canceled(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    answer = await kit.venue.cancel(OrderRef.of(order))
    assert answer.status in {OrderStatus.CANCELED, OrderStatus.PENDING_CANCEL}
    assert (await kit.done(order)).status is OrderStatus.CANCELED
    assert order.client_order_id not in await kit.open_ids()


@behaviour("CXL-02")
async def test_the_client_order_id_is_enough(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    await kit.venue.cancel(OrderRef(client_order_id=order.client_order_id, instrument=order.instrument))
    assert (await kit.done(order)).status is OrderStatus.CANCELED


@behaviour("CXL-03")
async def test_an_unknown_order_cannot_be_canceled(kit: Kit) -> None:
    with pytest.raises(UnknownOrder):
        await kit.venue.cancel(OrderRef(client_order_id=kit.new_id(), instrument=kit.instrument.id))


@behaviour("CXL-04")
async def test_a_canceled_order_cannot_be_canceled_again(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    await kit.venue.cancel(OrderRef.of(order))
    await kit.done(order)
    with pytest.raises(OrderAlreadyDone):
        await kit.venue.cancel(OrderRef.of(order))


@behaviour("CXL-05")
async def test_a_filled_order_cannot_be_canceled(kit: Kit) -> None:
    order = await kit.bought()
    with pytest.raises(OrderAlreadyDone):
        await kit.venue.cancel(OrderRef.of(order))
    assert await kit.venue.order(OrderRef.of(order)) == order


@behaviour("CXL-06")
async def test_cancel_all_answers_for_each_order_once(kit: Kit) -> None:
    orders = [await kit.submit(kit.resting()) for _ in range(3)]
    results = [r.order.venue_order_id for r in await kit.venue.cancel_all() if r.error_code is None]
    for order in orders:
        assert results.count(order.venue_order_id) == 1
        assert (await kit.done(order)).status is OrderStatus.CANCELED
    assert await kit.open_ids() == []
    assert await kit.venue.cancel_all() == []


@behaviour("CXL-07")
async def test_cancel_all_of_one_instrument_leaves_the_others(kit: Kit) -> None:
    tradable = await kit.tradable(2)
    if len(tradable) < 2:
        pytest.skip("only one instrument is trading")
    here = await kit.submit(kit.resting())
    kit.instrument, kit.book = tradable[1]
    there = await kit.submit(kit.resting())
    await kit.venue.cancel_all(here.instrument)
    await kit.done(here)
    assert await kit.open_ids() == [there.client_order_id]


@behaviour("CXL-08")
async def test_cancel_all_takes_conditional_orders_too(kit: Kit) -> None:
    order = await kit.submit(stop_limit(kit))
    results = await kit.venue.cancel_all(kit.instrument.id)
    assert [r.order.venue_order_id for r in results] == [order.venue_order_id]
    assert (await kit.done(order)).status is OrderStatus.CANCELED


@behaviour("CXL-09")
async def test_a_canceled_order_keeps_what_it_has_traded(kit: Kit) -> None:
    order = await partly_filled(kit)
    await kit.venue.cancel(OrderRef.of(order))
    after = await kit.done(order)
    assert (after.status, after.filled_size) == (OrderStatus.CANCELED, order.filled_size)
    assert (after.average_price, after.fees) == (order.average_price, order.fees)
