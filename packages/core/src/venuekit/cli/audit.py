"""`venuekit audit`: reading, proving and exporting the journal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from venuekit.cli.amounts import count
from venuekit.cli.anchor import read_anchor, write_anchor
from venuekit.cli.exits import FAILED, OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, moment, note, say, table
from venuekit.cli.place import find, proved, read
from venuekit.errors import ConfigError, InvalidValue
from venuekit.journal.export import exported, to_line, verify_lines
from venuekit.journal.story import approval_in, told
from venuekit.model.codec import to_plain
from venuekit.model.times import parse_iso
from venuekit.protocols.journal import EntryKind, Row, RowQuery, Store, Verification

app = App(name="audit", help="The journal: tail, search, stats, verify, export.")
_KINDS = [k.value for k in EntryKind]
_PAGE = 1000
_WIDE = 200


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
        case EntryKind.APPROVAL:
            return f"{b.get('state')} {told(approval_in(row))}"
        case EntryKind.CALL:
            detail = f": {b['detail']}" if b.get("detail") else ""
            return f"{b.get('outcome')} {_pairs(b.get('arguments') or {})}{detail}"[:_WIDE]
        case EntryKind.SNAPSHOT:
            return f"{len(b.get('orders', ()))} live orders"
        case _:
            return _pairs({k: v for k, v in b.items() if k not in ("control", "breaker")})[:_WIDE]


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


@app.command
async def verify(
    *,
    expected_head: str | None = None,
    anchor: Path | None = None,
    file: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Recompute the whole chain; the first row that was altered, removed or moved is named.

    Rows cut off at the end leave a chain that is whole: keep the head it prints somewhere else, and give it back.

    Args:
        expected_head: A head that an earlier verify printed; its row must still be there.
        anchor: A file that keeps the head from one verify to the next.
        file: A file that `venuekit audit export` wrote, instead of the store.
    """
    place = find(options)
    if file is not None:
        return _verdict(_verified_export(file, expected_head), options)
    if not place.exists:
        problem = f"there is no store at {place.shown}; nothing was recorded yet"
        if options.json:
            document({"ok": False, "rows": 0, "head": None, "problem": problem, "sequence": None})
        else:
            note(f"T{problem[1:]}.")
        return FAILED
    known = None if anchor is None else read_anchor(anchor)
    heads = {expected_head, known.head if known else expected_head}
    results = [await proved(place, head) for head in heads]
    result = next((r for r in results if not r.ok), results[0])
    if result.ok and anchor is not None:
        write_anchor(anchor, result)
    return _verdict(result, options)


def _verified_export(file: Path, expected_head: str | None) -> Verification:
    try:
        with file.open("rb") as lines:
            return verify_lines(lines, expected_head=expected_head)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}.",
            fix="Name a file that venuekit audit export wrote.",
            field="file",
        ) from error


def _verdict(result: Verification, options: Options) -> int:
    if options.json:
        document(result)
    elif result.ok:
        say(f"The chain is whole: {result.rows} rows.\nhead {result.head}")
    else:
        say(f"The chain is BROKEN: {result.problem}.")
        note("Keep the file as it is, and compare it with a backup or an export.")
    return OK if result.ok else FAILED


@app.command
async def export(file: Path | None = None, /, *, desk: str | None = None, options: Options = DEFAULT) -> int:
    """Every row as one JSON object a line, oldest first, with its digest.

    Args:
        file: Where to; otherwise standard output. A file that is there is not replaced.
        desk: Only this desk.
    """
    async with read(find(options)) as store:
        rows = _all(store, desk)
        if file is None:
            if options.json:
                document({"rows": [exported(r) for r in rows]})
            else:
                for row in rows:
                    sys.stdout.write(to_line(row))
            return OK
        written = _write(file, rows)
    if options.json:
        document({"file": str(file), "rows": written})
    else:
        say(f"{written} rows written to {file}.")
    return OK


def _all(store: Store, desk: str | None) -> Iterator[Row]:
    after = 0
    while True:
        rows = store.rows(RowQuery(desk=desk, after_sequence=after, newest_first=False, limit=_PAGE))
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1].sequence


def _write(file: Path, rows: Iterator[Row]) -> int:
    written = 0
    try:
        with open(file, "x", encoding="utf-8", opener=_for_the_owner) as out:
            for row in rows:
                out.write(to_line(row))
                written += 1
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}.", fix="Name a file that does not exist yet.", field="file"
        ) from error
    return written


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
