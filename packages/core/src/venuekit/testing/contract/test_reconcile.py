"""Reconciling: after any interruption the venue can be asked what became of an order."""

from __future__ import annotations

import pytest

from venuekit.adapter import Feature, FillQuery, HistoryQuery, OrderRef, OrderStatus, OrderType, Side
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.requests import stop_limit

pytestmark = pytest.mark.anyio


@behaviour("REC-01")
async def test_a_new_session_finds_an_order_by_its_client_order_id(kit: Kit) -> None:
    request = kit.resting()
    order = await kit.submit(request)
    await kit.reopen()
    found = await kit.look_up(request)
    assert found is not None, "the order is not found after reconnecting"
    assert (found.venue_order_id, found.status, found.size, found.price) == (
        order.venue_order_id,
        OrderStatus.OPEN,
        request.size,
        request.price,
    )


@behaviour("REC-02")
async def test_a_new_session_lists_the_same_open_orders(kit: Kit) -> None:
    ids = [(await kit.submit(kit.resting())).client_order_id for _ in range(2)]
    await kit.reopen()
    assert sorted(map(str, await kit.open_ids())) == sorted(map(str, ids))


@behaviour("REC-03")
async def test_fills_since_a_time_include_its_start_and_not_its_end(kit: Kit) -> None:
    await kit.fills_of(await kit.bought())
    await kit.pause(1)
    last = await kit.fills_of(await kit.bought())
    newest = max(f.time_ns for f in last)

    async def ids(start: int | None, end: int | None) -> set[str]:
        query = FillQuery(instrument=kit.instrument.id, start_ns=start, end_ns=end)
        return {f.id for f in (await kit.venue.fills(query)).items}

    at_newest = {f.id for f in last if f.time_ns == newest}
    assert at_newest <= await ids(newest, None)
    assert not at_newest & await ids(None, newest)
    assert at_newest == await ids(newest, newest + 1)


@behaviour("REC-04")
async def test_fills_of_one_order_are_those_of_that_order(kit: Kit) -> None:
    first, second = await kit.bought(), await kit.bought()
    await kit.fills_of(second)
    for order in (first, second):
        page = await kit.venue.fills(FillQuery(order_id=order.venue_order_id))
        assert page.items
        assert {f.venue_order_id for f in page.items} == {order.venue_order_id}
        assert {f.client_order_id for f in page.items} <= {order.client_order_id, None}


@behaviour("REC-05")
async def test_history_filters_by_state_side_type_and_instrument(kit: Kit) -> None:
    gone, stays = await kit.submit(kit.resting()), await kit.submit(kit.resting())
    await kit.venue.cancel(OrderRef.of(gone))
    await kit.done(gone)
    queries = [
        (HistoryQuery(statuses=[OrderStatus.CANCELED], instrument=kit.instrument.id), True, False),
        (HistoryQuery(statuses=[OrderStatus.OPEN], instrument=kit.instrument.id), False, True),
        (HistoryQuery(type=OrderType.LIMIT, instrument=kit.instrument.id), True, True),
        (HistoryQuery(type=OrderType.MARKET, instrument=kit.instrument.id), False, False),
        (HistoryQuery(side=Side.BUY, instrument=kit.instrument.id), True, True),
        (HistoryQuery(side=Side.SELL, instrument=kit.instrument.id), False, False),
    ]
    for query, wants_gone, wants_stays in queries:
        ids = {o.client_order_id for o in (await kit.venue.order_history(query)).items}
        assert (gone.client_order_id in ids, stays.client_order_id in ids) == (wants_gone, wants_stays), query


@behaviour("REC-06")
async def test_history_knows_done_orders_and_open_ones(kit: Kit) -> None:
    orders = [await kit.submit(kit.resting())]
    if kit.can(Feature.FILLS):
        orders.append(await kit.bought())
    page = await kit.venue.order_history(HistoryQuery(instrument=kit.instrument.id))
    known = {o.venue_order_id: o for o in page.items}
    for order in orders:
        assert known[order.venue_order_id].status is (await kit.venue.order(OrderRef.of(order))).status


@behaviour("REC-07")
async def test_a_new_session_lists_the_same_conditional_orders(kit: Kit) -> None:
    order = await kit.submit(stop_limit(kit))
    await kit.reopen()
    assert await kit.open_ids() == [order.client_order_id]
    assert await kit.order(order) == order


@behaviour("REC-08")
async def test_history_since_a_time_includes_its_start_and_not_its_end(kit: Kit) -> None:
    first = await kit.submit(kit.resting())
    await kit.pause(1)
    second = await kit.submit(kit.resting())
    assert second.created_ns > first.created_ns

    async def ids(start: int | None, end: int | None) -> list[str | None]:
        query = HistoryQuery(instrument=kit.instrument.id, start_ns=start, end_ns=end)
        known = (first.venue_order_id, second.venue_order_id)
        return [o.venue_order_id for o in (await kit.venue.order_history(query)).items if o.venue_order_id in known]

    assert await ids(second.created_ns, None) == [second.venue_order_id]
    assert await ids(None, second.created_ns) == [first.venue_order_id]
    assert await ids(first.created_ns, second.created_ns + 1) == [second.venue_order_id, first.venue_order_id]
