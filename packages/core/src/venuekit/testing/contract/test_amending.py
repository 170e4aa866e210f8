"""Amending: an order changes as a whole or not at all, and stays the same order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import (
    EXACT,
    Feature,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    OrderAlreadyDone,
    OrderRef,
    OrderStatus,
    Side,
    UnknownOrder,
    ceil_to,
    plus,
    times,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.requests import stop_limit

pytestmark = pytest.mark.anyio


@behaviour("AMD-01")
async def test_an_amended_price_is_the_price_and_the_ids_stay(kit: Kit) -> None:
    before = await kit.submit(kit.resting())
    price = kit.away(Side.BUY, "0.25")
    await kit.venue.amend(OrderRef.of(before), price=price)
    after = await kit.eventually(lambda: kit.order(before), lambda seen: seen.price == price)
    assert (after.price, after.size, after.status) == (price, before.size, OrderStatus.OPEN)
    assert (after.client_order_id, after.venue_order_id) == (before.client_order_id, before.venue_order_id)
    assert (await kit.open_ids()).count(before.client_order_id) == 1


@behaviour("AMD-02")
async def test_an_amended_size_is_the_new_total(kit: Kit) -> None:
    before = await kit.submit(kit.resting(units=3))
    size = kit.size(kit.away(Side.BUY), units=2)
    await kit.venue.amend(OrderRef.of(before), size=size)
    after = await kit.eventually(lambda: kit.order(before), lambda seen: seen.size == size)
    assert (after.size, after.remaining, after.price) == (size, size, before.price)


@behaviour("AMD-03")
async def test_an_amended_stop_price_is_where_the_order_waits(kit: Kit) -> None:
    before = await kit.submit(stop_limit(kit))
    assert before.stop_price is not None
    higher = plus(before.stop_price, kit.instrument.tick_size)
    await kit.venue.amend(OrderRef.of(before), stop_price=higher)
    after = await kit.eventually(lambda: kit.order(before), lambda seen: seen.stop_price == higher)
    assert (after.stop_price, after.price, after.status) == (higher, before.price, before.status)


@behaviour("AMD-04")
async def test_an_amendment_that_breaks_the_rules_changes_nothing(kit: Kit) -> None:
    before = await kit.submit(kit.resting())
    assert before.price is not None
    assert before.size is not None
    half = Decimal("0.5")
    with pytest.raises(InvalidPrice):
        await kit.venue.amend(OrderRef.of(before), price=plus(before.price, times(kit.instrument.tick_size, half)))
    with pytest.raises(InvalidSize):
        await kit.venue.amend(OrderRef.of(before), size=plus(before.size, times(kit.instrument.lot_size, half)))
    assert await kit.order(before) == before


@behaviour("AMD-05")
async def test_an_amendment_beyond_the_balance_changes_nothing(kit: Kit) -> None:
    if not kit.can(Feature.BALANCES):
        pytest.skip("the balance cannot be read")
    before = await kit.submit(kit.resting())
    assert before.price is not None
    money = await kit.balance(kit.instrument.settle)
    cost = times(times(before.price, kit.instrument.contract_size), kit.instrument.initial_margin)
    size = ceil_to(EXACT.add(money.total, cost) / cost * 2, kit.instrument.lot_size)
    if kit.instrument.max_size is not None and size > kit.instrument.max_size:
        pytest.skip("the balance is larger than the largest order")
    with pytest.raises(InsufficientFunds):
        await kit.venue.amend(OrderRef.of(before), size=size)
    assert await kit.order(before) == before
    assert await kit.balance(kit.instrument.settle) == money


@behaviour("AMD-06")
async def test_an_unknown_order_cannot_be_amended(kit: Kit) -> None:
    unknown = OrderRef(client_order_id=kit.new_id(), instrument=kit.instrument.id)
    with pytest.raises(UnknownOrder):
        await kit.venue.amend(unknown, size=kit.size(kit.away(Side.BUY)))


@behaviour("AMD-07")
async def test_a_done_order_cannot_be_amended(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    await kit.venue.cancel(OrderRef.of(order))
    gone = await kit.done(order)
    with pytest.raises(OrderAlreadyDone):
        await kit.venue.amend(OrderRef.of(order), size=kit.size(kit.away(Side.BUY), units=2))
    assert await kit.order(order) == gone
