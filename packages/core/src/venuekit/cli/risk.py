"""`venuekit risk explain`: every limit, where its value comes from, what enforces it, how often it refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, say, table
from venuekit.cli.place import desks_of, find, read
from venuekit.desk.risk.explain import explain as explained
from venuekit.model.codec import to_plain
from venuekit.protocols.journal import EntryKind, RowQuery, Store, desk_name
from venuekit.watch.clock import SystemClock

app = App(name="risk", help="Limits: explain, set, unset, history.")
for _name, _path, _help in (
    ("set", "venuekit.cli.limits:set_limit", "Change a limit on every desk of the store, from its next order on."),
    ("unset", "venuekit.cli.limits:unset_limit", "Take a change of a limit back."),
    ("history", "venuekit.cli.limits:history", "Who changed which limit, when and why."),
):
    app.command(_path, name=_name, help=_help)
_PAGE = 1000
#: What refuses by an error of its own rather than by a check.
_BY_CODE = {"MODE_REFUSED": "permission", "PERMISSION_REFUSED": "permission"}


@app.command
async def explain(
    *,
    agent: Annotated[bool, Parameter(negative="")] = False,
    desk: str | None = None,
    options: Options = DEFAULT,
) -> int:
    """Every setting: its value, where that comes from, what holds it and where, how often that refused, and whom.

    Args:
        agent: As an MCP server sees it: without a [risk] table, stricter defaults apply there.
        desk: Count the refusals of this desk only (venue:account), with the limits as changed for it.
    """
    place, clock = find(options, agent=agent), SystemClock()
    async with read(place) as store:
        found = [_refusals(store, name) for name in desks_of(store, desk)]
        changes = store.limits()
    refused = _together(found)
    own = desk or desk_name(place.config.desk.venue, place.config.desk.account)
    rows = explained(
        place.config,
        sources=place.loaded.sources,
        refused=refused,
        changes=changes,
        desk=own,
        now_ns=clock.now_ns(),
    )
    since_ns = min((since for _, since in found if since), default=None)
    if options.json:
        document({"parameters": [to_plain(r) for r in rows], "since_ns": since_ns})
        return OK
    table(
        ("PARAMETER", "VALUE", "FROM", "ENFORCED BY", "REFUSED", "WHOM", "WHAT IT DOES"),
        [
            (
                r.name,
                r.value if not r.configured else f"{r.value} (configured: {r.configured})",
                r.source,
                f"{r.enforced_by} ({r.code.removeprefix('venuekit.')})",
                r.refused_count or "-",
                ", ".join(f"{who or '-'} {n}" for who, n in sorted(r.refused_agents.items())),
                r.doc,
            )
            for r in rows
        ],
        right=("REFUSED",),
    )
    if since_ns:
        say(f"\nRefusals are counted since {moment(since_ns)}; a check that holds several limits counts for each.")
    if not place.loaded.path:
        say("\nNo configuration file was given; add --config FILE to explain another.")
    return OK


_Refusals = tuple[dict[str, Counter[str]], int | None]


def _together(found: Sequence[_Refusals]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for refused, _ in found:
        for check, agents in refused.items():
            counts.setdefault(check, Counter()).update(agents)
    return counts


def _refusals(store: Store, desk: str) -> _Refusals:
    """How often each check refused whom on the desk, and since when the journal can tell."""
    counts: dict[str, Counter[str]] = {}
    before: int | None = None
    while True:
        rows = store.rows(RowQuery(desk=desk, kinds=(EntryKind.DENIED,), before_sequence=before, limit=_PAGE))
        for row in rows:
            error = row.body.get("error") or {}
            check = (error.get("details") or {}).get("check") or _BY_CODE.get(str(error.get("code")))
            if isinstance(check, str):
                counts.setdefault(check, Counter())[row.agent_id] += 1
        if len(rows) < _PAGE:
            break
        before = rows[-1].sequence
    first = store.rows(RowQuery(desk=desk, newest_first=False, limit=1))
    return counts, first[0].time_ns if first else None
