"""A store whose every write passes named points, down to each statement of its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from venuekit.errors import JournalUnavailable
from venuekit.journal.sqlite import SqliteStore
from venuekit.model.action import Action as VenueAction
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.budget import Claim
from venuekit.protocols.journal import Approval, Control, Entry, Store
from venuekit.testing.faults.ledger import Ledger
from venuekit.testing.faults.points import Action, Life

_TROUBLES: Mapping[str, str] = {Action.LOCKED: "database is locked", Action.DISK_FULL: "database or disk is full"}
_POINTS = {"BEGIN": "sqlite.begin", "COMMIT": "sqlite.commit.before"}


class PointedConnection:
    """A database connection that passes points and fails as a full disk or a lock makes it fail."""

    def __init__(self, raw: sqlite3.Connection, life: Life, jump: Callable[[float], None]) -> None:
        self._raw = raw
        self._life = life
        self._jump = jump

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """As the connection's own; statements that write pass their point first."""
        word = sql.partition(" ")[0]
        if word in ("SELECT", "PRAGMA"):
            self._life.check()
            return self._raw.execute(sql, values)
        if word == "ROLLBACK":
            self._life.check()  # a process that has ended rolls nothing back; closing the file does
        else:
            self._reach(_POINTS.get(word, "sqlite.write"))
        cursor = self._raw.execute(sql, values)
        if word == "COMMIT":
            self._life.reach("sqlite.commit.after")
        return cursor

    def executemany(self, sql: str, rows: Sequence[Any]) -> sqlite3.Cursor:
        """As the connection's own."""
        self._reach("sqlite.write")
        return self._raw.executemany(sql, rows)

    def _reach(self, point: str) -> None:
        fault = self._life.reach(point)
        if fault is None:
            return
        if fault.action in _TROUBLES:
            raise sqlite3.OperationalError(_TROUBLES[fault.action])
        if fault.action is Action.SLOW_DISK:
            self._jump(fault.seconds)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._raw.in_transaction

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()


class Tap(Protocol):
    """Where a run takes hold of a store of one kind."""

    @property
    def writing(self) -> bool:
        """Whether something is written and not committed."""

    def changed(self) -> bool:
        """See `Store.changed`."""

    def abandon(self) -> None:
        """What the end of a process does: the files are closed, and what was not committed is gone."""


class SqliteTap:
    """Where a run takes hold of a store in a file."""

    def __init__(self, store: SqliteStore, life: Life, jump: Callable[[float], None]) -> None:
        self._store = store
        self._raw = store._db
        store._db = PointedConnection(store._db, life, jump)  # type: ignore[assignment]

    @property
    def writing(self) -> bool:
        """See `Tap.writing`."""
        return self._raw.in_transaction

    def changed(self) -> bool:
        """See `Store.changed`."""
        return self._store.changed()

    def abandon(self) -> None:
        """See `Tap.abandon`."""
        self._raw.close()
        if self._store._anchor is not None:
            self._store._anchor.close()


class PointedStore:
    """A `Store` with a point before and after every write; what was written is a fact from then on."""

    def __init__(self, inner: Store, tap: Tap, life: Life, ledger: Ledger) -> None:
        self._inner = inner
        self._tap = tap
        self._life = life
        self._ledger = ledger
        #: The store as the run itself reads it, while faults happen to those who write.
        self.inner = _Patient(inner)

    def __getattr__(self, name: str) -> Any:
        """Reading, which has no point of its own."""
        self._life.check()
        return getattr(self._inner, name)

    @property
    def embedded(self) -> bool:
        """See `venuekit.protocols.venue.is_embedded`."""
        return bool(getattr(self._inner, "embedded", False))

    def changed(self) -> bool:
        """See `Store.changed`."""
        self._life.check()
        return self._tap.changed()

    def abandon(self) -> None:
        """See `Tap.abandon`."""
        self._tap.abandon()

    @property
    def writing(self) -> bool:
        """See `Tap.writing`."""
        return self._tap.writing

    def _before(self, call: str, detail: str) -> None:
        fault = self._life.reach(f"journal.{call}.before", detail)
        if fault is not None and fault.action in _TROUBLES:
            raise JournalUnavailable(f"The store cannot be written: {_TROUBLES[fault.action]}.")

    async def append(self, entries: Sequence[Entry], claims: Sequence[Claim] = ()) -> Sequence[int]:
        """See `Store.append`."""
        detail = ", ".join(f"{e.kind.value} {e.subject}" for e in entries)
        self._before("append", detail)
        numbers = await self._inner.append(entries, claims)
        for number, entry in zip(numbers, entries, strict=True):
            self._ledger.note("row", str(number), entry.kind.value, entry.subject)
        self._life.reach("journal.append.after", detail)
        return numbers

    async def set_control(self, change: Callable[[Control], Control], entry: Entry) -> Control:
        """See `Store.set_control`."""
        state = change(self.inner.control()).state.value
        self._before("set_control", state)
        new = await self._inner.set_control(change, entry)
        self._ledger.note("control", str(new.revision), new.state.value)
        self._life.reach("journal.set_control.after", state)
        return new

    async def set_breaker(self, desk: str, breaker: BreakerRecord, entry: Entry) -> None:
        """See `Store.set_breaker`."""
        self._before("set_breaker", breaker.name)
        await self._inner.set_breaker(desk, breaker, entry)
        self._life.reach("journal.set_breaker.after", breaker.name)

    async def add_approval(
        self, approval: Approval, entries: Sequence[Entry], *, action: VenueAction | None = None
    ) -> None:
        """See `Store.add_approval`."""
        self._before("add_approval", approval.order_id)
        await self._inner.add_approval(approval, entries, action=action)
        self._ledger.approval(approval)
        self._life.reach("journal.add_approval.after", approval.order_id)

    async def move_approval(
        self,
        before: Approval,
        after: Approval,
        entries: Sequence[Entry],
        *,
        successor: Approval | None = None,
        action: VenueAction | None = None,
        claims: Sequence[Claim] = (),
    ) -> bool:
        """See `Store.move_approval`."""
        detail = f"{after.order_id} {after.state.value}"
        self._before("move_approval", detail)
        moved = await self._inner.move_approval(
            before, after, entries, successor=successor, action=action, claims=claims
        )
        if moved:
            self._ledger.approval(after)
        if moved and successor is not None:
            self._ledger.approval(successor)
        self._life.reach("journal.move_approval.after", detail)
        return moved

    async def put_action(self, before: VenueAction | None, after: VenueAction, claims: Sequence[Claim] = ()) -> bool:
        """See `Store.put_action`."""
        detail = f"{after.id} {after.status.value}"
        self._before("put_action", detail)
        put = await self._inner.put_action(before, after, claims)
        self._life.reach("journal.put_action.after", detail)
        return put

    async def close(self) -> None:
        """See `Store.close`."""
        await self._inner.close()


class _Patient:
    """Asks a store, and once more when its connection was lost meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)

        def ask(*args: Any, **kwargs: Any) -> Any:
            try:
                return _whole(member(*args, **kwargs))
            except JournalUnavailable:
                return _whole(member(*args, **kwargs))

        return ask


def _whole(answer: Any) -> Any:
    return list(answer) if isinstance(answer, Iterator) else answer
