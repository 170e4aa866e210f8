"""Local times as moments, over every change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from venuekit.desk.risk.spans import Span, merged
from venuekit.model.times import NANOS
from venuekit.settings.hours import DAY_MINUTES, Window

_SECOND = timedelta(seconds=1)


def daily(window: Window, zone: ZoneInfo, within: Span) -> list[Span]:
    """The window's spans that touch `within`, whole."""
    first, last = (datetime.fromtimestamp(ns // NANOS, zone).date() for ns in within)
    day, found = first - timedelta(days=2), []
    while day <= last + timedelta(days=1):
        if day.weekday() in window.weekdays and day not in window.holidays:
            found.append((moment(day, window.start, zone), moment(day, window.end, zone)))
        day += timedelta(days=1)
    return [span for span in merged(found) if span[0] < within[1] and within[0] < span[1]]


def moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """When the local clock first shows `minutes` after midnight of `day`, or later, in UTC nanoseconds.

    A time that the clock skips is so the moment of the jump, and of a time that comes twice it is the first.
    """
    days, left = divmod(minutes, DAY_MINUTES)
    wanted = datetime.combine(day + timedelta(days=days), time(left // 60, left % 60))
    at = _utc(wanted, zone, fold=0)
    if _local(at, zone) != wanted:  # skipped: the jump is between what the clocks before and after it make of it
        before = _utc(wanted, zone, fold=1) - _SECOND
        while at - before > _SECOND:
            middle = before + (at - before) // 2 // _SECOND * _SECOND
            if _local(middle, zone) >= wanted:
                at = middle
            else:
                before = middle
    return int(at.timestamp()) * NANOS


def _utc(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
