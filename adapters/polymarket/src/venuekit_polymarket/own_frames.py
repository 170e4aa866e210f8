"""Frames of the user channel about own orders: each thing told once, in whatever order frames come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from venuekit.adapter import STATUS_KINDS, Order, OrderEvent, OrderEventKind, OrderStatus
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.frame_values import Frame
from venuekit_polymarket.reading import text

#: An order as a frame tells it, with the terms that frames leave out; None for one that is not ours.
#: Raises VenueDown for what cannot be read.
ReadOrder = Callable[[Frame], Order | None]

#: Ended orders that are remembered, since a frame may come again.
_MOST_ENDED = 1_000


class OwnOrders:
    """Remembers what was told of each order: nothing is told twice or after its end, and no figure goes back."""

    def __init__(self, read: ReadOrder) -> None:
        self._read = read
        self._told: OrderedDict[str, Order] = OrderedDict()

    def event(self, frame: Frame) -> OrderEvent | None:
        """What a frame tells that is new. Raises VenueDown."""
        order = self._read(frame)
        if order is None:
            return None
        identity = order.venue_order_id or order.id
        last = self._told.get(identity)
        order = _onwards(last, _ended(frame, order))
        if last is not None and (last.is_done or order.but(updated_ns=last.updated_ns) == last):
            return None  # told before
        self._told[identity] = order
        if order.is_done:
            self._told.move_to_end(identity, last=False)
            while len(self._told) > _MOST_ENDED:
                self._told.popitem(last=False)
        return OrderEvent(
            venue=VENUE,
            instrument=order.instrument,
            time_ns=order.updated_ns,
            kind=_kind(last, order),
            order=order,
        )


def _ended(frame: Frame, order: Order) -> Order:
    """A cancellation ends an order whatever its status says."""
    if order.is_done or text(frame, "type").upper() != "CANCELLATION":
        return order
    return order.but(status=OrderStatus.CANCELED)


def _onwards(last: Order | None, order: Order) -> Order:
    """`order` without going back behind `last`: an older frame may come late."""
    if last is None:
        return order
    changes: dict[str, object] = {"updated_ns": max(order.updated_ns, last.updated_ns)}
    if order.filled_size < last.filled_size:
        changes |= {
            "filled_size": last.filled_size,
            "average_price": last.average_price,
            "fees": last.fees,
            "status": order.status if order.is_done else last.status,
        }
    return order.but(**changes)


def _kind(before: Order | None, after: Order) -> OrderEventKind:
    if before is None or before.status is not after.status:
        return STATUS_KINDS.get(after.status, OrderEventKind.ACCEPTED)
    return OrderEventKind.PARTIALLY_FILLED if after.filled_size > before.filled_size else OrderEventKind.AMENDED
