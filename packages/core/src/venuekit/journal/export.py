"""Rows as JSON lines, and proving a file of them without its store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from venuekit.journal.record import GENESIS
from venuekit.journal.walk import BEGINNING, Walk
from venuekit.model.codec import to_plain
from venuekit.model.times import iso
from venuekit.protocols.journal import Row
from venuekit.protocols.retention import Checkpoint, Verification

#: How a header begins, in bytes and as text.
_MARK = 10
_MARKS = (b'{"journal"', '{"journal"')


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    journal: int
    cut: int
    head: str
    kept: int
    kept_head: str


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    time: str
    sequence: int
    time_ns: int
    kind: str
    desk: str
    subject: str
    agent_id: str
    body: dict[str, Any]
    digest: str


def exported(row: Row) -> dict[str, Any]:
    """A row as JSON-ready data, with its time in ISO 8601 for people."""
    return {"time": iso(row.time_ns), **to_plain(row)}


def to_line(row: Row) -> str:
    """A row as one line of JSON, with its end of line."""
    return msgspec.json.encode(exported(row)).decode() + "\n"


def header(start: Checkpoint) -> str:
    """The first line of an export that does not begin with row 1."""
    return msgspec.json.encode({"journal": 1, **to_plain(start)}).decode() + "\n"


def verify_lines(
    lines: Iterable[str | bytes],
    *,
    expected_head: str | None = None,
    visit: Callable[[int, str], str] | None = None,
) -> Verification:
    """Recompute the chain of an export, or of several that follow each other, one after another.

    With `expected_head`, also that the row of this digest is there. `visit` is given each row's number and digest,
    and says what is wrong with it, if anything.
    """
    walk, start = Walk(), BEGINNING
    seen = expected_head in (None, GENESIS)

    def result(problem: str, sequence: int | None = None) -> Verification:
        return Verification(not problem, walk.sequence, walk.head, problem, sequence, start.cut, start.kept)

    for number, line in enumerate(lines, 1):
        try:
            if line[:_MARK] in _MARKS:
                found = msgspec.json.decode(line, type=_Header)
                if number > 1 and (found.cut, found.head) != (walk.sequence, walk.head):
                    return result(f"line {number} does not go on from row {walk.sequence}", walk.sequence + 1)
                if problem := walk.begin():
                    return result(problem)
                part = Checkpoint(cut=found.cut, head=found.head, kept=found.kept, kept_head=found.kept_head)
                start, walk = (part if number == 1 else start), Walk(part)
                continue
            row = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return result(f"line {number} is not a row", walk.sequence + 1)
        fields = (row.sequence, row.time_ns, row.kind, row.desk, row.subject, row.agent_id)
        problem = walk.take(fields, msgspec.json.encode(row.body), row.digest)
        if not problem and row.time != iso(row.time_ns):
            return result(f"row {row.sequence} was altered, or one before it was moved", row.sequence)
        problem = problem or (visit(row.sequence, row.digest) if visit is not None else "")
        if problem:
            return result(problem, walk.at)
        seen = seen or walk.head == expected_head
    if problem := walk.begin():
        return result(problem)
    if not seen:
        return result(f"rows were cut off: none has the digest {expected_head}", walk.sequence + 1)
    return result("")
