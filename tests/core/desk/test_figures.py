"""Figures from outside: told by the host or by another process, held against limits, and not let fall silent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, limit, rows

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.events import DeskEvent
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import OrderStatus
from venuekit.protocols.breakers import Figure
from venuekit.protocols.journal import Entry, EntryKind
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import BreakerSettings, DeskConfig, FigureSettings, ReconcileSettings

pytestmark = pytest.mark.anyio
D = Decimal


def config(bench: Bench, **more: Any) -> DeskConfig:
    coverage = FigureSettings(**{"floor": D("0.85"), "stale_after_seconds": 100.0, **more})
    breakers = BreakerSettings(figures={"coverage": coverage}, probe_after_seconds=10)
    return bench.config(breakers=breakers, reconcile=ReconcileSettings(every_seconds=0))


def reading(desk: Desk) -> tuple[str, str, str]:
    found = next(b for b in desk.risk_state().breakers if b.name == "figures.coverage")
    return found.state, found.value, found.limit


async def goes(desk: Desk, price: int = 98) -> bool:
    try:
        return (await desk.submit(limit(price=D(price)))).status is OrderStatus.OPEN
    except (errors.ReduceOnlyState, errors.Halted):
        return False


async def told_outside(bench: Bench, config_of: Desk, value: str, **more: Any) -> None:
    """As another process does."""
    from venuekit.journal import open_store
    from venuekit.settings.load import store_url

    store = open_store(store_url(config_of.settings), synchronous="NORMAL")
    figure = Figure(**{"name": "coverage", "value": value, "by": "ci", "time_ns": bench.clock.now_ns(), **more})
    entry = Entry(kind=EntryKind.CONTROL, desk="", subject="coverage", agent_id="ci", body={}, time_ns=1)
    await store.set_figure(figure, entry)
    await store.close()


async def test_orders_wait_for_a_required_figure_and_nothing_trips_until_it_is_overdue(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        with pytest.raises(errors.ReduceOnlyState, match="venuekit report coverage"):
            await desk.submit(limit())
        assert desk.risk_state().trading_state is TradingState.REDUCING
        desk.report("coverage", D("0.85"))
        assert await goes(desk), "the floor itself is enough"
        assert desk.risk_state().trading_state is TradingState.ACTIVE
    async with bench.open(config(bench, stale_after_seconds=5.0)) as desk:
        bench.clock.tick(5)
        await bench.clock.advance(2)
        assert reading(desk)[0] == "OPEN"


@pytest.mark.parametrize("value", [D("0.8499"), None, float("nan"), D("Infinity"), "unknown", 0])
async def test_a_figure_out_of_its_limits_or_unknown_stops_new_risk_and_lets_positions_be_closed(
    bench: Bench, value: Any
) -> None:
    async with bench.open(config(bench)) as desk, desk.listen() as feed:
        desk.report("coverage", D("0.9"))
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=Side.BUY, size=D(1)))
        desk.report("coverage", value)
        assert not await goes(desk)
        assert (await desk.close_position("BTC-PERP")).status is OrderStatus.FILLED
        desk.report("coverage", D("0.95"))
        assert not await goes(desk), "it waits before it tries again"
        bench.clock.tick(10)
        await bench.clock.advance(2)
        assert await goes(desk)
        await bench.clock.advance(2)
        events = [e.kind for e in feed._events if isinstance(e, DeskEvent)]
        assert events == ["breaker_open", "breaker_half_open", "breaker_closed"]
        assert reading(desk) == ("CLOSED", "0.95", "0.85 or more")


async def test_a_required_figure_that_falls_silent_trips_and_an_optional_one_does_not(bench: Bench) -> None:
    for required, still_goes in ((True, False), (False, True)):
        async with bench.open(config(bench, required=required)) as desk:
            desk.report("coverage", D("0.9"))
            bench.clock.step(-3600)  # setting the clock makes nothing young
            bench.clock.tick(100)
            await bench.clock.advance(2)
            assert await goes(desk, 97 if required else 96) is still_goes


async def test_a_ceiling_a_unit_and_a_halt_are_as_configured(bench: Bench) -> None:
    settings = config(bench, floor=None, ceiling=D(-5), unit=" C", leads_to=TradingState.HALTED)
    async with bench.open(settings) as desk:
        with pytest.raises(errors.Halted):
            await desk.submit(limit())
        desk.report("coverage", -5)
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=Side.BUY, size=D(1)))
        assert await goes(desk)
        desk.report("coverage", -4)
        with pytest.raises(errors.Halted, match="coverage is -4 C; -5 C is the most"):
            await desk.submit(limit())
        with pytest.raises(errors.Halted):
            await desk.close_position("BTC-PERP")
        assert reading(desk) == ("OPEN", "-4 C", "-5 C or less")


async def test_what_another_process_reports_counts_before_the_very_next_order(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        await told_outside(bench, desk, "0.9")
        assert await goes(desk)
        bench.clock.tick(1)
        await told_outside(bench, desk, "0.1", desk="other:desk")
        assert await goes(desk, 97), "that was for another desk"
        await told_outside(bench, desk, "0.1")
        assert not await goes(desk, 96)


async def test_a_report_from_before_counts_after_a_restart_while_it_is_young_and_one_from_the_future_never(
    bench: Bench,
) -> None:
    async with bench.open(config(bench)) as desk:
        desk.report("coverage", D("0.9"))
        await bench.clock.advance(2)
    bench.clock.tick(50)
    async with bench.open(config(bench)) as desk:
        assert await goes(desk)
    bench.clock.tick(100)
    async with bench.open(config(bench)) as desk:
        assert not await goes(desk, 97)
        await bench.clock.advance(2)
        assert desk.status().reason == "the figure coverage has not been reported yet", "it is waited for, not tripped"
        await told_outside(bench, desk, "0.9", time_ns=bench.clock.now_ns() + 3600 * 10**9)
        assert not await goes(desk, 97)


async def test_what_is_told_all_the_time_is_recorded_once_a_minute_and_when_it_turns(bench: Bench) -> None:
    async with bench.open(config(bench, stale_after_seconds=None)) as desk:
        for second in range(150):
            desk.report("coverage", D("0.9") + D(second) / 10_000)
            await bench.clock.advance(1)
        desk.report("coverage", D("0.1"))
        await bench.clock.advance(2)
        kept = [r.body["figure"]["value"] for r in rows(desk, EntryKind.CONTROL) if "figure" in r.body]
        assert len(kept) == 4
        assert kept[-1] == "0.1"
        assert desk.store.verify().ok


async def test_a_figure_that_is_not_configured_or_no_number_is_refused(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        for name, value in (("covrage", D(1)), ("coverage", "much")):
            with pytest.raises(errors.InvalidValue):
                desk.report(name, value)


async def test_a_breaker_of_a_figure_that_is_no_longer_configured_stops_nothing(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        desk.report("coverage", D(0))
        await bench.clock.advance(2)
    async with bench.open(bench.config()) as desk:
        assert await goes(desk)
