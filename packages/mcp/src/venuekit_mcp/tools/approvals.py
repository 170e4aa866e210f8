"""What waits for a person, as an agent may know it: who has to decide, where and until when, and no way to do so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from venuekit.model.times import iso
from venuekit.model.untrusted import Untrusted
from venuekit.protocols.journal import Approval, ApprovalState
from venuekit_mcp.arguments import argument
from venuekit_mcp.surface import Call, Tool
from venuekit_mcp.wire import clean

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

_NANOS = 1_000_000_000
_LONGEST_NAME = 60


@attrs.frozen(kw_only=True)
class ApprovalArguments:
    """Arguments of get_approval_status."""

    approval_id: str | None = argument("One approval; default: all that wait.", None)


@attrs.frozen(kw_only=True)
class ApprovalRow:
    """One approval, as an agent may see it."""

    id: str
    state: ApprovalState
    order_id: str
    agent_id: str
    summary: Untrusted
    notional: str
    people_needed: int
    approved_by: Sequence[str]
    expires_ns: int
    decided_by: str = ""
    note: str = ""
    tool: str = ""
    replaces: str = ""
    replaced_by: str = ""
    waits_for: str = ""


@attrs.frozen(kw_only=True)
class Approvals:
    """Result of get_approval_status."""

    approvals: Sequence[ApprovalRow]
    how: str


def waits_for(desk: Desk, approval: Approval) -> str:
    """Who still has to decide, where, and until when; empty for one that does not wait."""
    if approval.state is not ApprovalState.PENDING:
        return ""
    given = ", ".join(clean(name, _LONGEST_NAME) for name in approval.approvers)
    if approval.people > 1:
        so_far = f", of whom {given} has approved" if given else ""
        who = f"{approval.people} different operators have to approve{so_far}"
    else:
        who = "An operator has to decide"
    page = desk.settings.approval.page_url
    where = f"at {page.rstrip('/')}/approvals/{approval.id} or " if page else ""
    until = iso(approval.expires_ns - approval.expires_ns % _NANOS)
    return f"{who}, {where}with: venuekit approvals approve {approval.id} (or reject), before {until}."


def row(desk: Desk, approval: Approval) -> ApprovalRow:
    """The approval as an agent may see it."""
    return ApprovalRow(
        id=approval.id,
        state=approval.state,
        order_id=approval.order_id,
        agent_id=approval.agent_id,
        summary=Untrusted(approval.summary),
        notional=approval.notional,
        people_needed=approval.people,
        approved_by=[clean(name, _LONGEST_NAME) for name in approval.approvers],
        expires_ns=approval.expires_ns,
        decided_by=clean(approval.decided_by, 2 * _LONGEST_NAME),
        note=clean(approval.note),
        tool=approval.tool,
        replaces=approval.replaces,
        replaced_by=approval.replaced_by,
        waits_for=waits_for(desk, approval),
    )


def approval_tool(desk: Desk) -> Tool:
    """The tool that tells what waits."""

    async def approvals(call: Call) -> Approvals:
        wanted = call.arguments.approval_id
        found = [await desk.approval(wanted)] if wanted else await desk.approvals((ApprovalState.PENDING,), limit=50)
        return Approvals(
            approvals=[row(desk, a) for a in found],
            how="A person decides with: venuekit approvals approve ID, or reject ID. No tool can.",
        )

    return Tool(
        name="get_approval_status",
        title="Get approval status",
        description="Orders and actions that wait for a person, or one approval.",
        arguments=ApprovalArguments,
        result=Approvals,
        handler=approvals,
        open_world=False,
    )
