"""Proving the chain: the first row that was altered, removed or moved is named."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from venuekit.errors import JournalUnavailable
from venuekit.journal.anchor import Anchor, AnchorFile
from venuekit.journal.record import GENESIS, digest_of
from venuekit.protocols.journal import EntryKind, Verification

_ROWS = (
    "SELECT sequence, time_ns, CAST(kind AS BLOB), CAST(desk AS BLOB), CAST(subject AS BLOB), CAST(agent_id AS BLOB), "
    "CAST(body AS BLOB), CAST(digest AS BLOB) FROM journal NOT INDEXED ORDER BY sequence"
)
#: What SQLite says when it cannot look, as opposed to what it says of what it saw.
_CANNOT_LOOK = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
_NOTHING = object()
_decode = msgspec.json.decode


def verify(connection: sqlite3.Connection, expected_head: str | None, anchors: Sequence[Anchor] = ()) -> Verification:
    """Recompute every digest; then compare what stands beside the journal with what the journal says of it.

    `anchors` are ends of the chain as they were remembered outside the database, before this began. All is read
    in one transaction, so that what another process writes meanwhile is seen whole or not at all.

    Raises:
        JournalUnavailable: the database cannot be read, which says nothing of what is in it.
    """
    connection.execute("BEGIN")
    try:
        return _verified(connection, expected_head, {anchor.rows: anchor.head for anchor in anchors})
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def verify_file(path: Path, *, expected_head: str | None = None) -> Verification:
    """`verify` for a database that may be too damaged for a store to open; it is opened for reading only.

    Raises:
        JournalUnavailable: the file cannot be read, which says nothing of what is in it.
    """
    anchor = AnchorFile(path)
    try:
        anchors = [a for a in (anchor.missed(), anchor.known()) if a is not None]
        connection = sqlite3.connect(_address(path), uri=True, isolation_level=None, timeout=5.0)
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(error) from error
    try:
        return verify(connection, expected_head, anchors)
    finally:
        connection.close()


def _address(path: Path) -> str:
    """For reading only; where nothing can be written beside it, as a file that nobody changes."""
    log = path.with_name(f"{path.name}-wal")
    kept = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    return f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if kept else ''}"


def _verified(connection: sqlite3.Connection, expected_head: str | None, ends: Mapping[int, str]) -> Verification:
    head, count, seen = GENESIS, 0, expected_head in (None, GENESIS)
    said = _Said()
    try:
        for sequence, digest, problem in _walk(connection, said):
            if problem:
                return Verification(False, count, head, problem, sequence)
            head, count = digest, count + 1
            if ends.get(count, head) != head:
                return Verification(False, count, head, f"row {count} is not the one that was recorded", count)
            seen = seen or digest == expected_head
        problem = _cut_off(max(ends, default=0), count) or said.compare(connection) or _damage(connection)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in _CANNOT_LOOK:
            raise _unreadable(error) from error
        return Verification(False, count, head, f"the database is damaged after row {count}: {error}", count + 1)
    if problem:
        return Verification(False, count, head, problem, count + 1 if max(ends, default=0) > count else None)
    if not seen:
        return Verification(False, count, head, f"rows were cut off: none has the digest {expected_head}", count + 1)
    return Verification(True, count, head)


def _walk(connection: sqlite3.Connection, said: _Said) -> Iterator[tuple[int, str, str]]:
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
        said.hear(kind, desk, subject, body)
        yield sequence, computed, ""
        previous, expected = computed, expected + 1


class _Said:
    """The journal's last word on each approval, on the trading state and on each breaker."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Any] = {}

    def hear(self, kind: str, desk: str, subject: str, body: bytes) -> None:
        """Take in a row whose digest is right."""
        if kind == EntryKind.APPROVAL:
            self._last["approval", subject] = _decode(body)
        elif kind == EntryKind.CONTROL:
            said = _decode(body)
            if "control" in said:
                self._last["control"] = said["control"]
            if "breaker" in said:
                self._last["breaker", desk, subject] = said["breaker"]

    def compare(self, connection: sqlite3.Connection) -> str:
        """The first record beside the journal that is not what the journal says of it."""
        found: dict[Hashable, Any] = {}
        for name, body in connection.execute("SELECT id, body FROM approvals ORDER BY created_ns, id"):
            found["approval", name] = _decoded(body)
        for (body,) in connection.execute("SELECT body FROM control"):
            found["control"] = _decoded(body)
        for desk, name, body in connection.execute("SELECT desk, name, body FROM breakers ORDER BY desk, name"):
            found["breaker", desk, name] = _decoded(body)
        for key in [*found, *self._last]:
            if found.get(key, _NOTHING) != self._last.get(key, _NOTHING):
                what = "the control record" if key == "control" else " ".join(key)  # type: ignore[arg-type]
                return f"{what} was altered outside the journal"
        return ""


def _decoded(body: str) -> Any:
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return None


def _cut_off(had: int, count: int) -> str:
    return f"rows were cut off: there were {had}, {count} are left" if had > count else ""


def _damage(connection: sqlite3.Connection) -> str:
    (report,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if report == "ok" else f"the database is damaged: {report}"


def _unreadable(error: Exception) -> JournalUnavailable:
    return JournalUnavailable(
        f"The store cannot be read: {error}.", fix="Check the path, its permissions, and who holds the file."
    )
