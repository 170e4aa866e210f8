"""Every call of a desk has its slot: its own before agents', agents in turn, and cancels whatever else waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import attrs
import pytest
from desks import Bench, limit, rows

from venuekit.desk.bus import EventFeed
from venuekit.desk.pacing import in_words, slowed
from venuekit.desk.serving import served
from venuekit.errors import RateLimited
from venuekit.model.account import HistoryQuery
from venuekit.model.events import DeskEvent
from venuekit.model.order import OrderStatus
from venuekit.model.rate import Rate
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import AgentSettings, BreakerSettings, PaceSettings, ReconcileSettings

pytestmark = pytest.mark.anyio
ANN, BOB = (Caller(agent_id=name, role=Role.TRADER) for name in ("ann", "bob"))


#: One a second, after as many as a desk needs to open.
SLOW = "1049/1000s burst 50"


async def used_up(call: Callable[[], Awaitable[object]]) -> None:
    """Call until it has to wait."""
    while True:
        calling = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not calling.done():
            calling.cancel()
            return


def names(bench: Bench, since: int) -> list[str]:
    return [name for name, _ in bench.venue.calls[since:]]


async def test_an_agent_with_many_waiting_calls_does_not_keep_another_waiting(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(orders=1, patience_seconds=3600))) as desk:
        greedy = [asyncio.create_task(desk.submit(limit(price=Decimal(40 + n)), caller=ANN)) for n in range(20)]
        await bench.clock.settle()
        modest = asyncio.create_task(desk.submit(limit(price=Decimal(39)), caller=BOB))
        await bench.clock.advance(2.1)
        assert (await modest).status is OrderStatus.OPEN
        assert sum(task.done() for task in greedy) == 2
        await bench.clock.advance(20)
        await asyncio.gather(*greedy)


async def test_an_agents_reads_have_turns_too(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(private=SLOW, patience_seconds=3600))) as desk:
        await used_up(desk.balances)

        async def read(caller: Caller) -> str:
            with desk.serve(caller):
                await desk.balances()
            return caller.agent_id

        order: list[str] = []
        tasks = [asyncio.create_task(read(ANN)) for _ in range(20)] + [asyncio.create_task(read(BOB))]
        for task in tasks:
            task.add_done_callback(lambda done: None if done.cancelled() else order.append(done.result()))
        await bench.clock.advance(3.1)
        assert order[:3] in (["ann", "ann", "bob"], ["ann", "bob", "ann"])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_reconciling_comes_before_what_agents_ask(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(private=SLOW, patience_seconds=3600))) as desk:
        await used_up(desk.balances)
        before = len(bench.venue.calls)
        asked = [asyncio.create_task(desk.order_history(HistoryQuery())) for _ in range(10)]
        await bench.clock.settle()
        checking = asyncio.create_task(desk.reconcile())
        await bench.clock.advance(8)
        assert checking.done(), "the desk's own questions waited behind an agent's"
        assert names(bench, before).count("order_history") < 10
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)


async def test_a_call_that_would_wait_too_long_is_refused_and_the_order_says_so(bench: Bench) -> None:
    pace = PaceSettings(orders="1/60s", patience_seconds=5)
    async with bench.open(bench.config(pace=pace)) as desk:
        await desk.submit(limit())
        with pytest.raises(RateLimited) as caught:
            await desk.submit(limit(price=Decimal(97), client_order_id="second"))
        assert caught.value.retry_after == pytest.approx(60, abs=1)
        assert caught.value.order_id == "second"
        order = await desk.order("second")
        assert (order.status, order.status_code) == (OrderStatus.DENIED, "RATE_LIMITED")
        assert len(bench.venue.sent()) == 1


async def test_waiting_for_a_slot_is_no_latency_of_the_venue(bench: Bench) -> None:
    pace, never = PaceSettings(public="200/1200s burst 50"), ReconcileSettings(every_seconds=0)
    async with bench.open(bench.config(pace=pace, reconcile=never)) as desk:
        await used_up(desk.venue.server_time_ns)
        for n in range(12):
            await bench.clock.advance(0.3)  # the last price is too old now
            order = asyncio.create_task(desk.submit(limit(price=Decimal(90 - n))))
            await bench.clock.settle()
            assert not order.done(), "its price was asked for without a slot"
            await bench.clock.advance(7.8)
            assert (await order).status is OrderStatus.OPEN
        assert all(breaker.state == "CLOSED" for breaker in desk.risk_state().breakers)


async def test_what_an_agent_leaves_behind_goes_on_as_the_desks_own(bench: Bench) -> None:
    seen: list[str] = []

    async def note() -> None:
        seen.append(served())

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(TimeoutError())
        with pytest.raises(Exception, match="may have been accepted"):
            await desk.submit(limit(), caller=ANN)
        bench.venue.faults["order"].append(note)
        await bench.clock.advance(1)
        assert seen == [""]


async def test_a_read_of_the_programs_own_ends_its_patience_at_the_venues_own_budgets_too(bench: Bench) -> None:
    bench.venue.capabilities = attrs.evolve(bench.venue.capabilities, rates={"books": (Rate(calls=1, seconds=60),)})

    async def ask() -> None:
        await bench.venue.pace.take("books")

    async with bench.open(bench.config(pace=PaceSettings(patience_seconds=5))) as desk:
        bench.venue.faults["order_book"] += [ask, ask]
        await desk.venue.order_book("BTC-USD")
        with pytest.raises(RateLimited, match="class books") as caught:
            await asyncio.wait_for(desk.venue.order_book("BTC-USD"), 60)
        assert caught.value.retry_after == pytest.approx(60, abs=1)
        with desk.serve(ANN):
            bench.venue.faults["order_book"].append(ask)
            with pytest.raises(RateLimited):
                await desk.venue.order_book("BTC-USD")
            assert served() == "ann", "an agent's own call went on for somebody else"
        assert served() == ""


async def test_calls_of_an_agent_are_its_own_number_where_one_is_set(bench: Bench) -> None:
    agents = {"ann": AgentSettings(calls_per_minute=2)}
    pace = PaceSettings(agent_calls_per_minute=4)
    async with bench.open(bench.config(pace=pace, agents=agents)) as desk:
        assert desk.call_allowance(ANN).per_minute == 2
        for _ in range(2):
            await desk.preview(limit(), caller=ANN)
        with pytest.raises(RateLimited) as caught:
            await desk.preview(limit(), caller=ANN)
        assert caught.value.retry_after == pytest.approx(30)
        assert desk.call_allowance(ANN).left == 0
        assert desk.call_allowance(BOB).left == 4
        await desk.cancel_all(caller=ANN)
        await bench.clock.advance(30)
        await desk.preview(limit(), caller=ANN)


async def test_the_program_itself_is_not_counted(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(agent_calls_per_minute=1))) as desk:
        for _ in range(5):
            await desk.preview(limit())


async def test_a_429_on_an_order_sends_nothing_twice_and_slows_the_orders_down(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(orders=10, recover_seconds=20))) as desk:
        feed = desk.listen(wanted=lambda event: isinstance(event, DeskEvent))
        bench.venue.faults["submit"].append(RateLimited("429 Too Many Requests", retry_after=2.5))
        with pytest.raises(RateLimited) as caught:
            await desk.submit(limit(client_order_id="mine"))
        assert caught.value.details["retry_after_seconds"] == "2.500"
        assert (await desk.order("mine")).status is OrderStatus.DENIED
        await bench.clock.advance(0.5)
        now = bench.clock.now_ns()
        (seen,) = slowed(desk.store, desk.name, now, 0)
        assert (seen["endpoint"], seen["share"], seen["recovers_ns"] - now) == ("orders", "0.50", 12_000_000_000)
        (words,) = in_words([seen], now)
        assert words.startswith("orders calls: stopped for 2.0 s, cut to 50%")
        assert words.endswith("whole in 12 s")
        (cut,) = desk.status().pace
        assert (cut.endpoint, cut.share, cut.stopped_seconds) == ("orders", 0.5, 2.0)
        assert desk.risk_state().pace == [cut]
        later = asyncio.create_task(desk.submit(limit(price=Decimal(97))))
        await bench.clock.advance(1.9)
        assert len(bench.venue.sent()) == 1, "it did not wait as long as the venue had asked"
        await desk.cancel_all()
        await bench.clock.advance(0.2)
        assert (await later).status is OrderStatus.OPEN
        await bench.clock.advance(20)
        told = [(e.kind, e.subject) async for e in _so_far(feed) if e.kind.startswith("pace")]
        assert told == [("pace_slowed", "orders"), ("pace_recovered", "orders")]
        assert list(slowed(desk.store, desk.name, bench.clock.now_ns(), 0)) == []
        kept = [r for r in rows(desk, EntryKind.CONTROL) if r.body["event"].startswith("pace")]
        assert [r.body["share"] for r in kept] == ["0.50", "1.00"]
        assert all(breaker.state == "CLOSED" for breaker in desk.risk_state().breakers)


async def test_a_venue_that_says_too_many_is_not_taken_for_a_broken_one(bench: Bench) -> None:
    breakers = BreakerSettings(min_calls=2, max_error_rate=Decimal("0.1"))
    async with bench.open(bench.config(breakers=breakers, pace=PaceSettings(recover_seconds=1))) as desk:
        for n in range(6):
            bench.venue.faults["submit"].append(RateLimited("429", retry_after=0.1))
            with pytest.raises(RateLimited):
                await desk.submit(limit(price=Decimal(90 - n)))
            await bench.clock.advance(2)
        assert (await desk.submit(limit())).status is OrderStatus.OPEN


async def test_a_429_on_a_read_stops_reads_of_that_class_and_no_others(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(patience_seconds=1))) as desk:
        bench.venue.faults["balances"].append(RateLimited("429", retry_after=30))
        with pytest.raises(RateLimited):
            await desk.balances()
        before = len(bench.venue.calls)
        with pytest.raises(RateLimited, match="asked for a pause") as caught:
            await desk.positions()
        assert caught.value.retry_after == 30
        assert names(bench, before) == []
        assert (await desk.submit(limit())).status is OrderStatus.OPEN
        await desk.cancel_all()
        await bench.clock.advance(30.1)
        await desk.balances()


async def test_a_venue_that_says_too_many_of_another_class_stops_that_one(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(patience_seconds=1))) as desk:
        bench.venue.faults["tickers"].append(RateLimited("429", retry_after=30, endpoint="private"))
        with pytest.raises(RateLimited):
            await desk.venue.ticker("BTC-USD")
        await desk.venue.ticker("BTC-USD")
        with pytest.raises(RateLimited):
            await desk.balances()


async def test_a_429_on_the_kill_switch_is_waited_out_and_tried_again(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit())
        bench.venue.faults["cancel_all"].append(RateLimited("429", retry_after=15))
        await desk.halt(by="me", reason="enough", cancel_all=True)
        await bench.clock.advance(14)
        assert [o.status for o in await desk.open_orders()] == [OrderStatus.OPEN]
        await bench.clock.advance(3)
        assert await desk.open_orders() == []


async def _so_far(feed: EventFeed) -> AsyncIterator[DeskEvent]:
    feed.close()
    async for event in feed:
        assert isinstance(event, DeskEvent)
        yield event
