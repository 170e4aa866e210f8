"""Hours by an exchange's calendar: sessions, early closes, breaks, and years that the library does not know."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from venuekit.desk.risk import calendars
from venuekit.desk.risk.calendars import check_calendars
from venuekit.desk.risk.hours import Hours
from venuekit.errors import ConfigError
from venuekit.model.times import NANOS, iso, parse_iso
from venuekit.settings.schema import AppliesTo, HoursWindow


def ask(hours: Hours, at: str) -> tuple[bool, str | None]:
    found = hours.at("X", parse_iso(at, field="t"))
    return found.open, None if found.changes_ns is None else iso(found.changes_ns)


def why(hours: Hours, at: str) -> str:
    return hours.at("X", parse_iso(at, field="t")).why


def named(name: str, **changes: Any) -> Hours:
    return Hours([HoursWindow(calendar=name, **changes)])


# -- the library itself


@pytest.fixture
def library() -> Any:
    return pytest.importorskip("exchange_calendars")


@pytest.mark.usefixtures("library")
def test_a_session_a_holiday_and_an_early_close_of_new_york() -> None:
    hours = named("XNYS")
    assert ask(hours, "2026-11-25T20:59:59Z") == (True, "2026-11-25T21:00:00Z")
    assert ask(hours, "2026-11-26T15:00:00Z") == (False, "2026-11-27T14:30:00Z")  # Thanksgiving
    assert ask(hours, "2026-11-27T17:59:59Z") == (True, "2026-11-27T18:00:00Z")  # until one o'clock
    assert ask(hours, "2026-11-27T18:00:00Z") == (False, "2026-11-30T14:30:00Z")
    assert why(hours, "2026-11-27T18:00:00Z") == "outside hours[0] (sessions of XNYS)"
    assert hours.at("X", parse_iso("2026-11-27T18:00:00Z", field="t")).changes == (
        "2026-11-30T14:30:00Z (2026-11-30 09:30 in America/New_York)"
    )


@pytest.mark.usefixtures("library")
def test_a_break_at_noon_and_a_session_that_begins_on_the_evening_before() -> None:
    assert ask(named("XTKS"), "2026-06-01T02:29:59Z") == (True, "2026-06-01T02:30:00Z")
    assert ask(named("XTKS"), "2026-06-01T02:30:00Z") == (False, "2026-06-01T03:30:00Z")
    assert ask(named("CMES"), "2026-06-07T21:59:59Z") == (False, "2026-06-07T22:00:00Z")
    assert ask(named("CMES"), "2026-06-07T22:00:00Z")[0]


@pytest.mark.usefixtures("library")
def test_start_and_end_narrow_the_sessions_in_the_exchanges_own_time_zone() -> None:
    hours = named("XNYS", start="10:00", end="15:30")
    assert ask(hours, "2026-11-25T14:59:59Z") == (False, "2026-11-25T15:00:00Z")
    assert ask(hours, "2026-11-25T15:00:00Z") == (True, "2026-11-25T20:30:00Z")
    assert ask(hours, "2026-11-27T15:00:00Z") == (True, "2026-11-27T18:00:00Z")
    assert ask(hours, "2026-03-09T13:59:59Z") == (False, "2026-03-09T14:00:00Z")  # an hour earlier, since the clock is


@pytest.mark.usefixtures("library")
def test_a_closed_window_is_closed_in_sessions() -> None:
    hours = named("XNYS", closed=True)
    assert ask(hours, "2026-11-27T17:00:00Z") == (False, "2026-11-27T18:00:00Z")
    assert ask(hours, "2026-11-27T18:00:00Z") == (True, "2026-11-30T14:30:00Z")


@pytest.mark.usefixtures("library")
def test_the_real_library_knows_no_session_of_the_year_2290() -> None:
    for closed in (True, False):
        hours = named("XNYS", closed=closed)
        assert ask(hours, "2290-01-02T15:00:00Z") == (False, None)
        assert "no session is known at this time" in why(hours, "2290-01-02T15:00:00Z")
    assert ask(named("XNYS"), "2040-06-01T15:00:00Z") == (True, "2040-06-01T20:00:00Z")


@pytest.mark.usefixtures("library")
def test_an_exchange_that_is_none_is_named_with_what_is_near() -> None:
    check_calendars([HoursWindow(calendar="XNYS"), HoursWindow(calendar="NYSE")])
    with pytest.raises(ConfigError, match=r"desk.toml: hours\[1\].calendar is 'XNYZ'.*XNYS") as wrong:
        check_calendars([HoursWindow(), HoursWindow(calendar="XNYZ")], "desk.toml")
    assert wrong.value.field == "hours[1].calendar"


# -- one that ends: a library that knows two sessions a day, with a break, from June to the end of October 2026


class Moment(SimpleNamespace):
    """As much of a `pandas.Timestamp` as is used."""

    def date(self) -> date:
        return datetime.fromtimestamp(self.value // NANOS, UTC).date()


class Library:
    """As much of `exchange_calendars` as is used."""

    low, high = "2026-06-01", "2026-10-30"

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str | None]] = []

    def get_calendar_names(self) -> list[str]:
        return ["LAST"]

    def get_calendar(self, name: str, start: str | None = None, end: str | None = None) -> Any:
        self.asked.append((start, end))
        start, end = start or self.low, end or self.high
        if start < self.low or end > self.high:
            raise ValueError(f"The {name} holidays are only recorded to the year 2026.")
        day_s = 86_400
        days = range(_seconds(start), _seconds(end) + 1, day_s)

        def column(hour: int) -> list[Moment]:
            return [Moment(value=(day + hour * 3600) * NANOS) for day in days]

        return SimpleNamespace(
            tz="Asia/Shanghai",
            opens=column(1),
            break_starts=column(3),
            break_ends=column(5),
            closes=column(7),
            bound_min=lambda: Moment(value=_seconds(self.low) * NANOS),
            bound_max=lambda: Moment(value=_seconds(self.high) * NANOS),
        )


def _seconds(day: str) -> int:
    return parse_iso(f"{day}T00:00:00Z", field="t") // NANOS


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(calendars, "_library", lambda: library)
    return library


@pytest.mark.usefixtures("ending")
def test_after_the_last_known_session_nothing_is_open() -> None:
    hours = named("LAST")
    assert ask(hours, "2026-10-30T06:59:59Z") == (True, "2026-10-30T07:00:00Z")
    assert ask(hours, "2026-10-30T07:00:00Z") == (False, None)
    assert ask(hours, "2026-10-31T02:00:00Z") == (False, None)
    assert why(hours, "2026-10-31T02:00:00Z") == (
        "hours[0] (sessions of LAST): no session is known after 2026-10-30T07:00:00Z; "
        "a newer exchange_calendars may know more"
    )


@pytest.mark.usefixtures("ending")
def test_what_is_closed_in_sessions_stays_closed_where_they_are_not_known() -> None:
    hours = named("LAST", closed=True)
    assert ask(hours, "2026-10-29T08:00:00Z") == (True, "2026-10-30T01:00:00Z")
    assert ask(hours, "2026-10-31T02:00:00Z") == (False, None)
    assert ask(hours, "2026-05-31T02:00:00Z") == (False, "2026-06-01T03:00:00Z")
    assert ask(hours, "2031-01-01T02:00:00Z") == (False, None)


@pytest.mark.usefixtures("ending")
def test_a_calendar_that_ends_closes_nothing_but_what_it_applies_to() -> None:
    hours = Hours([HoursWindow(calendar="LAST", applies_to=AppliesTo.AGENTS, instruments=("X",))])
    at = parse_iso("2027-01-01T00:00:00Z", field="t")
    assert hours.at("X", at).open
    assert hours.at("Y", at, agent=True).open
    assert not hours.at("X", at, agent=True).open


def test_a_calendar_is_loaded_once_for_two_years(ending: Library) -> None:
    ending.low, ending.high = "1990-01-01", "2060-01-01"
    hours = Hours([HoursWindow(calendar="LAST"), HoursWindow(calendar="LAST", closed=True, start="08:00", end="09:00")])
    hours.begin(_seconds("2026-06-01") * NANOS)
    assert len(ending.asked) == 1
    for day in ("2026-06-01", "2026-06-02", "2027-06-02", "2028-05-01"):
        assert ask(hours, f"{day}T02:00:00Z") == (True, f"{day}T03:00:00Z")
    assert len(ending.asked) == 1
    assert ask(hours, "2030-06-01T02:00:00Z")[0]
    assert len(ending.asked) == 2


# -- without the library


def test_without_the_library_a_calendar_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    check_calendars([HoursWindow()])
    with pytest.raises(ConfigError, match=r"desk.toml: hours\[0\].calendar is 'XNYS'") as missing:
        check_calendars([HoursWindow(calendar="XNYS")], "desk.toml")
    assert missing.value.fix == 'Run: pip install "venuekit[calendars]"'
    assert missing.value.field == "hours[0].calendar"


def test_hours_without_a_calendar_load_no_library() -> None:
    code = (
        "import sys; from venuekit.desk.risk.hours import Hours; from venuekit.settings.schema import HoursWindow\n"
        "Hours([HoursWindow(start='08:00')]).at('X', 0)\n"
        "print({'exchange_calendars', 'pandas', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
