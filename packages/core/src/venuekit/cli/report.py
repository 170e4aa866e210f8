"""`venuekit report`: a figure from outside, such as a share of tests that pass, for the breakers of running desks."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from venuekit.cli.exits import OK
from venuekit.cli.operators import operator_name
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say
from venuekit.cli.place import find, known_desk, last_session, opened
from venuekit.desk.risk.figure_gauge import UNKNOWN, decimal_of, figure_text, limit_text
from venuekit.errors import InvalidValue
from venuekit.model.codec import to_plain
from venuekit.protocols.breakers import Figure
from venuekit.protocols.journal import Entry, EntryKind
from venuekit.settings.schema import FigureSettings
from venuekit.watch.clock import SystemClock


async def report(
    name: str,
    value: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    desk: str = "",
    by: str | None = None,
    options: Options = DEFAULT,
) -> int:
    """Report a figure that the configuration limits; every desk of the store holds it against its limits at once.

    Args:
        name: NAME of [breakers.figures.NAME], such as coverage.
        value: A number, or unknown, which trips.
        desk: Only for this desk (venue:account).
        by: Who or what reports, for the journal; otherwise the operating system's user.
    """
    who, place, clock = operator_name(by), find(options), SystemClock()
    settings = _configured(place.config.breakers.figures, name)
    figure = Figure(desk=desk, name=name, value=figure_text(value), by=who, time_ns=clock.now_ns())
    body = {"action": "report", "by": who, "source": "cli"}
    entry = Entry(kind=EntryKind.CONTROL, desk=desk, subject=name, agent_id=who, body=body, time_ns=figure.time_ns)
    async with opened(place) as store:
        known_desk(desk, store, place.config.desk)
        await store.set_figure(figure, entry)
        running = [d for d in store.desks() if desk in ("", d) and last_session(store, d).open]
    within = within_limits(figure, settings)
    if options.json:
        document({"figure": to_plain(figure), "limit": limit_text(settings), "within": within, "desks": running})
        return OK
    shown = figure.value if figure.value == UNKNOWN else f"{figure.value}{settings.unit}"
    say(f"{name} is {shown} ({limit_text(settings)}), reported by {who}.")
    if not within:
        what = (
            "only orders that make a position smaller go" if settings.leads_to.value == "REDUCING" else "no orders go"
        )
        say(f"That trips its breaker: {what}.")
    say(f"Desks that hear it: {', '.join(running) or 'none is open now; one that starts soon enough will'}.")
    return OK


def _configured(known: Mapping[str, FigureSettings], name: str) -> FigureSettings:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    names = ", ".join(sorted(known))
    guess = (
        f"Did you mean {near[0]}?" if near else (f"There are: {names}." if names else "Add [breakers.figures.NAME].")
    )
    raise InvalidValue(
        f"The configuration has no figure {name[:60]!r}.",
        fix=f"{guess} A desk with a file of its own is meant by --config FILE.",
        field="name",
        details={"accepted": sorted(known)},
    )


def within_limits(figure: Figure, settings: FigureSettings) -> bool:
    """Whether the figure is known, and between floor and ceiling."""
    value = decimal_of(figure)
    if value is None or (settings.floor is not None and value < settings.floor):
        return False
    return settings.ceiling is None or value <= settings.ceiling
