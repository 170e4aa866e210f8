"""Trading hours follow local time, midnight, holidays and changes of the clock, for everyone and for agents."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from venuekit.desk.risk.hours import Hours
from venuekit.errors import ConfigError
from venuekit.model.times import NANOS, iso, parse_iso
from venuekit.settings.hours import read_windows
from venuekit.settings.schema import AppliesTo, HoursWindow

MINUTE_NS = 60 * NANOS
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NY = HoursWindow(timezone="America/New_York", weekdays=DAYS[:5], start="09:30", end="16:00")
AGENTS = AppliesTo.AGENTS


def ask(
    hours: Hours, at: str, instrument: str = "X", *, agent: bool = False, alias: str | None = None
) -> tuple[bool, str | None]:
    found = hours.at(instrument, parse_iso(at, field="t"), alias=alias, agent=agent)
    return found.open, None if found.changes_ns is None else iso(found.changes_ns)


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


@pytest.mark.parametrize(
    ("zone", "window", "at", "span"),
    [
        # Spring skips 02:00 to 03:00: what begins or ends in it does so at the jump.
        ("America/New_York", ("02:30", "04:00"), "2026-03-08", ("2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z")),
        ("America/New_York", ("01:00", "02:30"), "2026-03-08", ("2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z")),
        ("America/New_York", ("02:10", "02:50"), "2026-03-08", None),
        # Autumn has 01:00 to 02:00 twice: the first is meant.
        ("America/New_York", ("01:30", "03:00"), "2026-11-01", ("2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z")),
        ("America/New_York", ("00:30", "01:30"), "2026-11-01", ("2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z")),
        # Lord Howe moves by half an hour, Nepal is 05:45 ahead, Beirut skips midnight, Samoa skipped a whole day.
        ("Australia/Lord_Howe", ("02:15", "03:00"), "2026-10-04", ("2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z")),
        ("Asia/Kathmandu", ("09:00", "10:00"), "2026-12-31", ("2026-12-31T03:15:00Z", "2026-12-31T04:15:00Z")),
        ("Asia/Beirut", ("00:00", "02:00"), "2026-03-29", ("2026-03-28T22:00:00Z", "2026-03-28T23:00:00Z")),
        ("Pacific/Apia", ("09:00", "17:00"), "2011-12-30", None),
        ("Pacific/Apia", ("09:00", "17:00"), "2011-12-31", ("2011-12-30T19:00:00Z", "2011-12-31T03:00:00Z")),
        # Over midnight, over the end of a year.
        ("Europe/Berlin", ("23:00", "01:00"), "2026-12-31", ("2026-12-31T22:00:00Z", "2027-01-01T00:00:00Z")),
    ],
)
def test_a_window_begins_and_ends_when_the_local_clock_first_shows_it(
    zone: str, window: tuple[str, str], at: str, span: tuple[str, str] | None
) -> None:
    day = date.fromisoformat(at)
    around = [str(day + timedelta(days=n)) for n in range(-30, 450) if n]
    hours = Hours([HoursWindow(timezone=zone, start=window[0], end=window[1], holidays=around)])
    before = f"{day - timedelta(days=3)}T00:00:00Z"
    if span is None:
        assert ask(hours, before) == (False, None)
        return
    assert ask(hours, before) == (False, span[0])
    assert ask(hours, span[0]) == (True, span[1])
    assert not ask(hours, span[1])[0]


def test_a_holiday_stays_closed_and_other_instruments_are_not_bound() -> None:
    hours = Hours([HoursWindow(start="08:00", end="09:00", holidays=("2026-12-25",), instruments=("X*",))])
    assert ask(hours, "2026-12-25T08:30:00Z") == (False, "2026-12-26T08:00:00Z")
    assert ask(hours, "2026-12-25T08:30:00Z", "Y") == (True, None)
    assert ask(hours, "2026-12-25T08:30:00Z", "71321", alias="X-RAIN") == (False, "2026-12-26T08:00:00Z")


def test_windows_that_open_add_up_and_one_that_is_closed_takes_away() -> None:
    morning, afternoon = HoursWindow(start="08:00", end="12:00"), HoursWindow(start="11:00", end="18:00")
    lunch = HoursWindow(start="12:30", end="13:00", closed=True, name="lunch")
    hours = Hours([morning, afternoon, lunch])
    assert ask(hours, "2026-06-01T08:00:00Z") == (True, "2026-06-01T12:30:00Z")
    assert ask(hours, "2026-06-01T12:30:00Z") == (False, "2026-06-01T13:00:00Z")
    assert ask(hours, "2026-06-01T13:00:00Z") == (True, "2026-06-01T18:00:00Z")
    found = hours.at("X", parse_iso("2026-06-01T12:45:00Z", field="t"))
    assert found.why == 'closed by hours[2] "lunch" (12:30 to 13:00 UTC)'
    found = hours.at("X", parse_iso("2026-06-01T20:00:00Z", field="t"))
    assert found.why == "outside hours[0] (08:00 to 12:00 UTC) and hours[1] (11:00 to 18:00 UTC)"


def test_a_closed_window_alone_leaves_the_rest_open() -> None:
    hours = Hours([HoursWindow(start="22:00", end="23:00", closed=True)])
    assert ask(hours, "2026-06-01T21:59:59Z") == (True, "2026-06-01T22:00:00Z")
    assert ask(hours, "2026-06-01T22:00:00Z") == (False, "2026-06-01T23:00:00Z")


def test_quiet_windows_bind_agents_and_nobody_else() -> None:
    quiet = HoursWindow(start="22:00", end="07:00", closed=True, applies_to=AGENTS, timezone="Europe/Berlin")
    hours = Hours([quiet])
    assert ask(hours, "2026-06-01T21:00:00Z", agent=True) == (False, "2026-06-02T05:00:00Z")
    assert ask(hours, "2026-06-01T21:00:00Z") == (True, None)


def test_a_window_for_agents_narrows_what_is_open_to_all_and_never_widens_it() -> None:
    office = HoursWindow(start="09:00", end="17:00", applies_to=AGENTS)
    hours = Hours([HoursWindow(start="08:00", end="12:00"), office])
    assert ask(hours, "2026-06-01T08:30:00Z") == (True, "2026-06-01T12:00:00Z")
    assert ask(hours, "2026-06-01T08:30:00Z", agent=True) == (False, "2026-06-01T09:00:00Z")
    assert ask(hours, "2026-06-01T09:30:00Z", agent=True) == (True, "2026-06-01T12:00:00Z")
    assert ask(hours, "2026-06-01T13:00:00Z", agent=True) == (False, "2026-06-02T09:00:00Z")


def test_windows_of_other_venues_and_accounts_do_not_count() -> None:
    here = HoursWindow(start="08:00", end="09:00", venues=("paper", "coinbase:main"))
    at = "2026-06-01T10:00:00Z"
    for desk, is_open in (("paper:any", False), ("coinbase:main", False), ("coinbase:other", True), ("papers:a", True)):
        hours = Hours([here], desk)
        assert hours.configured is not is_open
        assert ask(hours, at)[0] is is_open


def test_an_answer_is_kept_until_it_changes_also_when_the_clock_is_set_back() -> None:
    hours = Hours([HoursWindow(start="08:00", end="09:00")])
    times = ["07:59:59", "08:00:00", "08:30:00", "09:00:00", "08:59:59", "07:00:00", "08:00:00"]
    told = [ask(hours, f"2026-06-01T{t}Z") for t in times]
    assert told == [ask(Hours([HoursWindow(start="08:00", end="09:00")]), f"2026-06-01T{t}Z") for t in times]
    first = hours.at("X", parse_iso("2026-06-01T08:00:00Z", field="t"))
    assert hours.at("Y", parse_iso("2026-06-01T08:59:59Z", field="t")) is first, "it is found once for all"


def test_a_change_that_is_far_away_is_found() -> None:
    day = date(2026, 6, 1)
    closed = [str(day + timedelta(days=n)) for n in range(300)]
    hours = Hours([HoursWindow(start="08:00", end="09:00", holidays=closed)])
    assert ask(hours, "2026-06-01T08:30:00Z") == (False, f"{day + timedelta(days=300)}T08:00:00Z")


def test_what_shares_its_windows_is_told_once() -> None:
    hours = Hours([HoursWindow(start="08:00", end="09:00", instruments=("BTC-*",)), HoursWindow(start="07:00")])
    known = [("BTC-USD", None), ("ETH-USD", None), ("BTC-EUR", None)]
    found = hours.overview(known, parse_iso("2026-06-01T06:00:00Z", field="t"), agent=False)
    assert [(names, opening.changes) for names, opening in found] == [
        ([], "2026-06-01T07:00:00Z"),
        (["BTC-USD", "BTC-EUR"], "2026-06-01T07:00:00Z"),
    ]


# -- against a model that looks at the clock every minute


ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Casablanca",
)
#: Around changes of the clock, ends of years and a leap day.
BEGINNINGS = (
    "2026-03-06", "2026-03-27", "2026-04-03", "2026-10-02", "2026-10-23", "2026-10-30", "2026-12-30", "2028-02-27",
    "2011-12-28", "2026-02-13",
)  # fmt: skip
LENGTH = 5 * 24 * 60
MARGIN = 4 * 24 * 60


@cache
def local_minutes(zone: str, begin: str) -> list[datetime]:
    """The latest that the local clock has shown, at each minute from before `begin` to after what is looked at."""
    start = parse_iso(f"{begin}T00:00:00Z", field="t") // NANOS - MARGIN * 60
    info = ZoneInfo(zone)
    shown = (datetime.fromtimestamp(start + n * 60, info) for n in range(LENGTH + 2 * MARGIN))
    return list(accumulate((at.replace(tzinfo=None, fold=0) for at in shown), max))


def model(window: HoursWindow, begin: str) -> list[bool]:
    """Whether the window is on, minute by minute."""
    shown = local_minutes(window.timezone, begin)
    on = [False] * len(shown)
    (rule,) = read_windows([window])

    day = shown[0].date()
    while day <= shown[-1].date():
        if DAYS[day.weekday()] in window.weekdays and str(day) not in window.holidays:
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local, as it is shown
            begin_at, end_at = (bisect_left(shown, midnight + timedelta(minutes=at)) for at in (rule.start, rule.end))
            on[begin_at:end_at] = [True] * (end_at - begin_at)
        day += timedelta(days=1)
    return on


clocks = st.one_of(
    st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)),
    st.sampled_from(["00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "23:59"]),
)


@st.composite
def windows(draw: st.DrawFn, zone: str) -> HoursWindow:
    end = draw(st.one_of(clocks, st.just("24:00")))
    return HoursWindow(
        timezone=zone,
        weekdays=draw(st.sampled_from([DAYS, DAYS[:5], ("sat", "sun"), ("sun",), ("fri",)])),
        start=draw(clocks),
        end=end,
        closed=draw(st.booleans()),
        applies_to=draw(st.sampled_from(AppliesTo)),
        holidays=draw(st.sampled_from([(), ("2026-03-08",), ("2026-11-01", "2027-01-01")])),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[HoursWindow], str]:
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3))
    return [draw(windows(zone)) for zone in zones], draw(st.sampled_from(BEGINNINGS))


@settings(max_examples=60, deadline=None)
@given(cases(), st.booleans())
@example(([HoursWindow(timezone="America/New_York", start="02:30", end="03:15")], "2026-03-06"), False)
@example(([HoursWindow(timezone="America/New_York", start="01:30", end="01:45")], "2026-10-30"), False)
def test_hours_are_what_looking_at_the_clock_every_minute_finds(
    case: tuple[list[HoursWindow], str], agent: bool
) -> None:
    configured, begin = case
    counted = [(w, model(w, begin)) for w in configured if agent or w.applies_to is AppliesTo.EVERYONE]
    groups = [[on for w, on in counted if not w.closed and w.applies_to is whose] for whose in AppliesTo]
    shut = [on for w, on in counted if w.closed]

    def expected(n: int) -> bool:
        opens = all(any(on[n] for on in group) for group in groups if group)
        return opens and not any(on[n] for on in shut)

    start = parse_iso(f"{begin}T00:00:00Z", field="t") - MARGIN * MINUTE_NS
    hours = Hours(configured)
    before = hours.at("X", start + MARGIN * MINUTE_NS, agent=agent)
    for n in range(MARGIN, MARGIN + LENGTH):
        now = start + n * MINUTE_NS
        found = hours.at("X", now, agent=agent)
        assert found.open is expected(n), iso(now)
        assert (found.open is not before.open) is (now == before.changes_ns), "a change is foretold to the minute"
        before = found


# -- what is wrong


@pytest.mark.parametrize(
    ("window", "field", "wanted"),
    [
        (HoursWindow(timezone="Mars/Base"), "timezone", "America/New_York"),
        (HoursWindow(timezone="America"), "timezone", "IANA"),
        (HoursWindow(timezone="../../etc/passwd"), "timezone", "IANA"),
        (HoursWindow(weekdays=("mon", "moon")), "weekdays[1]", "one of mon"),
        (HoursWindow(weekdays=()), "weekdays", "one or more"),
        (HoursWindow(start="25:00"), "start", "HH:MM"),
        (HoursWindow(start="9:30"), "start", "HH:MM"),
        (HoursWindow(start="24:00"), "start", "before 24:00"),
        (HoursWindow(end="24:01"), "end", "HH:MM"),
        (HoursWindow(holidays=("2026-02-30",)), "holidays[0]", "2026-12-25"),
    ],
)
def test_a_bad_window_is_named_by_file_and_key(window: HoursWindow, field: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_windows([HoursWindow(), window], "desk.toml")
    assert caught.value.field == f"hours[1].{field}"
    assert caught.value.message.startswith(f"desk.toml: hours[1].{field} is ")
    assert wanted in caught.value.message
    with pytest.raises(ConfigError):
        Hours([attrs.evolve(window)])
