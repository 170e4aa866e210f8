"""`venuekit audit export`: rows as JSON lines with their digests, which prove themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, say
from venuekit.cli.place import find, read
from venuekit.cli.progress import progress
from venuekit.errors import ConfigError
from venuekit.journal.export import exported, header, to_line, verify_lines
from venuekit.journal.export_file import read as read_export
from venuekit.journal.export_file import write
from venuekit.journal.rows import every, start_of
from venuekit.model.times import parse_iso
from venuekit.protocols.journal import Row, RowQuery, Store

_EVERY = 10_000


async def export(
    file: Path | None = None,
    /,
    *,
    desk: str | None = None,
    since: str | None = None,
    until: str | None = None,
    resume: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Every row as one JSON object a line, oldest first, with its digest.

    Args:
        file: Where to; otherwise standard output. A file that is there is not replaced. Compressed if named .gz.
        desk: Only this desk; such an export cannot be proved by itself.
        since: From the first row of this time on (ISO 8601 with zone).
        until: Before the first row of this time.
        resume: Go on with a file that an export which was broken off left behind.
    """
    if resume and (file is None or file.suffix == ".gz" or desk):
        raise ConfigError("--resume goes on with a FILE of all desks that is not compressed.", field="resume")
    async with read(find(options)) as store:
        first, last = _range(store, since, until)
        if file is None:
            rows = every(store, RowQuery(desk=desk, after_sequence=first - 1, before_sequence=last))
            if options.json:
                document({"rows": [exported(r) for r in rows]})
            else:
                sys.stdout.writelines([] if desk else heading(store, first))
                sys.stdout.writelines(lines_of(rows, None))
            return OK
        had, kept_bytes = _kept(file, first) if resume else (first - 1, None)
        rows = every(store, RowQuery(desk=desk, after_sequence=had, before_sequence=last))
        before = [] if desk or resume else heading(store, first)
        with progress("written", quiet=options.json) as told:
            written = write(file, chain(before, lines_of(rows, told)), resume_at=kept_bytes) - len(before)
    if options.json:
        document({"file": str(file), "rows": written})
    else:
        say(f"{written} rows written to {file}.")
    return OK


def heading(store: Store, first: int) -> list[str]:
    """The line before row `first`, without which it is not proved by itself; none before row 1."""
    start = start_of(store, first)
    return [header(start)] if start.cut else []


def lines_of(rows: Iterator[Row], told: Callable[[int], None] | None) -> Iterator[str]:
    """The rows as lines; `told` is called now and then with how many they were."""
    for number, row in enumerate(rows, 1):
        if told is not None and number % _EVERY == 0:
            told(number)
        yield to_line(row)


def _range(store: Store, since: str | None, until: str | None) -> tuple[int, int | None]:
    """The first row's number, and the first that is not wanted any more: rows in between are without a gap."""
    first, last = 1, None
    if since is not None:
        found = store.rows(RowQuery(start_ns=parse_iso(since, field="since"), newest_first=False, limit=1))
        newest = store.rows(RowQuery(limit=1))
        first = found[0].sequence if found else (newest[0].sequence + 1 if newest else 1)
        checkpoint = store.checkpoint()
        if checkpoint is not None and first <= checkpoint.cut:
            first = 1  # what was left before a cut is proved as a whole
    if until is not None:
        found = store.rows(
            RowQuery(start_ns=parse_iso(until, field="until"), after_sequence=first, newest_first=False, limit=1)
        )
        last = found[0].sequence if found else None
    return first, last


def _kept(file: Path, first: int) -> tuple[int, int]:
    """The last row that a broken-off file has whole, and how many bytes it has up to there."""
    whole = 0

    def lines() -> Iterator[bytes]:
        nonlocal whole
        for line in read_export(file):
            if not line.endswith(b"\n"):
                return
            yield line
            whole += len(line)

    result = verify_lines(lines())
    if not result.ok:
        raise ConfigError(f"{file} cannot be gone on with: {result.problem}.", field="file")
    return max(result.rows, first - 1), whole
