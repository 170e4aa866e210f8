"""Figures from outside that a host or an operator reports: held against floor and ceiling, and not let fall silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from venuekit.desk.risk.breaker_kinds import Kind
from venuekit.desk.risk.machine import Machine
from venuekit.desk.risk.reading import Reading
from venuekit.desk.risk.verdicts import text
from venuekit.errors import InvalidValue
from venuekit.model.money import parse_decimal
from venuekit.model.times import NANOS
from venuekit.protocols.breakers import Figure
from venuekit.protocols.clock import Clock
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import FigureSettings

#: What names the breakers of figures begin with: it is also the place of their settings.
PREFIX = "figures."
UNKNOWN = "unknown"
#: A time of the future by more than this is that of a wrong clock, and tells nothing.
_SKEW_NS = 60 * NANOS
#: A figure that is told all the time is recorded this often, unless it falls silent sooner.
_KEEP_EVERY_NS = 60 * NANOS


@attrs.define
class _Told:
    figure: Figure
    steady_ns: int
    kept_ns: int | None = None
    kept_bad: bool = False


class FigureGauge:
    """Holds each figure against its limits.

    A required figure that nobody has told yet lets nothing new go, without tripping; one that falls silent trips.
    """

    def __init__(self, machine: Machine, settings: Mapping[str, FigureSettings], clock: Clock, desk: str) -> None:
        self._machine = machine
        self._settings = settings
        self._clock = clock
        self._desk = desk
        self._began_ns = clock.monotonic_ns()
        self._told: dict[str, _Told] = {}
        self._kinds = {name: Kind(f"{PREFIX}{name}", s.leads_to) for name, s in settings.items()}
        #: Required figures that nobody has told since the desk began.
        self.waiting = [name for name, s in settings.items() if s.required]

    def report(self, name: str, value: Decimal | float | str | None, by: str) -> None:
        """Take in a figure that the host tells now; None, or no finite number, is unknown, and trips.

        Raises:
            InvalidValue: no such figure is configured, or the text is no number.
        """
        if name not in self._settings:
            raise InvalidValue(
                f"There is no figure {name[:60]!r} in the configuration.",
                fix=f"There are: {', '.join(sorted(self._settings)) or 'none'}. Add [breakers.figures.NAME].",
                field="name",
                details={"accepted": sorted(self._settings)},
            )
        self._take(Figure(desk=self._desk, name=name, value=figure_text(value), by=by, time_ns=self._clock.now_ns()))

    def take_in(self, figures: Sequence[Figure]) -> None:
        """What other processes told the store, if it is newer than what is known here."""
        now = self._clock.now_ns()
        for figure in sorted(figures, key=lambda f: f.time_ns):
            known, settings = self._told.get(figure.name), self._settings.get(figure.name)
            if settings is None or figure.desk not in ("", self._desk) or figure.time_ns > now + _SKEW_NS:
                continue
            if known is not None and known.figure.time_ns >= figure.time_ns:
                continue
            age_ns = max(0, now - figure.time_ns)
            if known is None and settings.stale_after_seconds is not None and age_ns > _ns(settings):
                continue  # told before this desk began, and too long ago: it is waited for, not held against anybody
            self._take(figure, age_ns, kept=True)

    def _take(self, figure: Figure, age_ns: int = 0, *, kept: bool = False) -> None:
        before, steady = self._told.get(figure.name), self._clock.monotonic_ns()
        told = self._told[figure.name] = _Told(figure, steady - age_ns)
        if kept or before is not None:
            told.kept_ns = steady if kept or before is None else before.kept_ns
            told.kept_bad = bool(self._problem(figure.name)) if kept or before is None else before.kept_bad
        if figure.name in self.waiting:
            self.waiting.remove(figure.name)
        self._judge(figure.name)

    def check(self) -> None:
        """Notice silence, which makes no event."""
        for name in self._settings:
            self._judge(name)

    def _judge(self, name: str) -> None:
        settings, kind = self._settings[name], self._kinds[name]
        told = self._told.get(name)
        if told is None and (not settings.required or settings.stale_after_seconds is None):
            return
        if told is None and self._clock.monotonic_ns() - self._began_ns <= _ns(settings):
            return
        if told is not None and not settings.required and self._stale(settings, told):
            return  # an optional figure that fell silent says nothing
        problem = self._problem(name)
        if problem or not self._machine.is_quiet(kind):
            self._machine.measure(kind, bad=bool(problem), probe_bad=bool(problem), reason=problem)

    def _stale(self, settings: FigureSettings, told: _Told) -> bool:
        if settings.stale_after_seconds is None:
            return False
        return self._clock.monotonic_ns() - told.steady_ns > _ns(settings)

    def _problem(self, name: str) -> str:
        told, settings = self._told.get(name), self._settings[name]
        if told is None:
            return f"nobody has reported {name} since the desk began"
        if self._stale(settings, told):
            return f"{name} was last reported more than {settings.stale_after_seconds:g} s ago"
        value = decimal_of(told.figure)
        if value is None:
            return f"{name} is unknown"
        shown = f"{name} is {text(value)}{settings.unit}"
        if settings.floor is not None and value < settings.floor:
            return f"{shown}; {text(settings.floor)}{settings.unit} is the least"
        if settings.ceiling is not None and value > settings.ceiling:
            return f"{shown}; {text(settings.ceiling)}{settings.unit} is the most"
        return ""

    def unreported(self) -> tuple[str, TradingState] | None:
        """A required figure that nobody has told yet, and what its absence leads to."""
        if not self.waiting:
            return None
        strictest = max(self.waiting, key=lambda name: self._settings[name].leads_to.strictness)
        return strictest, self._settings[strictest].leads_to

    def to_keep(self) -> Figure | None:
        """A figure told here that is to be recorded now: at first, when it turns good or bad, and in between."""
        now = self._clock.monotonic_ns()
        for name, told in self._told.items():
            settings = self._settings[name]
            every = _KEEP_EVERY_NS if settings.stale_after_seconds is None else min(_KEEP_EVERY_NS, _ns(settings) // 2)
            fresh = told.kept_ns is None or told.steady_ns > told.kept_ns
            turned = bool(self._problem(name)) != told.kept_bad
            if fresh and (told.kept_ns is None or turned or now - told.kept_ns >= every):
                return told.figure
        return None

    def kept(self, figure: Figure) -> None:
        """This figure is durable."""
        told = self._told[figure.name]
        told.kept_ns, told.kept_bad = self._clock.monotonic_ns(), bool(self._problem(figure.name))

    def readings(self) -> dict[str, Reading]:
        """What was told last, of every configured figure."""
        found = {}
        for name, s in self._settings.items():
            told = self._told.get(name)
            value = "" if told is None else _shown(told.figure, s.unit)
            found[f"{PREFIX}{name}"] = Reading(value, limit_text(s), 0 if told is None else told.figure.time_ns)
        return found


def figure_text(value: Decimal | float | str | None) -> str:
    """A figure as it is kept: a decimal number, or `UNKNOWN`.

    Raises:
        InvalidValue: it is text, and neither a number nor that word.
    """
    if value is None or value == UNKNOWN:
        return UNKNOWN
    if isinstance(value, str):
        return text(parse_decimal(value, field="value"))
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    return text(number) if number.is_finite() else UNKNOWN


def decimal_of(figure: Figure) -> Decimal | None:
    """The figure's value; None where it is unknown, or cannot be read."""
    if figure.value == UNKNOWN:
        return None
    try:
        return parse_decimal(figure.value, field="value")
    except InvalidValue:
        return None


def limit_text(settings: FigureSettings) -> str:
    """The limits of a figure for people: ``0.85 or more``."""
    low, high, unit = settings.floor, settings.ceiling, settings.unit
    if low is not None and high is not None:
        return f"{text(low)}{unit} to {text(high)}{unit}"
    return f"{text(low)}{unit} or more" if low is not None else f"{text(high or Decimal(0))}{unit} or less"


def _shown(figure: Figure, unit: str) -> str:
    return figure.value if figure.value == UNKNOWN else f"{figure.value}{unit}"


def _ns(settings: FigureSettings) -> int:
    return int((settings.stale_after_seconds or 0) * NANOS)
