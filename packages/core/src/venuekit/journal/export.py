"""Rows as JSON lines, and proving a file of them without its store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from venuekit.journal.record import GENESIS, digest_of
from venuekit.model.codec import to_plain
from venuekit.model.times import iso
from venuekit.protocols.journal import Row, Verification


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


def verify_lines(lines: Iterable[str | bytes], *, expected_head: str | None = None) -> Verification:
    """Recompute the chain of an export of all rows; with `expected_head`, also that the row of this digest is there."""
    head, count, seen = GENESIS, 0, expected_head in (None, GENESIS)
    for line in lines:
        problem = ""
        try:
            row = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Verification(False, count, head, f"line {count + 1} is not a row", count + 1)
        if row.sequence != count + 1:
            problem = f"row {count + 1} is missing (next is {row.sequence})"
        elif row.time != iso(row.time_ns) or row.digest != _digest(head, row):
            problem = f"row {row.sequence} was altered, or one before it was moved"
        if problem:
            return Verification(False, count, head, problem, count + 1)
        head, count = row.digest, count + 1
        seen = seen or head == expected_head
    if not seen:
        return Verification(False, count, head, f"rows were cut off: none has the digest {expected_head}", count + 1)
    return Verification(True, count, head)


def _digest(previous: str, row: _Line) -> str:
    fields = (row.sequence, row.time_ns, row.kind, row.desk, row.subject, row.agent_id)
    return digest_of(previous, fields, msgspec.json.encode(row.body))
