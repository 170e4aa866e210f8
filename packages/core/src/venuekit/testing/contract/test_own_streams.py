"""Streams of own orders and fills: nothing is lost, nothing comes twice, no state is impossible."""

from __future__ import annotations

import attrs
import pytest

from venuekit.adapter import (
    TRANSITIONS,
    ZERO,
    Channel,
    Event,
    Fill,
    FillEvent,
    FillState,
    Order,
    OrderEvent,
    OrderRef,
    OrderStatus,
    OrderType,
    TimeInForce,
    may_follow,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.moving import partly_filled
from venuekit.testing.contract.recording import Recording
from venuekit.testing.contract.requests import stop_limit
from venuekit.testing.contract.test_streams import lose_connection

pytestmark = pytest.mark.anyio


def states(events: list[Event], order: Order) -> list[OrderStatus]:
    """The states of one order, in the order reported."""
    return [
        e.order.status for e in events if isinstance(e, OrderEvent) and e.order.client_order_id == order.client_order_id
    ]


def ended(events: list[Event], order: Order) -> bool:
    seen = states(events, order)
    return bool(seen) and not TRANSITIONS[seen[-1]]


def legal(seen: list[OrderStatus]) -> None:
    assert seen, "no event of the order came"
    for before, after in zip([OrderStatus.SUBMITTING, *seen], seen, strict=False):
        assert may_follow(before, after), f"{before.value} was followed by {after.value}"


def own_fills(events: list[Event], orders: list[Order]) -> list[Fill]:
    ids = {order.venue_order_id for order in orders}
    return [e.fill for e in events if isinstance(e, FillEvent) and e.fill.venue_order_id in ids]


async def one_more(kit: Kit, recording: Recording) -> None:
    """Trade, and wait until that was told: whatever was to come before it has come."""
    last = await kit.bought()
    await kit.wait_for(recording, lambda events: bool(own_fills(events, [last])))
    await kit.pause()


def told_once(fills: list[Fill]) -> list[str]:
    """The ids of fills, of which each is told once, and once more when a provisional one becomes final."""
    states: dict[str, FillState] = {}
    for fill in fills:
        before = states.get(fill.id)
        is_later = before is FillState.PROVISIONAL and fill.state is not FillState.PROVISIONAL
        assert before is None or is_later, f"{fill.id} came twice"
        states[fill.id] = fill.state
    return sorted(states)


@behaviour("STR-12")
async def test_own_orders_are_reported_in_a_legal_order(kit: Kit) -> None:
    async with kit.recording(Channel.OWN_ORDERS) as recording:
        orders = [await kit.submit(kit.resting())]
        if kit.can(TimeInForce.IOC):
            orders.append(await kit.submit(kit.taking()))
        if kit.can(OrderType.STOP_LIMIT):
            orders.append(await kit.submit(stop_limit(kit)))
        for order in orders:
            if not (await kit.order(order)).is_done:
                await kit.venue.cancel(OrderRef.of(order))
        events = await kit.wait_for(recording, lambda events: all(ended(events, o) for o in orders))
    assert recording.error is None
    for order in orders:
        legal(states(events, order))
        assert states(events, order)[-1] is (await kit.order(order)).status
    assert states(events, orders[0])[-1] is OrderStatus.CANCELED
    for event in events:
        assert isinstance(event, OrderEvent)


@behaviour("STR-13")
async def test_own_fills_are_reported_once_as_they_are_listed(kit: Kit) -> None:
    async with kit.recording(Channel.OWN_FILLS) as recording:
        orders = [await kit.bought(), await kit.bought()]
        listed = [fill for order in orders for fill in await kit.fills_of(order)]

        def mine(events: list[Event]) -> list[Fill]:
            return own_fills(events, orders)

        events = await kit.wait_for(recording, lambda events: {f.id for f in mine(events)} >= {f.id for f in listed})
        await one_more(kit, recording)
    by_id = {fill.id: fill for fill in listed}
    assert told_once(mine(list(recording.events))) == sorted(by_id), "a fill is missing"
    assert all(attrs.evolve(by_id[fill.id], state=fill.state) == fill for fill in mine(events))


@behaviour("STR-14")
async def test_after_a_loss_own_orders_are_reported_again(kit: Kit) -> None:
    async with kit.recording(Channel.OWN_ORDERS) as lost:
        await lose_connection(kit, lost)
    async with kit.recording(Channel.OWN_ORDERS) as recording:
        order = await kit.submit(kit.resting())
        events = await kit.wait_for(recording, lambda events: bool(states(events, order)))
    assert states(events, order)[0] is OrderStatus.OPEN, "no event of the order came"


@behaviour("STR-15")
async def test_every_subscriber_gets_every_own_order_event(kit: Kit) -> None:
    async with kit.recording(Channel.OWN_ORDERS) as one, kit.recording(Channel.OWN_ORDERS) as other:
        order = await kit.submit(kit.resting())
        await kit.venue.cancel(OrderRef.of(order))
        seen = [await kit.wait_for(each, lambda events: ended(events, order)) for each in (one, other)]
    assert states(seen[0], order) == states(seen[1], order)
    assert states(seen[0], order)[-1] is OrderStatus.CANCELED


@behaviour("STR-16")
async def test_after_a_loss_own_fills_are_reported_again_once(kit: Kit) -> None:
    async with kit.recording(Channel.OWN_FILLS) as lost:
        before = await kit.bought()
        await kit.wait_for(lost, lambda events: bool(own_fills(events, [before])))
        await lose_connection(kit, lost)
    async with kit.recording(Channel.OWN_FILLS) as recording:
        after = await kit.bought()
        listed = await kit.fills_of(after)
        wanted = {fill.id for fill in listed}
        await kit.wait_for(recording, lambda events: {f.id for f in own_fills(events, [after])} >= wanted)
        await one_more(kit, recording)
    assert told_once(own_fills(recording.events, [after])) == sorted(wanted)
    told_once([*own_fills(lost.events, [before]), *own_fills(recording.events, [before])])


@behaviour("STR-17")
async def test_what_an_order_has_traded_never_goes_back(kit: Kit) -> None:
    async with kit.recording(Channel.OWN_ORDERS) as recording:
        order = await partly_filled(kit)
        await kit.venue.cancel(OrderRef.of(order))
        events = await kit.wait_for(recording, lambda events: ended(events, order))
    changes = [e for e in events if isinstance(e, OrderEvent) and e.order.venue_order_id == order.venue_order_id]
    for name in ("filled_size", "fees", "updated_ns"):
        values = [getattr(change.order, name) for change in changes]
        assert values == sorted(values), f"{name} went back: {values}"
    assert changes[-1].order.filled_size == order.filled_size
    legal([change.order.status for change in changes])
    assert OrderStatus.PARTIALLY_FILLED in [change.order.status for change in changes]
    told = [change.fill for change in changes if change.fill is not None]
    assert not told or sum((fill.size for fill in told), ZERO) == order.filled_size
