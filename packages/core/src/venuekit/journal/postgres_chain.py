"""The writing end of a journal on PostgreSQL: one connection, which one thread uses, and what is done when it is lost.

A transaction takes the journal's lock, so that the chain has one end at a time. When the connection is lost while
a commit is under way, its outcome is not guessed: the next connection takes the lock, which waits for the old
transaction to be over, and looks whether the rows are there. A row's digest covers all before it, so one look tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from venuekit.errors import BudgetExceeded, JournalUnavailable
from venuekit.journal.anchor import AnchorFile
from venuekit.journal.budgets import claim
from venuekit.journal.chain import Chain, Cursor
from venuekit.journal.postgres_connect import Address, driver, prepare
from venuekit.journal.postgres_lease import Leases, lock_number
from venuekit.journal.record import GENESIS, Draft, Stored, draft, place
from venuekit.protocols.budget import Claim
from venuekit.protocols.journal import Entry
from venuekit.settings.address import shown

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
#: What became of an append: the numbers of its rows, or which budget has too little left.
Claimed = list[int] | BudgetExceeded
#: A row needs the lock before it can be put in, so that one statement, and one round trip, is a whole transaction.
_TYPES = ("bigint", "bigint", *["text"] * 6)
_ROW = b"INSERT INTO journal SELECT %b FROM (SELECT pg_advisory_xact_lock(%%s)) AS held" % b", ".join(
    b"%%s::%b" % kind.encode() for kind in _TYPES
)
_ROWS = (
    b"INSERT INTO journal SELECT new.* FROM (SELECT pg_advisory_xact_lock(%%s)) AS held, unnest(%b) AS new"
    % b", ".join(b"%%s::%b[]" % kind.encode() for kind in _TYPES)
)
_END = b"SELECT sequence, digest FROM journal ORDER BY sequence DESC LIMIT 1"


@attrs.frozen
class _Commit:
    """A commit that was asked for: its rows, and what its transaction came to."""

    rows: Sequence[Stored]
    result: Any


class PostgresChain:
    """A `Chain` that mends itself. Every method belongs to one thread, and raises `JournalUnavailable`."""

    def __init__(self, address: Address, secrets: frozenset[str], anchor: AnchorFile | None = None) -> None:
        self._address = address
        self._secrets = secrets
        self._anchor = anchor
        self._error = driver().Error
        self._taken = driver().errors.UniqueViolation
        self._db: psycopg.Connection[Any] | None = None
        self._leases = Leases()
        #: How many rows are known to be committed, and the digest of the last; any thread may look.
        self.end = (0, GENESIS)
        self._sequence, self._head = self.end
        #: Rows of the transaction that is being done.
        self._rows: list[Stored] = []
        #: A commit whose outcome is not known yet.
        self._doubt: _Commit | None = None
        #: Rows of such a commit that were found later, when their writer had been told that they were not written.
        self._found: list[Stored] = []
        #: Which session of the server it is: a change that this session announces is none of others.
        self.session = 0

    # -- what a transaction's work may do

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement of a transaction."""
        return self._connected().execute(sql.replace("?", "%s").encode(), values)

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        """Add entries at the end of the chain, in a transaction."""
        return self._put([draft(entry, self._secrets) for entry in entries])

    # -- transactions

    def append(self, drafts: Sequence[Draft]) -> list[int]:
        """Write rows, all or none; their numbers. A row that was found after all is not written again."""

        def kept(commit: _Commit) -> list[int]:
            self._found += commit.rows
            return self._append(drafts)

        return self._surely(lambda: self._append(drafts), kept)

    def append_claiming(self, appends: Sequence[tuple[Sequence[Draft], Sequence[Claim]]]) -> list[Claimed]:
        """Several appends with what they claim, in one commit; one whose budget has too little left is left out."""

        def kept(commit: _Commit) -> list[Claimed]:
            self._found += commit.rows
            return self._append_claiming(appends)

        return self._surely(lambda: self._append_claiming(appends), kept)

    def _append_claiming(self, appends: Sequence[tuple[Sequence[Draft], Sequence[Claim]]]) -> list[Claimed]:
        known = [[self._find(drafted) for drafted in drafts] for drafts, _ in appends]

        def work(chain: Chain) -> list[Claimed]:
            return [self._claimed(chain, *append, rows) for append, rows in zip(appends, known, strict=True)]

        try:
            return self._attempt(work, tell=False)
        except BaseException:
            self._found += [row for rows in known for row in rows if row is not None]
            raise

    def _claimed(
        self, chain: Chain, drafts: Sequence[Draft], claims: Sequence[Claim], known: Sequence[Stored | None]
    ) -> Claimed:
        new = [drafted for drafted, row in zip(drafts, known, strict=True) if row is None]
        try:
            if new or not drafts:  # rows that were found after all have their claims beside them
                claim(chain, claims)
        except BudgetExceeded as refused:
            return refused
        numbers = iter(self._put(new) if new else ())
        return [next(numbers) if row is None else row[0] for row in known]

    def transact(self, work: Callable[[Chain], T]) -> T:
        """Run `work` at the end of the chain, and tell the other processes when it has written."""

        def kept(commit: _Commit) -> T:
            result: T = commit.result
            return result

        return self._surely(lambda: self._attempt(work, tell=True), kept)

    def claim(self, desk: str) -> None:
        """Become the only session that runs `desk`, until it ends.

        Raises:
            StoreInUse: another session runs it.
        """
        self._surely(lambda: self._leases.take(self._connected(), self._number, desk), lambda _: None)

    def close(self) -> None:
        """Close; the leases end with it."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _surely(self, attempt: Callable[[], T], kept: Callable[[_Commit], T]) -> T:
        """Do it, and once more on a new connection when the old one was lost; `kept` when it was done all the same."""
        try:
            if self._lost() and (commit := self._reconnect()):
                self._found += commit.rows  # their writer was told that it is not known
            try:
                return attempt()
            except self._error:
                if not self._lost():
                    raise
            commit = self._reconnect()
            return kept(commit) if commit else attempt()
        except self._error as error:
            raise JournalUnavailable(
                f"The store {shown(self._address.url)} cannot be written: {self._address.told(error)}.",
                fix="Nothing was sent. See that the database runs, can be reached and has room, then try again.",
            ) from None

    def _append(self, drafts: Sequence[Draft]) -> list[int]:
        known = [self._find(drafted) for drafted in drafts]
        new = [drafted for drafted, row in zip(drafts, known, strict=True) if row is None]
        try:
            numbers = iter(self._at_once(new) if new else ())
        except BaseException:
            self._found += [row for row in known if row is not None]
            raise
        return [next(numbers) if row is None else row[0] for row in known]

    def _find(self, drafted: Draft) -> Stored | None:
        at = next((n for n, row in enumerate(self._found) if row[1:7] == drafted), None)
        return None if at is None else self._found.pop(at)

    def _at_once(self, drafts: Sequence[Draft]) -> list[int]:
        """In one round trip, at the end of the chain as it was last seen; only if it has moved, look first."""
        self._rows = []
        try:
            numbers = self._put(drafts)
        except self._taken:
            self._undo()
            return self._attempt(lambda _: self._put(drafts), tell=False)
        except BaseException:
            self._undo()
            raise
        self._done()
        return numbers

    def _attempt(self, work: Callable[[Chain], T], *, tell: bool) -> T:
        db = self._connected()
        self._rows = []
        try:
            db.execute(b"BEGIN; SELECT pg_advisory_xact_lock(%d)" % self._lock)
            self.end = self._sequence, self._head = self._end()
            result = work(self)
            if tell and self._rows:
                db.execute(b"SELECT pg_notify(%s, '')", (channel(self._number),))
            self._doubt = _Commit(self._rows, result)
            db.execute(b"COMMIT")
        except BaseException:
            self._undo()
            raise
        self._done()
        return result

    def _put(self, drafts: Sequence[Draft]) -> list[int]:
        rows = []
        for drafted in drafts:
            row = place(self._sequence + 1, self._head, drafted)
            rows.append(row)
            self._sequence, self._head = row[0], row[7]
        self._rows += rows
        numbers = [row[0] for row in rows]
        self._doubt = _Commit(self._rows, numbers)  # outside of a longer transaction, this is already the commit
        if len(rows) == 1:
            self._connected().execute(_ROW, (*rows[0], self._lock))
        else:
            self._connected().execute(_ROWS, (self._lock, *(list(column) for column in zip(*rows, strict=True))))
        return numbers

    def _done(self) -> None:
        self.end, self._doubt = (self._sequence, self._head), None
        if self._anchor is not None:
            self._anchor.write(*self.end)

    def _undo(self) -> None:
        """End the transaction; what the server still answers to is known to be undone."""
        self._sequence, self._head = self.end
        if self._lost():
            return
        db = self._connected()
        try:
            db.execute(b"ROLLBACK")
            self._doubt = None
        except self._error:
            db.close()

    # -- the connection

    def _lost(self) -> bool:
        return self._db is None or self._db.closed

    def _connected(self) -> psycopg.Connection[Any]:
        assert self._db is not None
        return self._db

    def _end(self) -> tuple[int, str]:
        found = self._connected().execute(_END).fetchone()
        return found or (0, GENESIS)

    def _reconnect(self) -> _Commit | None:
        """A new connection, on which everything holds that held on the old one; a commit that turned out to be kept."""
        self.close()
        first, before = self.session == 0, self.session
        db = self._address.connect()
        try:
            self._number = prepare(db, durable=self._address.durable)
            self._lock = lock_number(self._number, "end of the chain")
            self._db = db
            self._leases.renew(db, self._number, before)
            # From here on, no transaction of the old connection is under way any more.
            db.execute(b"BEGIN; SELECT pg_advisory_xact_lock(%d)" % self._lock)
            kept = None if first else self._look()
            self.end = self._sequence, self._head = self._end()
            db.execute(b"COMMIT")
        except BaseException:
            db.close()
            self._db = None
            raise
        self.session, self._doubt = db.info.backend_pid, None
        return kept

    def _look(self) -> _Commit | None:
        """See that nothing acknowledged is gone; the commit whose outcome was not known, if its rows are there."""
        if self.end[0] and not self._holds(*self.end) and self.end[0] > self._pruned():
            raise JournalUnavailable(
                f"The store {shown(self._address.url)} has lost row {self.end[0]}, which it had acknowledged: "
                "it was put back to an older state.",
                fix="Find out what is missing (your backups, the venue's own history), then open the desk anew.",
            )
        last = self._doubt.rows[-1] if self._doubt and self._doubt.rows else None
        return self._doubt if last and self._holds(last[0], last[7]) else None

    def _pruned(self) -> int:
        """Up to which row another process may have removed old ones since."""
        found = self._connected().execute(b"SELECT (body::json ->> 'cut')::bigint FROM checkpoint").fetchone()
        return 0 if found is None else int(found[0])

    def _holds(self, sequence: int, digest: str) -> bool:
        found = self._connected().execute(b"SELECT digest FROM journal WHERE sequence = %s", (sequence,)).fetchone()
        return found is not None and found[0] == digest


def channel(number: int) -> str:
    """On which channel changes beside the journal are announced."""
    return f"venuekit_{number}"
