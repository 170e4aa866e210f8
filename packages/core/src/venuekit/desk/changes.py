"""Changing what is there already: cancel, cancel all, amend, close a position."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from venuekit.desk.amended import amended, more, needs_approval
from venuekit.desk.approval import Approvals
from venuekit.desk.dispatch import Dispatcher
from venuekit.desk.health import Health
from venuekit.desk.permission import Permission
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.agent_budgets import added
from venuekit.desk.screening import Screening
from venuekit.desk.serving import served
from venuekit.desk.shared import Shared
from venuekit.desk.stages import RiskApproved, Valid
from venuekit.desk.state import State
from venuekit.desk.submission import Submission, given_up
from venuekit.desk.views import Preview, refused
from venuekit.errors import (
    BudgetExceeded,
    InvalidValue,
    JournalUnavailable,
    NotReducing,
    OrderAlreadyDone,
    OutcomeUnknown,
    PermissionRefused,
    Unavailable,
    UnknownOrder,
    Unsupported,
    VenuekitError,
)
from venuekit.model.capability import Feature
from venuekit.model.identity import AgentId
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.money import ZERO, floor_to
from venuekit.model.order import CancelResult, Order, OrderRef, OrderStatus
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.budget import Claim
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import ApprovalState, EntryKind
from venuekit.protocols.limiter import EndpointClass, Limiter
from venuekit.protocols.venue import Venue

log = logging.getLogger("venuekit.desk")

T = TypeVar("T")


class Changes:
    """Cancels always go, in every trading state; an amendment is checked like a new order."""

    def __init__(
        self,
        *,
        permission: Permission,
        venue: Venue,
        limiter: Limiter,
        state: State,
        recorder: Recorder,
        dispatcher: Dispatcher,
        screening: Screening,
        submission: Submission,
        shared: Shared,
        approvals: Approvals,
        health: Health,
        clock: Clock,
        fail_closed: Callable[[str], None],
    ) -> None:
        self._permission = permission
        self._health = health
        self._fail_closed = fail_closed
        self._venue = venue
        self._limiter = limiter
        self._state = state
        self._recorder = recorder
        self._dispatcher = dispatcher
        self._screening = screening
        self._submission = submission
        self._shared = shared
        self._approvals = approvals
        self._clock = clock
        #: Changes that are under way, and since when.
        self._tasks: dict[asyncio.Task[Any], int] = {}

    async def _own(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end even if the caller gives up.

        Raises:
            OutcomeUnknown: the desk gave up waiting for the venue.
        """
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = self._clock.monotonic_ns()
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if given_up(task):
                raise OutcomeUnknown(
                    "The venue has not answered in time; the change may have taken effect.",
                    fix="See the status of the order before trying again.",
                ) from None
            raise

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        if not task.cancelled():
            task.exception()  # it is raised to the caller, if there still is one

    def overdue(self, patience_ns: int) -> None:
        """Stop waiting for answers that take longer than this."""
        for task, since_ns in list(self._tasks.items()):
            if self._clock.monotonic_ns() - since_ns >= patience_ns:
                task.cancel()

    async def landed(self) -> None:
        """Wait until every change that was begun has ended."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def open_order(self, order_id: str) -> Order:
        """The order, if it can still be changed.

        Raises:
            UnknownOrder, OrderAlreadyDone.
        """
        order = self._submission.find(order_id) if order_id else None
        if order is None:
            raise UnknownOrder(f"No order {str(order_id)[:60]!r} on this desk.", field="order_id")
        if order.is_done:
            raise OrderAlreadyDone(f"Order {order.id} is {order.status.value}.", order_id=order.id)
        return order

    async def cancel(self, order_id: str, caller: Caller) -> Order:
        """Ask to cancel one order."""
        self._permission.require_trading(caller, "cancel orders")
        order = self.open_order(order_id)
        self._require_touch(order, caller)
        if order.status is OrderStatus.PENDING_APPROVAL:
            return await self.withdraw(order, f"withdrawn by {caller.agent_id}")
        await self._keep("cancel", order.id, caller, {})
        return await self._own(self._cancel(order))

    async def end(self, order: Order, by: AgentId, why: str) -> Order:
        """Cancel an order because the desk itself has to; `by` says what of the desk."""
        await self._keep("cancel", order.id, Caller(agent_id=by, role=Role.ADMIN), {"reason": why})
        return await self._own(self._cancel(order))

    def _require_touch(self, order: Order, caller: Caller) -> None:
        """What it did not place, in what it may not trade, protects somebody else's position."""
        if not self._permission.may_touch(caller, self._state.instruments.get(order.instrument), order):
            raise PermissionRefused(
                f"{caller.agent_id} is not granted {order.instrument}, and order {order.id} is not its own.",
                fix="An operator adds it to the agent's instruments.",
                order_id=order.id,
                details={"grant": "instruments", "value": order.instrument},
            )

    async def _keep(
        self, action: str, order_id: str, caller: Caller, given: dict[str, str], claims: Sequence[Claim] = ()
    ) -> None:
        """Who asked for what goes into the journal; a cancel goes on without it, since it only makes less."""
        body = {"action": action, "order_id": order_id, "source": caller.source, **given}
        entry = self._recorder.entry(EntryKind.CALL, order_id, caller.agent_id, body)
        try:
            await self._recorder.write([entry], claims)
        except JournalUnavailable as error:
            if action == "amend":
                raise
            self._fail_closed(error.message)

    async def _cancel(self, order: Order) -> Order:
        await self._limiter.take(EndpointClass.CANCELS, call="cancel", agent_id=served())
        answer = await self._asked(order, "cancel", self._venue.cancel(OrderRef.of(order)))
        return await self._dispatcher.answered(answer, order.id)

    async def _asked(self, order: Order, what: str, call: Awaitable[Order]) -> Order:
        """The venue's answer to a change. After one that leaves the order unclear, the venue is asked what it is."""
        try:
            with self._health.timed(what):
                return await call
        except VenuekitError as error:
            error.order_id = order.id
            if isinstance(error, OrderAlreadyDone | OutcomeUnknown):
                await self._learn(order)
            raise
        except Exception as error:
            await self._learn(order)
            message = f"{type(error).__name__} in the adapter during {what}; it may have taken effect."
            raise OutcomeUnknown(message, fix=f"See the order {order.id}.", order_id=order.id) from error

    async def _learn(self, order: Order) -> None:
        try:
            answer = await self._venue.order(OrderRef.of(order))
        except (Unavailable, OutcomeUnknown, UnknownOrder):
            return  # the next reconciliation asks again
        except VenuekitError:
            raise
        except Exception:
            log.exception("The adapter failed to give order %s; the next reconciliation asks again.", order.id)
            return
        await self._dispatcher.answered(answer, order.id)

    async def withdraw(self, order: Order, note: str) -> Order:
        """End an order that waits for approval, and its approval with it."""
        if order.approval_id is not None:
            approval = self._approvals.get(order.approval_id)
            if approval.state in (ApprovalState.PENDING, ApprovalState.APPROVED) and not await self._approvals.finish(
                approval, ApprovalState.VOID, note
            ):
                current = self._submission.find(order.id) or order
                raise OrderAlreadyDone(f"Order {order.id} is {current.status.value}.", order_id=order.id)
        return await self.deny_waiting(order, "APPROVAL_REFUSED", note)

    async def deny_waiting(self, order: Order, code: str, why: str) -> Order:
        """An order that waited for approval does not go."""
        after = order.to(OrderStatus.DENIED, status_code=code, status_reason=why, updated_ns=self._clock.now_ns())
        self._state.put(after)
        await self._recorder.order(order, after)
        return after

    async def cancel_all(self, instrument: str | None, caller: Caller) -> Sequence[CancelResult]:
        """Ask to cancel every open order, one result each; orders that wait for approval are withdrawn."""
        self._permission.require_trading(caller, "cancel orders")
        if instrument is not None:
            instrument = (await self._venue.instrument(instrument)).id
        await self._keep("cancel_all", "", caller, {} if instrument is None else {"instrument": instrument})
        if not self._permission.bounded(caller):
            return await self._own(self.cancel_everything(instrument, f"cancel all by {caller.agent_id}"))
        return await self._own(self._cancel_granted(instrument, caller))

    async def _cancel_granted(self, instrument: str | None, caller: Caller) -> Sequence[CancelResult]:
        """One by one, those that the caller may cancel."""
        results: list[CancelResult] = []
        for order in self._state.orders.live(instrument):
            if not self._permission.may_touch(caller, self._state.instruments.get(order.instrument), order):
                continue
            try:
                if order.status is OrderStatus.PENDING_APPROVAL:
                    await self.withdraw(order, f"cancel all by {caller.agent_id}")
                else:
                    await self._cancel(order)
                results.append(CancelResult(OrderRef.of(order)))
            except OrderAlreadyDone:
                continue
            except VenuekitError as error:
                results.append(CancelResult(OrderRef.of(order), error.code, error.message))
        return results

    async def cancel_everything(self, instrument: str | None, note: str) -> Sequence[CancelResult]:
        """`cancel_all` without asking who; for the kill switch."""
        results: list[CancelResult] = []
        for order in self._state.orders.live(instrument):
            if order.status is OrderStatus.PENDING_APPROVAL:
                await self.withdraw(order, note)
                results.append(CancelResult(OrderRef.of(order)))
        await self._limiter.take(EndpointClass.CANCELS, call="cancel_all", agent_id=served())
        try:
            with self._health.timed("cancel_all"):
                at_venue = list(await self._venue.cancel_all(instrument))
        except VenuekitError:
            raise
        except Exception as error:
            message = f"{type(error).__name__} in the adapter during cancel_all; it may have taken effect."
            raise OutcomeUnknown(message, fix="See what is open.") from error
        for result in at_venue:
            known = self._state.orders.get(result.order.client_order_id or result.order.venue_order_id or "")
            if known is not None:
                await self._learn(known)
        return [*results, *at_venue]

    async def amend(
        self,
        order_id: str,
        size: Decimal | None,
        price: Decimal | None,
        stop_price: Decimal | None,
        caller: Caller,
    ) -> Order:
        """Change size (the new total) or prices of an open order; validated and checked like a new one."""
        order, valid = await self._amendable(order_id, size, price, stop_price, caller)
        try:
            approved = await self._screening.check(valid, replaces=order)
            if self._approvals.people(approved.proposal.value):
                raise needs_approval(approved.proposal.value)
        except VenuekitError as error:
            await self._submission.deny(valid.request, caller, error, amends=order)
            raise
        # The rounded values, where rounding is asked for, are those that were checked.
        new = [
            None if asked is None else getattr(valid.request, name)
            for name, asked in (("size", size), ("price", price), ("stop_price", stop_price))
        ]
        shown = {n: str(v) for n, v in zip(("size", "price", "stop_price"), new, strict=True) if v is not None}
        try:
            await self._keep("amend", order.id, caller, shown, [*approved.claims, *self._shared_claims(approved)])
        except BudgetExceeded as late:
            refusal = self._screening.outrun(approved, late)
            await self._submission.deny(valid.request, caller, refusal, amends=order)
            raise refusal from None
        return await self._own(self._amend(order, *new))

    async def preview_amend(
        self,
        order_id: str,
        size: Decimal | None,
        price: Decimal | None,
        stop_price: Decimal | None,
        caller: Caller,
    ) -> Preview:
        """What `amend` would do, from the same steps; nothing is sent or kept."""
        try:
            order, valid = await self._amendable(order_id, size, price, stop_price, caller)
        except VenuekitError as error:
            return refused(error)
        preview = await self._screening.preview_valid(valid, replaces=order)
        return refused(needs_approval(preview.notional)) if preview.allowed and preview.needs_approval else preview

    async def _amendable(
        self,
        order_id: str,
        size: Decimal | None,
        price: Decimal | None,
        stop_price: Decimal | None,
        caller: Caller,
    ) -> tuple[Order, Valid]:
        """The order, and what it would become, before anything that it adds is checked."""
        self._permission.require_trading(caller, "amend orders")
        declared = self._venue.capabilities.of(Feature.AMEND)
        if not declared.usable:
            raise Unsupported(
                f"{self._venue.capabilities.title} does not amend orders ({declared.reason}).",
                fix="Cancel the order and place another.",
            )
        if size is None and price is None and stop_price is None:
            raise InvalidValue("Give at least one of size, price and stop_price.", field="size")
        order = self.open_order(order_id)
        if order.status is OrderStatus.PENDING_APPROVAL:
            raise needs_approval(None)
        if not order.is_working:
            raise Unsupported(
                f"Order {order.id} is {order.status.value}; only a working order can be amended.",
                fix="Wait until it is resolved.",
                order_id=order.id,
            )
        valid = await self._screening.normalize(amended(order, size, price, stop_price), caller)
        if valid.request.size is not None and valid.request.size <= order.filled_size:
            raise InvalidValue(
                f"size {valid.request.size} is not more than the {order.filled_size} that is filled already.",
                field="size",
                order_id=order.id,
                details={"accepted": f"more than {order.filled_size}"},
            )
        return order, valid

    def _shared_claims(self, approved: RiskApproved) -> list[Claim]:
        more = added(approved.proposal) or ZERO
        return self._shared.claims(approved.proposal, "", bounded=not approved.reduces, more=more)

    async def _amend(self, order: Order, size: Decimal | None, price: Decimal | None, stop: Decimal | None) -> Order:
        # Others that are checked meanwhile see what it may become; afterwards it counts as it is.
        self._state.exposure.on_order(more(order, size, price))
        try:
            await self._limiter.take(EndpointClass.ORDERS, call="amend", agent_id=order.agent_id)
            call = self._venue.amend(OrderRef.of(order), size=size, price=price, stop_price=stop)
            answer = await self._asked(order, "amend", call)
            return await self._dispatcher.answered(answer, order.id)
        finally:
            self._state.exposure.on_order(self._submission.find(order.id) or order)

    async def close_position(self, instrument: str, size: Decimal | None, reason: str, caller: Caller) -> Order:
        """Trade out of a position at the market; `size` closes a part."""
        self._permission.require_trading(caller, "place orders")
        known = await self._venue.instrument(instrument)
        held = next((p.size for p in await self._venue.positions() if p.instrument == known.id), None)
        if not held:
            raise NotReducing(f"There is no position in {known.id}.", field="instrument")
        amount = abs(held) if size is None else size
        if size is not None and size > abs(held):
            raise InvalidValue(
                f"size {size} is more than the position of {abs(held)}.",
                field="size",
                details={"accepted": f"at most {abs(held)}"},
            )
        amount = floor_to(amount, known.lot_size) if size is None else amount
        request = MarketOrder(
            instrument=known.id,
            side=Side.SELL if held > 0 else Side.BUY,
            size=amount,
            reduce_only=known.is_derivative and self._venue.capabilities.can(Feature.REDUCE_ONLY),
            reason=reason,
        )
        return await self._submission.submit(request, caller)
