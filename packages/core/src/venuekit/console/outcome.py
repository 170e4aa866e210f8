"""What becomes of an order or an action after a decision, seen from outside of its desk."""

from __future__ import annotations

from typing import Any

from venuekit.model.action import Action, ActionStatus
from venuekit.model.codec import from_record, to_plain
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind, RowQuery, Store

_ORDER = (EntryKind.INTENT, EntryKind.ORDER)
_ON_THE_WAY = (
    *(OrderStatus.PENDING_APPROVAL, OrderStatus.SUBMITTING),
    *(ActionStatus.PENDING_APPROVAL, ActionStatus.SENDING),
)
_LOOK_EVERY_SECONDS = 0.05


def newest(store: Store, approval: Approval) -> Order | Action | None:
    """The order or action as the store has it now."""
    if approval.tool:
        return store.action(approval.desk, approval.order_id)
    rows = store.rows(RowQuery(desk=approval.desk, subject=approval.order_id, kinds=_ORDER, limit=1))
    return from_record(rows[0].body, Order) if rows else None


async def outcome(store: Store, approval: Approval, seconds: float, clock: Clock) -> Order | Action | None:
    """The order or action once its desk has acted on the decision; None when it has not in time, or waits on."""
    if approval.state is ApprovalState.PENDING:
        return None
    until = clock.monotonic_ns() + int(seconds * 1e9)
    while True:
        found = newest(store, approval)
        if found is not None:
            asked_anew = found.approval_id not in (None, approval.id)
            if asked_anew or found.status not in _ON_THE_WAY:
                return found
        if clock.monotonic_ns() >= until:
            return None
        await clock.sleep(_LOOK_EVERY_SECONDS)


def shown(found: Order | Action | None) -> dict[str, Any]:
    """The same in an answer in JSON: ``order`` or ``action``, the other is null."""
    body = None if found is None else {"id": found.id, **to_plain(found)}
    return {"order": body if isinstance(found, Order) else None, "action": body if isinstance(found, Action) else None}
