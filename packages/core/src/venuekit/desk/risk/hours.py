"""When trading is open: for whom, in what, until when, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import attrs

from venuekit.desk.risk.calendars import Calendar
from venuekit.desk.risk.local_time import daily
from venuekit.desk.risk.spans import Span, around, both, merged, outside
from venuekit.model.identity import InstrumentId
from venuekit.model.times import NANOS, iso
from venuekit.settings.hours import Window, read_windows
from venuekit.settings.schema import AppliesTo, HoursWindow, OnClose

_DAY_NS = 86_400 * NANOS
#: How far an answer looks: first two weeks, and where nothing changes in them, a year.
_AHEAD = (15 * _DAY_NS, 400 * _DAY_NS)
_BEHIND = 3 * _DAY_NS
_WEEK = range(7)


@attrs.frozen(kw_only=True)
class Opening:
    """Whether orders go, why not, and when that changes (UTC nanoseconds; None: not within a year).

    It holds from `since_ns` to before `until_ns`. `zone` is where the hours are told.
    """

    open: bool
    why: str
    changes_ns: int | None
    since_ns: int
    until_ns: int
    zone: ZoneInfo

    @property
    def changes(self) -> str:
        """When it changes, in UTC and local time; empty when that is not known."""
        return "" if self.changes_ns is None else told(self.changes_ns, self.zone)


_UTC = ZoneInfo("UTC")
_ALWAYS = Opening(open=True, why="", changes_ns=None, since_ns=-(2**62), until_ns=2**62, zone=_UTC)


class Hours:
    """The configured windows that apply to one desk (``venue:account``).

    Windows that open add up, and one that is closed takes away. Those for agents bind agents, besides the others.
    """

    def __init__(self, windows: Sequence[HoursWindow], desk: str = "") -> None:
        names = (desk, desk.partition(":")[0])
        calendars: dict[str, Calendar] = {}
        self._rules = [
            _Rule(window, calendars.setdefault(name, Calendar(name)) if (name := window.settings.calendar) else None)
            for window in read_windows(windows)
            if _matches(names, window.settings.venues)
        ]
        self._groups: dict[tuple[int, ...], _Group] = {}
        self._of: dict[InstrumentId, _Group] = {}

    @property
    def configured(self) -> bool:
        """Whether any window applies to the desk."""
        return bool(self._rules)

    @property
    def cancels(self) -> bool:
        """Whether any window asks that what rests is canceled."""
        return any(rule.cancels for rule in self._rules)

    def over(self, instrument: InstrumentId, now_ns: int, *, alias: str | None = None) -> str:
        """Why what rests in an instrument has to be canceled now; empty when it may stay."""
        found = self.at(instrument, now_ns, alias=alias)
        return found.why if not found.open and self._of[instrument].cancels else ""

    def begin(self, now_ns: int) -> None:
        """Load the calendars, so that no order has to wait for them."""
        for rule in self._rules:
            rule.within((now_ns - _BEHIND, now_ns + _AHEAD[0]))

    def at(self, instrument: InstrumentId, now_ns: int, *, alias: str | None = None, agent: bool = False) -> Opening:
        """Whether orders of `instrument` go now, from agents or from others."""
        group = self._of.get(instrument)
        if group is None:
            names = (instrument, alias) if alias else (instrument,)
            group = self._of[instrument] = self._group(self._numbers(names))
        return group.at(now_ns, agent=agent)

    def overview(
        self, instruments: Iterable[tuple[InstrumentId, str | None]], now_ns: int, *, agent: bool
    ) -> list[tuple[list[InstrumentId], Opening]]:
        """The same for many (id, alias), told once for all that share their windows; no instruments: for all others."""
        others = self._numbers(())
        found: dict[tuple[int, ...], list[InstrumentId]] = {others: []}
        for name, alias in instruments:
            numbers = self._numbers((name, alias) if alias else (name,))
            if numbers != others:
                found.setdefault(numbers, []).append(name)
        return [(names, self._group(numbers).at(now_ns, agent=agent)) for numbers, names in found.items()]

    def _numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """The windows of an instrument; without names, those of all instruments."""
        return tuple(n for n, rule in enumerate(self._rules) if _matches(names, rule.window.settings.instruments))

    def _group(self, numbers: tuple[int, ...]) -> _Group:
        if numbers not in self._groups:
            self._groups[numbers] = _Group([self._rules[n] for n in numbers])
        return self._groups[numbers]


class _Rule:
    """One window and its calendar."""

    def __init__(self, window: Window, calendar: Calendar | None) -> None:
        self.window = window
        self.calendar = calendar
        self.closed = window.settings.closed
        self.cancels = window.settings.on_close is OnClose.CANCEL
        self.for_agents = window.settings.applies_to is AppliesTo.AGENTS

    def within(self, span: Span) -> tuple[list[Span], list[Span], ZoneInfo]:
        """When it is on, when that is not known, and its zone."""
        if self.calendar is None:
            zone = self.window.zone or _UTC
            return daily(self.window, zone, span), [], zone
        known = self.calendar.within(span)
        zone = self.window.zone or known.zone
        return both(daily(self.window, zone, span), known.sessions), outside([known.span], span), zone

    @property
    def label(self) -> str:
        """What it is called, and when it is on."""
        settings, zone = self.window.settings, self.window.zone
        days = " ".join(settings.weekdays) if len(self.window.weekdays) < len(_WEEK) else ""
        hours = "" if (settings.start, settings.end) == ("00:00", "24:00") else f"{settings.start} to {settings.end}"
        when = " ".join(w for w in (days, hours, str(zone) if zone and (days or hours) else "") if w)
        what = ", ".join(w for w in (f"sessions of {settings.calendar}" if settings.calendar else "", when) if w)
        name = f'{self.window.place} "{settings.name}"' if settings.name else self.window.place
        return f"{name} ({what})" if what else name


class _Group:
    """Instruments that the same windows apply to; what was found is kept until it changes."""

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._rules = {True: list(rules), False: [rule for rule in rules if not rule.for_agents]}
        self.cancels = any(rule.cancels for rule in rules)
        never = attrs.evolve(_ALWAYS, until_ns=_ALWAYS.since_ns)  # to be looked for
        self._last = {agent: never if bound else _ALWAYS for agent, bound in self._rules.items()}

    def at(self, now_ns: int, *, agent: bool) -> Opening:
        last = self._last[agent]
        if not last.since_ns <= now_ns < last.until_ns:
            last = self._last[agent] = _find(self._rules[agent], now_ns)
        return last


def _find(rules: Sequence[_Rule], now_ns: int) -> Opening:
    for ahead in _AHEAD:
        found = _look(rules, (now_ns - _BEHIND, now_ns + ahead), now_ns)
        if found.changes_ns is not None:
            break
    return found


def _look(rules: Sequence[_Rule], span: Span, now_ns: int) -> Opening:
    """What holds at `now_ns`, and when that changes within `span`."""
    parts = [(rule, *rule.within(span)) for rule in rules]
    open_spans = [span]
    for for_agents in (False, True):
        opening = [spans for rule, spans, *_ in parts if not rule.closed and rule.for_agents is for_agents]
        if opening:
            open_spans = both(open_spans, merged(s for spans in opening for s in spans))
    shut = merged(s for rule, spans, unknown, _ in parts for s in (spans if rule.closed else []) + unknown)
    open_spans = both(open_spans, outside(shut, span))
    now = around(open_spans, now_ns)
    start, end = now or around(outside(open_spans, span), now_ns) or span
    why, zone = ("", parts[0][3]) if now else _reason(parts, now_ns)
    return Opening(
        open=now is not None,
        why=why,
        changes_ns=end if end < span[1] else None,
        since_ns=start,
        until_ns=end,
        zone=zone,
    )


_Part = tuple[_Rule, list[Span], list[Span], ZoneInfo]


def _reason(parts: Sequence[_Part], now_ns: int) -> tuple[str, ZoneInfo]:
    for rule, _, unknown, zone in parts:
        if around(unknown, now_ns) and rule.calendar:
            known = rule.calendar.within((now_ns, now_ns + 1)).span
            when = "at this time"
            if known[0] < known[1]:
                when = f"after {iso(known[1])}" if now_ns >= known[1] else f"before {iso(known[0])}"
            return f"{rule.label}: no session is known {when}; a newer exchange_calendars may know more", zone
    for rule, spans, _, zone in parts:
        if rule.closed and around(spans, now_ns):
            return f"closed by {rule.label}", zone
    for for_agents in (False, True):
        group = [part for part in parts if not part[0].closed and part[0].for_agents is for_agents]
        if group and not any(around(spans, now_ns) for _, spans, _, _ in group):
            return f"outside {' and '.join(rule.label for rule, *_ in group)}", group[0][3]
    return "", _UTC


def told(at_ns: int, zone: ZoneInfo) -> str:
    """A moment in UTC, and in local time where that is another."""
    local = datetime.fromtimestamp(at_ns // NANOS, zone)
    return iso(at_ns) if zone.key == "UTC" else f"{iso(at_ns)} ({local:%Y-%m-%d %H:%M} in {zone.key})"


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
