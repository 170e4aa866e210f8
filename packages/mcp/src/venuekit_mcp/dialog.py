"""Asking a person in the host's own dialog; the record that is decided stays on the server and works once."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.errors import ApprovalRefused
from venuekit.model.order import Order
from venuekit.protocols.approver import Operator
from venuekit_mcp.results import json_text
from venuekit_mcp.surface import Call

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

_KEY = "approve"
_MODERN = "2026-07-28"
_MOST_OPEN = 256


@attrs.frozen
class _Question:
    approval_id: str
    tool: str
    arguments: str
    agent_id: str


def _form(summary: str) -> tuple[str, dict[str, Any]]:
    return f"Approve this order? {summary}", {
        "type": "object",
        "properties": {_KEY: {"type": "boolean", "title": "Approve this order"}},
        "required": [_KEY],
    }


class Dialogs:
    """Questions that are open at the host. Off unless the operator turned ``approval.elicitation`` on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: dict[str, _Question] = {}

    async def resumed(self, call: Call) -> Any:
        """The order after a second round with the person's answer; None when this is a first round.

        Raises:
            ApprovalRefused: the state is unknown (used before, or not ours), or the answer was not yes.
        """
        state = getattr(call.params, "request_state", None)
        if state is None:
            return None
        question = self._open.pop(state, None)
        raw = json_text(call.params.arguments or {})
        if question is None or (question.tool, question.arguments, question.agent_id) != (
            call.name,
            raw,
            call.caller.agent_id,
        ):
            raise ApprovalRefused(
                "This question was answered before, has expired, or was about another order.",
                fix="Look at get_orders before placing anything again.",
            )
        return await self._decide(question.approval_id, (call.params.input_responses or {}).get(_KEY), call)

    async def asked(self, call: Call, order: Order) -> Any:
        """Ask about an order that waits. The order itself when the host cannot ask: a person decides elsewhere."""
        session = call.context.session
        able = session.client_capabilities
        if not self._desk.settings.approval.elicitation or able is None or able.elicitation is None:
            return order
        approval_id = order.approval_id or ""
        message, schema = _form((await self._desk.approval(approval_id)).summary)
        if call.context.protocol_version >= _MODERN:
            import mcp_types as mt  # noqa: PLC0415

            state = secrets.token_hex(16)
            while len(self._open) >= _MOST_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[state] = _Question(
                approval_id, call.name, json_text(call.params.arguments or {}), call.caller.agent_id
            )
            ask = mt.ElicitRequest(params=mt.ElicitRequestFormParams(message=message, requested_schema=schema))
            return mt.InputRequiredResult(input_requests={_KEY: ask}, request_state=state)
        if not session.can_send_request:
            return order
        answer = await session.elicit_form(message, schema, related_request_id=call.context.request_id)
        return await self._decide(approval_id, answer, call)

    async def _decide(self, approval_id: str, answer: Any, call: Call) -> Order:
        operator = Operator(name=f"host of {call.caller.agent_id}", source="elicitation")
        if getattr(answer, "action", None) == "accept" and (answer.content or {}).get(_KEY) is True:
            return await self._desk.approve(approval_id, operator, note="in the host's dialog")
        action = getattr(answer, "action", None) or "missing"
        await self._desk.reject(approval_id, operator, note=f"the host's dialog: {action}")
        raise ApprovalRefused(
            "The person did not approve; the order was denied and nothing was sent.", details={"answer": str(action)}
        )
