"""What the venue forgets, on disk: which order is whose, how each one ended, and every own fill.

The venue has no client order ids, and does not list orders that are over. An order is on the disk before it is sent.
What the venue then tells outlives this process at once, and the machine a little later: it can be asked for again.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from venuekit.adapter import (
    FillQuery,
    FillState,
    NotConnected,
    Order,
    StoreDamaged,
    Unavailable,
)
from venuekit_polymarket.intents import Intent, Intents
from venuekit_polymarket.kept_rows import KeptFill, KeptOrder, body_of, kept_fill, kept_order, order_from
from venuekit_polymarket.signing import Unsigned

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY, venue_id TEXT NOT NULL UNIQUE, client_id TEXT UNIQUE, instrument TEXT NOT NULL,
    created_ns INTEGER NOT NULL, taken INTEGER NOT NULL, done INTEGER NOT NULL, body TEXT NOT NULL, unsigned TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (created_ns, number);
CREATE TABLE IF NOT EXISTS fills (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, trade_id TEXT NOT NULL, venue_id TEXT NOT NULL,
    instrument TEXT NOT NULL, time_ns INTEGER NOT NULL, state TEXT NOT NULL, mined INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS fills_by_time ON fills (time_ns, number);
CREATE INDEX IF NOT EXISTS fills_by_order ON fills (venue_id);
CREATE INDEX IF NOT EXISTS fills_pending ON fills (state) WHERE state = 'PROVISIONAL';
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""
_VERSION = 1
_BUSY_SECONDS = 5.0
#: A checkpoint waits for the disk; with SQLite's own 1,000 pages every hundredth order would pay for one.
_CHECKPOINT_PAGES = 8000
#: Where a page of a list ends: a time, and the number of the row.
Place = tuple[int, int]


class Records:
    """Orders and fills of one account, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: sqlite3.Connection | None = None
        #: How often it was written down, by outcome, that a trade has moved something on the chain, or never will.
        self.settled: Counter[str] = Counter()
        self._intents = Intents(self._intend)

    def open(self) -> None:
        """Open the file, or make it; safe to call twice.

        Raises:
            Unavailable: it cannot be opened. StoreDamaged: it is not what we wrote.
        """
        if self._open is not None:
            return
        db: sqlite3.Connection | None = None
        try:
            self._path.touch(mode=0o600)
            db = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._prepare(db)
        except (sqlite3.OperationalError, OSError) as error:
            raise Unavailable(
                f"{self._path} cannot be opened: {error}.", fix="See that its folder may be written."
            ) from error
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(
                f"{self._path} is not what was written: {error}.",
                fix="Put a backup in its place, or move it away: open orders are then known by the venue's ids only.",
                details={"path": str(self._path)},
            ) from error
        finally:
            if db is not None and self._open is None:
                db.close()

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        db.execute("PRAGMA synchronous = NORMAL")
        [version] = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise StoreDamaged(
                f"{self._path} was written by another version of venuekit-polymarket ({version}).",
                fix="Upgrade venuekit-polymarket.",
                details={"path": str(self._path)},
            )
        db.executescript(_SCHEMA + f"PRAGMA user_version = {_VERSION};")
        self._open = db

    def close(self) -> None:
        """Close the file; safe to call twice."""
        db, self._open = self._open, None
        if db is not None:
            db.close()

    @property
    def is_open(self) -> bool:
        """Whether it can be read now."""
        return self._open is not None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._open is None:
            raise NotConnected("The session at Polymarket is not open.", fix="Call connect first.")
        return self._open

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One change, durable when it is over. Raises Unavailable: it is not, so nothing may be sent."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"{self._path} cannot be written: {error}.", fix="See that the disk has room; then try again."
            ) from error

    # -- orders

    async def intend(self, order: Order, unsigned: Unsigned) -> KeptOrder:
        """Write down an order that is about to be sent; if its client order id is known, the order of that id.

        It is on the disk when this returns.

        Raises:
            Unavailable: it cannot be written, so it may not be sent.
        """
        return await self._intents.add(order, unsigned)

    def _intend(self, intents: Sequence[Intent]) -> list[KeptOrder | Exception]:
        # An order that was sent and is not known here after a power cut could be sent twice.
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            with self._writing():
                return [self._put(*intent) for intent in intents]
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")

    def _put(self, order: Order, unsigned: Unsigned) -> KeptOrder | Exception:
        known = self._one("client_id", order.client_order_id)
        if known is not None:
            return known
        columns = order.venue_order_id, order.client_order_id, order.instrument, order.created_ns
        try:
            self._db.execute(
                "INSERT INTO orders (venue_id, client_id, instrument, created_ns, taken, done, body, unsigned)"
                " VALUES (?, ?, ?, ?, 0, 0, ?, ?)",
                (*columns, body_of(order), body_of(unsigned)),
            )
        except sqlite3.IntegrityError as error:
            return error  # the fault of this one alone
        return KeptOrder(order, taken=False, unsigned=unsigned)

    def forget(self, venue_order_id: str) -> None:
        """An order that certainly never came to the venue: its client order id may be used again."""
        with self._writing() as db:
            db.execute("DELETE FROM orders WHERE venue_id = ? AND taken = 0", (venue_order_id,))

    def tell(self, order: Order) -> None:
        """The venue has this order, as it is now."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO orders (venue_id, client_id, instrument, created_ns, taken, done, body)"
                " VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (venue_id) DO UPDATE SET"
                " taken = 1, done = excluded.done, body = excluded.body",
                (
                    order.venue_order_id,
                    order.client_order_id,
                    order.instrument,
                    order.created_ns,
                    int(order.is_done),
                    body_of(order),
                ),
            )

    def by_client_id(self, client_order_id: str) -> KeptOrder | None:
        """The order that was sent under an id of ours."""
        return self._one("client_id", client_order_id)

    def by_venue_id(self, venue_order_id: str) -> KeptOrder | None:
        """The order of one of the venue's ids."""
        return self._one("venue_id", venue_order_id)

    def _one(self, column: str, value: str | None) -> KeptOrder | None:
        row = self._db.execute(f"SELECT taken, body, unsigned FROM orders WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
        return None if row is None else kept_order(*row)

    def unfinished(self) -> list[Order]:
        """Orders that the venue has had and that were not over when it last told of them."""
        rows = self._db.execute("SELECT taken, body, unsigned FROM orders WHERE taken = 1 AND done = 0").fetchall()
        return [kept_order(*row).order for row in rows]

    def orders(
        self, before: Place | None, limit: int, wanted: Callable[[Order], bool]
    ) -> tuple[list[Order], Place | None]:
        """The newest orders that are `wanted` from a place on, and the place where the rest begins."""
        where = "AND (created_ns, number) < (?, ?)" if before is not None else ""
        sql = (
            f"SELECT created_ns, number, body FROM orders WHERE taken = 1 {where}"  # noqa: S608
            " ORDER BY created_ns DESC, number DESC"
        )
        found: list[Order] = []
        last: Place | None = None
        for created_ns, number, body in self._db.execute(sql, before or ()):
            order = order_from(body)
            if wanted(order):
                if len(found) == limit:
                    return found, last
                found.append(order)
                last = (created_ns, number)
        return found, None

    # -- fills

    def put_fills(self, fills: Sequence[KeptFill]) -> None:
        """Write fills down; one that is known is replaced."""
        self.settled.update(f.fill.instrument for f in fills if f.mined or f.fill.state is not FillState.PROVISIONAL)
        with self._writing() as db:
            db.executemany(
                "INSERT INTO fills (id, trade_id, venue_id, instrument, time_ns, state, mined, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " state = excluded.state, mined = excluded.mined, body = excluded.body",
                [
                    (
                        f.fill.id,
                        f.trade_id,
                        f.fill.venue_order_id,
                        f.fill.instrument,
                        f.fill.time_ns,
                        f.fill.state.value,
                        int(f.mined),
                        body_of(f.fill),
                    )
                    for f in fills
                ],
            )

    def fill(self, fill_id: str) -> KeptFill | None:
        """One fill."""
        found = self._fills("id = ?", fill_id)
        return found[0] if found else None

    def pending(self) -> list[KeptFill]:
        """Fills that are not final yet."""
        return self._fills("state = 'PROVISIONAL'")

    def fills_of(self, venue_order_id: str) -> list[KeptFill]:
        """Fills of an order, those undone too, oldest first."""
        return self._fills("venue_id = ?", venue_order_id)

    def fills_since(self, time_ns: int) -> list[KeptFill]:
        """Fills from a time on, oldest first."""
        return self._fills("time_ns >= ?", time_ns)

    def _fills(self, where: str, *values: object) -> list[KeptFill]:
        sql = f"SELECT number, trade_id, mined, body FROM fills WHERE {where} ORDER BY time_ns, number"  # noqa: S608
        return [kept_fill(*row) for row in self._db.execute(sql, values)]

    def newest_fills(self, query: FillQuery, venue_id: str | None, before: Place | None, limit: int) -> list[KeptFill]:
        """The newest fills that `query` asks for, from a place on; its order id is given as the venue's."""
        bounds: dict[str, object] = {
            "instrument = ?": query.instrument,
            "venue_id = ?": venue_id,
            "time_ns >= ?": query.start_ns,
            "time_ns < ?": query.end_ns,
        }
        given = {words: value for words, value in bounds.items() if value is not None}
        where, values = " AND ".join(given) or "1", tuple(given.values())
        if before is not None:
            where, values = f"{where} AND (time_ns, number) < (?, ?)", (*values, *before)
        sql = (
            f"SELECT number, trade_id, mined, body FROM fills WHERE {where}"  # noqa: S608
            " ORDER BY time_ns DESC, number DESC LIMIT ?"
        )
        return [kept_fill(*row) for row in self._db.execute(sql, (*values, limit))]

    # -- notes

    def note(self, name: str) -> int | None:
        """A number that was written down."""
        row = self._db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def write(self, notes: Mapping[str, int]) -> None:
        """Write numbers down."""
        with self._writing() as db:
            db.executemany("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", list(notes.items()))
