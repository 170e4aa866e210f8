"""`venuekit hours`: whether trading is open by the configured hours, why not, and what is next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, pairs, table
from venuekit.cli.place import find
from venuekit.desk.risk.calendars import check_calendars
from venuekit.desk.risk.hours import Hours, Opening
from venuekit.errors import InvalidValue
from venuekit.model.times import NANOS, iso, parse_iso
from venuekit.protocols.journal import desk_name
from venuekit.settings.schema import AppliesTo, HoursWindow
from venuekit.watch.clock import SystemClock

#: Calendars are computed from rules: far from today they mean nothing.
_YEARS = ("1990-01-01T00:00:00Z", "2200-01-01T00:00:00Z")


def hours(instrument: str | None = None, /, *, at: str | None = None, options: Options = DEFAULT) -> int:
    """Whether orders go by the configured hours: for everyone and for agents, why not, and when that changes.

    Args:
        instrument: Only this one. Otherwise every pattern that a window names, and all others.
        at: At this time instead of now, such as 2026-11-27T18:00:00Z.
    """
    place = find(options)
    windows = place.config.hours
    check_calendars(windows, str(place.loaded.path or "configuration"))
    now_ns = SystemClock().now_ns() if at is None else _moment(at)
    desk = desk_name(place.config.desk.venue, place.config.desk.account)
    found = Hours(windows, desk)
    rows = [
        (name, who, found.at(name or "", now_ns, agent=who is AppliesTo.AGENTS))
        for name in ([instrument] if instrument else _patterns(windows))
        for who in AppliesTo
    ]
    if options.json:
        document({"at": iso(now_ns), "desk": desk, "hours": [_body(*row) for row in rows]})
        return OK
    pairs([("desk", desk), ("at", iso(now_ns // NANOS * NANOS))])
    print()
    table(
        ("INSTRUMENTS", "FOR", "NOW", "UNTIL", "WHY"),
        [
            (name or "all others", who.value, "open" if o.open else "closed", o.changes or "-", o.why or "-")
            for name, who, o in rows
        ],
    )
    if not found.configured:
        note("No hours are configured for this desk: [[hours]] in the configuration.")
    return OK


def _moment(text: str) -> int:
    moment = parse_iso(text, field="at")
    first, last = (parse_iso(year, field="at") for year in _YEARS)
    if not first <= moment < last:
        raise InvalidValue(f"{text[:40]} is too far away.", field="at", details={"accepted": " to ".join(_YEARS)})
    return moment


def _patterns(windows: Sequence[HoursWindow]) -> list[str | None]:
    named = dict.fromkeys(pattern for window in windows for pattern in window.instruments)
    return [*named, None]


def _body(name: str | None, who: AppliesTo, found: Opening) -> dict[str, Any]:
    return {
        "instruments": name,
        "applies_to": who.value,
        "open": found.open,
        "why": found.why,
        "changes": found.changes,
        "changes_ns": found.changes_ns,
    }
