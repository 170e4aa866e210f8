"""The journal on SQLite: one writer a process, commits shared by callers of one turn, readers in any process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
import msgspec

from venuekit.errors import JournalUnavailable
from venuekit.journal import audit
from venuekit.journal.anchor import AnchorFile
from venuekit.journal.migrate import migrate
from venuekit.journal.queries import FIELDS, RARE, day_counts, says, where
from venuekit.journal.record import GENESIS, encode_body, seal, to_row
from venuekit.model.codec import from_record, to_plain
from venuekit.model.identity import ApprovalId
from venuekit.protocols.journal import (
    Approval,
    ApprovalState,
    BreakerRecord,
    Control,
    DayCount,
    Entry,
    EntryKind,
    Row,
    RowQuery,
    Verification,
)
from venuekit.watch.redact import redact

T = TypeVar("T")
_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BATCH = 1000


class SqliteStore:
    """A `Store` in one file, or in memory.

    Several processes may share a file: SQLite lets one write at a time, and each looks at the end of the chain
    again when another has written. Commits happen on the calling thread (docs/adr/0003).
    """

    def __init__(
        self, path: Path | None, *, synchronous: str = "NORMAL", secrets: frozenset[str] = frozenset()
    ) -> None:
        self._secrets = secrets
        self._group = synchronous == "FULL"
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[Sequence[int]]]] = []
        self._closed = False
        self._anchor = None if path is None else AnchorFile(path)
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

    def _insert(self, entries: Sequence[Entry]) -> list[int]:
        rows = []
        for entry in entries:
            row = seal(self._sequence + 1, self._head, entry, self._secrets)
            rows.append(row)
            self._sequence, self._head = row[0], row[7]
        if len(rows) == 1:
            self._db.execute(_INSERT, rows[0])
        else:
            self._db.executemany(_INSERT, rows)
        return [row[0] for row in rows]

    async def append(self, entries: Sequence[Entry]) -> Sequence[int]:
        """Write entries, all or none. With FULL, callers of one turn of the loop share the commit."""
        if not self._group:
            return self._transaction(lambda: self._insert(entries))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[int]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((entries, future))
        return await asyncio.shield(future)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            numbers = self._transaction(lambda: [self._insert(entries) for entries, _ in batch])
        except JournalUnavailable as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # a caller that went away must not turn this into a warning
            return
        for (_, future), written in zip(batch, numbers, strict=True):
            if not future.done():
                future.set_result(written)

    # -- reading

    def changed(self) -> bool:
        """Whether another connection wrote since the last call."""
        version = self._data_version()
        if version == self._seen:
            return False
        self._seen = version
        return True

    def rows(self, query: RowQuery) -> Sequence[Row]:
        """Rows that match, in the order asked for."""
        clause, values = where(query)
        order = "DESC" if query.newest_first else "ASC"
        sql = f"SELECT {FIELDS} FROM journal {clause} ORDER BY sequence {order} LIMIT ?"  # noqa: S608 - constants
        return [_readable(to_row, r) for r in self._read(sql, (*values, query.limit))]

    def replay(self, desk: str, after_sequence: int = 0) -> Iterator[Row]:
        """All rows of a desk, oldest first."""
        while True:
            query = RowQuery(desk=desk, after_sequence=after_sequence, newest_first=False, limit=_BATCH)
            rows = self.rows(query)
            yield from rows
            if len(rows) < _BATCH:
                return
            after_sequence = rows[-1].sequence

    def latest(self, desk: str, kind: EntryKind) -> Row | None:
        """The newest row of a kind."""
        rows = self.rows(RowQuery(desk=desk, kinds=(kind,), limit=1))
        return rows[0] if rows else None

    def verify(self, *, expected_head: str | None = None) -> Verification:
        """Recompute the whole chain."""
        anchors = [] if self._anchor is None else [self._anchor.missed(), self._anchor.known()]
        return audit.verify(self._db, expected_head, [a for a in anchors if a is not None])

    def stats(self, *, start_ns: int | None = None, end_ns: int | None = None) -> Sequence[DayCount]:
        """Rows a day, by kind and agent."""
        return day_counts(self._db, start_ns, end_ns)

    def desks(self) -> Sequence[str]:
        """Every desk that was ever opened here."""
        sql = f"SELECT DISTINCT desk FROM journal WHERE {RARE} AND desk <> '' ORDER BY desk"  # noqa: S608 - constants
        return [desk for (desk,) in self._read(sql, ())]

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise JournalUnavailable(f"The store cannot be read: {error}.", fix="Run: venuekit audit verify") from error

    # -- what is decided by compare-and-set

    def control(self) -> Control:
        """The control record."""
        found = self._read("SELECT body FROM control", ())
        return _record(found[0][0], Control) if found else Control()

    async def set_control(self, control: Control, entry: Entry) -> Control:
        """Replace the control record and record why, in one commit."""

        def work() -> Control:
            found = self._db.execute("SELECT revision FROM control").fetchone()
            new = attrs.evolve(control, revision=(found[0] if found else 0) + 1)
            body = redact(to_plain(new), also=self._secrets)  # as in the row, with which it is compared later
            self._db.execute("REPLACE INTO control VALUES (1, ?, ?)", (new.revision, _text(body)))
            self._insert([attrs.evolve(entry, body={**entry.body, "control": body})])
            return from_record(body, Control)

        return self._transaction(work)

    def breakers(self, desk: str) -> Sequence[BreakerRecord]:
        """The desk's breakers as remembered."""
        found = self._read("SELECT body FROM breakers WHERE desk = ? ORDER BY name", (desk,))
        return [_record(body, BreakerRecord) for (body,) in found]

    async def set_breaker(self, desk: str, breaker: BreakerRecord, entry: Entry) -> None:
        """Remember a breaker and record why, in one commit."""

        def work() -> None:
            body = redact(to_plain(breaker), also=self._secrets)
            self._db.execute("REPLACE INTO breakers VALUES (?, ?, ?)", (desk, breaker.name, _text(body)))
            self._insert([attrs.evolve(entry, desk=desk, subject=breaker.name, body={**entry.body, "breaker": body})])

        self._transaction(work)

    async def add_approval(self, approval: Approval, entries: Sequence[Entry]) -> None:
        """Store a new approval with its journal rows in one commit."""

        def work() -> None:
            body = encode_body(approval, self._secrets)
            self._db.execute(
                "INSERT INTO approvals VALUES (?, ?, ?, ?, ?)",
                (approval.id, approval.desk, str(approval.state), approval.created_ns, body),
            )
            self._insert([_approval_entry(approval, approval.created_ns), *entries])

        self._transaction(work)

    def approval(self, approval_id: ApprovalId) -> Approval | None:
        """One approval."""
        found = self._read("SELECT body FROM approvals WHERE id = ?", (approval_id,))
        return _record(found[0][0], Approval) if found else None

    def approvals(
        self, *, desk: str | None = None, states: Sequence[ApprovalState] = (), limit: int = 100
    ) -> Sequence[Approval]:
        """Approvals, newest first."""
        marks = ", ".join("?" * len(states))
        conditions = [c for c, wanted in (("desk = ?", desk), (f"state IN ({marks})", states)) if wanted]
        clause = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT body FROM approvals {clause} ORDER BY created_ns DESC, id LIMIT ?"  # noqa: S608 - constants
        found = self._read(sql, (*([desk] if desk else []), *(str(s) for s in states), limit))
        return [_record(body, Approval) for (body,) in found]

    async def move_approval(
        self, approval_id: ApprovalId, *, before: ApprovalState, after: Approval, entries: Sequence[Entry]
    ) -> bool:
        """Replace an approval if it is still in `before`; False, and nothing written, when it is not."""

        def work() -> bool:
            moved = self._db.execute(
                "UPDATE approvals SET state = ?, body = ? WHERE id = ? AND state = ?",
                (str(after.state), encode_body(after, self._secrets), approval_id, str(before)),
            )
            if moved.rowcount != 1:
                return False
            now_ns = max([after.decided_ns or after.created_ns, *(e.time_ns for e in entries)])
            self._insert([_approval_entry(after, now_ns), *entries])
            return True

        return self._transaction(work)

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
    return database


def _readable(read: Callable[[Any], T], stored: Any) -> T:
    try:
        return read(stored)
    except ValueError as error:  # no JSON, or a kind of row that there is not
        raise JournalUnavailable(f"The store cannot be read: {error}.", fix="Run: venuekit audit verify") from error


def _record(text: str, kind: type[T]) -> T:
    return from_record(_readable(msgspec.json.decode, text), kind)


def _text(body: Any) -> str:
    return msgspec.json.encode(body).decode()


def _approval_entry(approval: Approval, time_ns: int) -> Entry:
    return Entry(
        kind=EntryKind.APPROVAL,
        desk=approval.desk,
        subject=approval.id,
        agent_id=approval.agent_id,
        body=approval,
        time_ns=time_ns,
    )
