"""The windows of ``[[hours]]`` as they are meant: days and minutes; every mistake is named by its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from venuekit.model.table import mistake
from venuekit.settings.schema import AppliesTo, HoursWindow, OnClose

DAY_MINUTES = 24 * 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@attrs.frozen(kw_only=True)
class Window:
    """One window, read. `start` and `end` are minutes from midnight of the day on which it begins.

    `zone` is None where the calendar's own is meant; `weekdays` counts from Monday, 0.
    """

    place: str
    settings: HoursWindow
    zone: ZoneInfo | None
    weekdays: frozenset[int]
    start: int
    end: int
    holidays: frozenset[date]


def read_windows(windows: Sequence[HoursWindow], where: str = "configuration") -> list[Window]:
    """The windows, in their order; `where` is the file that they are from.

    Raises:
        ConfigError: a zone, a day, a date or a time of day that is none; names its place.
    """
    return [_read(settings, f"hours[{number}]", where) for number, settings in enumerate(windows)]


def _read(settings: HoursWindow, place: str, where: str) -> Window:
    start, end = _minutes(settings, "start", place, where), _minutes(settings, "end", place, where)
    if start == DAY_MINUTES:
        raise mistake(f"{place}.start", where, settings.start, "a time of day before 24:00")
    if settings.on_close is OnClose.CANCEL and settings.applies_to is AppliesTo.AGENTS:
        wanted = 'keep where applies_to is "agents": what rests at a venue does not tell whose it is'
        raise mistake(f"{place}.on_close", where, settings.on_close.value, wanted)
    return Window(
        place=place,
        settings=settings,
        zone=_zone(settings, place, where),
        weekdays=_weekdays(settings, place, where),
        start=start,
        end=end if end > start else end + DAY_MINUTES,
        holidays=frozenset(
            _date(text, f"{place}.holidays[{number}]", where) for number, text in enumerate(settings.holidays)
        ),
    )


def _zone(settings: HoursWindow, place: str, where: str) -> ZoneInfo | None:
    if not settings.timezone:
        return None if settings.calendar else ZoneInfo("UTC")
    try:
        return ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of zones is no zone: OSError
        wanted = "an IANA time zone, such as America/New_York"
        raise mistake(f"{place}.timezone", where, settings.timezone, wanted) from error


def _weekdays(settings: HoursWindow, place: str, where: str) -> frozenset[int]:
    for number, day in enumerate(settings.weekdays):
        if day not in _DAYS:
            raise mistake(f"{place}.weekdays[{number}]", where, day, f"one of {', '.join(_DAYS)}")
    if not settings.weekdays:
        raise mistake(f"{place}.weekdays", where, [], f"one or more of {', '.join(_DAYS)}")
    return frozenset(map(_DAYS.index, settings.weekdays))


def _minutes(settings: HoursWindow, key: str, place: str, where: str) -> int:
    text: str = getattr(settings, key)
    if text == "24:00":
        return DAY_MINUTES
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise mistake(f"{place}.{key}", where, text, "a time of day, HH:MM")
    return int(found[1]) * 60 + int(found[2])


def _date(text: str, place: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise mistake(place, where, text, "a date, such as 2026-12-25") from error
