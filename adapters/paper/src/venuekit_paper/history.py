"""What is over: finished orders, fills and transfers, in a database, so that memory does not grow with them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any, TypeVar

from venuekit.adapter import (
    Fill,
    FillQuery,
    HistoryQuery,
    InvalidCursor,
    Order,
    Page,
    Transfer,
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


class History:
    """One database, in a file or in memory. Writing the same thing twice is harmless, so commands can be replayed."""

    #: Whether anything is kept.
    keeps = True

    def __init__(self, path: Path | None = None, *, synchronous: str = "NORMAL") -> None:
        self.db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        if path is not None:
            path.chmod(0o600)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute(f"PRAGMA synchronous = {synchronous}")
        self.db.executescript(_SCHEMA)
        self._orders: list[tuple[Any, ...]] = []
        self._fills: list[tuple[Any, ...]] = []
        self._transfers: list[tuple[Any, ...]] = []

    def add_order(self, order: Order) -> None:
        """A finished order."""
        self._orders.append(
            (
                int(order.venue_order_id or 0),
                order.account,
                order.client_order_id,
                order.instrument,
                order.side.value,
                order.type.value,
                order.status.value,
                order.created_ns,
                json.dumps(to_plain(order)),
            )
        )

    def add_fill(self, number: int, fill: Fill) -> None:
        """An execution."""
        row = (fill.id, number, fill.account, fill.instrument, int(fill.venue_order_id), fill.time_ns)
        self._fills.append((*row, json.dumps(to_plain(fill))))

    def add_transfer(self, number: int, transfer: Transfer) -> None:
        """A movement of money."""
        self._transfers.append((number, transfer.account, json.dumps(to_plain(transfer))))

    def forget_after(self, order: int, fill: int, transfer: int) -> None:
        """Drop what is newer than these numbers: commands that are replayed make it again.

        An order that is found here would be taken for a repetition, and so would not be replayed.
        """
        for table, newest in (("orders", order), ("fills", fill), ("transfers", transfer)):
            self.db.execute(f"DELETE FROM {table} WHERE number > ?", (newest,))  # noqa: S608 - constants

    def write(self) -> None:
        """Put what has gathered into the database; inside the caller's transaction if there is one."""
        for table, rows, width in (
            ("orders", self._orders, 9),
            ("fills", self._fills, 7),
            ("transfers", self._transfers, 3),
        ):
            if rows:
                marks = ", ".join("?" * width)
                self.db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608
                rows.clear()

    def order(self, account: str, number: str) -> Order | None:
        """A finished order by the venue's id."""
        return self._one("SELECT body FROM orders WHERE account = ? AND number = ?", (account, _number(number)))

    def order_by_client_id(self, account: str, client_id: str) -> Order | None:
        """A finished order by the client's id."""
        return self._one("SELECT body FROM orders WHERE account = ? AND client_id = ?", (account, client_id))

    def _one(self, sql: str, values: tuple[Any, ...]) -> Order | None:
        self.write()
        found = self.db.execute(sql, values).fetchone()
        return None if found is None else from_plain(json.loads(found[0]), Order)

    def orders(self, account: str, query: HistoryQuery) -> Page[Order]:
        """Finished orders, newest first."""
        conditions: list[tuple[str, Any]] = [("account = ?", account)]
        conditions += [("instrument = ?", query.instrument)] if query.instrument else []
        conditions += [("side = ?", query.side.value)] if query.side else []
        conditions += [("type = ?", query.type.value)] if query.type else []
        conditions += [("created_ns >= ?", query.start_ns)] if query.start_ns is not None else []
        conditions += [("created_ns < ?", query.end_ns)] if query.end_ns is not None else []
        if query.statuses:
            names = ", ".join(f"'{s.value}'" for s in query.statuses)
            conditions.append((f"status IN ({names}) AND ? = 1", 1))
        return self._page("orders", "number", conditions, query.limit, query.cursor, Order)

    def fills(self, account: str, query: FillQuery) -> Page[Fill]:
        """Fills, newest first."""
        conditions: list[tuple[str, Any]] = [("account = ?", account)]
        conditions += [("instrument = ?", query.instrument)] if query.instrument else []
        conditions += [("time_ns >= ?", query.start_ns)] if query.start_ns is not None else []
        conditions += [("time_ns < ?", query.end_ns)] if query.end_ns is not None else []
        if query.order_id is not None:
            conditions.append(("order_number = ?", _number(query.order_id)))
        return self._page("fills", "number", conditions, query.limit, query.cursor, Fill)

    def transfers(self, account: str, limit: int, cursor: str | None) -> Page[Transfer]:
        """Transfers, newest first."""
        return self._page("transfers", "number", [("account = ?", account)], limit, cursor, Transfer)

    def _page(
        self, table: str, key: str, conditions: list[tuple[str, Any]], limit: int, cursor: str | None, kind: type[T]
    ) -> Page[T]:
        self.write()
        if cursor is not None:
            prefix, _, number = cursor.partition("-")
            if prefix != table or _number(number) < 0:
                raise InvalidCursor(f"{cursor[:40]!r} is not a cursor of this list.", field="cursor")
            conditions.append((f"{key} < ?", _number(number)))
        clause = " AND ".join(c for c, _ in conditions)
        sql = f"SELECT {key}, body FROM {table} WHERE {clause} ORDER BY {key} DESC LIMIT ?"  # noqa: S608
        rows = self.db.execute(sql, (*(v for _, v in conditions), limit + 1)).fetchall()
        more = len(rows) > limit
        items = tuple(from_plain(json.loads(body), kind) for _, body in rows[:limit])
        return Page(items, f"{table}-{rows[limit - 1][0]}" if more else None)

    def close(self) -> None:
        """Write what is left, and close."""
        self.write()
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
