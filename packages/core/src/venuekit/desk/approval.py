"""Orders that wait for a person: asked once, decided once, used once."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.identifiers import Identifiers
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.proposal import touch
from venuekit.desk.risk.verdicts import text
from venuekit.desk.stages import RiskApproved
from venuekit.desk.state import State
from venuekit.errors import ApprovalRefused, UnknownApproval
from venuekit.model.codec import from_record, to_plain
from venuekit.model.intent import ORDER_REQUESTS, OrderRequest, OrderType
from venuekit.model.money import minus, ratio
from venuekit.model.order import Order
from venuekit.protocols.approver import Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Store
from venuekit.settings.schema import ApprovalSettings
from venuekit.watch.redact import redact_text

_FINAL = (ApprovalState.USED, ApprovalState.REJECTED, ApprovalState.EXPIRED, ApprovalState.VOID)


def order_hash(agent_id: str, body: object) -> str:
    """What binds an approval to one principal and one exact order."""
    canonical = json.dumps([agent_id, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def request_body(request: OrderRequest) -> dict[str, object]:
    """The request as data, with its type."""
    return {"type": request.type.value, **to_plain(request)}


def request_from(body: dict[str, Any]) -> OrderRequest:
    """The request that `request_body` wrote."""
    fields = dict(body)
    kind: Any = ORDER_REQUESTS[OrderType(fields.pop("type"))]
    request: OrderRequest = from_record(fields, kind)
    return request


class Approvals:
    """The queue. Deciding moves a record by compare-and-set in the store, so exactly one decision counts."""

    def __init__(
        self,
        desk: str,
        settings: ApprovalSettings,
        store: Store,
        state: State,
        recorder: Recorder,
        identifiers: Identifiers,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._store = store
        self._state = state
        self._recorder = recorder
        self._identifiers = identifiers
        self._clock = clock

    def needed(self, notional: Decimal | None) -> bool:
        """Whether an order of this worst-case value has to be approved; an unknown value always has."""
        above = self._settings.require_above
        return above is not None and (notional is None or notional > above)

    async def ask(self, approved: RiskApproved, order: Order) -> Approval:
        """Store the question and the waiting order in one commit."""
        valid, proposal = approved.valid, approved.proposal
        now = self._clock.now_ns()
        # Only the free text may be altered: the order that is sent later must be the one that was asked for.
        body = {**request_body(valid.request), "reason": redact_text(valid.request.reason)}
        reference = touch(self._state.exposure.quote(valid.instrument.id), proposal.side)
        size = f"{text(valid.request.size)} {valid.instrument.base}" if valid.request.size is not None else ""
        if not size and order.quote_size is not None:
            size = f"{text(order.quote_size)} {valid.instrument.quote} of"
        price = f" at {text(order.price)}" if order.price is not None else ""
        stop = f" stop {text(order.stop_price)}" if order.stop_price is not None else ""
        worth = (
            "unknown value"
            if proposal.notional is None
            else f"up to {text(proposal.notional)} {valid.instrument.quote}"
        )
        approval = Approval(
            id=self._identifiers.approval(),
            desk=self._desk,
            agent_id=valid.caller.agent_id,
            order_id=order.id,
            order=body,
            order_hash=order_hash(valid.caller.agent_id, body),
            summary=f"{order.side.value} {size} {order.instrument} {order.type.value}{price}{stop}, {worth}",
            notional="" if proposal.notional is None else text(proposal.notional),
            reference_price=None if reference is None else text(reference),
            price_tolerance=text(self._settings.price_tolerance),
            state=ApprovalState.PENDING,
            created_ns=now,
            expires_ns=now + self._settings.expires_seconds * 1_000_000_000,
        )
        waiting = order.but(approval_id=approval.id)
        await self._store.add_approval(approval, [self._recorder.order_entry(waiting)])
        return approval

    def get(self, approval_id: str) -> Approval:
        """One approval of this desk.

        Raises:
            UnknownApproval: there is none.
        """
        found = self._store.approval(approval_id)
        if found is None or found.desk != self._desk:
            raise UnknownApproval(
                f"No approval {str(approval_id)[:60]!r}.", fix="See: venuekit approvals list", field="approval_id"
            )
        return found

    async def decide(self, approval_id: str, state: ApprovalState, operator: Operator, note: str) -> Approval:
        """PENDING to APPROVED or REJECTED.

        Raises:
            ApprovalRefused: it is decided, used or expired already, or the operator is the one who asked.
        """
        approval = self.get(approval_id)
        if state is ApprovalState.APPROVED and operator.name == approval.agent_id:
            raise ApprovalRefused(
                f"{operator.name} asked for this order and cannot approve it too.",
                fix="Somebody else decides.",
                order_id=approval.order_id,
            )
        now = self._clock.now_ns()
        if approval.state is ApprovalState.PENDING and now >= approval.expires_ns:
            await self.finish(approval, ApprovalState.EXPIRED, "nobody decided in time")
            approval = self.get(approval_id)
        after = attrs.evolve(
            approval, state=state, decided_by=f"{operator.name} ({operator.source})", decided_ns=now, note=note
        )
        if approval.state is ApprovalState.PENDING and await self._store.move_approval(
            approval.id, before=ApprovalState.PENDING, after=after, entries=[]
        ):
            return after
        raise already(self.get(approval_id))

    async def finish(self, approval: Approval, state: ApprovalState, note: str) -> bool:
        """Move an approval to a final state from the one it has; False when another was faster."""
        after = attrs.evolve(approval, state=state, note=note or approval.note, decided_ns=self._clock.now_ns())
        return await self._store.move_approval(approval.id, before=approval.state, after=after, entries=[])

    def bound(self, approval: Approval) -> OrderRequest:
        """The exact order that was approved.

        Raises:
            ApprovalRefused: the stored order is not the one that the decision was bound to.
        """
        if order_hash(approval.agent_id, approval.order) != approval.order_hash:
            raise ApprovalRefused(f"Approval {approval.id} does not match its order.", order_id=approval.order_id)
        return request_from(dict(approval.order))

    def moved_away(self, approval: Approval, request: OrderRequest) -> str:
        """Why the market no longer is where it was when the question was asked; empty when it is."""
        if approval.reference_price is None:
            return ""
        at = touch(self._state.exposure.quote(request.instrument), request.side)
        if at is None:
            return "the market price is not known"
        before = Decimal(approval.reference_price)
        share = abs(ratio(minus(at, before), before))
        if share > Decimal(approval.price_tolerance):
            return f"the price moved from {text(before)} to {text(at)}"
        return ""


def already(approval: Approval) -> ApprovalRefused:
    """The error for an approval that is not pending any more."""
    return ApprovalRefused(
        f"Approval {approval.id} is {approval.state.value}"
        + (f" by {approval.decided_by}" if approval.decided_by else "")
        + (f": {approval.note}" if approval.note else "")
        + ".",
        fix="Ask for a new order if it is still wanted." if approval.state in _FINAL else "",
        order_id=approval.order_id,
        details={"state": approval.state.value},
    )
