"""Concurrency: many tasks at once, and callers that give up in the middle."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from venuekit.adapter import Feature, Order, OrderAlreadyDone, OrderRef, OrderRequest, OrderStatus
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.reads import READS
from venuekit.testing.contract.test_streams import any_channel

pytestmark = pytest.mark.anyio


async def at_once(*calls: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async with anyio.create_task_group() as group:
        for call in calls:
            group.start_soon(call)


@behaviour("CON-01")
async def test_many_reads_at_once_all_answer(kit: Kit) -> None:
    answers: list[Any] = []

    async def read() -> None:
        answers.append(await kit.venue.instrument(kit.instrument.id))
        answers.extend([await READS[feature](kit) for feature in usable])

    usable = [f for f in READS if kit.can(f) and f is not Feature.ORDER_BY_CLIENT_ID]
    await at_once(*[read] * 20)
    assert len(answers) == 20 * (1 + len(usable))


@behaviour("CON-02")
async def test_many_orders_at_once_are_each_placed_once(kit: Kit) -> None:
    requests = [kit.resting() for _ in range(10)]
    placed: dict[str | None, Order] = {}

    async def place(request: OrderRequest) -> None:
        placed[request.client_order_id] = await kit.submit(request)

    await at_once(*[partial(place, request) for request in requests])
    assert len({o.venue_order_id for o in placed.values()}) == len(requests)
    assert all(placed[r.client_order_id].client_order_id == r.client_order_id for r in requests)
    assert sorted(map(str, await kit.open_ids())) == sorted(str(r.client_order_id) for r in requests)


@behaviour("CON-03")
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13])
async def test_an_order_survives_a_caller_that_gives_up(kit: Kit, turns: int) -> None:
    request = kit.resting()
    async with anyio.create_task_group() as group:
        group.start_soon(kit.submit, request)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    await kit.pause()

    async def look() -> tuple[int, Order | None]:
        return (await kit.open_ids()).count(request.client_order_id), await kit.look_up(request)

    # Over a network it may still be on its way, and arrive between two looks.
    listed, found = await kit.eventually(look, lambda seen: seen[0] == (seen[1] is not None))
    assert listed == (found is not None), "the order is listed and cannot be found, or the other way round"
    await kit.reopen()
    now = (await kit.open_ids()).count(request.client_order_id)
    late = not kit.profile.simulated_time  # it may have been on its way still
    assert now == listed or (late and now == 1), "the session lost sight of the order"
    again = await kit.submit(request)
    assert (await kit.open_ids()).count(request.client_order_id) == 1
    assert found is None or again.venue_order_id == found.venue_order_id


@behaviour("CON-04")
async def test_orders_placed_and_canceled_at_once_all_end(kit: Kit) -> None:
    async def place_and_cancel() -> None:
        order = await kit.submit(kit.resting())
        await kit.venue.cancel(OrderRef.of(order))
        await kit.done(order)

    await at_once(*[place_and_cancel] * 5)
    assert await kit.open_ids() == []


@behaviour("CON-05")
async def test_a_canceled_reader_leaves_the_venue_working(kit: Kit) -> None:
    channel = any_channel(kit)
    for _ in range(3):
        async with kit.recording(channel, [kit.instrument.id]):
            pass
    async with kit.recording(channel, [kit.instrument.id]) as recording:
        assert (await kit.venue.instrument(kit.instrument.id)) == kit.instrument
    assert recording.error is None


@behaviour("CON-06")
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5])
async def test_a_caller_that_gives_up_canceling_leaves_the_order_open_or_done(kit: Kit, turns: int) -> None:
    order = await kit.submit(kit.resting())
    async with anyio.create_task_group() as group:
        group.start_soon(kit.venue.cancel, OrderRef.of(order))
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    await kit.pause()

    async def look() -> tuple[bool, bool]:
        return order.client_order_id in await kit.open_ids(), (await kit.order(order)).is_done

    # Over a network it may still be on its way, and take hold between two looks.
    listed, done = await kit.eventually(look, lambda seen: seen[0] is not seen[1])
    assert listed is not done, "the order is both listed as open and done, or neither"
    if not done:
        with contextlib.suppress(OrderAlreadyDone):  # by the call that was given up
            await kit.venue.cancel(OrderRef.of(order))
    assert (await kit.done(order)).status is OrderStatus.CANCELED


@behaviour("CON-07")
async def test_an_order_canceled_many_times_at_once_ends_once(kit: Kit) -> None:
    order = await kit.submit(kit.resting())
    answers: list[Order | OrderAlreadyDone] = []

    async def cancel() -> None:
        try:
            answers.append(await kit.venue.cancel(OrderRef.of(order)))
        except OrderAlreadyDone as error:
            answers.append(error)

    await at_once(*[cancel] * 5)
    assert any(isinstance(answer, Order) for answer in answers), "nobody was told that the order was canceled"
    assert (await kit.done(order)).status is OrderStatus.CANCELED
