"""The road: normalize, permit, check, approve, record, send; each step a few lines, none left out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import attrs

from venuekit.desk.approval import Approvals
from venuekit.desk.dispatch import Dispatcher, new_order
from venuekit.desk.health import Health
from venuekit.desk.idempotency import as_recorded, reused, same_order
from venuekit.desk.identifiers import Identifiers
from venuekit.desk.permission import PAPER, require_trading
from venuekit.desk.reconcile import Reconciler
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.checks import error_of, run, run_all
from venuekit.desk.risk.proposal import fingerprint, propose
from venuekit.desk.stages import Authorized, RiskApproved, Valid
from venuekit.desk.state import State
from venuekit.desk.validation import validate
from venuekit.desk.views import Preview
from venuekit.errors import JournalUnavailable, RiskRefused, Unavailable, VenuekitError
from venuekit.model.codec import from_record
from venuekit.model.identity import ApprovalId
from venuekit.model.intent import OrderRequest
from venuekit.model.money import ZERO, times
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Caller, Mode
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store
from venuekit.protocols.risk import Proposal, RiskCheck, Verdict
from venuekit.protocols.venue import Venue
from venuekit.settings.schema import DeskConfig

log = logging.getLogger("venuekit.desk")

#: Prices younger than this are used again rather than asked for.
FRESH_QUOTE_NS = 250_000_000


class Submission:
    """Takes requests to the venue, or says why not."""

    def __init__(
        self,
        *,
        desk: str,
        mode: Mode,
        config: DeskConfig,
        venue: Venue,
        store: Store,
        state: State,
        recorder: Recorder,
        dispatcher: Dispatcher,
        reconciler: Reconciler,
        approvals: Approvals,
        checks: list[RiskCheck],
        health: Health,
        identifiers: Identifiers,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._mode = mode
        self._config = config
        self._venue = venue
        self._store = store
        self._state = state
        self._recorder = recorder
        self._dispatcher = dispatcher
        self._reconciler = reconciler
        self._approvals = approvals
        self.checks = checks
        self._health = health
        self._identifiers = identifiers
        self._clock = clock
        self._flights: dict[str, asyncio.Task[Order]] = {}
        self.taker_fee: Decimal | None = None
        #: How often each check refused, for ``risk explain``.
        self.refusals: dict[str, int] = {}

    async def submit(self, request: OrderRequest, caller: Caller) -> Order:
        """One order, all the way. See `venuekit.desk.desk.Desk.submit`."""
        require_trading(self._mode, caller, "place orders")
        if request.client_order_id is not None:
            while (flying := self._flights.get(request.client_order_id)) is not None:
                await asyncio.wait([flying])
            existing = self.find(request.client_order_id)
            if existing is not None:
                return await self._known(existing, request, caller)
        else:
            request = request.identified(self._identifiers.order())
        return await self._fly(request.client_order_id or "", self._road(request, caller))

    async def _known(self, existing: Order, request: OrderRequest, caller: Caller) -> Order:
        if same_order(existing, request, self._state.instruments.get(request.instrument)):
            return existing
        # It may have been amended since, or rounded when it came: what counts is the order as it was first recorded.
        first = as_recorded(self._store, self._desk, existing.id)
        try:
            valid = await self.normalize(request, caller)
        except VenuekitError:
            raise reused(existing) from None
        if first is not None and same_order(first, valid.request, valid.instrument):
            return existing
        raise reused(existing)

    async def _fly(self, order_id: str, road: Coroutine[Any, Any, Order]) -> Order:
        # The road goes on in a task of the desk's own, so that a caller who gives up never tears a send in half.
        task = asyncio.get_running_loop().create_task(road)
        self._flights[order_id] = task
        task.add_done_callback(lambda done: self._landed(order_id, done))
        return await asyncio.shield(task)

    def overdue(self) -> None:
        """Stop waiting for answers that take longer than they may; the orders are in doubt then."""
        patience_ns = int(self._config.reconcile.send_timeout_seconds * 1e9)
        for order_id, task in list(self._flights.items()):
            order = self._state.orders.get(order_id)
            sending = order is not None and order.status is OrderStatus.SUBMITTING
            if order is None or not sending or self._clock.now_ns() - order.updated_ns < patience_ns:
                continue
            self._dispatcher.give_up_waiting(order_id)
            task.cancel()

    @property
    def flying(self) -> int:
        """How many orders are on the road now."""
        return len(self._flights)

    def _landed(self, order_id: str, task: asyncio.Task[Order]) -> None:
        del self._flights[order_id]
        if not task.cancelled():
            task.exception()  # it is recorded and, if the caller is still there, raised to it

    async def landed(self, instrument: str | None = None) -> None:
        """Wait until nothing is being sent any more, or nothing of one instrument that is being sent now."""
        if instrument is not None:
            sending = {o.id for o in self._state.orders.live(instrument) if o.status is OrderStatus.SUBMITTING}
            under_way = [task for order_id, task in self._flights.items() if order_id in sending]
            if under_way:
                await asyncio.wait(under_way)
            return
        while self._flights:
            await asyncio.wait(list(self._flights.values()))

    async def _road(self, request: OrderRequest, caller: Caller) -> Order:
        try:
            valid = await self.normalize(request, caller)
            approved = await self.check(valid)
        except VenuekitError as error:
            await self.deny(request, caller, error)
            raise
        order = new_order(valid.request, self._venue, self._clock.now_ns(), caller.agent_id)
        if self._approvals.needed(approved.proposal.notional):
            waiting = order.to(OrderStatus.PENDING_APPROVAL)
            approval = await self._approvals.ask(approved, waiting)
            waiting = waiting.but(approval_id=approval.id)
            self._state.put(waiting)
            self._recorder.publish_order(order, waiting)
            return waiting
        return await self.send(Authorized(approved), order)

    async def send(self, authorized: Authorized, order: Order) -> Order:
        """Record and send what is authorized."""
        proposal = authorized.approved.proposal
        self._state.exposure.on_sent(proposal.agent_id, fingerprint(proposal.request), self._clock.now_ns())
        self._reconciler.sending.add(order.id)
        try:
            recorded = await self._dispatcher.record(authorized, order)
            return await self._dispatcher.send(recorded)
        finally:
            self._reconciler.sending.discard(order.id)

    async def approved(self, request: OrderRequest, caller: Caller, approval_id: ApprovalId, order: Order) -> Order:
        """Go on with an order that a person approved: all checks again, on fresh data."""
        return await self._fly(order.id, self._approved(request, caller, approval_id, order))

    async def _approved(self, request: OrderRequest, caller: Caller, approval_id: ApprovalId, order: Order) -> Order:
        return await self.send(Authorized(await self.recheck(request, caller), approval_id), order)

    async def recheck(self, request: OrderRequest, caller: Caller) -> RiskApproved:
        """Every step before the approval once more; raises what `submit` raises."""
        require_trading(self._mode, caller, "place orders")
        return await self.check(await self.normalize(request, caller))

    # -- steps

    async def normalize(self, request: OrderRequest, caller: Caller) -> Valid:
        """Step 1. Raises UsageError and InstrumentNotTrading."""
        instrument = self._state.instruments.get(request.instrument)
        if instrument is None:
            instrument = await self._venue.instrument(request.instrument)
            self._state.know(instrument)
        if instrument.id != request.instrument:
            request = attrs.evolve(request, instrument=instrument.id)
        request = validate(
            request,
            instrument,
            self._venue.capabilities,
            now_ns=self._clock.now_ns(),
            round_orders=self._config.risk.round_orders,
        )
        return Valid(request, instrument, caller)

    async def check(self, valid: Valid, *, replaces: Order | None = None) -> RiskApproved:
        """Step 2. Raises RiskRefused, DataNotTrusted, Halted and their like."""
        proposal = await self._propose(valid, replaces)
        refusal = self._untrusted_time() or self._health.refusal() or run(self.checks, proposal, self._state.exposure)
        if refusal is None and replaces is None:
            refusal = self._in_doubt_twin(proposal)
        if refusal is not None:
            self.refusals[refusal.check] = self.refusals.get(refusal.check, 0) + 1
            raise error_of(refusal)
        return RiskApproved(valid, proposal)

    async def _propose(self, valid: Valid, replaces: Order | None) -> Proposal:
        await self.refresh_quote(valid.instrument.id)
        left = (replaces.remaining if replaces is not None else None) or ZERO
        price = replaces.price if replaces is not None else None
        return propose(
            valid.request,
            valid.instrument,
            self._state.exposure,
            agent_id=valid.caller.agent_id,
            collar=self._config.risk.price_collar,
            max_quote_age_seconds=self._config.risk.max_quote_age_seconds,
            now_ns=self._clock.now_ns(),
            replaces_size=left,
            replaces_notional=times(times(left, price), valid.instrument.contract_size) if price is not None else ZERO,
        )

    async def refresh_quote(self, instrument: str) -> None:
        """Ask for prices unless there are young ones; without an answer, the old ones age until they are distrusted."""
        if self._clock.now_ns() - self._state.quoted_ns.get(instrument, 0) < FRESH_QUOTE_NS:
            return
        try:
            with self._health.timed("tickers"):
                tickers = await self._venue.tickers([instrument])
        except Unavailable:
            return
        except VenuekitError:
            raise
        except Exception:
            log.exception("The adapter failed to give prices of %s.", instrument)
            return
        for ticker in tickers:
            self._state.see(ticker)

    def _untrusted_time(self) -> Verdict | None:
        skew, most = self._reconciler.clock_skew_ns, self._config.risk.max_clock_skew_seconds
        if self._venue.environment == PAPER or skew is None or abs(skew) <= int(most * 1e9):
            return None  # simulated time may be any time
        return Verdict(
            "clock_skew",
            False,
            f"The clocks of this machine and of the venue are {abs(skew) / 1e9:.1f} s apart.",
            f"{most:g}",
            f"{abs(skew) / 1e9:.3f}",
            "the same order once the machine's clock is right",
            code="DATA_NOT_TRUSTED",
        )

    def _in_doubt_twin(self, proposal: Proposal) -> Verdict | None:
        doubtful = self._state.orders.in_doubt()
        if not doubtful:
            return None
        twins = [
            o
            for o in doubtful
            if (o.instrument, o.side, o.type, o.size, o.quote_size, o.price, o.stop_price)
            == (
                proposal.instrument.id,
                proposal.side,
                proposal.type,
                proposal.request.size,
                getattr(proposal.request, "quote_size", None),
                getattr(proposal.request, "price", None),
                getattr(proposal.request, "stop_price", None),
            )
        ]
        if not twins:
            return None
        return Verdict(
            "in_doubt",
            False,
            f"An equal order, {twins[0].id}, was sent and has no answer yet.",
            "0",
            str(len(twins)),
            f"the same order once {twins[0].id} is resolved",
        )

    # -- answers without sending

    async def preview(self, request: OrderRequest, caller: Caller) -> Preview:
        """What `submit` would do, from the same steps; nothing is sent or kept."""
        try:
            valid = await self.normalize(request, caller)
        except VenuekitError as error:
            return Preview(allowed=False, needs_approval=False, reason=str(error), error=error.to_dict())
        proposal = await self._propose(valid, None)
        verdicts = run_all(self.checks, proposal, self._state.exposure)
        twin = self._in_doubt_twin(proposal)
        verdicts += [v for v in (twin, self._untrusted_time(), self._health.refusal()) if v is not None]
        refused = [v for v in verdicts if not v.allowed]
        try:
            require_trading(self._mode, caller, "place orders")
            reason = refused[0].message if refused else "it would be sent"
            permitted = True
        except VenuekitError as error:
            reason, permitted = error.message, False
        needs = self._approvals.needed(proposal.notional)
        if permitted and not refused and needs:
            reason = "it would wait for a person's approval"
        fee = None
        if self.taker_fee is not None and proposal.notional is not None:
            fee = times(proposal.notional, self.taker_fee)
        return Preview(
            allowed=permitted and not refused,
            needs_approval=needs,
            reason=reason,
            verdicts=verdicts,
            worst_price=proposal.worst_price,
            notional=proposal.notional,
            estimated_fee=fee,
        )

    def find(self, order_id: str) -> Order | None:
        """An order by either id: from memory, else from the journal."""
        return self._state.orders.get(order_id) or self.recorded(order_id)

    def recorded(self, order_id: str) -> Order | None:
        """An order by the id it is filed under, as the journal has it now."""
        rows = self._store.rows(
            RowQuery(desk=self._desk, subject=order_id, kinds=(EntryKind.INTENT, EntryKind.ORDER), limit=1)
        )
        return from_record(rows[0].body, Order) if rows else None

    async def deny(self, request: OrderRequest, caller: Caller, error: VenuekitError) -> None:
        """Keep a refusal: the journal says what was asked and why it did not go."""
        entry: Entry = self._recorder.entry(
            EntryKind.DENIED,
            request.client_order_id or "",
            caller.agent_id,
            {"request": {**_shown(request)}, "error": error.to_dict(), "source": caller.source},
        )
        try:
            await self._recorder.write([entry])
        except JournalUnavailable as lost:
            raise lost from error


def _shown(request: OrderRequest) -> dict[str, object]:
    fields = attrs.asdict(request)
    shown: dict[str, object] = {k: str(v) for k, v in fields.items() if v not in (None, "", False)}
    return {"type": request.type.value, **shown}


def refused_for_amend(notional: Decimal | None) -> RiskRefused:
    """The error for an amendment that would need an approval of its own."""
    return RiskRefused(
        "The amended order would need a person's approval, and an amendment cannot wait for one.",
        fix="Cancel the order and place a new one, which can be approved.",
        details={"check": "approval", "value": "" if notional is None else str(notional)},
    )
