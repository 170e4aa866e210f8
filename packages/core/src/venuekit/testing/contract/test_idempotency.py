"""Idempotency: a client order id means one order, however often and however it is sent."""

from __future__ import annotations

import anyio
import pytest

from venuekit.adapter import ClientOrderIdReused, Feature, Order
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio


def _same(first: Order, second: Order) -> None:
    assert first.venue_order_id == second.venue_order_id, "the same order was placed twice"


@behaviour("IDE-01")
async def test_the_same_order_sent_again_is_the_same_order(kit: Kit) -> None:
    request = kit.resting()
    _same(await kit.submit(request), await kit.submit(request))
    assert (await kit.open_ids()).count(request.client_order_id) == 1


@behaviour("IDE-02")
async def test_an_id_cannot_be_used_for_another_order(kit: Kit) -> None:
    request = kit.resting()
    await kit.submit(request)
    for other in (
        kit.resting(client_order_id=request.client_order_id, units=2),
        kit.resting(client_order_id=request.client_order_id, price=request.price - kit.instrument.tick_size),
    ):
        with pytest.raises(ClientOrderIdReused):
            await kit.submit(other)
    [order] = [o for o in await kit.venue.open_orders() if o.client_order_id == request.client_order_id]
    assert (order.size, order.price) == (request.size, request.price)


@behaviour("IDE-03")
async def test_the_same_order_sent_many_times_at_once_is_one_order(kit: Kit) -> None:
    request = kit.resting()
    orders: list[Order] = []

    async def send() -> None:
        orders.append(await kit.submit(request))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(send)
    assert len({o.venue_order_id for o in orders}) == 1, "the same order was placed more than once"
    assert (await kit.open_ids()).count(request.client_order_id) == 1


@behaviour("IDE-04")
async def test_a_done_order_sent_again_does_not_trade_again(kit: Kit) -> None:
    request = kit.taking()
    first = await kit.done(await kit.submit(request))
    balance = await kit.balance(kit.instrument.quote) if kit.can(Feature.BALANCES) else None
    second = await kit.submit(request)
    _same(first, second)
    assert (second.status, second.filled_size) == (first.status, first.filled_size)
    if balance is not None:
        assert await kit.balance(kit.instrument.quote) == balance


@behaviour("IDE-05")
async def test_the_same_order_over_a_new_session_is_the_same_order(kit: Kit) -> None:
    request = kit.resting()
    first = await kit.submit(request)
    await kit.reopen()
    _same(first, await kit.submit(request))
    assert (await kit.open_ids()).count(request.client_order_id) == 1
