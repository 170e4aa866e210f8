"""What streams and answers tell is merged: once each, in any order, and nothing that moved money is lost."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import attrs
import pytest
from desks import Bench, Gate, limit, rows, statuses

from venuekit.model.events import Channel, DeskEvent, FillEvent, OrderEvent, OrderEventKind
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import FillState, OrderStatus
from venuekit.protocols.journal import EntryKind

pytestmark = pytest.mark.anyio
D = Decimal


async def test_fills_are_counted_once_however_often_and_where_they_are_told(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        fill = bench.venue.fill("mine", D("0.4"), D(98))
        for _ in range(3):
            bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(fill))
            bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(bench.venue.orders["mine"], fill))
        await bench.clock.settle()
        order = await desk.order("mine")
        assert (order.status, order.filled_size) == (OrderStatus.PARTIALLY_FILLED, D("0.4"))
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1"]
        assert desk._state.positions.size("BTC-USD") == D("0.4")
        assert await desk.reconcile() == []


async def test_events_out_of_order_leave_the_order_where_the_newest_put_it(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.tell = False
        seen = [bench.venue.orders["mine"]]
        for size in ("0.3", "0.3", "0.4"):
            bench.venue.fill("mine", D(size), D(98))
            seen.append(bench.venue.orders["mine"])
        for order in (seen[2], seen[0], seen[3], seen[1]):
            bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(order))
        await bench.clock.settle()
        now = await desk.order("mine")
        assert (now.status, now.filled_size) == (OrderStatus.FILLED, D(1))
        assert statuses(desk, "mine") == ["SUBMITTING", "OPEN", "PARTIALLY_FILLED", "FILLED"]
        assert desk.risk_state().open_orders == 0


async def test_an_old_report_never_brings_a_finished_order_back(bench: Bench) -> None:
    async with bench.open() as desk:
        order = await desk.submit(limit(client_order_id="mine"))
        await desk.cancel("mine")
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(order))
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.CANCELED
        assert await desk.open_orders() == []


async def test_a_fill_that_comes_after_the_cancel_counts_and_is_named(bench: Bench) -> None:
    async with bench.open() as desk, desk.listen() as feed:
        await desk.submit(limit(client_order_id="mine"))
        before = bench.venue.orders["mine"]
        await desk.cancel("mine")
        fill = bench.venue.execution(before, D(1), D(98))
        late = before.but(status=OrderStatus.FILLED, filled_size=D(1), average_price=D(98))
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(late, fill))
        await bench.clock.settle()
        order = await desk.order("mine")
        assert (order.status, order.filled_size) == (OrderStatus.FILLED, D(1))
        assert desk._state.positions.size("BTC-USD") == D(1)
        (difference,) = rows(desk, EntryKind.RECONCILE)
        assert "was CANCELED with 0 filled" in difference.body["message"]
        told = [feed._events.popleft() for _ in range(len(feed._events))]
        assert [e.kind for e in told if isinstance(e, DeskEvent)] == ["reconcile_order"]


async def test_an_order_filled_for_more_than_it_asked_is_taken_in_and_named(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.fill("mine", D("0.5"), D(98))
        over = bench.venue.orders["mine"].but(filled_size=D("1.5"))
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(over))
        await bench.clock.settle()
        assert (await desk.order("mine")).filled_size == D("1.5")
        (difference,) = rows(desk, EntryKind.RECONCILE)
        assert difference.body["message"] == "mine is for 1, and the venue has 1.5 filled"
        assert desk._state.exposure.open_size("BTC-USD", Side.BUY) == 0, "it frees nothing for other orders"


async def test_fills_that_an_answer_speaks_of_are_fetched_with_it(bench: Bench) -> None:
    bench.venue.tell = False
    bench.venue.page_size = 1
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        for _ in range(3):
            bench.venue.fill("mine", D("0.2"), D(98))
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(bench.venue.orders["mine"]))
        await bench.clock.settle()
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1", "f2", "f3"]
        assert {r.subject for r in rows(desk, EntryKind.FILL)} == {"mine"}


async def test_a_provisional_fill_counts_at_once_its_confirmation_adds_nothing_and_its_reversal_undoes_it(
    bench: Bench,
) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine", size=D(2)))
        order, cash = bench.venue.orders["mine"], desk._state.exposure.total("USD")
        assert cash is not None
        kept = bench.venue.execution(order, D(1), D(98), id="kept", state=FillState.PROVISIONAL)
        undone = bench.venue.execution(order, D(1), D(98), id="undone", state=FillState.PROVISIONAL)
        for fill in (kept, undone):
            bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(fill))
        await bench.clock.settle()
        assert desk._state.positions.size("BTC-USD") == D(2)
        assert desk._state.exposure.total("USD") == cash - 196
        confirmed = attrs.evolve(kept, state=FillState.CONFIRMED)
        failed = attrs.evolve(undone, state=FillState.REVERSED)
        for fill in (confirmed, failed, failed, confirmed):
            bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(fill))
        await bench.clock.settle()
        assert desk._state.positions.size("BTC-USD") == D(1)
        assert desk._state.exposure.total("USD") == cash - 98
        states = [(r.body["id"], r.body["state"]) for r in rows(desk, EntryKind.FILL)]
        assert states == [
            ("kept", "PROVISIONAL"),
            ("undone", "PROVISIONAL"),
            ("kept", "CONFIRMED"),
            ("undone", "REVERSED"),
        ]


@pytest.mark.parametrize("state", [FillState.CONFIRMED, FillState.REVERSED])
async def test_a_provisional_fill_that_the_venues_own_figure_has_in_it_is_not_counted_again(
    bench: Bench, state: FillState
) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        pending = attrs.evolve(bench.venue.fill("mine", D(1), D(98), tell=False), state=FillState.PROVISIONAL)
        bench.venue.executions[0] = pending
        bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(pending))
        await bench.clock.settle()
    async with bench.open() as desk:
        assert desk._state.positions.size("BTC-USD") == D(1), "as the venue says"
        bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(attrs.evolve(pending, state=state)))
        await bench.clock.settle()
        expected = D(1) if state is FillState.CONFIRMED else D(0)
        assert desk._state.positions.size("BTC-USD") == expected
        assert desk._state.exposure.position_size("BTC-USD") == expected


async def test_at_a_venue_that_keeps_our_ids_to_itself_the_stream_does_not_make_a_second_order(bench: Bench) -> None:
    async def told_before_answered() -> None:
        order = bench.venue.accept(bench.venue.sent()[-1])
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(order.but(client_order_id=None)))
        await bench.clock.settle()

    bench.venue.tell = False
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(told_before_answered)
        await desk.submit(limit(client_order_id="mine"))
        await bench.clock.settle()
        assert [o.id for o in await desk.open_orders()] == ["mine"]
        assert {r.subject for r in rows(desk, EntryKind.ORDER)} == {"mine"}
        fill = attrs.evolve(bench.venue.fill("mine", D(1), D(98)), client_order_id=None)
        bench.venue.push(Channel.OWN_FILLS, bench.venue.fill_event(fill))
        anonymous = bench.venue.orders["mine"].but(client_order_id=None)
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(anonymous))
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.FILLED
        assert {r.subject for r in rows(desk, EntryKind.FILL)} == {"mine"}


async def test_an_order_placed_elsewhere_shows_up_with_the_venues_id(bench: Bench) -> None:
    async with bench.open() as desk:
        foreign = bench.venue.accept(limit(client_order_id="other"))
        await bench.clock.settle()
        assert [o.id for o in await desk.open_orders()] == ["other"]
        assert desk._state.exposure.open_size("BTC-USD", Side.BUY) == 1
        assert await desk.order(foreign.venue_order_id or "") == await desk.order("other")


async def test_the_events_of_an_order_begin_with_its_past_and_end_when_it_is_done(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.fill("mine", D("0.4"), D(98))
        await bench.clock.settle()

        async def listen() -> list[OrderEvent]:
            return [event async for event in desk.events("mine")]

        task = asyncio.create_task(listen())
        await bench.clock.settle()
        bench.venue.fill("mine", D("0.6"), D(98))
        events = await task
        assert [e.kind for e in events] == [
            OrderEventKind.SUBMITTING,
            OrderEventKind.ACCEPTED,
            OrderEventKind.PARTIALLY_FILLED,
            OrderEventKind.FILLED,
        ]
        assert [e.order.filled_size for e in events] == [0, 0, D("0.4"), D(1)]
        from_the_journal = [event async for event in desk.events("mine")]
        assert [(e.kind, e.order) for e in from_the_journal] == [(e.kind, e.order) for e in events]


async def test_a_slow_listener_loses_prices_but_never_orders(bench: Bench) -> None:
    async with bench.open() as desk:
        feed = desk.listen(buffer=2)
        stream = await desk.subscribe(Channel.TICKER, ["BTC-USD"])
        await bench.clock.settle()
        from venuekit.model.events import TickerEvent

        for _ in range(5):
            ticker = bench.venue.ticker()
            event = TickerEvent(venue="scripted", instrument="BTC-USD", time_ns=ticker.time_ns, ticker=ticker)
            bench.venue.push(Channel.TICKER, event)
        await bench.clock.settle()
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1)))
        assert feed.dropped > 0
        feed.close()
        told = [e async for e in feed]
        assert [e.order.status for e in told if isinstance(e, OrderEvent)] == [
            OrderStatus.SUBMITTING,
            OrderStatus.FILLED,
        ]
        assert [e.fill.venue_order_id for e in told if isinstance(e, FillEvent)] == [order.venue_order_id]
        await stream.close()


async def test_listeners_hear_once_that_an_order_is_filled_whichever_telling_is_recorded_first(bench: Bench) -> None:
    """The answer's fills are slow to come; the stream tells of the same end a moment later, and is recorded first."""
    slow = Gate()
    async with bench.open() as desk:
        heard: list[OrderEvent] = []
        desk._bus.hook(lambda event: heard.append(event) if isinstance(event, OrderEvent) else None)

        async def filled_at_once() -> None:
            bench.venue.tell = False
            order = bench.venue.accept(bench.venue.sent()[-1])
            bench.venue.fill(order.id, D(1), D(98))
            bench.venue.faults["fills"].append(slow)

        bench.venue.faults["submit"].append(filled_at_once)
        sending = asyncio.ensure_future(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        order = bench.venue.orders["mine"]
        bench.venue.push(Channel.OWN_ORDERS, bench.venue.event(order.but(updated_ns=order.updated_ns + 1)))
        await bench.clock.settle()
        slow.open()
        assert (await sending).status is OrderStatus.FILLED
        await bench.clock.settle()
    assert len([query for query in bench.venue.made("fills") if query.order_id]) == 2, "both ask for the fills"
    assert [event.kind for event in heard] == [OrderEventKind.SUBMITTING, OrderEventKind.FILLED]
