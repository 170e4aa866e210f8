"""The journal on PostgreSQL: several desks in several processes, on one machine or many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from venuekit.errors import JournalUnavailable
from venuekit.journal import audit
from venuekit.journal.anchor import Anchor, AnchorFile
from venuekit.journal.chain import Chain
from venuekit.journal.lease import end_process, in_use
from venuekit.journal.postgres_chain import PostgresChain, channel
from venuekit.journal.postgres_connect import Address, driver, prepare
from venuekit.journal.postgres_lease import HOLDER, lock_number, named
from venuekit.journal.postgres_writer import Writer
from venuekit.journal.queries import FIELDS, found_in
from venuekit.journal.record import draft
from venuekit.journal.store import SqlStore
from venuekit.protocols.budget import Claim
from venuekit.protocols.journal import DayCount, Entry, Holder, Row, RowQuery
from venuekit.protocols.retention import Verification
from venuekit.settings.address import shown

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
_PAGE = 1000


class PostgresStore(SqlStore):
    """A `Store` in a schema of a PostgreSQL database.

    One thread writes, on a connection of its own; whatever waits there shares a commit. Questions are asked on
    another connection, which also hears what other processes change beside the journal, so that `changed` asks
    the server nothing. When a connection is lost, calls raise `JournalUnavailable` until there is a new one.
    """

    _reads_text = False

    def __init__(
        self,
        url: str,
        *,
        synchronous: str = "NORMAL",
        secrets: frozenset[str] = frozenset(),
        anchor: Path | None = None,
    ) -> None:
        super().__init__(secrets)
        self._address = Address(url, durable=synchronous == "FULL")
        self._error = driver().Error
        self._changed = False
        self._mending: Future[None] | None = None
        self._closed = False
        self._anchor = None if anchor is None else AnchorFile(anchor)
        self._chain = PostgresChain(self._address, self._secrets, self._anchor)
        try:
            self._reader: psycopg.Connection[Any] | None = self._listening()
        except self._error as error:
            raise JournalUnavailable(
                f"The store {shown(url)} cannot be opened: {self._address.told(error)}.",
                fix="Check the address, the password, and that the database runs and can be reached.",
            ) from None
        self._begin_anchor()
        self._writer = Writer(self._chain)

    def _begin_anchor(self) -> None:
        if self._anchor is None:
            return
        last = "SELECT coalesce(max(sequence), 0) FROM journal"
        try:
            self._anchor.begin(lambda: int(self._read(last, ())[0][0]))
        except OSError as error:
            if self._reader is not None:
                self._reader.close()
            raise JournalUnavailable(
                f"The anchor {self._anchor.path} cannot be written: {error.strerror}.",
                fix="Check [audit] anchor and its permissions.",
            ) from error

    # -- writing

    async def append(self, entries: Sequence[Entry], claims: Sequence[Claim] = ()) -> Sequence[int]:
        """Write entries, all or none. Whatever waits while a commit is under way shares the next."""
        drafts = [draft(entry, self._secrets) for entry in entries]  # what cannot be written is its caller's alone
        return await _outcome(self._writer.append(drafts, claims))

    async def _transact(self, work: Callable[[Chain], T]) -> T:
        return await _outcome(self._writer.do(lambda: self._chain.transact(work)))

    async def claim(self, desk: str) -> None:
        """Become the only process that runs `desk`; until this store is closed, or the process ends."""
        await _outcome(self._writer.do(lambda: self._chain.claim(desk)))

    def holder(self, desk: str) -> Holder | None:
        """Who runs `desk` now."""
        found = self._read(HOLDER, (lock_number(self._number, desk),))
        return named(found[0]) if found else None

    async def evict(self, desk: str) -> Holder | None:
        """End by force the process that runs `desk`, where it is on this machine, and its session in any case."""
        found = self._read(HOLDER, (lock_number(self._number, desk),))
        if not found:
            return None
        if found[0][0] == self._chain.session:
            raise in_use(desk, named(found[0]), hangs="close it here")
        end_process(found[0][1] or "")
        self._read("SELECT pg_terminate_backend(?)", (found[0][0],))
        return named(found[0])

    # -- hearing

    def changed(self) -> bool:
        """Whether another connection changed something beside the journal since the last call."""
        reader = self._reading()
        try:
            reader.pgconn.consume_input()
            reader.pgconn.consume_input()  # a server that goes says goodbye first: its silence comes after that
            while heard := reader.pgconn.notifies():
                self._hear(heard.be_pid)
        except self._error as error:
            raise self._lost(error) from None
        changed, self._changed = self._changed, False
        return changed

    def _hear(self, session: int) -> None:
        if session != self._chain.session:
            self._changed = True

    def _listening(self) -> psycopg.Connection[Any]:
        db = self._address.connect()
        try:
            self._number = prepare(db, durable=False)
            db.add_notify_handler(lambda heard: self._hear(heard.pid))
            db.execute(f"LISTEN {channel(self._number)}".encode())
        except BaseException:
            db.close()
            raise
        return db

    # -- reading

    def rows(self, query: RowQuery) -> Sequence[Row]:
        """Rows that match, in the order asked for."""
        if not query.text:
            return super().rows(query)
        with self._unhurried():
            return self._matching(query, query.text.lower())

    def _matching(self, query: RowQuery, text: str) -> list[Row]:
        found: list[Row] = []
        page = query
        while True:  # the server finds what may have the text in it, also in the name of a field
            rows = super().rows(attrs.evolve(page, limit=_PAGE))
            found += [row for row in rows if found_in(row.subject, row.body, text)]
            if len(rows) < _PAGE or len(found) >= query.limit:
                return found[: query.limit]
            last = rows[-1].sequence
            if query.newest_first:
                page = attrs.evolve(page, before_sequence=last)
            else:
                page = attrs.evolve(page, after_sequence=last)

    def verify(
        self, *, expected_head: str | None = None, progress: Callable[[int], None] | None = None
    ) -> Verification:
        """Recompute the whole chain, as it is at one moment."""
        anchors = [Anchor(*self._chain.end)] if self._chain.end[0] else []
        anchors += [] if self._anchor is None else self._anchor.remembered()
        with self._unhurried() as reader:
            return audit.verify(_PostgresEvidence(reader), expected_head, anchors, progress)

    def stats(self, *, start_ns: int | None = None, end_ns: int | None = None) -> Sequence[DayCount]:
        """Rows a day, by kind and agent."""
        with self._unhurried():
            return super().stats(start_ns=start_ns, end_ns=end_ns)

    @contextmanager
    def _unhurried(self) -> Iterator[psycopg.Connection[Any]]:
        """For questions that read every row, as they are at one moment, however long it takes."""
        reader = self._reading()
        try:
            with reader.transaction():
                reader.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                reader.execute(b"SET LOCAL statement_timeout = 0")
                yield reader
        except self._error as error:
            raise self._unreadable(error) from None

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        reader = self._reading()
        try:
            return reader.execute(_dialect(sql), values).fetchall()
        except self._error as error:
            raise self._unreadable(error) from None

    def _reading(self) -> psycopg.Connection[Any]:
        if self._reader is None or self._reader.closed:
            raise self._lost(None)
        return self._reader

    def _unreadable(self, error: Exception) -> JournalUnavailable:
        if self._reader is None or self._reader.closed:
            return self._lost(error)
        return self._address.unreadable(error)

    def _lost(self, error: Exception | None) -> JournalUnavailable:
        """The connection is gone: have the other thread make a new one, and say so meanwhile."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if not self._closed and (self._mending is None or self._mending.done()):
            self._mending = self._writer.do(self._mend)
        return self._address.unreadable(error or ConnectionError("the connection was lost"))

    def _mend(self) -> None:
        self._reader = self._listening()
        self._changed = True  # what was said meanwhile was not heard

    async def close(self) -> None:
        """Write what waits, and close; the leases end."""
        if self._closed:
            return
        self._closed = True
        await _outcome(self._writer.stop())
        if self._reader is not None:
            self._reader.close()
        if self._anchor is not None:
            self._anchor.close()


async def _outcome(future: Future[T]) -> T:
    """Its result; a caller that goes away takes nothing back."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _dialect(sql: str) -> bytes:
    return sql.replace("LIKE", "ILIKE").replace("?", "%s").encode()


class _PostgresEvidence:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._db = connection

    def chain(self) -> Iterator[audit.Raw]:
        with self._db.cursor("chain") as cursor:
            cursor.itersize = _PAGE
            cursor.execute(f"SELECT {FIELDS} FROM journal ORDER BY sequence".encode())  # noqa: S608 - constants
            for sequence, time_ns, *texts in cursor:
                yield (sequence, time_ns, *(text.encode() for text in texts))

    def beside(self, sql: str) -> Iterable[Sequence[Any]]:
        return self._db.execute(sql.encode())

    def has(self, table: str) -> bool:
        del table
        return True  # a database is brought to the newest schema when it is opened

    def damage(self) -> str:
        return ""  # the server checks its own pages
