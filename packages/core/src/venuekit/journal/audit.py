"""Proving the chain: the first row that was altered, removed or moved is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from venuekit.journal.anchor import Anchor, AnchorFile
from venuekit.journal.record import GENESIS, digest_of
from venuekit.protocols.journal import EntryKind, Verification

_ROWS = (
    "SELECT sequence, time_ns, CAST(kind AS BLOB), CAST(desk AS BLOB), CAST(subject AS BLOB), CAST(agent_id AS BLOB), "
    "CAST(body AS BLOB), CAST(digest AS BLOB) FROM journal NOT INDEXED ORDER BY sequence"
)


def verify(connection: sqlite3.Connection, expected_head: str | None, anchors: Sequence[Anchor] = ()) -> Verification:
    """Recompute every digest; then compare approvals and control with what the journal says of them.

    `anchors` are ends of the chain as they were remembered outside the database, before this began.
    """
    ends = {anchor.rows: anchor.head for anchor in anchors}
    head, count, seen = GENESIS, 0, expected_head in (None, GENESIS)
    try:
        for sequence, digest, problem in _walk(connection):
            if problem:
                return Verification(False, count, head, problem, sequence)
            head, count = digest, count + 1
            if ends.get(count, head) != head:
                return Verification(False, count, head, f"row {count} is not the one that was recorded", count)
            seen = seen or digest == expected_head
        problem = _cut_off(max(ends, default=0), count) or _beside(connection) or _damage(connection)
    except sqlite3.DatabaseError as error:
        return Verification(False, count, head, f"the database is damaged after row {count}: {error}", count + 1)
    if problem:
        return Verification(False, count, head, problem, count + 1 if max(ends, default=0) > count else None)
    if not seen:
        return Verification(False, count, head, f"rows were cut off: none has the digest {expected_head}", count + 1)
    return Verification(True, count, head)


def verify_file(path: Path, *, expected_head: str | None = None) -> Verification:
    """`verify` for a database that may be too damaged for a store to open; changes nothing."""
    anchor = AnchorFile(path)
    anchors = [a for a in (anchor.missed(), anchor.known()) if a is not None]
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        try:
            return verify(connection, expected_head, anchors)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return Verification(False, 0, GENESIS, f"the database is damaged: {error}", 1)


def _walk(connection: sqlite3.Connection) -> Iterator[tuple[int, str, str]]:
    previous, expected = GENESIS, 1
    for sequence, time_ns, *texts, body, digest in connection.execute(_ROWS):
        if sequence != expected:
            yield expected, "", f"row {expected} is missing (next is {sequence})"
            return
        try:
            kind, desk, subject, agent_id = (t.decode() for t in texts)
            computed = digest_of(previous, (sequence, time_ns, kind, desk, subject, agent_id), body)
        except UnicodeDecodeError:
            computed = ""
        if digest != computed.encode():
            yield sequence, "", f"row {sequence} was altered, or one before it was moved"
            return
        yield sequence, computed, ""
        previous, expected = computed, expected + 1


def _cut_off(had: int, count: int) -> str:
    return f"rows were cut off: there were {had}, {count} are left" if had > count else ""


def _beside(connection: sqlite3.Connection) -> str:
    """The first approval or control record that differs from the journal's last word on it."""
    for approval_id, body in connection.execute("SELECT id, body FROM approvals ORDER BY created_ns, id"):
        said = connection.execute(
            "SELECT body FROM journal WHERE subject = ? AND kind = ? ORDER BY sequence DESC LIMIT 1",
            (approval_id, EntryKind.APPROVAL),
        ).fetchone()
        if said is None or msgspec.json.decode(said[0]) != msgspec.json.decode(body):
            return f"approval {approval_id} was altered outside the journal"
    control = connection.execute("SELECT body FROM control").fetchone()
    if control is not None:
        said = connection.execute(
            "SELECT body FROM journal WHERE kind = ? ORDER BY sequence DESC LIMIT 1", (EntryKind.CONTROL,)
        ).fetchone()
        if said is None or msgspec.json.decode(said[0]).get("control") != msgspec.json.decode(control[0]):
            return "the control record was altered outside the journal"
    return ""


def _damage(connection: sqlite3.Connection) -> str:
    (report,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if report == "ok" else f"the database is damaged: {report}"
