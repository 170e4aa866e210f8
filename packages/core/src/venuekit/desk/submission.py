"""The road: normalize, permit, check, approve, record, send; each step a few lines, none left out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import attrs

from venuekit.desk.approval import Approvals
from venuekit.desk.batch import Seat
from venuekit.desk.begun import Done, begin
from venuekit.desk.discretion import discreet_request, secret_id
from venuekit.desk.dispatch import Dispatcher, new_order
from venuekit.desk.idempotency import as_recorded, never_sent, reused, same_order
from venuekit.desk.identifiers import Identifiers
from venuekit.desk.permission import Permission
from venuekit.desk.reconcile import Reconciler
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.proposal import fingerprint
from venuekit.desk.screening import Screening
from venuekit.desk.stages import Authorized
from venuekit.desk.state import State
from venuekit.desk.views import Preview, refused
from venuekit.errors import BudgetExceeded, JournalUnavailable, NotConnected, VenuekitError
from venuekit.model.codec import from_record
from venuekit.model.identity import ApprovalId
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Caller
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store
from venuekit.protocols.venue import Venue, is_embedded

#: At a venue in this process an order never has to wait: after so many, the event loop gets a turn.
_TURN_AFTER = 16


class Submission:
    """Takes requests to the venue, or says why not."""

    def __init__(
        self,
        *,
        desk: str,
        permission: Permission,
        venue: Venue,
        store: Store,
        state: State,
        recorder: Recorder,
        dispatcher: Dispatcher,
        reconciler: Reconciler,
        approvals: Approvals,
        screening: Screening,
        identifiers: Identifiers,
        clock: Clock,
        secrets: frozenset[str],
    ) -> None:
        self._desk = desk
        self._permission = permission
        self._venue = venue
        self._store = store
        self._state = state
        self._recorder = recorder
        self._dispatcher = dispatcher
        self._reconciler = reconciler
        self._approvals = approvals
        self._screening = screening
        self._identifiers = identifiers
        self._clock = clock
        self._secrets = secrets
        self._flights: dict[str, asyncio.Task[Order]] = {}
        self._embedded = is_embedded(venue) and is_embedded(store)
        self._in_a_row = 0

    async def submit(self, request: OrderRequest, caller: Caller, seat: Seat | None = None) -> Order:
        """One order, all the way, and where it has a `seat`, sent with others. See `venuekit.desk.desk.Desk.submit`."""
        self._permission.require_trading(caller, "place orders")
        self._in_a_row += 1
        if self._in_a_row >= _TURN_AFTER:
            self._in_a_row = 0
            await asyncio.sleep(0)  # streams, timers and other callers have their turn
        request = discreet_request(request, self._secrets)
        if request.client_order_id is not None:
            if (wrong := secret_id(request.client_order_id, self._secrets)) is not None:
                await self.deny(request, caller, wrong)
                raise wrong
            existing = await self._existing(request.client_order_id, request, caller)
            if existing is not None:
                return existing
        else:
            request = request.identified(self._identifiers.order())
        return await self._fly(request.client_order_id or "", self._road(request, caller, seat))

    async def _existing(self, order_id: str, request: OrderRequest, caller: Caller) -> Order | None:
        """The order that `request` is, if there is one; None when it is new, or comes anew after it was not sent."""
        while True:
            while (flying := self._flights.get(order_id)) is not None:
                await asyncio.wait([flying])
            existing = self.find(order_id)
            if existing is None:
                return None
            known = await self._known(existing, request, caller)
            await self._recorder.settled(known.id)
            if not never_sent(known):
                return known
            if order_id not in self._flights and self.find(order_id) == known:
                return None  # nobody else was faster: it takes the road anew, and the journal keeps both attempts

    async def _known(self, existing: Order, request: OrderRequest, caller: Caller) -> Order:
        if same_order(existing, request, self._state.instruments.get(request.instrument)):
            return existing
        # It may have been amended since, or rounded when it came: what counts is the order as it was first recorded.
        first = as_recorded(self._store, self._desk, existing.id)
        try:
            valid = await self._screening.normalize(request, caller)
        except VenuekitError:
            raise reused(existing) from None
        if first is not None and same_order(first, valid.request, valid.instrument):
            return existing
        raise reused(existing)

    async def _fly(self, order_id: str, road: Coroutine[Any, Any, Order]) -> Order:
        # The road goes on in a task of the desk's own, so that a caller who gives up never tears a send in half.
        task = begin(road, here=self._embedded)
        if isinstance(task, Done):
            return task.value
        self._flights[order_id] = task
        task.add_done_callback(lambda done: self._landed(order_id, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if given_up(task):
                raise NotConnected("The desk was closed before the order was sent.") from None
            raise

    def overdue(self, patience_ns: int) -> None:
        """Stop waiting for answers that take longer than this; orders of which nothing was told are in doubt then."""
        for order_id in self._dispatcher.give_up(patience_ns):
            self._flights[order_id].cancel()

    def close(self) -> None:
        """End everything that is on the road: what is being sent is in doubt then, the rest never was.

        What is being recorded ends by itself.
        """
        self._dispatcher.close()
        self.overdue(0)
        for order_id, task in list(self._flights.items()):
            order = self._state.orders.get(order_id)
            if order is None or order.status is OrderStatus.PENDING_APPROVAL:
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

    async def _road(self, request: OrderRequest, caller: Caller, seat: Seat | None) -> Order:
        try:
            valid = await self._screening.normalize(request, caller)
            approved = await self._screening.check(valid)
        except VenuekitError as error:
            await self.deny(request, caller, error)
            raise
        except asyncio.CancelledError:
            closed = NotConnected("The desk was closed before the order was sent.")
            await self.deny(request, caller, closed)
            raise closed from None
        order = new_order(valid.request, self._venue, self._clock.now_ns(), caller.agent_id)
        if self._approvals.people(approved.proposal.value):
            waiting = order.to(OrderStatus.PENDING_APPROVAL)
            approval = await self._approvals.ask(approved, waiting)
            waiting = waiting.but(approval_id=approval.id)
            self._state.put(waiting)
            self._recorder.publish_order(order, waiting)
            return waiting
        return await self.send(Authorized(approved), order, seat)

    async def send(self, authorized: Authorized, order: Order, seat: Seat | None = None) -> Order:
        """Record and send what is authorized."""
        proposal, exposure, now_ns = authorized.approved.proposal, self._state.exposure, self._clock.now_ns()
        kind = fingerprint(proposal.request)
        exposure.on_sent(proposal.agent_id, kind, now_ns)
        self._reconciler.sending.add(order.id)
        try:
            recorded = await self._dispatcher.record(authorized, order)
            return await self._dispatcher.send(recorded, seat)
        except BudgetExceeded as late:
            exposure.on_not_sent(kind, now_ns)
            valid, error = authorized.approved.valid, self._screening.outrun(authorized.approved, late)
            await self.deny(valid.request, valid.caller, error)
            raise error from None
        except VenuekitError:
            known = self._state.orders.get(order.id)
            if known is None or known.status is OrderStatus.DENIED:
                exposure.on_not_sent(kind, now_ns)  # the same order again is no repetition
            raise
        finally:
            self._reconciler.sending.discard(order.id)

    async def approved(self, request: OrderRequest, caller: Caller, approval_id: ApprovalId, order: Order) -> Order:
        """Go on with an order that a person approved: all checks again, on fresh data."""
        return await self._fly(order.id, self._approved(request, caller, approval_id, order))

    async def _approved(self, request: OrderRequest, caller: Caller, approval_id: ApprovalId, order: Order) -> Order:
        return await self.send(Authorized(await self._screening.recheck(request, caller), approval_id), order)

    def find(self, order_id: str) -> Order | None:
        """An order by either id: from memory, else from the journal."""
        return self._state.orders.get(order_id) or self.recorded(order_id)

    def recorded(self, order_id: str) -> Order | None:
        """An order by the id it is filed under, as the journal has it now."""
        rows = self._store.rows(
            RowQuery(desk=self._desk, subject=order_id, kinds=(EntryKind.INTENT, EntryKind.ORDER), limit=1)
        )
        return from_record(rows[0].body, Order) if rows else None

    async def preview(self, request: OrderRequest, caller: Caller) -> Preview:
        """What `submit` would do; an id that is used already stands for the order that has it."""
        existing = None if request.client_order_id is None else self.find(request.client_order_id)
        if existing is None:
            return await self._screening.preview(request, caller)
        try:
            self._permission.require_trading(caller, "place orders")
            known = await self._known(existing, request, caller)
        except VenuekitError as error:
            return refused(error)
        reason = f"order {known.id} is there already and {known.status.value}; nothing more would be sent"
        return Preview(allowed=True, needs_approval=False, reason=reason)

    async def deny(
        self, request: OrderRequest, caller: Caller, error: VenuekitError, *, amends: Order | None = None
    ) -> None:
        """Keep a refusal: the journal says what was asked and why it did not go."""
        subject = (request.client_order_id or "") if amends is None else amends.id
        what = {} if amends is None else {"amends": amends.id}
        entry: Entry = self._recorder.entry(
            EntryKind.DENIED,
            subject,
            caller.agent_id,
            {"request": {**_shown(request)}, "error": error.to_dict(), "source": caller.source, **what},
        )
        try:
            await self._recorder.write([entry])
        except JournalUnavailable as lost:
            raise lost from error


def given_up(task: asyncio.Task[Any]) -> bool:
    """Whether the desk ended this task, rather than the caller that waits for it."""
    waiting = asyncio.current_task()
    return task.cancelled() and (waiting is None or not waiting.cancelling())


def _shown(request: OrderRequest) -> dict[str, object]:
    fields = attrs.asdict(request)
    shown: dict[str, object] = {k: str(v) for k, v in fields.items() if v not in (None, "", False)}
    return {"type": request.type.value, **shown}
