"""Asking a person in the host's own dialog; the record that is decided stays on the server and works once."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.errors import ApprovalRefused
from venuekit.model.action import Action, ActionStatus
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Operator
from venuekit_mcp.results import json_text
from venuekit_mcp.surface import Call

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit.protocols.journal import Approval

_KEY = "approve"
_MODERN = "2026-07-28"
_MOST_OPEN = 256
_WAITING = (OrderStatus.PENDING_APPROVAL, ActionStatus.PENDING_APPROVAL)


@attrs.frozen
class _Question:
    approval_id: str
    tool: str
    arguments: str
    agent_id: str
    #: The person was only shown where operators decide; their answer here decides nothing.
    page: bool


def _form(approval: Approval) -> tuple[str, dict[str, Any]]:
    two = ""
    if approval.people > 1:
        two = f" {approval.people} people have to approve it: this dialog counts as one, an operator is the other."
    what = "action" if approval.tool else "order"
    return f"Approve this {what}? {approval.summary}{two}", {
        "type": "object",
        "properties": {_KEY: {"type": "boolean", "title": f"Approve this {what}"}},
        "required": [_KEY],
    }


class Dialogs:
    """Questions that are open at the host.

    With ``approval.elicitation`` the host's own form decides, as one person. Otherwise, with ``approval.page_url``, a
    host that can is asked to open the operators' page, where a token decides. Without either nothing is asked.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: dict[str, _Question] = {}

    async def resumed(self, call: Call) -> Any:
        """The order or action after a second round with the person's answer; None when this is a first round.

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
        if question.page:
            return await self._now(await self._desk.approval(question.approval_id))
        return await self._decide(question.approval_id, (call.params.input_responses or {}).get(_KEY), call)

    async def _now(self, approval: Approval) -> Order | Action:
        """What was asked for, as it is now."""
        find = self._desk.action if approval.tool else self._desk.order
        return await find(approval.order_id)

    async def asked(self, call: Call, order: Order | Action) -> Any:
        """Ask about what waits. That itself when the host cannot ask: a person decides elsewhere."""
        session, settings = call.context.session, self._desk.settings.approval
        able = session.client_capabilities and session.client_capabilities.elicitation
        if not able:
            return order
        approval = await self._desk.approval(order.approval_id or "")
        if settings.elicitation and (able.form is not None or able.url is None):  # none named means forms
            return await self._ask_form(call, order, approval)
        if settings.page_url and able.url is not None:
            return await self._show_page(call, approval, f"{settings.page_url.rstrip('/')}/approvals/")
        return order

    async def _ask_form(self, call: Call, order: Order | Action, approval: Approval) -> Any:
        message, schema = _form(approval)
        if call.context.protocol_version >= _MODERN:
            import mcp_types as mt  # noqa: PLC0415

            params = mt.ElicitRequestFormParams(message=message, requested_schema=schema)
            return self._later(call, approval, params, page=False)
        session = call.context.session
        if not session.can_send_request:
            return order
        answer = await session.elicit_form(message, schema, related_request_id=call.context.request_id)
        return await self._decide(approval.id, answer, call)

    async def _show_page(self, call: Call, approval: Approval, pages: str) -> Any:
        what = "action" if approval.tool else "order"
        message = f"An operator decides about this {what} on a page, with a token: {approval.summary}"
        if call.context.protocol_version >= _MODERN:
            import mcp_types as mt  # noqa: PLC0415

            params = mt.ElicitRequestURLParams(message=message, url=f"{pages}{approval.id}")
            return self._later(call, approval, params, page=True)
        session = call.context.session
        if session.can_send_request:
            await session.elicit_url(message, f"{pages}{approval.id}", approval.id, call.context.request_id)
        return await self._now(approval)

    def _later(self, call: Call, approval: Approval, params: Any, *, page: bool) -> Any:
        """The question as a result; the client calls again with the answer."""
        import mcp_types as mt  # noqa: PLC0415

        state = secrets.token_hex(16)
        while len(self._open) >= _MOST_OPEN:
            self._open.pop(next(iter(self._open)))
        arguments = json_text(call.params.arguments or {})
        self._open[state] = _Question(approval.id, call.name, arguments, call.caller.agent_id, page)
        return mt.InputRequiredResult(input_requests={_KEY: mt.ElicitRequest(params=params)}, request_state=state)

    async def _decide(self, approval_id: str, answer: Any, call: Call) -> Any:
        operator = Operator(name=f"host of {call.caller.agent_id}", source="elicitation")
        if getattr(answer, "action", None) == "accept" and (answer.content or {}).get(_KEY) is True:
            try:
                return await self._desk.approve(approval_id, operator, note="in the host's dialog")
            except ApprovalRefused as refused:
                found = await self._now(await self._desk.approval(approval_id))
                if "replaced_by" not in (refused.details or {}) or found.status not in _WAITING:
                    raise
                return await self.asked(call, found)  # the market has moved: shown as it is now
        action = getattr(answer, "action", None) or "missing"
        await self._desk.reject(approval_id, operator, note=f"the host's dialog: {action}")
        raise ApprovalRefused(
            "The person did not approve; it was denied and nothing was sent.", details={"answer": str(action)}
        )
