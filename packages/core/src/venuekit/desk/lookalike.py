"""Finding an order by what it looks like, at venues that do not tell our client order id."""

from __future__ import annotations

from collections.abc import Iterable

from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order

#: The venue's clock may be behind ours by this much when it says when an order was made.
LOOK_BACK_NS = 10_000_000_000
_SAME = ("instrument", "side", "type", "size", "quote_size", "price", "stop_price", "time_in_force", "reduce_only")

_INTENT = ("instrument", "side", "type", "size", "quote_size", "price", "stop_price")


def looks_like(ours: Order, theirs: Order) -> bool:
    """Whether `theirs`, which carries no client order id, may be `ours`, which was sent and has no answer.

    A market order's size by quote amount is known to the venue only, so it does not tell the two apart.
    """
    if theirs.client_order_id is not None or theirs.created_ns < ours.created_ns - LOOK_BACK_NS:
        return False
    names = _SAME if ours.size is not None else tuple(n for n in _SAME if n != "size")
    return all(getattr(ours, name) == getattr(theirs, name) for name in names)


def oldest_like(doubtful: Iterable[Order], theirs: Order) -> Order | None:
    """The order in doubt that `theirs` may be; of several, the one that was sent first."""
    return min((o for o in doubtful if looks_like(o, theirs)), key=lambda o: (o.created_ns, o.id), default=None)


def twin_of(doubtful: Iterable[Order], request: OrderRequest) -> Order | None:
    """The order in doubt that `request` would place once more, whatever it is called."""
    for order in doubtful:
        if order.id != request.client_order_id and all(
            getattr(order, name) == getattr(request, name, None) for name in _INTENT
        ):
            return order
    return None
