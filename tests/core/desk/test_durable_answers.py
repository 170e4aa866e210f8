"""What faults brought to light: answers that were given too early, ids that were not told, numbers that were hidden."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, Gate, limit, rows, statuses

from venuekit.errors import OutcomeUnknown
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import ReconcileSettings, StoreSettings

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
async def test_an_order_that_the_stream_told_first_is_acknowledged_when_that_is_durable(
    bench: Bench, synchronous: str
) -> None:
    config = bench.config(store=StoreSettings(synchronous=synchronous))
    slow = Gate()
    async with bench.open(config) as desk:

        async def told_first() -> None:
            order = bench.venue.accept(bench.venue.sent()[-1])
            bench.venue.faults["fills"].append(slow)
            bench.venue.fill(order.id, D(1), D(98))
            await bench.clock.settle()

        bench.venue.faults["submit"].append(told_first)
        sending = asyncio.ensure_future(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        assert not sending.done() or statuses(desk, "mine")[-1] == "FILLED"
        slow.open()
        assert (await sending).status is OrderStatus.FILLED
        assert statuses(desk, "mine")[-1] == "FILLED"


async def test_an_answer_without_our_id_belongs_to_the_order_that_was_sent(bench: Bench) -> None:
    bench.venue.tell = False
    accept = bench.venue.accept

    def nameless(request: Any) -> Order:
        return accept(request).but(client_order_id=None)

    bench.venue.accept = nameless  # type: ignore[method-assign]
    async with bench.open() as desk:
        order = await desk.submit(limit(client_order_id="mine"))
        assert (order.id, order.status) == ("mine", OrderStatus.OPEN)
        assert [o.id for o in await desk.open_orders()] == ["mine"]


async def test_an_order_cut_off_by_a_crash_is_recognized_where_the_venue_tells_no_ids(bench: Bench) -> None:
    bench.venue.tell = False
    crashed: list[Any] = []

    async def received() -> None:
        order = bench.venue.accept(bench.venue.sent()[-1])
        crashed.append(bench.after_crash())
        bench.venue.orders["mine"] = order.but(client_order_id=None)
        raise OutcomeUnknown("no answer")

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(received)
        with pytest.raises(OutcomeUnknown):
            await desk.submit(limit(client_order_id="mine"))
    async with bench.open(crashed[0]) as desk:
        assert [(o.id, o.status) for o in await desk.open_orders()] == [("mine", OrderStatus.OPEN)]


async def test_a_clock_set_forward_does_not_end_the_patience_with_an_order_in_doubt(bench: Bench) -> None:
    config = bench.config(reconcile=ReconcileSettings(every_seconds=0, in_doubt_patience_seconds=60))
    async with bench.open(config) as desk:
        bench.venue.faults["submit"].append(OutcomeUnknown("no answer"))
        with pytest.raises(OutcomeUnknown):
            await desk.submit(limit(client_order_id="mine"))
        bench.clock.step(3600)
        await bench.clock.advance(5)
        assert (await desk.order("mine")).status is OrderStatus.IN_DOUBT
        await bench.clock.advance(100)
        assert (await desk.order("mine")).status is OrderStatus.REJECTED


async def test_profit_of_a_perpetual_is_in_the_balance_as_soon_as_it_is_made(bench: Bench) -> None:
    async with bench.open() as desk:
        for side in (Side.BUY, Side.SELL):
            await desk.submit(MarketOrder(instrument="BTC-PERP", side=side, size=D(1)))
            bench.venue.ask = D(110)
        bench.venue.cash["USD"] += 10
        assert [event.message for event in await desk.reconcile() if event.kind == "reconcile_balance"] == []


async def test_holdings_of_many_digits_are_read_back_after_a_restart(bench: Bench) -> None:
    bench.venue.capabilities = attrs.evolve(bench.venue.capabilities)
    long = D(1) / D(3) + D("1e-70")
    fill = bench.venue.execution(bench.venue.accept(limit(client_order_id="before")), D(1), long)
    bench.venue.executions.append(fill)
    bench.venue.cash["USD"] = D("12345." + "7" * 70)
    async with bench.open() as desk:
        opened = rows(desk, EntryKind.SESSION)[0].body
        assert "redacted" not in str(opened)
    async with bench.open() as desk:
        assert await desk.reconcile() == []
