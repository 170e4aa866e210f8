"""What an order tool answers: the order, a sentence, and the next step if it is not obvious."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from venuekit.model.order import Order, OrderStatus
from venuekit_mcp.tools.approvals import waits_for

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk


@attrs.frozen(kw_only=True)
class OrderAnswer:
    """An order as it is now. `next_step` says what to do when a person has to decide, or the outcome is in doubt."""

    order: Order
    summary: str
    next_step: str = ""


async def answer_of(desk: Desk, order: Order) -> OrderAnswer:
    """The order, a sentence, and the next step if it is not obvious."""
    wanted = f"{order.size} " if order.size is not None else f"for {order.quote_size} " if order.quote_size else ""
    at = f" @ {order.price}" if order.price is not None else ""
    filled = f", filled {order.filled_size}" if order.filled_size else ""
    average = f" at {order.average_price:f}" if order.average_price is not None and order.filled_size else ""
    summary = (
        f"{order.side.value} {wanted}{order.instrument} {order.type.value}{at}: {order.status.value}{filled}{average}"
    )
    return OrderAnswer(order=order, summary=summary, next_step=await _next_step(desk, order))


async def _next_step(desk: Desk, order: Order) -> str:
    if order.status is OrderStatus.IN_DOUBT:
        return "Sent, and no answer came. Do not place it again: watch get_order_status until it is resolved."
    if order.status is not OrderStatus.PENDING_APPROVAL:
        return ""
    approval = await desk.approval(order.approval_id or "")
    anew = f"The market has moved since {approval.replaces}, so it is asked about anew. " if approval.replaces else ""
    decided = waits_for(desk, approval) or f"Approval {approval.id} is {approval.state.value}."
    return f"{anew}{decided} No tool can approve; do not place it again. Watch get_order_status or get_approval_status."
