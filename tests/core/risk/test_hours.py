"""Trading hours follow local time, midnight, holidays and changes of the clock."""

from __future__ import annotations

import pytest

from venuekit.desk.risk.hours import Hours
from venuekit.errors import ConfigError
from venuekit.model.times import iso, parse_iso
from venuekit.settings.schema import HoursWindow

NY = HoursWindow(timezone="America/New_York", weekdays=("mon", "tue", "wed", "thu", "fri"), start="09:30", end="16:00")


def ask(hours: Hours, at: str, instrument: str = "X") -> tuple[bool, str | None]:
    is_open, change = hours.check(instrument, parse_iso(at, field="t"))
    return is_open, None if change is None else iso(change)


@pytest.mark.parametrize(
    ("at", "is_open", "change"),
    [
        ("2026-03-06T14:29:59Z", False, "2026-03-06T14:30:00Z"),
        ("2026-03-06T14:30:00Z", True, "2026-03-06T21:00:00Z"),
        ("2026-03-06T21:00:00Z", False, "2026-03-09T13:30:00Z"),  # the clock moved over the weekend
        ("2026-10-30T20:00:00Z", False, "2026-11-02T14:30:00Z"),
    ],
)
def test_hours_keep_local_time_over_changes_of_the_clock(at: str, is_open: bool, change: str) -> None:
    assert ask(Hours([NY]), at) == (is_open, change)


def test_a_night_in_which_the_clock_changes_is_an_hour_shorter_or_longer() -> None:
    hours = Hours([HoursWindow(timezone="America/New_York", weekdays=("sat",), start="22:00", end="06:00")])
    assert ask(hours, "2026-03-08T04:00:00Z") == (True, "2026-03-08T10:00:00Z")
    assert ask(hours, "2026-11-01T04:00:00Z") == (True, "2026-11-01T11:00:00Z")


def test_a_start_in_the_hour_that_spring_skips_opens_after_the_jump() -> None:
    hours = Hours([HoursWindow(timezone="America/New_York", weekdays=("sun",), start="02:30", end="04:00")])
    assert ask(hours, "2026-03-08T06:59:00Z")[0] is False
    assert ask(hours, "2026-03-08T07:30:00Z") == (True, "2026-03-08T08:00:00Z")


def test_a_holiday_stays_closed_and_other_instruments_are_not_bound() -> None:
    hours = Hours([HoursWindow(start="08:00", end="09:00", holidays=("2026-12-25",), instruments=("X*",))])
    assert ask(hours, "2026-12-25T08:30:00Z") == (False, "2026-12-26T08:00:00Z")
    assert ask(hours, "2026-12-25T08:30:00Z", "Y") == (True, None)


@pytest.mark.parametrize(
    ("window", "field"),
    [
        (HoursWindow(timezone="Mars/Base"), "hours[0].timezone"),
        (HoursWindow(weekdays=("moon",)), "hours[0].weekdays"),
        (HoursWindow(start="25:00"), "hours[0].start"),
        (HoursWindow(holidays=("2026-02-30",)), "hours[0].holidays"),
    ],
)
def test_a_bad_window_is_named(window: HoursWindow, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Hours([window])
    assert caught.value.field == field
