"""Proving a journal on SQLite, also one in a file that is too damaged for a store to open."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from venuekit.errors import JournalUnavailable
from venuekit.journal import audit
from venuekit.journal.anchor import Anchor, AnchorFile
from venuekit.protocols.retention import Verification

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


def verify(
    connection: sqlite3.Connection,
    expected_head: str | None,
    anchors: Sequence[Anchor] = (),
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """`audit.verify` in one transaction, so that what another process writes meanwhile is seen whole or not at all.

    Raises:
        JournalUnavailable: the database cannot be read, which says nothing of what is in it.
    """
    connection.execute("BEGIN")
    try:
        return audit.verify(_SqliteEvidence(connection), expected_head, anchors, progress)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def verify_file(
    path: Path,
    *,
    expected_head: str | None = None,
    progress: Callable[[int], None] | None = None,
    anchor: Path | None = None,
) -> Verification:
    """`verify` for a database that may be too damaged for a store to open; it is opened for reading only.

    Raises:
        JournalUnavailable: the file cannot be read, which says nothing of what is in it.
    """
    kept = AnchorFile.beside(path) if anchor is None else AnchorFile(anchor)
    try:
        anchors = kept.remembered()
        connection = sqlite3.connect(_address(path), uri=True, isolation_level=None, timeout=5.0)
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(error) from error
    try:
        return verify(connection, expected_head, anchors, progress)
    finally:
        connection.close()


def _address(path: Path) -> str:
    """For reading only; where nothing can be written beside it, as a file that nobody changes."""
    log = path.with_name(f"{path.name}-wal")
    kept = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    return f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if kept else ''}"


class _SqliteEvidence:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def chain(self) -> Iterator[audit.Raw]:
        return self._look(_ROWS)

    def beside(self, sql: str) -> Iterable[Sequence[Any]]:
        return self._look(sql)

    def has(self, table: str) -> bool:
        ((count,),) = self._look(f"SELECT count(*) FROM sqlite_master WHERE name = '{table}'")  # noqa: S608 - a constant
        return bool(count)

    def damage(self) -> str:
        ((report,),) = self._look("PRAGMA quick_check(1)")
        return "" if report == "ok" else f"the database is damaged: {report}"

    def _look(self, sql: str) -> Iterator[Any]:
        try:
            yield from self._db.execute(sql)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in _CANNOT_LOOK:
                raise _unreadable(error) from error
            raise audit.Damaged(str(error)) from error


def _unreadable(error: Exception) -> JournalUnavailable:
    return JournalUnavailable(
        f"The store cannot be read: {error}.", fix="Check the path, its permissions, and who holds the file."
    )
