"""When exchanges hold sessions, from the library `exchange_calendars`, which is loaded only where one is named."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from venuekit.desk.risk.spans import Span, merged
from venuekit.errors import ConfigError
from venuekit.model.table import mistake
from venuekit.model.times import NANOS
from venuekit.settings.schema import HoursWindow

#: What is loaded around a span that is asked for: enough for a desk that runs for two years.
_BEFORE, _AFTER = timedelta(days=40), timedelta(days=750)
#: A session may begin on the day before the one that it counts for.
_EDGE = timedelta(days=2)
_NEVER: Span = (0, 0)
#: How pandas counts a time that is none, as of a break on a day without one.
_NO_TIME = -(2**63)


@attrs.frozen
class Known:
    """Sessions, and the span of which the library knows: outside it an exchange is neither open nor closed."""

    sessions: Sequence[Span]
    span: Span
    zone: ZoneInfo


class Calendar:
    """The sessions of one exchange, without their breaks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._asked = _NEVER
        self._known = Known((), _NEVER, ZoneInfo("UTC"))

    def within(self, span: Span) -> Known:
        """What is known of `span`, and of more around it."""
        if not self._asked[0] <= span[0] < span[1] <= self._asked[1]:
            first, last = _day(span[0]) - _BEFORE, _day(span[1]) + _AFTER
            self._asked = _ns(first + _EDGE), _ns(last - _EDGE)
            with _quiet():
                self._known = self._load(first, last)
        return self._known

    def _load(self, first: date, last: date) -> Known:
        library = _library()
        try:
            found = library.get_calendar(self.name, start=first.isoformat(), end=last.isoformat())
        except ValueError:  # not all of these years are known
            return self._load_part(library, first, last)
        return Known(_sessions(found), self._asked, _zone(found))

    def _load_part(self, library: Any, first: date, last: date) -> Known:
        found = library.get_calendar(self.name)
        low, high = found.bound_min(), found.bound_max()
        start = first if low is None else max(first, low.date())
        end = last if high is None else min(last, high.date())
        if start >= end or (start, end) == (first, last):
            return Known((), _NEVER, _zone(found))
        found = library.get_calendar(self.name, start=start.isoformat(), end=end.isoformat())
        sessions = _sessions(found)
        begin = self._asked[0] if start == first else sessions[0][0]
        return Known(sessions, (begin, self._asked[1] if end == last else sessions[-1][1]), _zone(found))


def check_calendars(windows: Sequence[HoursWindow], where: str = "configuration") -> None:
    """Whether every calendar that is named can be had; `where` is the file that names them.

    Raises:
        ConfigError: the library is not installed, or knows no such exchange; names the place.
    """
    for number, window in enumerate(windows):
        if not window.calendar:
            continue
        place = f"hours[{number}].calendar"
        try:
            names = _library().get_calendar_names()
        except ImportError as error:
            raise ConfigError(
                f"{where}: {place} is {window.calendar[:60]!r}, and the library of calendars is not installed.",
                fix='Run: pip install "venuekit[calendars]"',
                field=place,
            ) from error
        if window.calendar not in names:
            near = difflib.get_close_matches(window.calendar.upper(), names, n=3, cutoff=0.5)
            also = f" (near: {', '.join(near)})" if near else ""
            raise mistake(place, where, window.calendar, f"an exchange such as XNYS, XLON or CMES{also}")


def _library() -> Any:
    with _quiet():
        return import_module("exchange_calendars")


@contextmanager
def _quiet() -> Iterator[None]:
    """What the library does that its own libraries will not allow one day is no news to an operator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _sessions(found: Any) -> list[Span]:
    spans: list[Span] = []
    for times in zip(found.opens, found.closes, found.break_starts, found.break_ends, strict=True):
        opens, closes, pauses, resumes = (int(moment.value) for moment in times)
        spans += [(opens, closes)] if pauses == _NO_TIME else [(opens, pauses), (resumes, closes)]
    return merged(spans)


def _zone(found: Any) -> ZoneInfo:
    return ZoneInfo(str(found.tz))


def _day(ns: int) -> date:
    return datetime.fromtimestamp(ns // NANOS, UTC).date()


def _ns(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * NANOS
