"""Approvals as the command shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venuekit.cli.audit import what
from venuekit.cli.output import moment, note, pairs, say, table
from venuekit.console.pages import state_of
from venuekit.model.action import Action
from venuekit.model.codec import to_plain
from venuekit.model.order import Order
from venuekit.protocols.journal import Approval, ApprovalState, Row

_NANOS = 1_000_000_000


def expiry(approval: Approval, now_ns: int) -> str:
    """When it expires, and in how many seconds if it waits."""
    left = (approval.expires_ns - now_ns) // _NANOS
    at = moment(approval.expires_ns)
    return f"{at}, in {left} s" if approval.state is ApprovalState.PENDING and left > 0 else at


def body(approval: Approval) -> dict[str, Any]:
    """The approval in an answer in JSON."""
    found: dict[str, Any] = to_plain(approval)
    return found


def list_approvals(found: Sequence[Approval], now_ns: int) -> None:
    """A table of approvals."""
    table(
        ("ID", "STATE", "AGENT", "WHAT", "DESK", "EXPIRES"),
        [(a.id, state_of(a, now_ns), a.agent_id, a.summary, a.desk, expiry(a, now_ns)) for a in found],
    )
    if any(state_of(a, now_ns).startswith("PENDING") for a in found):
        say("\nvenuekit approvals show ID, then: approve ID or reject ID")


def show_approval(approval: Approval, now_ns: int) -> None:
    """Everything of one approval."""
    links = (("asked before as", approval.replaces), ("asked anew as", approval.replaced_by))
    pairs(
        [
            ("approval", approval.id),
            ("state", state_of(approval, now_ns) + (f" by {approval.decided_by}" if approval.decided_by else "")),
            *([("takes", f"{approval.people} people")] if approval.people > 1 else []),
            *((name, other) for name, other in links if other),
            ("what", approval.summary),
            *((f"  {name}", value) for name, value in approval.terms.items()),
            ("reason", approval.order.get("reason") or "none given"),
            ("worth up to", approval.notional or "unknown"),
            *([] if approval.tool else [("market then", approval.reference_price or "unknown")]),
            ("may move", f"by a share of {approval.price_tolerance}"),
            ("agent", approval.agent_id),
            ("desk", approval.desk),
            ("action" if approval.tool else "order", approval.order_id),
            ("asked", moment(approval.created_ns)),
            ("expires", expiry(approval, now_ns)),
            *([("note", approval.note)] if approval.note else []),
        ]
    )


def chapters(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The story in an answer in JSON."""
    return [
        {"sequence": r.sequence, "time_ns": r.time_ns, "kind": r.kind.value, "subject": r.subject, "what": what(r)}
        for r in rows
    ]


def show_story(rows: Sequence[Row]) -> None:
    """What happened, in order."""
    say("")
    table(
        ("ROW", "TIME", "KIND", "SUBJECT", "WHAT"),
        [(r.sequence, moment(r.time_ns), r.kind.value, r.subject, what(r)) for r in rows],
        right=("ROW",),
    )


def tell(found: Order | Action | None, approval: Approval, verb: ApprovalState, *, running: bool) -> None:
    """What came of a decision."""
    if approval.state is ApprovalState.PENDING:
        say(f"{approval.progress}: somebody else has to approve it too, before {moment(approval.expires_ns)}.")
    elif approval.replaced_by:
        note(f"{approval.note}. It waits for approval anew: venuekit approvals show {approval.replaced_by}")
    elif found is not None:
        why = f": {found.status_reason}" if found.status_reason else ""
        say(f"{'Action' if approval.tool else 'Order'} {found.id} is {found.status.value}{why}")
    elif not running:
        doing = ("does it" if approval.tool else "sends it") if verb is ApprovalState.APPROVED else "denies it"
        until_then = f"if it opens before {moment(approval.expires_ns)}"
        note(f"No desk is open for {approval.desk}; the next one {doing}, {until_then}.")
    else:
        again = f"approvals show {approval.id}" if approval.tool else f"orders {approval.order_id}"
        note(f"The desk has not acted yet. Look again: venuekit {again}")
