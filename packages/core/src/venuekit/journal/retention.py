"""What a prune must never remove: all that a desk's next start, an old order's id, or an operator may still ask for.

Only rows of kinds that are known to be needless are given up; a kind that is not named here stays.
"""

from __future__ import annotations

import attrs

from venuekit.journal.replay import OVERLAP
from venuekit.journal.rows import every
from venuekit.model.codec import from_record
from venuekit.model.order import Order
from venuekit.protocols.journal import EntryKind, RowQuery, Store

#: Told once, and read by people only.
_NEEDLESS = {EntryKind.CALL, EntryKind.DENIED, EntryKind.RECONCILE}
#: Compared with what stands beside the journal, however old it is.
_LAST_WORDS = {EntryKind.APPROVAL, EntryKind.ACTION}
_ORDERS = {EntryKind.INTENT, EntryKind.ORDER}
#: Fills this much older than the newest are still looked for when holdings are compared with the venue.
_RECENT_NS = 3_600_000_000_000


@attrs.frozen
class DeskNeeds:
    """One desk: the row from which a start reads everything, the newest opening, orders that are or were just alive."""

    start: int
    opened: int
    orders: frozenset[str]
    fills_from_ns: int


@attrs.frozen
class JournalNeeds:
    """Every desk of a store, as they were when it was looked at: what they need less of later only stays longer."""

    desks: dict[str, DeskNeeds]

    def keeps(
        self, *, sequence: int, time_ns: int, kind: str, desk: str, subject: str, first: bool, last: bool
    ) -> bool:
        """Whether a row must stay. `first` and `last`: of those of its kind, desk and subject."""
        if kind in _NEEDLESS:
            return False
        if kind in _LAST_WORDS or (kind == EntryKind.SNAPSHOT and desk in self.desks):
            return last
        need = self.desks.get(desk)
        if need is None or sequence >= need.start:
            return True
        if kind == EntryKind.SESSION:
            return last or sequence >= need.opened
        if kind in _ORDERS:
            return first or last or subject in need.orders
        if kind == EntryKind.FILL:
            return subject in need.orders or time_ns >= need.fills_from_ns
        return True


def needs_of(store: Store) -> JournalNeeds:
    """What the desks of a store need now.

    Raises:
        JournalUnavailable: the store cannot be read.
    """
    return JournalNeeds({desk: _needs(store, desk) for desk in store.desks()})


def _needs(store: Store, desk: str) -> DeskNeeds:
    snapshot = store.latest(desk, EntryKind.SNAPSHOT)
    start = 0 if snapshot is None else max(0, snapshot.sequence - OVERLAP)
    # A row tells of its order alone, so those that were alive at the snapshot stand in it, and all others come after.
    orders = {row.subject for row in store.replay(desk, start) if row.kind in _ORDERS or row.kind is EntryKind.FILL}
    if snapshot is not None:
        orders |= {from_record(order, Order).id for order in snapshot.body["orders"]}
    fill = store.latest(desk, EntryKind.FILL)
    return DeskNeeds(
        start=start,
        opened=_opened(store, desk),
        orders=frozenset(orders),
        fills_from_ns=0 if fill is None else min(fill.time_ns, int(fill.body["time_ns"])) - _RECENT_NS,
    )


def _opened(store: Store, desk: str) -> int:
    query = RowQuery(desk=desk, kinds=(EntryKind.SESSION,))
    return next((r.sequence for r in every(store, query, newest_first=True) if r.body.get("event") == "opened"), 0)
