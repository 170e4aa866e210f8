"""Orders and fills as the journal has them, for readers that have no desk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from venuekit.journal.rows import every
from venuekit.model.codec import from_record
from venuekit.model.order import Fill, Order
from venuekit.protocols.journal import EntryKind, Row, RowQuery, Store

#: Rows before a snapshot that are read again: an order that was being written when the snapshot was taken has
#: its row before it and is not in it. The last row of an order wins, so reading a row twice does no harm.
OVERLAP = 1_000
_ORDERS = (EntryKind.INTENT, EntryKind.ORDER)


def live_orders(store: Store, desk: str) -> list[Order]:
    """Every order of the desk that is not done, oldest first.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    orders: dict[str, Order] = {}
    snapshot = store.latest(desk, EntryKind.SNAPSHOT)
    after = 0
    if snapshot is not None:
        after = max(0, snapshot.sequence - OVERLAP)
        orders = {order.id: order for order in (from_record(body, Order) for body in snapshot.body["orders"])}
    for row in store.replay(desk, after):
        if row.kind in _ORDERS:
            orders[row.subject] = from_record(row.body, Order)
    return sorted((o for o in orders.values() if not o.is_done), key=lambda o: (o.created_ns, o.id))


def recent_orders(store: Store, desk: str, *, limit: int) -> list[Order]:
    """The orders that changed last, done ones too, newest change first.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    seen: dict[str, Order] = {}
    for row in every(store, RowQuery(desk=desk, kinds=_ORDERS), newest_first=True):
        if row.subject not in seen:
            seen[row.subject] = from_record(row.body, Order)
            if len(seen) == limit:
                break
    return list(seen.values())


def holdings(store: Store, desk: str) -> tuple[Mapping[str, Any], Iterator[Fill]]:
    """What the desk held when that was last written down, by instrument, and its fills since, oldest first.

    Where nothing was pruned the fills tell it all, from the first on.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    base = _written_down(store, desk) if store.checkpoint() is not None else None
    if base is None:
        return {}, _fills(store, desk, 0, frozenset())
    body = base.body["holdings"]
    return body["positions"], _fills(store, desk, base.sequence, frozenset(body["unwritten"]))


def _written_down(store: Store, desk: str) -> Row | None:
    for row in every(store, RowQuery(desk=desk, kinds=(EntryKind.SNAPSHOT, EntryKind.SESSION)), newest_first=True):
        if row.body.get("holdings") is not None:
            return row
    return None


def _fills(store: Store, desk: str, after: int, known: frozenset[str]) -> Iterator[Fill]:
    for row in every(store, RowQuery(desk=desk, kinds=(EntryKind.FILL,), after_sequence=after)):
        if row.body["id"] not in known:
            yield from_record(row.body, Fill)
