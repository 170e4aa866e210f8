"""The kill switch, circuit breakers and trading hours: what stops a desk, from where, and what lets it go on."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from desks import Bench, Gate, ScriptedFactory, limit, rows
from scripted import ScriptedVenue

from venuekit import errors, registry
from venuekit.desk.desk import Desk
from venuekit.model.events import Channel, DeskEvent, TickerEvent
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import BreakerSettings, HoursWindow, ReconcileSettings, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal


def perp(side: Side, size: str, **more: Any) -> MarketOrder:
    return MarketOrder(instrument="BTC-PERP", side=side, size=D(size), **more)


async def submitted(desk: Desk, **changes: Any) -> OrderStatus:
    return (await desk.submit(limit(**changes))).status


async def test_a_halt_stops_every_kind_of_order_and_lets_cancels_go(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        await desk.submit(perp(Side.BUY, "1"))
        await desk.halt(by="ann", reason="news")
        for change in (
            desk.submit(limit()),
            desk.submit(perp(Side.SELL, "1", reduce_only=True)),
            desk.amend("mine", price=D(97)),
            desk.close_position("BTC-PERP"),
        ):
            with pytest.raises(errors.Halted):
                await change
        assert not (await desk.preview(limit())).allowed
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED
        assert len(bench.venue.sent()) == 2


async def test_a_halt_says_who_why_and_since_when_and_resuming_ends_it(bench: Bench) -> None:
    async with bench.open() as desk, desk.listen() as feed:
        await desk.halt(by="ann", reason="news")
        state = desk.risk_state()
        assert (state.trading_state, state.reason, state.since_ns) == (
            TradingState.HALTED,
            "news",
            bench.clock.now_ns(),
        )
        control = await desk.resume(by="bob")
        assert (control.state, control.by, control.reason) == (TradingState.ACTIVE, "bob", "")
        assert await submitted(desk) is OrderStatus.OPEN
        told = [e.kind for e in feed._events if isinstance(e, DeskEvent)]
        assert told == ["halt", "resume"]
        actions = [r.body["action"] for r in rows(desk, EntryKind.CONTROL)]
        assert actions == ["halt", "resume"]
        assert desk.store.verify().ok


async def test_resuming_keeps_limits_losses_orders_and_approvals(bench: Bench) -> None:
    async with bench.open(bench.config(risk=RiskSettings(max_open_orders=1, max_orders_per_minute=2))) as desk:
        await desk.submit(limit(client_order_id="mine"))
        await desk.halt(by="ann", reason="news")
        await desk.resume(by="ann")
        assert [o.id for o in await desk.open_orders()] == ["mine"]
        with pytest.raises(errors.RiskRefused, match="orders are open"):
            await desk.submit(limit())
        assert desk.risk_state().orders_last_minute == 1


async def test_one_desk_can_be_stopped_by_name_and_the_others_of_the_store_go_on(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.halt(by="ann", reason="that one", scope="scripted:second")
        assert await submitted(desk) is OrderStatus.OPEN
        await desk.halt(by="ann", reason="this one", scope=desk.name)
        with pytest.raises(errors.Halted, match="this one"):
            await desk.submit(limit())
        assert desk.risk_state().reason == "this one"
        await desk.resume(by="ann", scope=desk.name)
        assert await submitted(desk, price=D(97)) is OrderStatus.OPEN
        await desk.reduce_only(by="ann", reason="careful", scope="scripted")
        with pytest.raises(errors.ReduceOnlyState, match="careful"):
            await desk.submit(limit())
        await desk.resume(by="ann")
        assert await submitted(desk, price=D(96)) is OrderStatus.OPEN


async def test_a_word_about_another_desk_resets_no_breaker_here(bench: Bench) -> None:
    async with bench.open(bench.config(breakers=BREAKERS, reconcile=QUIET)) as desk:
        await trip(bench, desk)
        await desk.resume(by="ann", scope="scripted:other")
        await desk.halt(by="ann", reason="that one", scope="scripted:other")
        with pytest.raises(errors.Halted, match="error_rate"):
            await desk.submit(limit())
        await desk.resume(by="ann", scope=desk.name)
        assert await submitted(desk) is OrderStatus.OPEN


async def test_a_resume_while_no_desk_was_open_counts_when_it_is(bench: Bench) -> None:
    config = bench.config(breakers=attrs.evolve(BREAKERS, max_recoveries=0), reconcile=QUIET)
    async with bench.open(config) as desk:
        await trip(bench, desk)
        await bench.clock.advance(2)
    async with bench.elsewhere() as operator:
        await operator.resume(by="ann")
    for _ in range(2):
        async with bench.open(config) as desk:
            assert desk.risk_state().trading_state is TradingState.ACTIVE
    async with bench.open(config) as desk:
        await trip(bench, desk)
        await bench.clock.advance(2)
    async with bench.open(config) as desk:
        with pytest.raises(errors.Halted, match="MANUAL"):
            await desk.submit(limit())


async def test_two_who_change_different_things_at_once_undo_nothing_of_each_other(bench: Bench) -> None:
    async with bench.open() as desk, bench.elsewhere() as operator:
        await operator.halt(by="bob", reason="news")
        # This desk has not heard of it when it says something of another one.
        await desk.resume(by="ann", scope="scripted:other")
        with pytest.raises(errors.Halted, match="news"):
            await desk.submit(limit())


async def test_a_halt_holds_here_even_when_it_cannot_be_recorded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise errors.JournalUnavailable("The disk is full.")

    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        monkeypatch.setattr(desk.store, "set_control", full)
        with pytest.raises(errors.JournalUnavailable):
            await desk.halt(by="ann", reason="news", cancel_all=True)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED
        with pytest.raises(errors.Halted, match="news"):
            await desk.submit(limit())


async def test_a_resume_is_on_record_with_what_it_reset_and_what_it_left(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.resume(by="ann")
        (row,) = rows(desk, EntryKind.CONTROL)
        assert "every circuit breaker, with its count of recoveries" in row.body["resets"]
        assert "limits" in row.body["keeps"]


async def test_a_halt_by_another_process_is_obeyed_before_the_very_next_order(bench: Bench) -> None:
    async with bench.open() as desk, bench.elsewhere() as operator:
        assert await submitted(desk) is OrderStatus.OPEN
        await operator.halt(by="ann", reason="news")
        with pytest.raises(errors.Halted):
            await desk.submit(limit())
        await operator.resume(by="ann")
        assert await submitted(desk) is OrderStatus.OPEN


async def test_a_halt_reaches_the_desks_of_every_venue_of_the_store(bench: Bench) -> None:
    class Elsewhere(ScriptedVenue):
        name = "elsewhere"

    class Factory(ScriptedFactory):
        name, title = "elsewhere", "Elsewhere"

    venue = Elsewhere(bench.clock)
    registry.register(Factory(venue))
    try:
        config = bench.config()
        there = attrs.evolve(config, desk=attrs.evolve(config.desk, venue="elsewhere"))
        async with bench.open(config) as desk, bench.open(there) as other:
            venue.accept(limit(client_order_id="theirs"))
            await bench.clock.settle()
            await desk.halt(by="ann", reason="news", cancel_all=True)
            with pytest.raises(errors.Halted):
                await other.submit(limit())
            await bench.clock.advance(1)
            assert venue.orders["theirs"].status is OrderStatus.CANCELED
    finally:
        registry.unregister("elsewhere")


async def test_a_halt_by_another_process_is_told_within_a_poll_to_a_desk_that_does_nothing(bench: Bench) -> None:
    async with bench.open() as desk, bench.elsewhere() as operator, desk.listen() as feed:
        await operator.halt(by="ann", reason="news")
        await bench.clock.advance(0.1)
        assert desk.status().trading_state is TradingState.HALTED
        assert [e.message for e in feed._events if isinstance(e, DeskEvent)] == ["news (by ann)"]


async def test_a_halt_outlives_every_process(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.halt(by="ann", reason="news")
    async with bench.open() as desk:
        with pytest.raises(errors.Halted):
            await desk.submit(limit())


async def test_cancel_all_from_another_process_reaches_every_order_conditional_and_waiting_ones_too(
    bench: Bench,
) -> None:
    from venuekit.model.intent import StopOrder
    from venuekit.settings.schema import ApprovalSettings

    config = bench.config(approval=ApprovalSettings(require_above=D(500)))
    async with bench.open(config) as desk, bench.elsewhere(config) as operator:
        await desk.submit(limit(client_order_id="open"))
        stop = StopOrder(instrument="BTC-USD", side=Side.SELL, size=D(1), stop_price=D(90), client_order_id="stop")
        await desk.submit(stop)
        await desk.submit(limit(client_order_id="waiting", size=D(9)))
        await operator.halt(by="ann", reason="news", cancel_all=True)
        await bench.clock.advance(0.2)
        assert {o: (await desk.order(o)).status.value for o in ("open", "stop", "waiting")} == {
            "open": "CANCELED",
            "stop": "CANCELED",
            "waiting": "DENIED",
        }
        assert await desk.open_orders() == []


async def test_cancel_all_catches_an_order_that_was_on_its_way(bench: Bench) -> None:
    gate = Gate()
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(gate)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        halting = asyncio.create_task(desk.halt(by="ann", reason="news", cancel_all=True))
        await bench.clock.settle()
        gate.open()
        await task
        await halting
        assert (await desk.order("mine")).status is OrderStatus.CANCELED


async def test_cancel_all_is_tried_again_until_the_venue_takes_it(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.faults["cancel_all"] += [errors.VenueDown("503"), errors.RateLimited("429", retry_after=1)]
        await desk.halt(by="ann", reason="news", cancel_all=True)
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        await bench.clock.advance(3)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED
        messages = [r.body["message"] for r in rows(desk, EntryKind.SESSION) if r.body["event"] == "cancel_all"]
        assert [m.startswith("cancel all failed") for m in messages] == [True, True, False]
        assert len(bench.venue.made("cancel_all")) == 3, "and not again once it was done"


async def test_cancel_all_asked_for_while_no_desk_was_open_is_done_at_the_next_start(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        crashed = bench.after_crash()
    from venuekit.desk.risk.halt import halted
    from venuekit.journal import open_store
    from venuekit.protocols.journal import Entry
    from venuekit.settings.load import store_url

    store = open_store(store_url(crashed), synchronous="NORMAL")
    now = bench.clock.now_ns()
    entry = Entry(kind=EntryKind.CONTROL, desk="", subject="", agent_id="ann", body={"action": "halt"}, time_ns=1)
    await store.set_control(lambda before: halted(before, by="ann", reason="news", cancel_all=True, now_ns=now), entry)
    await store.close()
    for _ in range(2):
        async with bench.open(crashed) as desk:
            await bench.clock.advance(2)
            assert (await desk.order("mine")).status is OrderStatus.CANCELED
    assert len(bench.venue.made("cancel_all")) == 1, "once is enough"


async def test_reducing_lets_orders_go_that_reduce_and_no_others(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(perp(Side.BUY, "2"))
        await bench.clock.settle()
        await desk.reduce_only(by="ann", reason="careful")
        for order in (limit(), perp(Side.BUY, "1"), perp(Side.SELL, "2.001")):
            with pytest.raises(errors.ReduceOnlyState):
                await desk.submit(order)
        assert (await desk.submit(perp(Side.SELL, "1.5"))).status is OrderStatus.FILLED
        await bench.clock.settle()
        with pytest.raises(errors.ReduceOnlyState):
            await desk.submit(perp(Side.SELL, "0.501"))
        assert (await desk.close_position("BTC-PERP")).status is OrderStatus.FILLED


BREAKERS = BreakerSettings(min_calls=4, probe_after_seconds=10, max_reject_rate=D("0.5"))
QUIET = ReconcileSettings(every_seconds=0)


async def trip(bench: Bench, desk: Desk, calls: int = 4) -> None:
    for _ in range(calls):
        bench.clock.tick(1)
        bench.venue.faults["tickers"].append(errors.VenueDown("503"))
        await desk.preview(limit())


async def test_errors_of_the_venue_stop_orders_a_good_answer_lets_them_go_and_both_are_on_record(
    bench: Bench,
) -> None:
    async with bench.open(bench.config(breakers=BREAKERS, reconcile=QUIET)) as desk:
        await desk.halt(by="ann", reason="news")
        await desk.resume(by="ann")
        feed = desk.listen()
        await trip(bench, desk)
        with pytest.raises(errors.Halted, match="error_rate is OPEN"):
            await desk.submit(limit())
        assert bench.venue.sent() == []
        assert (await desk.cancel_all()) == []
        bench.clock.tick(10)
        await bench.clock.advance(1)
        assert await submitted(desk) is OrderStatus.OPEN
        await bench.clock.advance(2)
        told = [e.kind for e in feed._events if isinstance(e, DeskEvent)]
        assert told == ["breaker_open", "breaker_half_open", "breaker_closed"]
        named = [r.subject for r in rows(desk, EntryKind.CONTROL)]
        assert named == ["", "", "error_rate", "error_rate", "error_rate"]
        verified = desk.store.verify()
        assert verified.ok, verified.problem


async def test_after_three_recoveries_a_person_has_to_resume_and_a_restart_does_not_help(bench: Bench) -> None:
    config = bench.config(breakers=BREAKERS, reconcile=QUIET)
    async with bench.open(config) as desk:
        for _ in range(3):
            await trip(bench, desk)
            bench.clock.tick(10)
            await bench.clock.advance(1)
            bench.clock.tick(1)
            await desk.preview(limit())
        await trip(bench, desk)
        bench.clock.tick(100)
        await bench.clock.advance(1)
        with pytest.raises(errors.Halted, match="MANUAL"):
            await desk.submit(limit())
    async with bench.open(config) as desk:
        with pytest.raises(errors.Halted, match="until a person resumes"):
            await desk.submit(limit())
        await desk.resume(by="ann")
        assert await submitted(desk) is OrderStatus.OPEN


async def test_slow_answers_stop_orders(bench: Bench) -> None:
    async def slow() -> None:
        bench.clock.tick(6)

    async with bench.open(bench.config(breakers=BREAKERS, reconcile=QUIET)) as desk:
        bench.venue.faults["tickers"] += [slow] * 4
        for _ in range(4):
            bench.clock.tick(1)
            await desk.preview(limit())
        with pytest.raises(errors.Halted, match="latency is OPEN"):
            await desk.submit(limit())


async def test_rejections_of_the_venue_stop_orders_and_one_order_is_the_probe(bench: Bench) -> None:
    async with bench.open(bench.config(breakers=BREAKERS, reconcile=QUIET)) as desk:
        for n in range(4):
            bench.venue.faults["submit"].append(errors.InsufficientFunds("no"))
            with pytest.raises(errors.InsufficientFunds):
                await desk.submit(limit(price=D(90 + n)))
        with pytest.raises(errors.Halted, match="reject_rate is OPEN"):
            await desk.submit(limit())
        bench.clock.tick(10)
        await bench.clock.advance(1)
        gate = Gate()
        bench.venue.faults["submit"].append(gate)
        probe = asyncio.create_task(desk.submit(limit(client_order_id="probe")))
        await bench.clock.settle()
        with pytest.raises(errors.Halted):
            await desk.submit(limit(client_order_id="too-early"))
        gate.open()
        assert (await probe).status is OrderStatus.OPEN
        assert await submitted(desk, price=D(97)) is OrderStatus.OPEN


async def test_comparisons_that_keep_failing_stop_orders_until_one_goes_through(bench: Bench) -> None:
    config = bench.config(breakers=BREAKERS, reconcile=ReconcileSettings(every_seconds=30))
    async with bench.open(config) as desk:
        for _ in range(2):
            bench.venue.faults["open_orders"].append(errors.VenueDown("503"))
            bench.clock.tick(29)
            await bench.clock.advance(2)
        assert await submitted(desk) is OrderStatus.OPEN
        bench.venue.faults["open_orders"].append(TypeError("a bug in the adapter"))
        bench.clock.tick(29)
        await bench.clock.advance(2)
        with pytest.raises(errors.Halted, match="failed 3 times, one after another"):
            await desk.submit(limit(price=D(97)))
        bench.clock.tick(29)
        await bench.clock.advance(2)
        assert await submitted(desk, price=D(97)) is OrderStatus.OPEN


async def test_a_disk_that_fills_stops_orders_before_the_journal_fails(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = 100_000_000
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=left))
    async with bench.open(bench.config(breakers=BREAKERS, reconcile=QUIET)) as desk:
        await bench.clock.advance(2)
        assert await submitted(desk, client_order_id="mine") is OrderStatus.OPEN
        left = 99_999_999
        await bench.clock.advance(2)
        with pytest.raises(errors.Halted, match="disk is 99 MB; 100 MB is the least"):
            await desk.submit(limit())
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED
        left = 10**9
        bench.clock.tick(10)
        await bench.clock.advance(2)
        assert await submitted(desk, price=D(97)) is OrderStatus.OPEN


async def test_silence_on_a_price_stream_stops_orders_until_prices_come_or_nobody_wants_them(bench: Bench) -> None:
    settings = attrs.evolve(BREAKERS, max_data_age_seconds=20.0)
    async with bench.open(bench.config(breakers=settings, reconcile=QUIET)) as desk:
        stream = await desk.subscribe(Channel.TICKER, ["BTC-USD"])
        await bench.clock.settle()
        ticker = bench.venue.ticker()
        event = TickerEvent(venue="scripted", instrument="BTC-USD", time_ns=ticker.time_ns, ticker=ticker)
        bench.venue.push(Channel.TICKER, event)
        await bench.clock.settle()
        assert await submitted(desk) is OrderStatus.OPEN
        bench.clock.tick(20)
        await bench.clock.advance(2)
        with pytest.raises(errors.Halted, match="no prices for BTC-USD"):
            await desk.submit(limit())
        bench.venue.push(Channel.TICKER, event)
        bench.clock.tick(10)
        await bench.clock.advance(1)
        assert await submitted(desk, price=D(97)) is OrderStatus.OPEN
        bench.clock.tick(20)
        await bench.clock.advance(2)
        await stream.close()
        await bench.clock.advance(12)
        assert await submitted(desk, price=D(96)) is OrderStatus.OPEN


async def test_a_loss_warns_and_then_stops_the_day(bench: Bench) -> None:
    bench.venue.cash = {"USD": D(1000), "BTC": D(10)}
    async with bench.open(bench.config(reconcile=QUIET)) as desk, desk.listen() as feed:
        assert desk.risk_state().equity == D("1995")
        for bid, ask in ((D("74.9"), D("75.1")), (D("66.9"), D("67.1"))):
            bench.venue.bid, bench.venue.ask = bid, ask
            bench.clock.tick(1)
            await desk.preview(limit(price=D(60)))
            await bench.clock.advance(2)
        told = [(e.kind, e.subject) for e in feed._events if isinstance(e, DeskEvent)]
        assert told == [("breaker_warning", "daily_loss"), ("breaker_manual", "daily_loss")]
        with pytest.raises(errors.ReduceOnlyState, match="daily_loss"):
            await desk.submit(limit(price=D(60)))
        state = desk.risk_state()
        assert state.trading_state is TradingState.REDUCING
        assert "daily_loss is MANUAL" in state.reason


async def test_after_a_loss_the_position_can_be_closed_and_only_a_person_starts_anew(bench: Bench) -> None:
    bench.venue.cash = {"USD": D(1000)}
    async with bench.open(bench.config(reconcile=QUIET)) as desk:
        await desk.submit(perp(Side.BUY, "5"))
        await bench.clock.advance(2)
        bench.venue.bid, bench.venue.ask = D("59.9"), D("60.1")
        bench.clock.tick(1)
        await desk.preview(perp(Side.BUY, "1"))
        await bench.clock.advance(2)
        assert not (await desk.preview(perp(Side.BUY, "1"))).allowed
        for order in (perp(Side.BUY, "1"), perp(Side.SELL, "5.001"), limit(price=D(59))):
            with pytest.raises(errors.ReduceOnlyState, match="daily_loss is MANUAL"):
                await desk.submit(order)
        assert (await desk.preview(perp(Side.SELL, "2"))).allowed
        assert (await desk.submit(perp(Side.SELL, "2"))).status is OrderStatus.FILLED
        await bench.clock.settle()
        assert (await desk.close_position("BTC-PERP")).status is OrderStatus.FILLED


async def test_while_nobody_knows_what_something_is_worth_only_what_reduces_goes(bench: Bench) -> None:
    bench.venue.cash = {"USD": D(1000), "ODD": D(1)}
    async with bench.open(bench.config(reconcile=QUIET)) as desk:
        with pytest.raises(errors.DataNotTrusted, match="nobody knows the worth of ODD"):
            await desk.submit(limit())
        assert "ODD" in (await desk.preview(limit())).reason
    off = BreakerSettings(daily_loss_critical=None)
    async with bench.open(bench.config(breakers=off, reconcile=QUIET)) as desk:
        assert await submitted(desk) is OrderStatus.OPEN


async def test_orders_go_within_trading_hours_only_and_cancels_always(bench: Bench) -> None:
    window = HoursWindow(timezone="America/New_York", weekdays=("mon",), start="07:00", end="07:30")
    async with bench.open(bench.config(hours=(window,))) as desk:  # it is Monday 12:00 UTC, 07:00 there
        await desk.submit(limit(client_order_id="mine"))
        bench.clock.tick(29 * 60 + 59)
        assert await submitted(desk, price=D(97)) is OrderStatus.OPEN
        bench.clock.tick(1)
        with pytest.raises(
            errors.MarketClosed, match=r"from 2026-01-12T12:00:00Z \(2026-01-12 07:00 in America/New_York\)"
        ):
            await desk.submit(limit())
        with pytest.raises(errors.MarketClosed):
            await desk.amend("mine", price=D(97))
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED


@pytest.mark.parametrize(("skew", "goes"), [(10.0, True), (-10.0, True), (10.001, False), (-10.001, False)])
async def test_a_clock_that_differs_too_much_from_a_real_venues_stops_orders(
    bench: Bench, skew: float, goes: bool
) -> None:
    from venuekit.protocols.approver import Mode
    from venuekit.settings.schema import ApprovalSettings

    bench.venue.environment = "sandbox"
    bench.venue.skew_ns = round(skew * 1e9)
    config = bench.config(approval=ApprovalSettings(require_above=D(10**6)), reconcile=QUIET)
    async with bench.open(config, mode=Mode.LIVE) as desk:
        if goes:
            assert await submitted(desk) is OrderStatus.OPEN
            return
        with pytest.raises(errors.DataNotTrusted, match="apart"):
            await desk.submit(limit())
        assert bench.venue.sent() == []
        bench.venue.skew_ns = 0
        await desk.reconcile()
        assert await submitted(desk) is OrderStatus.OPEN
