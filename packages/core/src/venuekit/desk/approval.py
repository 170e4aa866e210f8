"""Orders and actions that wait for a person: asked once, decided once, used once."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.decisions import decide, ended
from venuekit.desk.identifiers import Identifiers
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.proposal import touch
from venuekit.desk.risk.verdicts import text
from venuekit.desk.stages import RiskApproved
from venuekit.desk.state import State
from venuekit.errors import ApprovalRefused, UnknownApproval
from venuekit.model.action import Action, ActionStatus
from venuekit.model.codec import from_record, to_plain
from venuekit.model.intent import ORDER_REQUESTS, OrderRequest, OrderType
from venuekit.model.money import minus, ratio, times
from venuekit.model.order import Order
from venuekit.model.times import NANOS
from venuekit.protocols.approver import Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Store
from venuekit.settings.credentials import Credentials
from venuekit.settings.schema import DeskConfig
from venuekit.watch.redact import redact_text


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
    """The queue. Every move of a record is a compare-and-set in the store, so exactly one counts."""

    def __init__(
        self,
        desk: str,
        config: DeskConfig,
        store: Store,
        state: State,
        recorder: Recorder,
        identifiers: Identifiers,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._settings = config.approval
        self._tolerance = config.approval.price_tolerance
        self._currency = config.desk.currency
        self._credentials = Credentials(config)
        self._store = store
        self._state = state
        self._recorder = recorder
        self._identifiers = identifiers
        self._clock = clock

    def people(self, value: Decimal | None) -> int:
        """How many people have to approve an order of this worst-case value; an unknown one is above any threshold."""

        def above(threshold: Decimal | None) -> bool:
            return threshold is not None and not (value is not None and value <= threshold)

        if not above(self._settings.require_above):
            return 0
        return 2 if above(self._settings.two_people_above) else 1

    async def ask(self, approved: RiskApproved, order: Order) -> Approval:
        """Store the question and the waiting order in one commit."""
        approval = self._question(approved, order)
        waiting = order.but(approval_id=approval.id)
        await self._store.add_approval(approval, [self._recorder.order_entry(waiting)])
        return approval

    async def ask_anew(self, old: Approval, approved: RiskApproved, order: Order, why: str) -> Approval | None:
        """End `old` and store the next question about its order in one commit; None when another was faster."""
        fresh = attrs.evolve(self._question(approved, order), replaces=old.id, renewal=old.renewal + 1)
        over = attrs.evolve(ended(old, ApprovalState.VOID, why, self._clock.now_ns()), replaced_by=fresh.id)
        entry = self._recorder.order_entry(order.but(approval_id=fresh.id))
        return fresh if await self._store.move_approval(old, over, [entry], successor=fresh) else None

    def _question(self, approved: RiskApproved, order: Order) -> Approval:
        valid, proposal = approved.valid, approved.proposal
        # Only the free text may be altered: the order that is sent later must be the one that was asked for.
        body = {**request_body(valid.request), "reason": valid.request.reason}
        reference = touch(self._state.exposure.quote(valid.instrument.id), proposal.side)
        return self._new(
            agent_id=valid.caller.agent_id,
            source=valid.caller.source,
            order_id=order.id,
            order=body,
            order_hash=order_hash(valid.caller.agent_id, body),
            summary=_summary(approved, order),
            notional="" if proposal.notional is None else text(proposal.notional),
            reference_price=None if reference is None else text(reference),
            people=max(1, self.people(proposal.value)),
        )

    def _new(self, **asked: Any) -> Approval:
        now = self._clock.now_ns()
        return Approval(
            id=self._identifiers.approval(),
            desk=self._desk,
            price_tolerance=text(self._settings.price_tolerance),
            state=ApprovalState.PENDING,
            created_ns=now,
            expires_ns=now + self._settings.expires_seconds * NANOS,
            **asked,
        )

    # -- about actions

    async def ask_about(self, action: Action, people: int, before: str) -> Action:
        """Store the question and the waiting action in one commit; the action as it waits.

        `before` is what a person should know of the same call earlier.
        """
        approval = self._action_question(action, people, before)
        waiting = action.but(status=ActionStatus.PENDING_APPROVAL, approval_id=approval.id)
        await self._store.add_approval(approval, [], action=waiting)
        return waiting

    async def ask_about_anew(self, old: Approval, action: Action, people: int, why: str) -> Action | None:
        """End `old` and store the next question about its action; None when another was faster."""
        fresh = attrs.evolve(self._action_question(action, people), replaces=old.id, renewal=old.renewal + 1)
        over = attrs.evolve(ended(old, ApprovalState.VOID, why, self._clock.now_ns()), replaced_by=fresh.id)
        waiting = action.but(approval_id=fresh.id, updated_ns=max(fresh.created_ns, action.updated_ns + 1))
        return waiting if await self._store.move_approval(old, over, [], successor=fresh, action=waiting) else None

    def _action_question(self, action: Action, people: int, before: str = "") -> Approval:
        body = {"tool": action.tool, "arguments": dict(action.arguments), "reason": action.reason}
        worth = "unknown value" if action.worth is None else f"up to {text(action.worth)} {self._currency}"
        return self._new(
            agent_id=action.agent_id,
            source=action.source,
            order_id=action.id,
            order=body,
            order_hash=order_hash(action.agent_id, body),
            summary=f"{action.summary}, {worth}{before}",
            notional="" if action.worth is None else text(action.worth),
            reference_price=None,
            people=people,
            tool=action.tool,
        )

    def changed(self, approval: Approval, action: Action, summary: str, worth: Decimal | None, people: int) -> str:
        """Why an action that was approved is not what would be done now; empty when it is."""
        if summary != action.summary:
            return f"it would now be: {summary}"
        if people > approval.people:
            return f"it is worth more by now, and {people} people have to approve it"
        before = action.worth
        if before is not None and (worth is None or abs(minus(worth, before)) > times(before, self._tolerance)):
            return f"its worth moved from {text(before)} to {'unknown' if worth is None else text(worth)}"
        return ""

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

    async def decide(self, approval_id: str, operator: Operator, note: str, *, approve: bool) -> Approval:
        """Record one person's decision.

        Raises:
            UnknownApproval. PermissionRefused: no operator. ApprovalRefused: it is over, or not theirs to approve.
        """
        approval = self.get(approval_id)
        proof = self._credentials.proof(operator)
        note = redact_text(note, also=frozenset({operator.token} - {""}))
        await decide(self._store, approval, operator, proof=proof, approve=approve, note=note, clock=self._clock)
        return self.get(approval_id)

    async def finish(self, approval: Approval, state: ApprovalState, note: str) -> bool:
        """Move an approval to a final state; False when another was faster."""
        return await self._store.move_approval(approval, ended(approval, state, note, self._clock.now_ns()), [])

    def bound(self, approval: Approval) -> OrderRequest:
        """The exact order that was approved.

        Raises:
            ApprovalRefused: the stored order is not the one that the decision was bound to.
        """
        return request_from(self.bound_body(approval))

    def bound_body(self, approval: Approval) -> dict[str, Any]:
        """Exactly what was approved, as data. Raises as `bound`."""
        if order_hash(approval.agent_id, approval.order) != approval.order_hash:
            what = "call" if approval.tool else "order"
            raise ApprovalRefused(f"Approval {approval.id} does not match its {what}.", order_id=approval.order_id)
        return dict(approval.order)

    def outdated(self, approval: Approval, approved: RiskApproved) -> str:
        """Why what was approved is not what would go now; empty when it is."""
        moved = self._moved_away(approval, approved)
        people = self.people(approved.proposal.value)
        if not moved and people > approval.people:
            return f"it is worth more by now, and {people} people have to approve it"
        return moved

    def _moved_away(self, approval: Approval, approved: RiskApproved) -> str:
        if approval.reference_price is None:
            return ""
        at = touch(self._state.exposure.quote(approved.valid.instrument.id), approved.proposal.side)
        if at is None:
            return "the market price is not known"
        before = Decimal(approval.reference_price)
        share = abs(ratio(minus(at, before), before))
        if share > Decimal(approval.price_tolerance):
            return f"the price moved from {text(before)} to {text(at)}"
        return ""

    def may_renew(self, approval: Approval) -> bool:
        """Whether the order may be asked about once more."""
        return approval.renewal < self._settings.max_renewals


def _summary(approved: RiskApproved, order: Order) -> str:
    request, instrument = approved.valid.request, approved.valid.instrument
    notional = approved.proposal.notional
    size = f"{text(request.size)} {instrument.base}" if request.size is not None else ""
    if not size and order.quote_size is not None:
        size = f"{text(order.quote_size)} {instrument.quote} of"
    price = f" at {text(order.price)}" if order.price is not None else ""
    stop = f" stop {text(order.stop_price)}" if order.stop_price is not None else ""
    worth = "unknown value" if notional is None else f"up to {text(notional)} {instrument.quote}"
    return f"{order.side.value} {size} {order.instrument} {order.type.value}{price}{stop}, {worth}"
