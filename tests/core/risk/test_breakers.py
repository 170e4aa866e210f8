"""Breakers trip, wait, probe, recover a few times, and then wait for a person."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit.desk.risk.breakers import Breakers
from venuekit.desk.risk.machine import Change
from venuekit.model.account import Balance
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import BreakerSettings
from venuekit.watch.process import SystemUsage

D = Decimal
SECOND = 10**9
SETTINGS = BreakerSettings(max_reject_rate=D("0.5"), max_drawdown=D("0.2"))


class Equity:
    """The view, with another equity."""

    def __init__(self, view: Any, amount: Decimal | None) -> None:
        self._view = view
        self._amount = amount

    def equity(self) -> Decimal | None:
        return self._amount

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


def cash(view: Any, amount: int) -> None:
    balance = Balance(venue="p", account="a", asset="USD", total=D(amount), available=D(amount), held=D(0))
    view.set_balances([balance])


def trip_errors(breakers: Breakers) -> None:
    for _ in range(10):
        breakers.venue.on_call("ticker", ok=False, seconds=0.1)


def state(breakers: Breakers, name: str) -> str:
    return next(r.state for r, _ in breakers.states() if r.name == name)


def changes(breakers: Breakers) -> list[Change]:
    found = []
    while (change := breakers.next_change()) is not None:
        found.append(change)
        breakers.kept()
    return found


def test_errors_trip_only_after_enough_calls_and_a_good_probe_closes(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(9):
        breakers.venue.on_call("ticker", ok=False, seconds=0.1)
    assert breakers.blocking() is None
    breakers.venue.on_call("ticker", ok=False, seconds=0.1)
    blocking = breakers.blocking()
    assert blocking is not None
    assert (blocking.name, blocking.state) == ("error_rate", "OPEN")
    breakers.venue.on_call("ticker", ok=True, seconds=0.1)
    assert state(breakers, "error_rate") == "OPEN", "too early for a probe"
    clock.now += 30 * SECOND
    assert state(breakers, "error_rate") == "HALF_OPEN"
    assert breakers.blocking() is not None
    breakers.venue.on_call("ticker", ok=True, seconds=0.1)
    assert breakers.blocking() is None
    assert next(r.recoveries for r, _ in breakers.states() if r.name == "error_rate") == 1


def test_a_bad_probe_opens_again_and_waits_twice_as_long(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    trip_errors(breakers)
    clock.now += 30 * SECOND
    breakers.venue.on_call("ticker", ok=False, seconds=0.1)
    assert state(breakers, "error_rate") == "OPEN"
    clock.now += 60 * SECOND - 1
    assert state(breakers, "error_rate") == "OPEN"
    clock.now += 1
    assert state(breakers, "error_rate") == "HALF_OPEN"


def test_after_three_recoveries_only_a_person_closes_it_and_a_restart_remembers(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(3):
        trip_errors(breakers)
        clock.now += 30 * SECOND
        breakers.venue.on_call("ticker", ok=True, seconds=0.1)
        assert breakers.blocking() is None
    trip_errors(breakers)
    assert state(breakers, "error_rate") == "MANUAL"
    breakers = Breakers(SETTINGS, clock, [c.record for c in changes(breakers)])
    clock.now += 3600 * SECOND
    breakers.venue.on_call("ticker", ok=True, seconds=0.1)
    assert state(breakers, "error_rate") == "MANUAL"
    breakers.resumed(1)
    assert breakers.blocking() is None


@pytest.mark.parametrize("seconds", [5.1, float("nan"), -1.0])
def test_slow_calls_and_times_that_are_no_times_trip(clock: Any, seconds: float) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(10):
        breakers.venue.on_call("ticker", ok=True, seconds=seconds)
    blocking = breakers.blocking()
    assert blocking is not None
    assert blocking.name == "latency"


def test_old_calls_leave_the_window(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(9):
        breakers.venue.on_call("ticker", ok=False, seconds=0.1)
    clock.now += 60 * SECOND
    breakers.venue.on_call("ticker", ok=False, seconds=0.1)
    assert breakers.blocking() is None


def test_while_rejections_are_probed_one_order_goes_at_a_time(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(10):
        breakers.venue.on_order_result(rejected=True)
    assert breakers.blocking() is not None
    clock.now += 30 * SECOND
    assert breakers.blocking() is None
    breakers.venue.on_order_sent()
    assert breakers.blocking() is not None
    breakers.venue.on_order_result(rejected=False)
    assert breakers.blocking() is None


def test_silence_trips_also_when_the_clock_was_set_back_meanwhile(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.venue.on_data("BTC-USD")
    clock.step -= 3600 * SECOND
    clock.now += 61 * SECOND
    breakers.venue.check_data()
    blocking = breakers.blocking()
    assert blocking is not None
    assert "BTC-USD" in blocking.reason


def test_a_daily_loss_warns_once_a_day_and_then_trips(clock: Any, view: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.loss.check(view)
    assert [c.event for c in changes(breakers)] == [""], "only the best equity is remembered"
    cash(view, 8800)
    breakers.loss.check(view)
    breakers.loss.check(view)
    assert [c.event for c in changes(breakers)] == ["breaker_warning"]
    assert breakers.blocking() is None
    cash(view, 8500)
    breakers.loss.check(view)
    blocking = breakers.blocking()
    assert blocking is not None
    assert (blocking.name, blocking.leads_to) == ("daily_loss", TradingState.REDUCING)
    assert breakers.blocking(reduces=True) is None, "a position may still be closed"


def test_a_loss_breaker_waits_for_a_person_from_the_first_time_on(clock: Any, view: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.loss.check(view)
    cash(view, 8500)
    breakers.loss.check(view)
    cash(view, 9900)
    for _ in range(100):
        clock.now += 3600 * SECOND
        breakers.loss.check(view)
    assert state(breakers, "daily_loss") == "MANUAL", "also on the days after"
    breakers.resumed(1)
    breakers.loss.check(view)
    assert breakers.blocking() is None


def test_after_a_resume_the_loss_of_the_day_still_counts(clock: Any, view: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.loss.check(view)
    cash(view, 8500)
    breakers.loss.check(view)
    breakers.resumed(1)
    breakers.loss.check(view)
    assert state(breakers, "daily_loss") == "MANUAL"


@pytest.mark.parametrize("seconds", [-7200, 7200, 86_400, -86_400 * 3, 86_400 * 400])
def test_setting_the_clock_makes_no_loss_forgotten(clock: Any, view: Any, seconds: int) -> None:
    breakers = Breakers(SETTINGS, clock)
    clock.step += 86_400 * SECOND - 3600 * SECOND - (clock.now_ns() % (86_400 * SECOND))  # 23:00
    breakers.loss.check(view)
    cash(view, 9000)
    breakers.loss.check(view)
    clock.step += seconds * SECOND
    cash(view, 8500)
    breakers.loss.check(view)
    assert state(breakers, "daily_loss") == "MANUAL"


def test_a_new_day_that_comes_by_itself_begins_with_no_loss(clock: Any, view: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.loss.check(view)
    cash(view, 9000)
    clock.now += 86_400 * SECOND
    breakers.loss.check(view)
    cash(view, 8500)
    breakers.loss.check(view)
    assert state(breakers, "daily_loss") == "CLOSED"


def test_the_best_from_which_a_drawdown_counts_is_kept_over_a_restart_and_reset_by_a_person(
    clock: Any, view: Any
) -> None:
    settings = BreakerSettings(max_drawdown=D("0.2"), daily_loss_critical=None)
    breakers = Breakers(settings, clock)
    cash(view, 12_000)
    breakers.loss.check(view)
    breakers = Breakers(settings, clock, [c.record for c in changes(breakers)])
    cash(view, 9_600)
    breakers.loss.check(view)
    assert state(breakers, "drawdown") == "MANUAL"
    breakers.resumed(1)
    breakers.loss.check(view)
    assert breakers.blocking() is None


@pytest.mark.parametrize("amount", [D("NaN"), D("-Infinity"), None])
def test_while_equity_is_no_number_or_not_known_losses_count_as_unknown_and_trip_nothing(
    clock: Any, view: Any, amount: Decimal | None
) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.loss.check(view)
    assert breakers.loss.unknown(view) == ""
    odd = Equity(view, amount)
    assert breakers.loss.unknown(odd)
    breakers.loss.check(odd)
    assert breakers.blocking() is None
    off = BreakerSettings(daily_loss_critical=None)
    assert Breakers(off, clock).loss.unknown(odd) == ""


def test_a_drawdown_counts_from_the_highest_equity(clock: Any, view: Any) -> None:
    breakers = Breakers(BreakerSettings(max_drawdown=D("0.2"), daily_loss_critical=None), clock)
    cash(view, 12_000)
    breakers.loss.check(view)
    cash(view, 9_601)
    breakers.loss.check(view)
    assert breakers.blocking() is None
    cash(view, 9_600)
    breakers.loss.check(view)
    assert breakers.blocking() is not None


class Usage:
    """What a process is said to use."""

    def __init__(self) -> None:
        self.cpu: int | None = 0
        self.memory: int | None = 50_000_000
        self.free: int | None = 10**12

    def cpu_ns(self) -> int | None:
        return self.cpu

    def memory_bytes(self) -> int | None:
        return self.memory

    def free_disk_bytes(self) -> int | None:
        return self.free


RESOURCES = BreakerSettings(max_cpu_share=0.9, max_memory_mb=100, resource_window_seconds=30)


def looks(breakers: Breakers, clock: Any, usage: Usage, seconds: int, cores: str = "0") -> None:
    for _ in range(seconds):
        clock.now += SECOND
        usage.cpu = None if usage.cpu is None else usage.cpu + int(D(cores) * SECOND)
        breakers.process.check()


@pytest.mark.parametrize(("cores", "stops"), [("0.91", True), ("0.89", False)])
def test_a_processor_that_is_busy_for_the_whole_window_leads_to_reducing(clock: Any, cores: str, stops: bool) -> None:
    usage = Usage()
    breakers = Breakers(RESOURCES, clock, usage=usage)
    looks(breakers, clock, usage, 30, cores)
    assert breakers.blocking() is None, "not before the window is full"
    looks(breakers, clock, usage, 2, cores)
    assert (breakers.blocking() is not None) is stops
    assert breakers.blocking(reduces=True) is None


def test_a_short_burst_of_work_or_memory_trips_nothing_and_calm_closes_again(clock: Any) -> None:
    usage = Usage()
    breakers = Breakers(RESOURCES, clock, usage=usage)
    looks(breakers, clock, usage, 60)
    usage.memory = 200_000_000
    looks(breakers, clock, usage, 20, "1")
    assert breakers.blocking() is None
    looks(breakers, clock, usage, 20, "1")
    assert {r.name for r, _ in breakers.states() if r.state != "CLOSED"} == {"cpu", "memory"}
    usage.memory = 90_000_000
    looks(breakers, clock, usage, 70)
    assert breakers.blocking() is None


@pytest.mark.parametrize("name", ["cpu", "memory", "free"])
def test_a_limited_resource_that_the_system_does_not_tell_trips(clock: Any, name: str) -> None:
    usage = Usage()
    setattr(usage, name, None)
    breakers = Breakers(RESOURCES, clock, usage=usage)
    breakers.process.check()
    assert breakers.blocking() is not None


def test_without_a_limit_nobody_asks_the_system(clock: Any) -> None:
    class Silent(Usage):
        def cpu_ns(self) -> int | None:
            raise AssertionError

        memory_bytes = cpu_ns

    Breakers(BreakerSettings(), clock, usage=Silent()).process.check()


def test_this_process_is_measured_by_the_system_itself(tmp_path: Path) -> None:
    usage = SystemUsage(tmp_path)
    before = usage.cpu_ns()
    sum(range(200_000))
    after, memory, free = usage.cpu_ns(), usage.memory_bytes(), usage.free_disk_bytes()
    assert before is not None
    assert after is not None
    assert after > before
    assert memory is not None
    assert memory > 5_000_000
    assert free
    assert SystemUsage(tmp_path / "gone").free_disk_bytes() is None
