"""Orders and fills as the journal has them, for readers that have no desk."""

from __future__ import annotations

from collections.abc import Iterator

from venuekit.model.codec import from_record
from venuekit.model.order import Fill, Order
from venuekit.protocols.journal import EntryKind, Row, RowQuery, Store

#: Rows before a snapshot that are read again: an order that was being written when the snapshot was taken has
#: its row before it and is not in it. The last row of an order wins, so reading a row twice does no harm.
OVERLAP = 1_000
_ORDERS = (EntryKind.INTENT, EntryKind.ORDER)
_PAGE = 500


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
    for row in _newest_first(store, desk):
        if row.subject not in seen:
            seen[row.subject] = from_record(row.body, Order)
            if len(seen) == limit:
                break
    return list(seen.values())


def _newest_first(store: Store, desk: str) -> Iterator[Row]:
    before: int | None = None
    while True:
        rows = store.rows(RowQuery(desk=desk, kinds=_ORDERS, before_sequence=before, limit=_PAGE))
        yield from rows
        if len(rows) < _PAGE:
            return
        before = rows[-1].sequence


def fills(store: Store, desk: str) -> Iterator[Fill]:
    """Every recorded fill of the desk, oldest first.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    after = 0
    while True:
        query = RowQuery(desk=desk, kinds=(EntryKind.FILL,), after_sequence=after, newest_first=False, limit=_PAGE)
        rows = store.rows(query)
        yield from (from_record(row.body, Fill) for row in rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].sequence
