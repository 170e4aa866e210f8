"""The journal on SQLite: one writer a process, commits shared by callers of one turn, readers in any process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from venuekit.errors import BudgetExceeded, JournalUnavailable
from venuekit.journal import audit_file
from venuekit.journal.anchor import AnchorFile
from venuekit.journal.budgets import claim
from venuekit.journal.chain import Chain
from venuekit.journal.file_lease import FileLeases
from venuekit.journal.migrate import migrate
from venuekit.journal.queries import says
from venuekit.journal.record import GENESIS, Draft, draft, place
from venuekit.journal.store import SqlStore
from venuekit.protocols.budget import Claim
from venuekit.protocols.journal import Entry, Holder
from venuekit.protocols.retention import Verification

T = TypeVar("T")
_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class SqliteStore(SqlStore):
    """A `Store` in one file, or in memory.

    Several processes may share a file: SQLite lets one write at a time, and each looks at the end of the chain
    again when another has written. Commits happen on the calling thread (docs/adr/0003).
    """

    #: See `venuekit.protocols.venue.is_embedded`.
    embedded = True
    _reads_text = True

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: str = "NORMAL",
        secrets: frozenset[str] = frozenset(),
        anchor: Path | None = None,
    ) -> None:
        super().__init__(secrets)
        self._group = synchronous == "FULL"
        self._waiting: list[tuple[Sequence[Draft], Sequence[Claim], asyncio.Future[Sequence[int]]]] = []
        self._closed = False
        self._anchor = None if path is None else AnchorFile.beside(path) if anchor is None else AnchorFile(anchor)
        self._leases = FileLeases(path)
        try:
            self._db = _connect(path)
            try:
                self._db.execute(f"PRAGMA synchronous = {'FULL' if self._group else 'NORMAL'}")
                migrate(self._db)
                if self._anchor is not None:
                    self._anchor.begin(lambda: self._end()[0])
                self._seen = self._data_version()
                self._sequence, self._head = self._end()
            except BaseException:
                self._db.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise JournalUnavailable(
                f"The store {path} cannot be opened: {error}.",
                fix="Check the path, its permissions and the disk; for a damaged file, run: venuekit audit verify",
            ) from error

    # -- writing

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _end(self) -> tuple[int, str]:
        last = self._db.execute("SELECT sequence, digest FROM journal ORDER BY sequence DESC LIMIT 1").fetchone()
        return last or (0, GENESIS)

    async def _transact(self, work: Callable[[Chain], T]) -> T:
        return self._transaction(lambda: work(self))

    def _transaction(self, work: Callable[[], T]) -> T:
        """Run `work` between BEGIN IMMEDIATE and COMMIT; on failure nothing of it stays.

        That another process has written shows when the next sequence number is taken: then the end of the chain
        is read again, and `work` runs once more.
        """
        try:
            try:
                return self._attempt(work)
            except sqlite3.IntegrityError:
                return self._attempt(work, refresh=True)
        except sqlite3.Error as error:
            raise JournalUnavailable(
                f"The store cannot be written: {error}.",
                fix="Nothing was sent. Free the disk or the lock, then try again.",
            ) from error

    def _attempt(self, work: Callable[[], T], *, refresh: bool = False) -> T:
        before = (self._sequence, self._head)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if refresh:
                before = self._sequence, self._head = self._end()
            result = work()
            self._db.execute("COMMIT")
            if self._anchor is not None and self._sequence != before[0]:
                self._anchor.write(self._sequence, self._head)
        except BaseException:
            self._sequence, self._head = before
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return result

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> sqlite3.Cursor:
        """Run one statement; only inside a transaction's work."""
        return self._db.execute(sql, values)

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        """Add entries at the end; only inside a transaction's work."""
        return self._put([draft(entry, self._secrets) for entry in entries])

    def _put(self, drafts: Sequence[Draft]) -> list[int]:
        rows = []
        for drafted in drafts:
            row = place(self._sequence + 1, self._head, drafted)
            rows.append(row)
            self._sequence, self._head = row[0], row[7]
        if len(rows) == 1:
            self._db.execute(_INSERT, rows[0])
        elif rows:
            self._db.executemany(_INSERT, rows)
        return [row[0] for row in rows]

    async def append(self, entries: Sequence[Entry], claims: Sequence[Claim] = ()) -> Sequence[int]:
        """Write entries, all or none. With FULL, callers of one turn of the loop share the commit."""
        drafts = [draft(entry, self._secrets) for entry in entries]  # what cannot be written is its caller's alone
        if not self._group:
            return self._transaction(lambda: self._put_claiming(drafts, claims))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[int]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((drafts, claims, future))
        return await asyncio.shield(future)

    def _put_claiming(self, drafts: Sequence[Draft], claims: Sequence[Claim]) -> list[int]:
        if claims:
            claim(self, claims)
        return self._put(drafts)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            results = self._transaction(lambda: [self._each(drafts, claims) for drafts, claims, _ in batch])
        except JournalUnavailable as error:
            results = [error] * len(batch)
        for (_, _, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
                future.exception()  # a caller that went away must not turn this into a warning
            else:
                future.set_result(result)

    def _each(self, drafts: Sequence[Draft], claims: Sequence[Claim]) -> Sequence[int] | Exception:
        """One caller's rows of a shared commit; a budget that has too little left is that caller's alone."""
        try:
            return self._put_claiming(drafts, claims)
        except BudgetExceeded as refused:
            return refused

    async def claim(self, desk: str) -> None:
        """Become the only process that runs `desk`; until this store is closed, or the process ends."""
        await self._leases.take(desk)

    # -- reading

    async def evict(self, desk: str) -> Holder | None:
        """End by force the process that runs `desk`, if it is on this machine. Raises StoreInUse."""
        return self._leases.evict(desk)

    def holder(self, desk: str) -> Holder | None:
        """Who runs `desk` now."""
        return self._leases.holder(desk)

    def changed(self) -> bool:
        """Whether another connection wrote since the last call."""
        version = self._data_version()
        if version == self._seen:
            return False
        self._seen = version
        return True

    def verify(
        self, *, expected_head: str | None = None, progress: Callable[[int], None] | None = None
    ) -> Verification:
        """Recompute the whole chain."""
        anchors = [] if self._anchor is None else self._anchor.remembered()
        return audit_file.verify(self._db, expected_head, anchors, progress)

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise JournalUnavailable(f"The store cannot be read: {error}.", fix="Run: venuekit audit verify") from error

    async def close(self) -> None:
        """Write what waits, and close."""
        if self._closed:
            return
        self._closed = True
        if self._waiting:
            self._flush()
        self._db.close()
        if self._anchor is not None:
            self._anchor.close()
        self._leases.release()


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = sqlite3.connect(
        path or ":memory:", isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=64
    )
    database.create_function("says", 3, says, deterministic=True)
    if path is not None:
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        # A checkpoint waits for the disk; with SQLite's own 1,000 pages every hundredth order would pay for one.
        database.execute("PRAGMA wal_autocheckpoint = 8000")
    return database
