"""Deciding about an order or action that waits: the same rules at every door, and exactly one outcome."""

from __future__ import annotations

import attrs

from venuekit.errors import ApprovalRefused
from venuekit.protocols.approver import Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Decision, Store
from venuekit.settings.credentials import DIALOG, same_person

_OPEN = (ApprovalState.PENDING, ApprovalState.APPROVED)


async def decide(
    store: Store, approval: Approval, operator: Operator, *, proof: str, approve: bool, note: str, clock: Clock
) -> Approval:
    """Record one person's decision; returns the approval as it is then.

    `proof` is how the door knew the person. An approval that needs two people stays PENDING after the first.

    Raises:
        ApprovalRefused: it is over, or this person may not approve it, or has done so.
    """
    while True:  # who was faster has given one of few decisions, or ended it
        now = clock.now_ns()
        if approval.state is ApprovalState.PENDING and now >= approval.expires_ns:
            after = ended(approval, ApprovalState.EXPIRED, "nobody decided in time", now)
            await store.move_approval(approval, after, [])
            raise already(_again(store, approval))
        decision = Decision(
            by=operator.name, source=operator.source, proof=proof, approve=approve, time_ns=now, note=note
        )
        after = approved(approval, decision) if approve else rejected(approval, decision)
        if await store.move_approval(approval, after, []):
            return after
        approval = _again(store, approval)


def _again(store: Store, approval: Approval) -> Approval:
    return store.approval(approval.id) or approval


def approved(approval: Approval, decision: Decision) -> Approval:
    """The approval after one more person approved.

    Raises:
        ApprovalRefused: it does not wait any more; they asked for the order themselves; they approved before.
    """
    if approval.state is not ApprovalState.PENDING:
        raise already(approval)
    if same_person(decision.by, approval.agent_id):
        raise _not_by(approval, f"{decision.by} asked for this {_what(approval)} and cannot approve it too.")
    for earlier in approval.decisions:
        if same_person(earlier.by, decision.by):
            raise _not_by(approval, f"{earlier.who} has approved it already; {approval.progress}.")
        if earlier.source == decision.source == DIALOG:
            raise _not_by(approval, f"The host's dialog counts as one person; {approval.progress}.")
    after = attrs.evolve(approval, decisions=(*approval.decisions, decision))
    if len(after.approvers) < after.people:
        return after
    return attrs.evolve(
        after,
        state=ApprovalState.APPROVED,
        decided_by=", ".join(after.approvers),
        decided_ns=decision.time_ns,
        note=decision.note,
    )


def rejected(approval: Approval, decision: Decision) -> Approval:
    """The approval after somebody rejected it: also after others approved, as long as it was not used.

    Raises:
        ApprovalRefused: it is over.
    """
    if approval.state not in _OPEN:
        raise already(approval)
    return attrs.evolve(
        approval,
        state=ApprovalState.REJECTED,
        decisions=(*approval.decisions, decision),
        decided_by=decision.who,
        decided_ns=decision.time_ns,
        note=decision.note,
    )


def ended(approval: Approval, state: ApprovalState, note: str, now_ns: int) -> Approval:
    """The approval moved on without a person: used, expired or void."""
    return attrs.evolve(approval, state=state, note=note or approval.note, decided_ns=now_ns)


def already(approval: Approval) -> ApprovalRefused:
    """The error for an approval that is over, or decided."""
    over = approval.state not in _OPEN
    fix = f"Decide about {approval.replaced_by}, which replaces it." if approval.replaced_by else ""
    return ApprovalRefused(
        f"Approval {approval.id} is {approval.state.value}"
        + (f" by {approval.decided_by}" if approval.decided_by else "")
        + (f": {approval.note}" if approval.note else "")
        + ".",
        fix=fix or (f"Ask for a new {_what(approval)} if it is still wanted." if over else ""),
        order_id=approval.order_id,
        details={"state": approval.state.value} | ({"replaced_by": approval.replaced_by} if fix else {}),
    )


def _what(approval: Approval) -> str:
    return "action" if approval.tool else "order"


def _not_by(approval: Approval, why: str) -> ApprovalRefused:
    return ApprovalRefused(why, fix="Somebody else decides.", order_id=approval.order_id)
