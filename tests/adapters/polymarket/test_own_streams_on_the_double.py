"""A desk trades on the double while its streams fail in every way: no fill is lost and none is told twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from double_streams import a_double, a_hub, connected, options, until

from venuekit import LimitOrder, MarketOrder, Mode, Side, open_desk, registry
from venuekit.adapter import (
    Channel,
    ConnectionEvent,
    FillEvent,
    FillQuery,
    FillState,
    OrderEvent,
    OrderRef,
    OrderStatus,
)
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, StreamSettings
from venuekit_doubles.polymarket import Account, PolymarketDouble, StreamFault, TradeState
from venuekit_polymarket import factory

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture(scope="module")
def double() -> Iterator[PolymarketDouble]:
    with a_double(secure=True) as running:
        yield running


def key(double: PolymarketDouble, name: str) -> dict[str, Any]:
    """An account of the test's own."""
    account = double.add_account(Account.named(name))
    return {"private_key": account.private_key, "funder": account.wallet}


@asynccontextmanager
async def a_desk(double: PolymarketDouble, folder: Path, name: str) -> AsyncIterator[Any]:
    registry.register(factory)
    config = DeskConfig(
        desk=DeskSettings(venue="polymarket", mode=Mode.LIVE, data_dir=str(folder)),
        approval=ApprovalSettings(require_above=D(1_000_000)),
        streams=StreamSettings(backoff_first_seconds=0.05, backoff_longest_seconds=0.1),
    )
    async with open_desk(config, environ={}, venue_options=options(double, **key(double, name))) as desk:
        yield desk


def buy(token: str) -> MarketOrder:
    return MarketOrder(instrument=token, side=Side.BUY, size=D(6))


@pytest.mark.parametrize("fault", [StreamFault.DROP, StreamFault.LOSE, StreamFault.DUPLICATE, StreamFault.REORDER])
async def test_a_desk_has_every_fill_once_whatever_its_streams_do(
    double: PolymarketDouble, tmp_path: Path, fault: StreamFault
) -> None:
    token = double.markets[0].tokens[0]
    async with a_desk(double, tmp_path, f"desk-{fault.value}") as desk:
        await until(lambda: desk.upkeep.connected)
        before = await desk.submit(buy(token))
        double.fail_streams(fault)
        during = await desk.submit(buy(token))
        await until(lambda: desk.upkeep.connected)
        after = await desk.submit(buy(token))
        await desk.reconcile()
        known = [await desk.order(order.id) for order in (before, during, after)]
        assert [order.status for order in known] == [OrderStatus.FILLED] * 3
        listed = (await desk.venue.fills(FillQuery(limit=100))).items
        mine = [f for f in listed if f.client_order_id in {o.client_order_id for o in known}]
        assert sum(f.size for f in mine) == sum(o.filled_size for o in known) == D(18)
        assert len({f.id for f in mine}) == len(mine)


async def test_a_fill_is_told_as_it_settles_and_undone_when_it_fails(double: PolymarketDouble, tmp_path: Path) -> None:
    token = double.markets[1].tokens[0]
    async with connected(double, tmp_path, **key(double, "settles")) as venue, a_hub(venue) as hub:
        fills, orders = hub.follow(Channel.OWN_FILLS), hub.follow(Channel.OWN_ORDERS)
        await until(lambda: fills.of(ConnectionEvent) and orders.of(ConnectionEvent))
        good = await venue.submit(_named(buy(token), "good"))
        await venue.fills(FillQuery(order_id=good.venue_order_id))
        await until(lambda: _states(fills, good.venue_order_id)[-1:] == [FillState.CONFIRMED])
        assert _states(fills, good.venue_order_id) == [FillState.PROVISIONAL, FillState.CONFIRMED]
        double.fail_settlements(TradeState.FAILED)
        bad = await venue.submit(_named(buy(token), "bad"))
        await until(lambda: _states(fills, bad.venue_order_id)[-1:] == [FillState.REVERSED])
        assert _states(fills, bad.venue_order_id) == [FillState.PROVISIONAL, FillState.REVERSED]


def _named(request: MarketOrder, name: str) -> MarketOrder:
    return attrs.evolve(request, client_order_id=name)


def _states(fills: Any, order_id: str | None) -> list[FillState]:
    return [e.fill.state for e in fills.of(FillEvent) if e.fill.venue_order_id == order_id]


@pytest.mark.parametrize("fault", [StreamFault.DROP, StreamFault.DUPLICATE, StreamFault.REORDER])
async def test_orders_are_told_in_a_legal_order_whatever_comes(
    double: PolymarketDouble, tmp_path: Path, fault: StreamFault
) -> None:
    token = double.markets[1].tokens[0]
    async with connected(double, tmp_path, **key(double, f"orders-{fault.value}")) as venue, a_hub(venue) as hub:
        orders = hub.follow(Channel.OWN_ORDERS)
        await until(lambda: orders.of(ConnectionEvent))
        double.fail_streams(fault, "user")
        if fault is StreamFault.DROP:
            await until(lambda: orders.subscription.reconnects)
            await until(lambda: double.do(lambda: double.venue.user_channel.sockets.subscriptions))
        request = LimitOrder(
            instrument=token, side=Side.BUY, size=D(10), price=D("0.02"), client_order_id=f"rest-{fault.value}"
        )
        placed = await venue.submit(request)
        await venue.cancel(OrderRef.of(placed))

        def states() -> list[OrderStatus]:
            told = [e.order for e in orders.of(OrderEvent)]
            return [o.status for o in told if o.client_order_id == request.client_order_id]

        await until(lambda: states()[-1:] == [OrderStatus.CANCELED])
        assert states() in ([OrderStatus.OPEN, OrderStatus.CANCELED], [OrderStatus.CANCELED])
