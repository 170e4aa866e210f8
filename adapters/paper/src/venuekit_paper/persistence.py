"""The exchange's memory on disk: every command in a hash chain, a snapshot now and then, one process at a time."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from venuekit.adapter import StoreDamaged, Unavailable
from venuekit_paper.history import History, damaged
from venuekit_paper.locking import FileLock

GENESIS = "0" * 64
SNAPSHOT_EVERY = 2_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS commands (number INTEGER PRIMARY KEY, body TEXT, digest TEXT) STRICT;
CREATE TABLE IF NOT EXISTS snapshot (
    one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER, digest TEXT, body TEXT, body_digest TEXT
) STRICT;
"""


class CommandLog:
    """Commands and their digests; with a path, durable when `commit` returns."""

    def __init__(self, path: Path | None, *, fresh_history: History | None = None) -> None:
        self._lock = FileLock(path.with_suffix(".lock")) if path is not None else None
        self.durable = path is not None
        self._path = path
        try:
            self.history = fresh_history or History(path)
            self._db = self.history.db
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self.close()
            raise Unavailable(
                f"The paper exchange's file {path} cannot be opened: {error}.",
                fix="See that its folder exists and may be written, and that the disk has room.",
            ) from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise damaged(path, str(error)) from error
        self.number = 0
        self.digest = GENESIS
        self._pending: list[tuple[int, str, str]] = []
        self._since_snapshot = 0

    def add(self, command: list[Any], outcome: str) -> None:
        """Chain a command with what it did."""
        body = msgspec.json.encode(command).decode()
        self.number += 1
        self.digest = _digest(self.digest, body, outcome)
        if self.durable:
            self._pending.append((self.number, body, self.digest))
        self._since_snapshot += 1

    @property
    def snapshot_due(self) -> bool:
        """Whether so much has gathered that a snapshot pays."""
        return self.durable and self._since_snapshot >= SNAPSHOT_EVERY

    def commit(self, snapshot: dict[str, Any] | None = None) -> None:
        """Make everything so far durable. Raises Unavailable; the caller must then not answer that it happened."""
        if not self.durable:
            self.history.write()
            return
        if not self._pending and snapshot is None:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self.history.write()
            self._db.executemany("INSERT INTO commands VALUES (?, ?, ?)", self._pending)
            if snapshot is not None:
                body = msgspec.json.encode(snapshot).decode()
                self._db.execute(
                    "REPLACE INTO snapshot VALUES (1, ?, ?, ?, ?)",
                    (self.number, self.digest, body, _digest(self.digest, body)),
                )
                # What the snapshot holds needs no commands any more: the file does not grow while nobody trades.
                self._db.execute("DELETE FROM commands WHERE number <= ?", (self.number,))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise Unavailable(f"The paper exchange could not be written: {error}.") from error
        self.history.settle(kept=True)
        self._pending.clear()
        if snapshot is not None:
            self._since_snapshot = 0

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self.history.settle(kept=False)

    def snapshot(self) -> dict[str, Any] | None:
        """The newest snapshot; the log goes on after it. Raises StoreDamaged."""
        with self._reading():
            found = self._db.execute("SELECT number, digest, body, body_digest FROM snapshot").fetchone()
        if found is None:
            return None
        self.number, self.digest, text, digest = found
        if _digest(self.digest, text) != digest:
            raise self.damaged("its snapshot is not what was written")
        body: dict[str, Any] = msgspec.json.decode(text)
        return body

    def after_snapshot(self) -> Iterator[list[Any]]:
        """Commands after the snapshot. Each must have been carried out again before the next: its digest is compared.

        Raises:
            StoreDamaged: a command is missing, was altered, or did something else than it did then.
        """
        with self._reading():
            rows = self._db.execute(
                "SELECT number, body, digest FROM commands WHERE number > ? ORDER BY number", (self.number,)
            ).fetchall()
        for number, body, digest in rows:
            try:
                command = msgspec.json.decode(body)
            except ValueError as error:
                raise self.damaged(f"command {number} does not read") from error
            if number != self.number + 1 or not isinstance(command, list) or len(command) < 2:
                raise self.damaged(f"command {self.number + 1} is missing or was altered")
            yield command
            if (self.number, self.digest) != (number, digest):
                raise self.damaged(f"command {number} was altered")

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """For the replay: the file is changed when all of it went well, and stays as it is when anything did not."""
        with self._reading():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.history.write()
                self._db.execute("COMMIT")
            except BaseException:
                self._undo()
                self.history.discard()
                raise
        self.history.settle(kept=True)
        self._pending.clear()  # it is in the file already

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"The paper exchange's file {self._path} cannot be read: {error}.",
                fix="See that no other program is writing to it, and that the disk has room.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(str(error)) from error

    def damaged(self, what: str) -> StoreDamaged:
        """The error that says so."""
        return damaged(self._path, what)

    def close(self) -> None:
        """Close the file and give the lock back; safe to call twice."""
        history = getattr(self, "history", None)
        if history is not None:
            history.close()
        if self._lock is not None:
            self._lock.release()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
