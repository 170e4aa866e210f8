"""Finding an account's orders by either id, open or done, and telling a repeated request from a reused id."""

from __future__ import annotations

from venuekit.adapter import ClientOrderIdReused, Order, OrderAlreadyDone, OrderRef, OrderRequest, UnknownOrder
from venuekit_paper.accounts import Account
from venuekit_paper.history import History
from venuekit_paper.orders import PaperOrder, to_model

_TERMS = ("side", "type", "time_in_force", "quote_size", "price", "stop_price", "expires_at_ns", "reduce_only")


def repeated(owner: Account, request: OrderRequest, history: History, venue: str) -> Order | None:
    """The order that the same request made before; None when its id is new.

    Raises:
        ClientOrderIdReused: another request has the id.
    """
    if request.client_order_id is None:
        return None
    known = owner.by_client_id.get(request.client_order_id)
    if known is not None:
        if known.matches(request):
            return to_model(known, venue)
        raise _reused(request)
    past = history.order_by_client_id(owner.name, request.client_order_id)
    if past is None:
        return None
    same = (
        past.instrument == request.instrument
        and getattr(request, "post_only", False) == past.post_only
        and all(getattr(request, term, None) == getattr(past, term) for term in _TERMS)
    )
    if same and (past.quote_size is not None or past.size == request.size):
        return past
    raise _reused(request)


def _reused(request: OrderRequest) -> ClientOrderIdReused:
    return ClientOrderIdReused(
        f"client_order_id {request.client_order_id} belongs to another order.", field="client_order_id"
    )


def still_open(owner: Account, ref: OrderRef, history: History) -> PaperOrder:
    """An open order. Raises UnknownOrder, or OrderAlreadyDone."""
    found = owner.by_client_id.get(ref.client_order_id) if ref.client_order_id else None
    number = ref.venue_order_id or ""
    if found is None and number.isascii() and number.isdigit() and len(number) <= 18:
        found = owner.open.get(int(number))
    if found is not None:
        return found
    past = done(owner, ref, history)
    raise OrderAlreadyDone(f"Order {past.id} is {past.status.value}.", order_id=past.id)


def done(owner: Account, ref: OrderRef, history: History) -> Order:
    """A finished order. Raises UnknownOrder."""
    past = history.order_by_client_id(owner.name, ref.client_order_id) if ref.client_order_id else None
    if past is None and ref.venue_order_id:
        past = history.order(owner.name, ref.venue_order_id)
    if past is None:
        shown = ref.client_order_id or ref.venue_order_id or ""
        raise UnknownOrder(f"No order {shown[:60]!r} in account {owner.name}.", field="order_id")
    return past
