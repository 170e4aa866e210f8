"""`venuekit audit`: reading, proving and exporting the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter

from venuekit.cli.amounts import count
from venuekit.cli.exits import OK
from venuekit.cli.export import export
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, note, table
from venuekit.cli.place import find, read
from venuekit.cli.prune import prune
from venuekit.cli.verify import verify
from venuekit.errors import InvalidValue
from venuekit.journal.export import exported
from venuekit.journal.story import approval_in, told
from venuekit.model.codec import to_plain
from venuekit.model.times import parse_iso
from venuekit.protocols.journal import EntryKind, Row, RowQuery

app = App(name="audit", help="The journal: tail, search, stats, verify, export, prune.")
for _command in (verify, export, prune):
    app.command(_command)
_KINDS = [k.value for k in EntryKind]
_WIDE = 200
#: What stands in a row whole, for the proof; the rest of the row says what it comes to.
_RECORDS = ("control", "breaker", "limit", "checkpoint", "counts", "export")


@app.command
async def tail(
    *,
    number: Annotated[int, Parameter(alias="-n")] = 20,
    kind: Annotated[list[str] | None, Parameter(negative="")] = None,
    desk: str | None = None,
    options: Options = DEFAULT,
) -> int:
    """The newest rows, oldest of them first.

    Args:
        number: How many rows.
        kind: Only rows of this kind; may be given again.
        desk: Only this desk.
    """
    query = RowQuery(kinds=_kinds(kind), desk=desk, limit=count(number, "number"))
    return await _listed(query, options, "Nothing is recorded yet. See it at work: venuekit demo")


@app.command
async def search(
    text: str = "",
    /,
    *,
    kind: Annotated[list[str] | None, Parameter(negative="")] = None,
    agent: str | None = None,
    tool: str | None = None,
    subject: str | None = None,
    desk: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 100,
    options: Options = DEFAULT,
) -> int:
    """Rows that match everything given.

    Args:
        text: Looked for in subject and body, in any case.
        kind: Only rows of this kind; may be given again.
        agent: Only of this agent.
        tool: Only calls of this tool.
        subject: Only about this order, approval or tool.
        desk: Only this desk.
        since: From this time on (ISO 8601 with zone).
        until: Before this time.
        limit: The newest so many.
    """
    if tool is not None:
        kind, subject = [EntryKind.CALL.value], tool
    query = RowQuery(
        text=text or None,
        kinds=_kinds(kind),
        agent_id=agent,
        subject=subject,
        desk=desk,
        start_ns=None if since is None else parse_iso(since, field="since"),
        end_ns=None if until is None else parse_iso(until, field="until"),
        limit=count(limit, "limit"),
    )
    return await _listed(query, options, "No row matches.")


def _kinds(words: list[str] | None) -> tuple[EntryKind, ...]:
    for word in words or []:
        if word not in _KINDS:
            raise InvalidValue(
                f"kind {word[:20]!r} is none of {', '.join(_KINDS)}.", field="kind", details={"accepted": _KINDS}
            )
    return tuple(EntryKind(word) for word in words or [])


async def _listed(query: RowQuery, options: Options, empty: str) -> int:
    async with read(find(options)) as store:
        rows = list(store.rows(query))[::-1]
    if options.json:
        document({"rows": [exported(r) for r in rows]})
    elif not rows:
        note(empty)
    else:
        table(
            ("ROW", "TIME", "KIND", "AGENT", "SUBJECT", "WHAT"),
            [(r.sequence, moment(r.time_ns), r.kind.value, r.agent_id or "-", r.subject or "-", what(r)) for r in rows],
            right=("ROW",),
        )
    return OK


def what(row: Row) -> str:
    """The row in a few words."""
    b = row.body
    match row.kind:
        case EntryKind.INTENT | EntryKind.ORDER:
            size = b.get("size") or b.get("quote_size") or "-"
            at = f" at {b['price']}" if b.get("price") else ""
            return f"{b.get('status')} {b.get('side')} {size} {b.get('instrument')} {b.get('type')}{at}"
        case EntryKind.FILL:
            return f"{b.get('side')} {b.get('size')} {b.get('instrument')} at {b.get('price')}"
        case EntryKind.DENIED:
            error = b.get("error") or {}
            return f"{error.get('code')}: {error.get('message')}"
        case EntryKind.ACTION:
            came = b.get("status_reason") or (_pairs(b.get("result") or {}) if b.get("status") == "DONE" else "")
            return f"{b.get('status')} {b.get('tool')}: {b.get('summary')}" + (f"; {came}" if came else "")
        case EntryKind.APPROVAL:
            return f"{b.get('state')} {told(approval_in(row))}"
        case EntryKind.CALL:
            detail = f": {b['detail']}" if b.get("detail") else ""
            return f"{b.get('outcome')} {_pairs(b.get('arguments') or {})}{detail}"[:_WIDE]
        case EntryKind.SNAPSHOT:
            return f"{len(b.get('orders', ()))} live orders"
        case _:
            return _pairs({k: v for k, v in b.items() if k not in _RECORDS})[:_WIDE]


def _pairs(body: Mapping[str, Any]) -> str:
    return " ".join(f"{k}={v}" for k, v in body.items() if v not in (None, ""))


@app.command
async def stats(*, since: str | None = None, until: str | None = None, options: Options = DEFAULT) -> int:
    """Rows a UTC day, by kind and agent.

    Args:
        since: From this time on (ISO 8601 with zone).
        until: Before this time.
    """
    start = None if since is None else parse_iso(since, field="since")
    end = None if until is None else parse_iso(until, field="until")
    async with read(find(options)) as store:
        counts = store.stats(start_ns=start, end_ns=end)
    if options.json:
        document({"days": [to_plain(c) for c in counts]})
    elif not counts:
        note("Nothing is recorded there.")
    else:
        rows = [(c.day, c.kind, c.agent_id or "-", c.count) for c in counts]
        table(("DAY", "KIND", "AGENT", "ROWS"), rows, right=("ROWS",))
    return OK
