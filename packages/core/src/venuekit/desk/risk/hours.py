"""When trading is open: windows in local time, over midnight and over changes of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from venuekit.errors import ConfigError
from venuekit.model.identity import InstrumentId
from venuekit.model.times import NANOS
from venuekit.settings.schema import HoursWindow

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOK_AHEAD_DAYS = 15


class Hours:
    """The configured windows. An instrument that no window applies to is always open."""

    def __init__(self, windows: Sequence[HoursWindow]) -> None:
        self._windows = [_Window(w, n) for n, w in enumerate(windows)]

    @property
    def configured(self) -> bool:
        """Whether there is any window."""
        return bool(self._windows)

    def check(self, instrument: InstrumentId, now_ns: int) -> tuple[bool, int | None]:
        """Whether `instrument` is open, and when that changes (UTC nanoseconds; None: not within two weeks)."""
        windows = [w for w in self._windows if w.applies(instrument)]
        if not windows:
            return True, None
        spans = sorted(span for w in windows for span in w.spans(now_ns))
        is_open, until = False, now_ns
        for start, end in spans:
            if start <= until < end:
                is_open, until = True, end
        if is_open:
            return True, until
        later = [start for start, _ in spans if start > now_ns]
        return False, min(later) if later else None


class _Window:
    def __init__(self, settings: HoursWindow, number: int) -> None:
        self._place = f"hours[{number}]"
        try:
            self._zone = ZoneInfo(settings.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"{self._place}.timezone {settings.timezone!r} is not an IANA time zone.",
                fix="Use a name such as America/New_York.",
                field=f"{self._place}.timezone",
            ) from error
        unknown = [d for d in settings.weekdays if d not in _DAYS]
        if unknown:
            raise ConfigError(
                f"{self._place}.weekdays: {unknown[0]!r} is not a day.",
                fix=f"Use {', '.join(_DAYS)}.",
                field=f"{self._place}.weekdays",
            )
        self._weekdays = {_DAYS.index(d) for d in settings.weekdays}
        self._start, start_next = self._clock(settings.start, "start")
        self._end, end_next = self._clock(settings.end, "end")
        if start_next:
            raise ConfigError(f"{self._place}.start cannot be 24:00.", field=f"{self._place}.start")
        self._end_next_day = end_next or self._end <= self._start
        self._patterns = tuple(settings.instruments)
        try:
            self._holidays = {date.fromisoformat(d) for d in settings.holidays}
        except ValueError as error:
            raise ConfigError(
                f"{self._place}.holidays: {error}.",
                fix="Use dates such as 2026-12-25.",
                field=f"{self._place}.holidays",
            ) from error

    def _clock(self, text: str, key: str) -> tuple[time, bool]:
        if text == "24:00":
            return time(0), True
        try:
            return datetime.strptime(text, "%H:%M").time(), False  # noqa: DTZ007 - a time of day has no zone
        except ValueError as error:
            raise ConfigError(
                f"{self._place}.{key} {text!r} is not a time of day.", fix="Use HH:MM.", field=f"{self._place}.{key}"
            ) from error

    def applies(self, instrument: InstrumentId) -> bool:
        return not self._patterns or any(fnmatchcase(instrument, p) for p in self._patterns)

    def spans(self, now_ns: int) -> list[tuple[int, int]]:
        """The window's openings around and after `now_ns`, as UTC nanoseconds."""
        today = datetime.fromtimestamp(now_ns // NANOS, UTC).astimezone(self._zone).date()
        days = (today + timedelta(days=n) for n in range(-1, _LOOK_AHEAD_DAYS))
        return [
            (self._at(day, self._start), self._at(day + timedelta(days=self._end_next_day), self._end))
            for day in days
            if day.weekday() in self._weekdays and day not in self._holidays
        ]

    def _at(self, day: date, clock: time) -> int:
        # A local time that the clock skips in spring maps to the moment after the jump; one that comes twice in
        # autumn means the first.
        return int(datetime.combine(day, clock, self._zone).astimezone(UTC).timestamp()) * NANOS
