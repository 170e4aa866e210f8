"""The orders that may still cost money, and the recent ones that no longer can."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from operator import attrgetter

import attrs

from venuekit.model.identity import InstrumentId
from venuekit.model.money import plain
from venuekit.model.order import DONE, Order, OrderStatus, may_follow

#: How many finished orders stay in memory for quick lookups; older ones are in the journal.
REMEMBERED_ORDERS = 2_000
_IN_DOUBT = OrderStatus.IN_DOUBT
#: What a report of the venue can change; where all of it is the same, nothing is new.
_TOLD = attrgetter(
    "updated_ns",
    "status",
    "filled_size",
    "venue_order_id",
    "size",
    "price",
    "stop_price",
    "average_price",
    "fees",
    "fee_asset",
    "status_code",
    "status_reason",
)


@attrs.frozen
class Applied:
    """What an update did: the order afterwards, and whether it changed.

    `refused` says why an update that came too late, or cannot be, changed nothing. `difference` says what the venue
    did that should not be possible; it is taken in all the same, and is to be recorded.
    """

    order: Order
    changed: bool
    refused: str = ""
    difference: str = ""


class Orders:
    """Orders by either id. An update that the state table forbids is refused and named, never applied silently."""

    def __init__(self) -> None:
        self._live: dict[str, Order] = {}
        self._done: OrderedDict[str, Order] = OrderedDict()
        self._by_venue_id: dict[str, str] = {}
        self._doubtful: dict[str, Order] = {}
        #: When the venue says that what it last told of a live order was so; our own clock has no part in it.
        self._told_ns: dict[str, int] = {}

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
            self._told_ns.pop(key, None)
            self._done[key] = order
            if len(self._done) > REMEMBERED_ORDERS:
                _, gone = self._done.popitem(last=False)
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
        self._told_ns.pop(order.id, None)

    def apply(self, seen: Order) -> Applied:
        """Merge what the venue says of an order into what we know of it.

        Ours are the ids, the agent, the reason and the approval; the venue's are status, fills and prices. A
        report that is older than what we know (fewer fills, or a state that may not follow) changes nothing. One
        that tells of more fills is never too late: money has moved.
        """
        known = self.get(seen.id) or (self.get(seen.venue_order_id) if seen.venue_order_id else None)
        if known is None:
            self.put(seen)
            if not seen.is_done:
                self._told_ns[seen.id] = seen.updated_ns
            return Applied(seen, changed=True, difference=_overfilled(seen))
        if _TOLD(seen) == _TOLD(known):
            return Applied(known, changed=False)  # told before, by the answer or by the stream
        if seen.filled_size < known.filled_size:
            return Applied(
                known, changed=False, refused=f"filled went back from {known.filled_size} to {seen.filled_size}"
            )
        old = seen.updated_ns < self._told_ns.get(known.id, 0)
        if old and seen.filled_size == known.filled_size:
            return Applied(known, changed=False, refused="a newer report was told before")
        status, difference = self._status(known, seen), ""
        if not may_follow(known.status, status):
            if seen.filled_size == known.filled_size:
                return Applied(known, changed=False, refused=f"{known.status.value} cannot become {status.value}")
            difference = (
                f"{known.id} was {known.status.value} with {plain(known.filled_size)} filled, "
                f"and the venue has {plain(seen.filled_size)} filled"
            )
            status = status if status in DONE else known.status
        terms = known if old else seen
        merged = known.but(
            status=status,
            venue_order_id=seen.venue_order_id or known.venue_order_id,
            size=terms.size if terms.size is not None else known.size,
            price=terms.price if terms.price is not None else known.price,
            stop_price=terms.stop_price if terms.stop_price is not None else known.stop_price,
            filled_size=seen.filled_size,
            average_price=seen.average_price if seen.average_price is not None else known.average_price,
            fees=seen.fees,
            fee_asset=seen.fee_asset or known.fee_asset,
            status_code=seen.status_code,
            status_reason=seen.status_reason,
            updated_ns=max(seen.updated_ns, known.updated_ns),
        )
        if merged == known:
            return Applied(known, changed=False)
        self.put(merged)
        if not merged.is_done and not old:
            self._told_ns[merged.id] = seen.updated_ns
        if not difference and merged.filled_size > known.filled_size:
            difference = _overfilled(merged)
        return Applied(merged, changed=True, difference=difference)

    @staticmethod
    def _status(known: Order, seen: Order) -> OrderStatus:
        # A venue that has not seen our cancel yet still says OPEN: the request stands until it is answered.
        waiting = known.status is OrderStatus.PENDING_CANCEL and seen.status in (
            OrderStatus.OPEN,
            OrderStatus.PARTIALLY_FILLED,
            OrderStatus.PENDING_TRIGGER,
        )
        return OrderStatus.PENDING_CANCEL if waiting else seen.status


def _overfilled(order: Order) -> str:
    if order.size is None or order.filled_size <= order.size:
        return ""
    return f"{order.id} is for {plain(order.size)}, and the venue has {plain(order.filled_size)} filled"
