"""Capabilities: what is declared works, what is declared unusable says so and does nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest

from venuekit.adapter import (
    NANOS,
    BracketOrder,
    Channel,
    Feature,
    FillQuery,
    Granularity,
    HistoryQuery,
    MarketOrder,
    OrderRef,
    OrderRequest,
    OrderType,
    Side,
    StopLimitOrder,
    StopOrder,
    Support,
    TimeInForce,
    Unsupported,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio

READS: dict[Feature, Callable[[Kit], Awaitable[Any]]] = {
    Feature.SEARCH: lambda kit: kit.venue.search("a"),
    Feature.TICKER: lambda kit: kit.venue.tickers([kit.instrument.id]),
    Feature.ORDER_BOOK: lambda kit: kit.venue.order_book(kit.instrument.id),
    Feature.TRADES: lambda kit: kit.venue.trades(kit.instrument.id),
    Feature.CANDLES: lambda kit: kit.venue.candles(kit.instrument.id, Granularity.ONE_MINUTE),
    Feature.OPEN_ORDERS: lambda kit: kit.venue.open_orders(),
    Feature.ORDER_HISTORY: lambda kit: kit.venue.order_history(HistoryQuery()),
    Feature.FILLS: lambda kit: kit.venue.fills(FillQuery()),
    Feature.BALANCES: lambda kit: kit.venue.balances(),
    Feature.POSITIONS: lambda kit: kit.venue.positions(),
    Feature.PROFILE: lambda kit: kit.venue.profile(),
    Feature.TRANSFERS: lambda kit: kit.venue.transfers(),
    Feature.SERVER_TIME: lambda kit: kit.venue.server_time_ns(),
    Feature.ORDER_BY_CLIENT_ID: lambda kit: kit.venue.order(OrderRef(client_order_id=kit.new_id())),
}


async def _refused(kit: Kit, request: OrderRequest) -> None:
    with pytest.raises(Unsupported):
        await kit.submit(request)
    assert await kit.open_ids() == []


def _unless_usable(kit: Kit, what: Feature | OrderType | TimeInForce | Channel) -> None:
    if kit.capabilities.can(what):
        pytest.skip(f"{what.value} is declared usable, and checked as such")


@behaviour("CAP-01")
async def test_everything_is_declared_and_has_its_reason(kit: Kit) -> None:
    for kind in (Feature, OrderType, TimeInForce, Channel):
        for member in kind:
            declared = kit.capabilities.of(member)
            assert declared.reason != "not declared by the adapter", f"{kind.__name__}.{member.name} is not declared"
            assert declared.support is Support.FULL or declared.reason, f"{member.value} has no reason"


@behaviour("CAP-02")
async def test_a_session_declares_what_its_factory_declares(kit: Kit) -> None:
    assert kit.venue.capabilities == kit.subject.factory.capabilities


@behaviour("CAP-03")
@pytest.mark.parametrize("feature", READS, ids=lambda f: f.value)
async def test_an_unusable_read_raises_unsupported(kit: Kit, feature: Feature) -> None:
    _unless_usable(kit, feature)
    with pytest.raises(Unsupported):
        await READS[feature](kit)


@behaviour("CAP-04")
@pytest.mark.parametrize("kind", [k for k in OrderType if k is not OrderType.LIMIT], ids=lambda k: k.value)
async def test_an_unusable_order_type_is_refused(kit: Kit, kind: OrderType) -> None:
    _unless_usable(kit, kind)
    like = kit.resting()
    fields: dict[str, Any] = {
        "instrument": like.instrument,
        "side": Side.BUY,
        "size": like.size,
        "client_order_id": like.client_order_id,
    }
    higher = kit.away(Side.SELL)
    requests: dict[OrderType, Callable[[], OrderRequest]] = {
        OrderType.MARKET: lambda: MarketOrder(**fields),
        OrderType.STOP: lambda: StopOrder(stop_price=higher, **fields),
        OrderType.STOP_LIMIT: lambda: StopLimitOrder(stop_price=higher, price=higher, **fields),
        OrderType.BRACKET: lambda: BracketOrder(price=like.price, stop_price=higher, **fields),
    }
    await _refused(kit, requests[kind]())


@behaviour("CAP-05")
@pytest.mark.parametrize("time_in_force", list(TimeInForce), ids=lambda t: t.value)
async def test_an_unusable_time_in_force_is_refused(kit: Kit, time_in_force: TimeInForce) -> None:
    _unless_usable(kit, time_in_force)
    expires = kit.clock.now_ns() + 3600 * NANOS if time_in_force is TimeInForce.GTD else None
    await _refused(kit, kit.resting(time_in_force=time_in_force, expires_at_ns=expires))


@behaviour("CAP-06")
@pytest.mark.parametrize("option", ["post_only", "reduce_only", "quote_size"])
async def test_an_unusable_option_of_orders_is_refused(kit: Kit, option: str) -> None:
    _unless_usable(kit, Feature(option))
    if option == "quote_size":
        like = kit.resting()
        await _refused(
            kit,
            MarketOrder(instrument=like.instrument, side=Side.BUY, quote_size=like.price, client_order_id=kit.new_id()),
        )
    else:
        changed: dict[str, Any] = {option: True}
        await _refused(kit, attrs.evolve(kit.resting(), **changed))


@behaviour("CAP-07")
@pytest.mark.parametrize("channel", list(Channel), ids=lambda c: c.value)
async def test_an_unusable_channel_raises_unsupported(kit: Kit, channel: Channel) -> None:
    _unless_usable(kit, channel)
    with pytest.raises(Unsupported):
        await anext(kit.venue.subscribe(channel, [kit.instrument.id]))


@behaviour("CAP-08")
async def test_instruments_are_of_declared_kinds(kit: Kit) -> None:
    assert {i.kind for i in await kit.venue.instruments()} <= set(kit.capabilities.kinds)


@behaviour("CAP-09")
@pytest.mark.parametrize("feature", [Feature.AMEND, Feature.CANCEL_ALL], ids=lambda f: f.value)
async def test_an_unusable_change_is_refused_and_changes_nothing(kit: Kit, feature: Feature) -> None:
    _unless_usable(kit, feature)
    order = await kit.submit(kit.resting())
    with pytest.raises(Unsupported):
        if feature is Feature.AMEND:
            await kit.venue.amend(OrderRef.of(order), size=kit.size(kit.away(Side.BUY), units=2))
        else:
            await kit.venue.cancel_all()
    assert await kit.open_ids() == [order.client_order_id]
