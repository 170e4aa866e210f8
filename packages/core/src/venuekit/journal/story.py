"""The story of one approval: asked, decided, used or ended, and what became of what it was for, as recorded."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.model.action import Action
from venuekit.model.codec import from_record
from venuekit.model.identity import ApprovalId
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind, Row, RowQuery, Store

_ABOUT_IT = (EntryKind.INTENT, EntryKind.ORDER, EntryKind.FILL, EntryKind.RECONCILE, EntryKind.ACTION)
#: More rows than one order has, and more renewals than an approval.
_MOST = 10_000
_LONGEST_CHAIN = 100


def chain(store: Store, approval: Approval) -> Sequence[Approval]:
    """Every question about the same order or action, the first one first."""
    found = {approval.id: approval}
    before, after = approval.replaces, approval.replaced_by
    while before and len(found) < _LONGEST_CHAIN and (earlier := _other(store, before, found)) is not None:
        found[earlier.id], before = earlier, earlier.replaces
    while after and len(found) < _LONGEST_CHAIN and (later := _other(store, after, found)) is not None:
        found[later.id], after = later, later.replaced_by
    return sorted(found.values(), key=lambda a: (a.renewal, a.created_ns))


def _other(store: Store, approval_id: ApprovalId, found: dict[str, Approval]) -> Approval | None:
    return None if approval_id in found else store.approval(approval_id)


def story(store: Store, approval: Approval) -> Sequence[Row]:
    """The rows of every question about the order or action, and of itself, oldest first."""
    rows: list[Row] = []
    for one in chain(store, approval):
        rows += store.rows(RowQuery(subject=one.id, kinds=(EntryKind.APPROVAL,), limit=_MOST))
    rows += store.rows(RowQuery(desk=approval.desk, subject=approval.order_id, kinds=_ABOUT_IT, limit=_MOST))
    return sorted(rows, key=lambda row: row.sequence)


def action_story(store: Store, action: Action) -> Sequence[Row]:
    """The rows of an action, and of every question about it, oldest first."""
    approval = store.approval(action.approval_id) if action.approval_id else None
    if approval is not None:
        return story(store, approval)
    return store.rows(
        RowQuery(desk=action.desk, subject=action.id, kinds=(EntryKind.ACTION,), newest_first=False, limit=_MOST)
    )


def approval_in(row: Row) -> Approval:
    """The approval as a row of it has it."""
    return from_record(row.body, Approval)


def told(approval: Approval) -> str:
    """What last happened to an approval, in a few words."""
    last = approval.decisions[-1] if approval.decisions else None
    note = f": {approval.note}" if approval.note else ""
    match approval.state:
        case ApprovalState.PENDING if last is None:
            anew = f"asked anew, after {approval.replaces}" if approval.replaces else "asked"
            return f"{anew}: {approval.summary}" + (f"; takes {approval.people} people" if approval.people > 1 else "")
        case ApprovalState.PENDING | ApprovalState.APPROVED if last is not None:
            so_far = f", {len(approval.approvers)} of {approval.people}" if approval.people > 1 else ""
            return f"approved by {last.who}{so_far}" + (f": {last.note}" if last.note else "")
        case ApprovalState.REJECTED:
            return f"rejected by {approval.decided_by}{note}"
        case ApprovalState.USED:
            what = "action" if approval.tool else "order"
            return f"used for {what} {approval.order_id}, approved by {approval.decided_by}"
        case ApprovalState.VOID if approval.replaced_by:
            return f"void{note}; {approval.replaced_by} asks anew"
        case _:
            return f"{approval.state.value.lower()}{note}"
