"""Breakers trip, wait, probe, recover a few times, and then wait for a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from venuekit.desk.risk.breakers import Breakers
from venuekit.model.account import Balance
from venuekit.settings.schema import BreakerSettings

D = Decimal
SECOND = 10**9
SETTINGS = BreakerSettings(max_reject_rate=D("0.5"), max_drawdown=D("0.2"))


def cash(view: Any, amount: int) -> None:
    balance = Balance(venue="p", account="a", asset="USD", total=D(amount), available=D(amount), held=D(0))
    view.set_balances([balance])


def trip_errors(breakers: Breakers) -> None:
    for _ in range(10):
        breakers.on_call("ticker", ok=False, seconds=0.1)


def state(breakers: Breakers, name: str) -> str:
    return next(r.state for r in breakers.states() if r.name == name)


def test_errors_trip_only_after_enough_calls_and_a_good_probe_closes(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(9):
        breakers.on_call("ticker", ok=False, seconds=0.1)
    assert breakers.blocking() is None
    breakers.on_call("ticker", ok=False, seconds=0.1)
    blocking = breakers.blocking()
    assert blocking is not None
    assert (blocking.name, blocking.state) == ("error_rate", "OPEN")
    breakers.on_call("ticker", ok=True, seconds=0.1)
    assert state(breakers, "error_rate") == "OPEN", "too early for a probe"
    clock.now += 30 * SECOND
    assert state(breakers, "error_rate") == "HALF_OPEN"
    assert breakers.blocking() is not None
    breakers.on_call("ticker", ok=True, seconds=0.1)
    assert breakers.blocking() is None
    assert next(r.recoveries for r in breakers.states() if r.name == "error_rate") == 1


def test_a_bad_probe_opens_again_and_waits_the_whole_time_anew(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    trip_errors(breakers)
    clock.now += 30 * SECOND
    breakers.on_call("ticker", ok=False, seconds=0.1)
    assert state(breakers, "error_rate") == "OPEN"
    clock.now += 30 * SECOND - 1
    assert state(breakers, "error_rate") == "OPEN"
    clock.now += 1
    assert state(breakers, "error_rate") == "HALF_OPEN"


def test_after_three_recoveries_only_a_person_closes_it_and_a_restart_remembers(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(3):
        trip_errors(breakers)
        clock.now += 30 * SECOND
        breakers.on_call("ticker", ok=True, seconds=0.1)
        assert breakers.blocking() is None
    trip_errors(breakers)
    assert state(breakers, "error_rate") == "MANUAL"
    breakers = Breakers(SETTINGS, clock, breakers.take_changes())
    clock.now += 3600 * SECOND
    breakers.on_call("ticker", ok=True, seconds=0.1)
    assert state(breakers, "error_rate") == "MANUAL"
    breakers.resume()
    assert breakers.blocking() is None


@pytest.mark.parametrize("seconds", [5.1, float("nan"), -1.0])
def test_slow_calls_and_times_that_are_no_times_trip(clock: Any, seconds: float) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(10):
        breakers.on_call("ticker", ok=True, seconds=seconds)
    blocking = breakers.blocking()
    assert blocking is not None
    assert blocking.name == "latency"


def test_old_calls_leave_the_window(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(9):
        breakers.on_call("ticker", ok=False, seconds=0.1)
    clock.now += 60 * SECOND
    breakers.on_call("ticker", ok=False, seconds=0.1)
    assert breakers.blocking() is None


def test_while_rejections_are_probed_one_order_goes_at_a_time(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    for _ in range(10):
        breakers.on_order_result(rejected=True)
    assert breakers.blocking() is not None
    clock.now += 30 * SECOND
    assert breakers.blocking() is None
    breakers.on_order_sent()
    assert breakers.blocking() is not None
    breakers.on_order_result(rejected=False)
    assert breakers.blocking() is None


def test_silence_trips_and_a_time_in_the_future_does_not_hide_it(clock: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.on_data("BTC-USD", clock.now + 3600 * SECOND)
    clock.now += 61 * SECOND
    breakers.check_data()
    blocking = breakers.blocking()
    assert blocking is not None
    assert "BTC-USD" in blocking.reason


def test_a_daily_loss_warns_once_and_then_trips(clock: Any, view: Any) -> None:
    breakers = Breakers(SETTINGS, clock)
    assert breakers.check_loss(view) is None
    cash(view, 8800)
    assert breakers.check_loss(view) is not None
    assert breakers.check_loss(view) is None
    assert breakers.blocking() is None
    cash(view, 8500)
    breakers.check_loss(view)
    blocking = breakers.blocking()
    assert blocking is not None
    assert blocking.name == "daily_loss"


def test_a_drawdown_counts_from_the_highest_equity(clock: Any, view: Any) -> None:
    breakers = Breakers(BreakerSettings(max_drawdown=D("0.2"), daily_loss_critical=None), clock)
    cash(view, 12_000)
    breakers.check_loss(view)
    cash(view, 9_601)
    breakers.check_loss(view)
    assert breakers.blocking() is None
    cash(view, 9_600)
    breakers.check_loss(view)
    assert breakers.blocking() is not None


@pytest.mark.parametrize("value", [None, D("NaN"), D("9.99")])
def test_an_outside_figure_below_its_floor_or_unknown_trips(clock: Any, value: Decimal | None) -> None:
    breakers = Breakers(SETTINGS, clock)
    breakers.external("disk", D(10), D(10))
    assert breakers.blocking() is None
    breakers.external("disk", value, D(10))
    assert breakers.blocking() is not None
