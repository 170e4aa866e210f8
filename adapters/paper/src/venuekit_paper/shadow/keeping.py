"""A shadow account on disk: its state whole after each of its changes, with its history; one process at a time."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from venuekit.adapter import Instrument, InstrumentStatus, StoreDamaged, Unavailable, from_plain, to_plain
from venuekit_paper.exchange import Exchange
from venuekit_paper.history import History, damaged
from venuekit_paper.locking import FileLock
from venuekit_paper.state import account_data, order_data, to_account, to_order

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shadow (
    one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
"""


class Keeping:
    """The file of one shadow account; in memory without a path."""

    def __init__(self, path: Path | None) -> None:
        """Raises StoreInUse, Unavailable, StoreDamaged."""
        self._path = path
        self._lock = FileLock(path.with_suffix(".lock")) if path is not None else None
        try:
            self.history = History(path)
            self.history.db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self.close()
            raise Unavailable(
                f"The shadow account's file {path} cannot be opened: {error}.",
                fix="See that its folder exists and may be written, and that the disk has room.",
            ) from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise damaged(path, str(error)) from error

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep the state and what the history has gathered, in one commit. Raises Unavailable."""
        body = msgspec.json.encode(state).decode()
        db = self.history.db
        try:
            db.execute("BEGIN IMMEDIATE")
            self.history.write()
            db.execute("REPLACE INTO shadow VALUES (1, ?, ?)", (body, _digest(body)))
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            self.history.settle(kept=False)
            raise Unavailable(f"The shadow account could not be written: {error}.") from error
        self.history.settle(kept=True)

    def saved(self) -> dict[str, Any] | None:
        """The state; None for a new account. Raises StoreDamaged."""
        try:
            found = self.history.db.execute("SELECT body, digest FROM shadow").fetchone()
        except sqlite3.DatabaseError as error:
            raise self.damaged(str(error)) from error
        if found is None:
            return None
        if _digest(found[0]) != found[1]:
            raise self.damaged("its state is not what was written")
        body: dict[str, Any] = msgspec.json.decode(found[0])
        return body

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


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def dump(exchange: Exchange, name: str) -> dict[str, Any]:
    """What the account's later commands depend on; nothing of the live market, which is seen anew."""
    account = exchange.accounts[name]
    mine = list(account.open.values())
    held = {o.market.id for o in mine} | {m for m, h in account.holdings.items() if h.lots}
    return {
        "number": exchange.number,
        "transfer_number": exchange.transfer_number,
        "fill_number": exchange.matcher.fill_number,
        "now_ns": exchange.now_ns,
        "places": dict(exchange.places),
        "fee_denominator": exchange.matcher.fees.denominator,
        "account": account_data(account),
        "orders": [order_data(o) for o in mine],
        "resting": [o.number for o in mine if o.resting],
        "armed": [o.number for o in mine if o.armed],
        "expiries": [[until, number] for until, number, o in exchange.expiries.entries() if o.account is account],
        "instruments": [to_plain(exchange.markets[m].scale.instrument) for m in sorted(held)],
    }


def gone(state: Mapping[str, Any] | None, listed: set[str]) -> list[Instrument]:
    """Instruments that the account holds or has orders in, and that the venue lists no more: they do not trade."""
    found = [from_plain(body, Instrument) for body in (state or {}).get("instruments", ())]
    return [_halted(instrument) for instrument in found if instrument.id not in listed]


def _halted(instrument: Instrument) -> Instrument:
    body = to_plain(instrument)
    return from_plain({**body, "status": InstrumentStatus.EXPIRED.value}, Instrument)


def load(exchange: Exchange, state: Mapping[str, Any]) -> None:
    """Bring a fresh exchange to the state that `dump` wrote. The orders rest, and nothing is quoted yet."""
    for name in ("number", "transfer_number", "now_ns"):
        setattr(exchange, name, state[name])
    exchange.matcher.fill_number = state["fill_number"]
    account = to_account(state["account"], exchange)
    exchange.accounts[account.name] = account
    orders = {data["number"]: to_order(data, exchange) for data in state["orders"]}
    for number, order in orders.items():
        account.open[number] = order
        if order.client_id is not None:
            account.by_client_id[order.client_id] = order
    for number in state["resting"]:
        orders[number].market.book.own(orders[number].side).add(orders[number])
    for number in state["armed"]:
        orders[number].market.arm(orders[number])
    for until, number in state["expiries"]:
        exchange.expiries.add(until, orders[number])
