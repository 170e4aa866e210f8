"""Capabilities: what is declared works, what is declared unusable says so and does nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from venuekit.adapter import (
    NANOS,
    Channel,
    Feature,
    Granularity,
    OrderRef,
    OrderRequest,
    OrderType,
    Side,
    Support,
    TimeInForce,
    Unsupported,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.reads import READS
from venuekit.testing.contract.requests import bracket, market, stop, stop_limit

pytestmark = pytest.mark.anyio

ORDERS: dict[OrderType, Callable[[Kit], OrderRequest]] = {
    OrderType.MARKET: market,
    OrderType.LIMIT: lambda kit: kit.resting(),
    OrderType.STOP: stop,
    OrderType.STOP_LIMIT: stop_limit,
    OrderType.BRACKET: bracket,
}
OPTIONS: dict[Feature, Callable[[Kit], OrderRequest]] = {
    Feature.POST_ONLY: lambda kit: kit.resting(post_only=True),
    Feature.REDUCE_ONLY: lambda kit: kit.resting(reduce_only=True),
    Feature.QUOTE_SIZE: lambda kit: market(kit, quote_size=kit.away(Side.BUY)),
}


CHANGES: dict[Feature, Callable[[Kit, OrderRef], Awaitable[Any]]] = {
    Feature.SUBMIT: lambda kit, _: kit.submit(kit.resting()),
    Feature.CANCEL: lambda kit, ref: kit.venue.cancel(ref),
    Feature.CANCEL_ALL: lambda kit, _: kit.venue.cancel_all(),
    Feature.AMEND: lambda kit, ref: kit.venue.amend(ref, size=kit.size(kit.away(Side.BUY), units=2)),
}


async def refused(kit: Kit, request: OrderRequest) -> None:
    with pytest.raises(Unsupported):
        await kit.submit(request)
    assert await kit.open_ids() == []


@behaviour("CAP-01")
async def test_everything_is_declared_and_has_its_reason(kit: Kit) -> None:
    for kind in (Feature, OrderType, TimeInForce, Channel):
        for member in kind:
            declared = kit.capabilities.of(member)
            assert declared.reason != "not declared by the adapter", f"{kind.__name__}.{member.name} is not declared"
            assert declared.support is Support.FULL or declared.reason, f"{member.value} has no reason"


@behaviour("CAP-02")
async def test_a_session_declares_what_its_factory_declares(kit: Kit) -> None:
    assert kit.venue.capabilities == kit.subject.capabilities


@behaviour("CAP-03")
@pytest.mark.unusable(list(READS))
async def test_an_unusable_read_raises_unsupported(kit: Kit, unusable: Feature) -> None:
    with pytest.raises(Unsupported):
        await READS[unusable](kit)


@behaviour("CAP-04")
@pytest.mark.unusable(list(ORDERS))
async def test_an_unusable_order_type_is_refused(kit: Kit, unusable: OrderType) -> None:
    await refused(kit, ORDERS[unusable](kit))


@behaviour("CAP-05")
@pytest.mark.unusable(list(TimeInForce))
async def test_an_unusable_time_in_force_is_refused(kit: Kit, unusable: TimeInForce) -> None:
    expires = kit.clock.now_ns() + 3600 * NANOS if unusable is TimeInForce.GTD else None
    await refused(kit, kit.resting(time_in_force=unusable, expires_at_ns=expires))


@behaviour("CAP-06")
@pytest.mark.unusable(list(OPTIONS))
async def test_an_unusable_option_of_orders_is_refused(kit: Kit, unusable: Feature) -> None:
    await refused(kit, OPTIONS[unusable](kit))


@behaviour("CAP-07")
@pytest.mark.unusable(list(Channel))
async def test_an_unusable_channel_raises_unsupported(kit: Kit, unusable: Channel) -> None:
    await kit.refuses_to_stream(Unsupported, unusable, kit.instrument.id)


@behaviour("CAP-08")
async def test_instruments_are_of_declared_kinds(kit: Kit) -> None:
    assert {i.kind for i in await kit.venue.instruments()} <= set(kit.capabilities.kinds)


@behaviour("CAP-09")
@pytest.mark.unusable(list(CHANGES))
async def test_an_unusable_change_is_refused_and_changes_nothing(kit: Kit, unusable: Feature) -> None:
    placed: list[str | None] = []
    ref = OrderRef(client_order_id=kit.new_id(), instrument=kit.instrument.id)
    if kit.can(Feature.SUBMIT, OrderType.LIMIT, TimeInForce.GTC):
        order = await kit.submit(kit.resting())
        ref, placed = OrderRef.of(order), [order.client_order_id]
    with pytest.raises(Unsupported):
        await CHANGES[unusable](kit, ref)
    if kit.can(Feature.OPEN_ORDERS):
        assert await kit.open_ids() == placed


@behaviour("CAP-10")
async def test_a_granularity_that_is_not_declared_is_unsupported(kit: Kit) -> None:
    others = [g for g in Granularity if g not in kit.capabilities.granularities]
    if not others:
        pytest.skip("every granularity is declared usable: there is nothing to refuse")
    for granularity in others:
        with pytest.raises(Unsupported):
            await kit.venue.candles(kit.instrument.id, granularity)
