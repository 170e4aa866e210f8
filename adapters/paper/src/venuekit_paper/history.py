"""What is over: finished orders, fills and transfers, in a database, so that memory does not grow with them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from venuekit.adapter import (
    Fill,
    FillQuery,
    HistoryQuery,
    InvalidCursor,
    Order,
    Page,
    StoreDamaged,
    Transfer,
    Unavailable,
    from_plain,
    to_plain,
)

T = TypeVar("T")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY, account TEXT, client_id TEXT, instrument TEXT, side TEXT, type TEXT, status TEXT,
    created_ns INTEGER, body TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS orders_client ON orders (account, client_id);
CREATE TABLE IF NOT EXISTS fills (
    id TEXT PRIMARY KEY, number INTEGER, account TEXT, instrument TEXT, order_number INTEGER, time_ns INTEGER, body TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS fills_order ON fills (order_number);
CREATE TABLE IF NOT EXISTS transfers (number INTEGER PRIMARY KEY, account TEXT, body TEXT) STRICT;
"""
#: Tables and their columns' number.
_WIDTHS = {"orders": 9, "fills": 7, "transfers": 3}


def damaged(path: Path | None, what: str) -> StoreDamaged:
    """The error that says what is wrong with the file, and what to do."""
    return StoreDamaged(
        f"The paper account's file {path} cannot be trusted: {what}.",
        fix="Put a copy from before in its place, or move it away to begin a new account.",
        details={"path": str(path)},
    )


class History:
    """One database, in a file or in memory. Writing the same thing twice is harmless, so commands can be replayed."""

    #: Whether anything is kept.
    keeps = True

    def __init__(self, path: Path | None = None, *, synchronous: str = "NORMAL") -> None:
        self._path = path
        self.db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        try:
            if path is not None:
                path.chmod(0o600)
                self.db.execute("PRAGMA journal_mode = WAL")
                self.db.execute(f"PRAGMA synchronous = {synchronous}")
            self.db.executescript(_SCHEMA)
        except BaseException:
            self.db.close()
            raise
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _WIDTHS}
        #: How many of the rows are in the caller's transaction, which may yet be undone.
        self._sent = dict.fromkeys(_WIDTHS, 0)
        #: Finished orders among the rows, by account and either id: a command finds them without the disk.
        self._recent: dict[tuple[str, int | str], str] = {}

    def add_order(self, order: Order) -> None:
        """A finished order."""
        number, body = int(order.venue_order_id or 0), json.dumps(to_plain(order))
        self._rows["orders"].append(
            (
                number,
                order.account,
                order.client_order_id,
                order.instrument,
                order.side.value,
                order.type.value,
                order.status.value,
                order.created_ns,
                body,
            )
        )
        self._recent[order.account, number] = body
        if order.client_order_id is not None:
            self._recent[order.account, order.client_order_id] = body

    def add_fill(self, number: int, fill: Fill) -> None:
        """An execution."""
        row = (fill.id, number, fill.account, fill.instrument, int(fill.venue_order_id), fill.time_ns)
        self._rows["fills"].append((*row, json.dumps(to_plain(fill))))

    def add_transfer(self, number: int, transfer: Transfer) -> None:
        """A movement of money."""
        self._rows["transfers"].append((number, transfer.account, json.dumps(to_plain(transfer))))

    def forget_after(self, order: int, fill: int, transfer: int) -> None:
        """Drop what is newer than these numbers: commands that are replayed make it again.

        An order that is found here would be taken for a repetition, and so would not be replayed.
        """
        for table, newest in (("orders", order), ("fills", fill), ("transfers", transfer)):
            self.db.execute(f"DELETE FROM {table} WHERE number > ?", (newest,))  # noqa: S608 - constants

    def write(self) -> None:
        """Put what has gathered into the database; in a transaction of the caller's, who then calls `settle`."""
        for table, rows in self._rows.items():
            fresh = rows[self._sent[table] :]
            if fresh:
                marks = ", ".join("?" * _WIDTHS[table])
                self.db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", fresh)  # noqa: S608
                self._sent[table] = len(rows)
        if not self.db.in_transaction:
            self.settle(kept=True)

    def settle(self, *, kept: bool) -> None:
        """The caller's transaction is over: what it wrote is kept, or has to be written again."""
        for table, sent in self._sent.items():
            if kept:
                del self._rows[table][:sent]
            self._sent[table] = 0
        if not self._rows["orders"]:
            self._recent.clear()

    def discard(self) -> None:
        """Forget what has gathered and is not in the database."""
        for table, rows in self._rows.items():
            rows.clear()
            self._sent[table] = 0
        self._recent.clear()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"The history in {self._path} cannot be read now: {error}.", fix="See that the disk has room."
            ) from error
        except (sqlite3.DatabaseError, ValueError, ExceptionGroup) as error:
            raise damaged(self._path, f"its history does not read ({error})") from error

    def order(self, account: str, number: str) -> Order | None:
        """A finished order by the venue's id."""
        return self._one("number", account, _number(number))

    def order_by_client_id(self, account: str, client_id: str) -> Order | None:
        """A finished order by the client's id."""
        return self._one("client_id", account, client_id) if client_id.isascii() else None

    def _one(self, column: str, account: str, key: int | str) -> Order | None:
        with self._reading():
            body = self._recent.get((account, key))
            if body is None:
                sql = f"SELECT body FROM orders WHERE account = ? AND {column} = ?"  # noqa: S608 - a constant
                found = self.db.execute(sql, (account, key)).fetchone()
                if found is None:
                    return None
                body = found[0]
            return from_plain(json.loads(body), Order)

    def orders(self, account: str, query: HistoryQuery) -> Page[Order]:
        """Finished orders, newest first."""
        conditions: list[tuple[str, Any]] = [("account = ?", account)]
        conditions += [("instrument = ?", query.instrument)] if query.instrument else []
        conditions += [("side = ?", query.side.value)] if query.side else []
        conditions += [("type = ?", query.type.value)] if query.type else []
        conditions += [("created_ns >= ?", _time(query.start_ns))] if query.start_ns is not None else []
        conditions += [("created_ns < ?", _time(query.end_ns))] if query.end_ns is not None else []
        if query.statuses:
            names = ", ".join(f"'{s.value}'" for s in query.statuses)
            conditions.append((f"status IN ({names}) AND ? = 1", 1))
        return self._page("orders", "number", conditions, query.limit, query.cursor, Order)

    def fills(self, account: str, query: FillQuery) -> Page[Fill]:
        """Fills, newest first."""
        conditions: list[tuple[str, Any]] = [("account = ?", account)]
        conditions += [("instrument = ?", query.instrument)] if query.instrument else []
        conditions += [("time_ns >= ?", _time(query.start_ns))] if query.start_ns is not None else []
        conditions += [("time_ns < ?", _time(query.end_ns))] if query.end_ns is not None else []
        if query.order_id is not None:
            conditions.append(("order_number = ?", _number(query.order_id)))
        return self._page("fills", "number", conditions, query.limit, query.cursor, Fill)

    def transfers(self, account: str, limit: int, cursor: str | None) -> Page[Transfer]:
        """Transfers, newest first."""
        return self._page("transfers", "number", [("account = ?", account)], limit, cursor, Transfer)

    def _page(
        self, table: str, key: str, conditions: list[tuple[str, Any]], limit: int, cursor: str | None, kind: type[T]
    ) -> Page[T]:
        if cursor is not None:
            prefix, _, number = cursor.partition("-")
            if prefix != table or _number(number) < 0:
                raise InvalidCursor(f"{cursor[:40]!r} is not a cursor of this list.", field="cursor")
            conditions.append((f"{key} < ?", _number(number)))
        clause = " AND ".join(c for c, _ in conditions)
        sql = f"SELECT {key}, body FROM {table} WHERE {clause} ORDER BY {key} DESC LIMIT ?"  # noqa: S608
        with self._reading():
            self.write()
            rows = self.db.execute(sql, (*(v for _, v in conditions), limit + 1)).fetchall()
            items = tuple(from_plain(json.loads(body), kind) for _, body in rows[:limit])
        more = len(rows) > limit
        return Page(items, f"{table}-{rows[limit - 1][0]}" if more else None)

    def close(self) -> None:
        """Close it; safe to call twice. What was not written is forgotten."""
        self.db.close()


class NoHistory(History):
    """Keeps nothing: for simulations of millions of orders, whose events somebody else takes in."""

    keeps = False

    def add_order(self, order: Order) -> None:
        """Forgotten."""

    def add_fill(self, number: int, fill: Fill) -> None:
        """Forgotten."""

    def add_transfer(self, number: int, transfer: Transfer) -> None:
        """Forgotten."""


def _number(text: str) -> int:
    """A number that this exchange could have given out, or -1."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1


def _time(time_ns: int) -> int:
    """A time that the database can compare with: before or after all others where it is too far away."""
    return max(-(2**63), min(time_ns, 2**63 - 1))
