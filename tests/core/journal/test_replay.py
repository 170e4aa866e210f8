"""Orders and fills as a reader without a desk folds them from the journal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from venuekit.desk.state import State
from venuekit.journal.replay import holdings, live_orders, recent_orders
from venuekit.model.codec import to_plain
from venuekit.model.intent import Side
from venuekit.model.order import Fill, Liquidity, Order, OrderStatus
from venuekit.protocols.journal import Entry, EntryKind, Store
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
DESK = "paper:default"
MakeOrder = Callable[..., Order]


def row(order: Order, kind: EntryKind = EntryKind.ORDER, desk: str = DESK) -> Entry:
    return Entry(kind=kind, desk=desk, subject=order.id, agent_id="bot", body=order, time_ns=1)


def snapshot(*orders: Order) -> Entry:
    body = {"orders": [to_plain(o) for o in orders], "last_fill_ns": 0, "day": 0, "day_start_equity": None}
    return Entry(kind=EntryKind.SNAPSHOT, desk=DESK, subject="", agent_id="", body=body, time_ns=1)


async def test_the_last_row_of_an_order_counts_and_done_ones_are_not_live(store: Store, order: MakeOrder) -> None:
    await store.append(
        [
            row(order("a", OrderStatus.SUBMITTING), EntryKind.INTENT),
            row(order("a")),
            row(order("b")),
            row(order("b", OrderStatus.CANCELED)),
            row(order("c"), desk="paper:other"),
        ]
    )
    assert [o.id for o in live_orders(store, DESK)] == ["a"]
    assert [(o.id, o.status) for o in recent_orders(store, DESK, limit=9)] == [
        ("b", OrderStatus.CANCELED),
        ("a", OrderStatus.OPEN),
    ]
    assert [o.id for o in recent_orders(store, DESK, limit=1)] == ["b"]


async def test_an_order_of_the_snapshot_is_live_until_a_later_row_ends_it(store: Store, order: MakeOrder) -> None:
    await store.append([snapshot(order("old"), order("older"))])
    await store.append([row(order("older", OrderStatus.FILLED))])
    assert [o.id for o in live_orders(store, DESK)] == ["old"]


async def test_an_intent_written_just_before_a_snapshot_that_misses_it_is_not_lost(
    store: Store, order: MakeOrder
) -> None:
    """The snapshot is taken while the intent's row is being written, before the desk's memory has the order."""
    await store.append([row(order("new", OrderStatus.SUBMITTING), EntryKind.INTENT), snapshot(order("old"))])
    assert [o.id for o in live_orders(store, DESK)] == ["new", "old"]

    class PaperVenue:
        name, account = "paper", "default"

    state = State(PaperVenue(), SimulatedClock(), "USD")  # type: ignore[arg-type]
    state.restore(store, DESK)
    assert sorted(o.id for o in state.orders.live()) == ["new", "old"]


async def test_recent_orders_are_found_behind_many_rows_of_one(store: Store, order: MakeOrder) -> None:
    await store.append([row(order("quiet"))])
    await store.append([row(order("busy", filled_size=Decimal(n) / 100_000)) for n in range(1200)])
    assert [o.id for o in recent_orders(store, DESK, limit=2)] == ["busy", "quiet"]


async def test_fills_come_oldest_first_over_pages(store: Store) -> None:
    made = [
        Fill(
            id=f"f{n}",
            venue="paper",
            account="default",
            instrument="BTC-USD",
            venue_order_id="v1",
            client_order_id="o1",
            side=Side.BUY,
            price=Decimal("65000.5"),
            size=Decimal("0.0000001"),
            fee=Decimal(0),
            fee_asset="USD",
            liquidity=Liquidity.MAKER,
            time_ns=n,
        )
        for n in range(1101)
    ]
    await store.append(
        [Entry(kind=EntryKind.FILL, desk=DESK, subject="o1", agent_id="", body=f, time_ns=1) for f in made]
    )
    held, since = holdings(store, DESK)
    assert (held, list(since)) == ({}, made)
