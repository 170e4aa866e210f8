"""The same client order id again: the same order, or somebody else's."""

from __future__ import annotations

from venuekit.errors import ApprovalRefused, ClientOrderIdReused
from venuekit.model.codec import from_record
from venuekit.model.instrument import Instrument
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import EntryKind, RowQuery, Store

_FIELDS = ("side", "type", "quote_size", "price", "stop_price", "expires_at_ns", "time_in_force", "reduce_only")


def same_order(existing: Order, request: OrderRequest, instrument: Instrument | None) -> bool:
    """Whether `request` asks for what `existing` is; the reason may be put in other words."""
    names = {existing.instrument}
    if instrument is not None and instrument.id == existing.instrument and instrument.alias:
        names.add(instrument.alias)
    if request.instrument not in names or getattr(request, "post_only", False) != existing.post_only:
        return False
    # Bought by quote amount, the size is only known afterwards.
    if getattr(request, "quote_size", None) is None and request.size != existing.size:
        return False
    return all(getattr(request, f, None) == getattr(existing, f) for f in _FIELDS)


def never_sent(existing: Order) -> bool:
    """Whether the order is over, was never sent, and may be placed anew under its id.

    That is every one that was denied, by an unreachable venue or by a limit, unless a person or the time decided
    against it: that decision stands, and another id is another proposal.
    """
    return existing.status is OrderStatus.DENIED and existing.status_code != ApprovalRefused.code


def as_recorded(store: Store, desk: str, order_id: str) -> Order | None:
    """The order as the journal had it first."""
    rows = store.rows(
        RowQuery(desk=desk, subject=order_id, kinds=(EntryKind.INTENT, EntryKind.ORDER), newest_first=False, limit=1)
    )
    return from_record(rows[0].body, Order) if rows else None


def reused(existing: Order) -> ClientOrderIdReused:
    """The error for an id that another order has."""
    what = f"{existing.side.value} {existing.size or existing.quote_size} {existing.instrument} {existing.type.value}"
    return ClientOrderIdReused(
        f"client_order_id {existing.id} belongs to another order: {what}.",
        field="client_order_id",
        order_id=existing.id,
    )
