"""What becomes of an order after a decision, seen from outside of its desk."""

from __future__ import annotations

from venuekit.model.codec import from_record
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind, RowQuery, Store

_ORDER = (EntryKind.INTENT, EntryKind.ORDER)
_ON_THE_WAY = (OrderStatus.PENDING_APPROVAL, OrderStatus.SUBMITTING)
_LOOK_EVERY_SECONDS = 0.05


def newest(store: Store, approval: Approval) -> Order | None:
    """The order as the journal has it now."""
    rows = store.rows(RowQuery(desk=approval.desk, subject=approval.order_id, kinds=_ORDER, limit=1))
    return from_record(rows[0].body, Order) if rows else None


async def outcome(store: Store, approval: Approval, seconds: float, clock: Clock) -> Order | None:
    """The order once its desk has acted on the decision; None when it has not in time, or waits for another person."""
    if approval.state is ApprovalState.PENDING:
        return None
    until = clock.monotonic_ns() + int(seconds * 1e9)
    while True:
        order = newest(store, approval)
        if order is not None:
            asked_anew = order.approval_id not in (None, approval.id)
            if asked_anew or order.status not in _ON_THE_WAY:
                return order
        if clock.monotonic_ns() >= until:
            return None
        await clock.sleep(_LOOK_EVERY_SECONDS)
