"""A journal on PostgreSQL inside a simulated run: each write at once, on a wire that can be lost at every point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import attrs

from venuekit.journal.postgres import PostgresStore
from venuekit.journal.postgres_chain import PostgresChain
from venuekit.journal.postgres_connect import Address, driver
from venuekit.journal.postgres_writer import Append, Writer
from venuekit.journal.record import Draft
from venuekit.protocols.budget import Claim
from venuekit.testing.faults.points import Action, Life

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
_POINTS = {b"BEGIN": "begin", b"COMMIT": "commit", b"INSERT": "write", b"UPDATE": "write", b"DELETE": "write"}


@contextmanager
def schema(url: str, name: str) -> Iterator[str]:
    """The database at `url` with a schema of its own, which is gone afterwards."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = f"{query.get('options', '')} -c search_path={name}".strip()
    own = urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
    try:
        yield own
    finally:
        with Address(url).connect() as db:
            db.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())


class AtOnce(Writer):
    """Writes on the calling thread: in simulated time no other thread may take any."""

    def __init__(self, chain: PostgresChain) -> None:
        self._chain = chain

    def append(self, drafts: Sequence[Draft], claims: Sequence[Claim] = ()) -> Future[list[int]]:
        """See `Writer.append`."""
        item = Append(drafts, claims, Future())
        self._commit([item])
        return item.future

    def do(self, work: Callable[[], T]) -> Future[T]:
        """See `Writer.do`."""
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            future.set_exception(error)
        return future

    def stop(self) -> Future[None]:
        """See `Writer.stop`."""
        return self.do(self._chain.close)


def open_at_once(url: str, *, synchronous: str) -> PostgresStore:
    """The store at `url`, as `AtOnce` writes it."""
    store = PostgresStore(url, synchronous=synchronous)
    store._writer.stop().result()
    store._writer = AtOnce(store._chain)
    return store


class PointedSession:
    """The connection that writes: it passes points, and fails as a full disk, a lock or a cut wire makes it fail."""

    def __init__(
        self, raw: psycopg.Connection[Any], life: Life, jump: Callable[[float], None], restart: Callable[[], None]
    ) -> None:
        self._raw = raw
        self._life = life
        self._jump = jump
        self._restart = restart

    def __getattr__(self, name: str) -> Any:
        """The connection's own."""
        return getattr(self._raw, name)

    def execute(self, sql: Any, *values: Any) -> psycopg.Cursor[Any]:
        """As the connection's own; statements that write pass a point before and after."""
        word = sql.partition(b" ")[0].rstrip(b";") if isinstance(sql, bytes) else b""
        point = _POINTS.get(word)
        if point is None:
            self._life.check()
            return self._raw.execute(sql, *values)
        self._reach(f"postgres.{point}.before")
        cursor = self._raw.execute(sql, *values)
        self._reach(f"postgres.{point}.after")
        return cursor

    def _reach(self, point: str) -> None:
        fault = self._life.reach(point)
        errors = driver().errors
        if fault is None:
            return
        if fault.action is Action.STORE_LOST:
            self._raw.close()
            raise driver().OperationalError("the connection was lost")
        if fault.action is Action.STORE_RESTART:
            self._restart()  # whoever uses the connection next finds out
        elif fault.action is Action.LOCKED:
            raise errors.LockNotAvailable("canceling statement due to lock timeout")
        elif fault.action is Action.DISK_FULL:
            raise errors.DiskFull("could not extend file: No space left on device")
        elif fault.action is Action.SLOW_DISK:
            self._jump(fault.seconds)


@attrs.frozen(kw_only=True)
class _PointedAddress(Address):
    """Makes connections that pass points."""

    wrap: Callable[[Any], PointedSession]

    def connect(self) -> Any:
        """See `Address.connect`."""
        return self.wrap(Address.connect(self))


class PostgresTap:
    """Where a run takes hold of a PostgreSQL store."""

    def __init__(
        self, store: PostgresStore, life: Life, jump: Callable[[float], None], restart: Callable[[], None]
    ) -> None:
        self._store = store
        store._chain._address = _PointedAddress(
            url=store._address.url,
            durable=store._address.durable,
            wrap=lambda raw: PointedSession(raw, life, jump, restart),
        )

    @property
    def writing(self) -> bool:
        """Whether something is written and not committed."""
        db = self._store._chain._db
        return db is not None and not db.closed and db.info.transaction_status != 0

    def changed(self) -> bool:
        """What other processes wrote is looked at each time: the server's word for it comes when it comes."""
        self._store._changed = True
        return self._store.changed()

    def abandon(self) -> None:
        """What the end of a process does: the connections are cut, and what was not committed is gone."""
        self._store._closed = True
        for db in (self._store._chain._db, self._store._reader):
            if db is not None:
                db.close()
