"""The orders that may still cost money, and the recent ones that no longer can."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from venuekit.books.reports import UNTOLD, Applied, Told, merge, overfilled
from venuekit.model.identity import InstrumentId
from venuekit.model.order import DONE, Order, OrderStatus

#: How many finished orders stay in memory for quick lookups; older ones are in the journal.
REMEMBERED_ORDERS = 2_000
_IN_DOUBT = OrderStatus.IN_DOUBT


class Orders:
    """Orders by either id. An update that the state table forbids is refused and named, never applied silently."""

    def __init__(self) -> None:
        self._live: dict[str, Order] = {}
        self._done: OrderedDict[str, Order] = OrderedDict()
        self._by_venue_id: dict[str, str] = {}
        self._doubtful: dict[str, Order] = {}
        #: How new, by the venue's clock, what we have of each order is; our own clock has no part in it.
        self._told: dict[str, Told] = {}

    def get(self, order_id: str) -> Order | None:
        """An order by our id or the venue's; None when it is not in memory."""
        key = (
            order_id if order_id in self._live or order_id in self._done else self._by_venue_id.get(order_id, order_id)
        )
        return self._live.get(key) or self._done.get(key)

    def live(self, instrument: InstrumentId | None = None) -> list[Order]:
        """Orders that are not done, oldest first."""
        return [o for o in self._live.values() if instrument is None or o.instrument == instrument]

    def in_doubt(self) -> list[Order]:
        """Orders that were sent and have no answer."""
        return list(self._doubtful.values())

    def __iter__(self) -> Iterator[Order]:
        return iter(list(self._live.values()))

    def __len__(self) -> int:
        return len(self._live)

    def put(self, order: Order) -> None:
        """Keep the order as it is; for our own transitions, which `Order.to` has checked."""
        key = order.id
        if order.venue_order_id and order.venue_order_id != key:
            self._by_venue_id[order.venue_order_id] = key
        if order.status is _IN_DOUBT:
            self._doubtful[key] = order
        else:
            self._doubtful.pop(key, None)
        if order.status in DONE:
            self._live.pop(key, None)
            self._done[key] = order
            if len(self._done) > REMEMBERED_ORDERS:
                forgotten, gone = self._done.popitem(last=False)
                self._told.pop(forgotten, None)
                if gone.venue_order_id:
                    self._by_venue_id.pop(gone.venue_order_id, None)
        else:
            self._done.pop(key, None)
            self._live[key] = order

    def forget(self, order: Order) -> None:
        """Drop an order as if it had never been."""
        self._live.pop(order.id, None)
        self._done.pop(order.id, None)
        self._doubtful.pop(order.id, None)
        self._told.pop(order.id, None)

    def apply(self, seen: Order) -> Applied:
        """Merge what the venue says of an order into what we know of it; see `venuekit.books.reports`."""
        known = self.get(seen.id) or (self.get(seen.venue_order_id) if seen.venue_order_id else None)
        if known is None:
            self._told[seen.id] = Told(seen.updated_ns, seen.updated_ns)
            self.put(seen)
            return Applied(seen, changed=True, difference=overfilled(seen))
        applied, self._told[known.id] = merge(known, seen, self._told.get(known.id, UNTOLD))
        if applied.changed:
            self.put(applied.order)
        return applied
