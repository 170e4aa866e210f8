"""`venuekit risk explain`: every limit, where its value comes from, what enforces it, how often it refused."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from cyclopts import App, Parameter

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say, table
from venuekit.cli.place import desks_of, find, read
from venuekit.desk.risk.explain import explain as explained
from venuekit.model.codec import to_plain
from venuekit.protocols.journal import EntryKind, RowQuery, Store

app = App(name="risk", help="Limits: explain, set, unset, history.")
for _name, _path, _help in (
    ("set", "venuekit.cli.limits:set_limit", "Change a limit on every desk of the store, from its next order on."),
    ("unset", "venuekit.cli.limits:unset_limit", "Take a change of a limit back."),
    ("history", "venuekit.cli.limits:history", "Who changed which limit, when and why."),
):
    app.command(_path, name=_name, help=_help)
_PAGE = 1000


@app.command
async def explain(
    *,
    agent: Annotated[bool, Parameter(negative="")] = False,
    desk: str | None = None,
    options: Options = DEFAULT,
) -> int:
    """Every limit: its value, where that comes from, which check enforces it, how often it refused.

    Args:
        agent: As an MCP server sees it: without a [risk] table, stricter defaults apply there.
        desk: Count the refusals of this desk only.
    """
    place = find(options, agent=agent)
    async with read(place) as store:
        refused: Counter[str] = Counter()
        for name in desks_of(store, desk):
            refused.update(_refusals(store, name))
    rows = explained(place.config, sources=place.loaded.sources, refused=refused)
    if options.json:
        document({"parameters": [to_plain(r) for r in rows]})
        return OK
    table(
        ("PARAMETER", "VALUE", "FROM", "ENFORCED BY", "REFUSED", "WHAT IT DOES"),
        [(r.name, r.value, r.source, r.enforced_by, r.refused_count or "-", r.doc) for r in rows],
        right=("REFUSED",),
    )
    if not place.loaded.path:
        say("\nNo configuration file was given; add --config FILE to explain another.")
    return OK


def _refusals(store: Store, desk: str) -> Counter[str]:
    """How often each check refused an order of the desk, ever."""
    counts: Counter[str] = Counter()
    before: int | None = None
    while True:
        rows = store.rows(RowQuery(desk=desk, kinds=(EntryKind.DENIED,), before_sequence=before, limit=_PAGE))
        for row in rows:
            check = ((row.body.get("error") or {}).get("details") or {}).get("check")
            if isinstance(check, str):
                counts[check] += 1
        if len(rows) < _PAGE:
            return counts
        before = rows[-1].sequence
