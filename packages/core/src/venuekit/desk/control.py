"""The kill switch and what else other processes decide: seen within a poll, obeyed at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from venuekit.desk.approval import Approvals, already
from venuekit.desk.changes import Changes
from venuekit.desk.health import Health
from venuekit.desk.limits import Limits
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk import halt as moves
from venuekit.desk.screening import Screening
from venuekit.desk.state import State
from venuekit.desk.submission import Submission
from venuekit.errors import ApprovalRefused, JournalUnavailable, Unavailable, VenuekitError
from venuekit.model.identity import AgentId
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Caller, Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Control, EntryKind, RowQuery, Store
from venuekit.protocols.risk import TradingState

#: After this long an approval that was used, and whose order was never recorded as sent, is one that a crash cut off.
_USED_AND_NOT_SENT_NS = 60_000_000_000


class Controls:
    """Trading state and approvals as the store has them, and acting on what changed there."""

    def __init__(
        self,
        *,
        desk: str,
        store: Store,
        state: State,
        recorder: Recorder,
        changes: Changes,
        screening: Screening,
        submission: Submission,
        approvals: Approvals,
        clock: Clock,
        health: Health,
        limits: Limits,
        caller_of: Callable[[AgentId], Caller],
    ) -> None:
        self._desk = desk
        self._store = store
        self._state = state
        self._recorder = recorder
        self._changes = changes
        self._screening = screening
        self._submission = submission
        self._approvals = approvals
        self._clock = clock
        self._caller_of = caller_of
        self._health = health
        self._limits = limits
        self.control = store.control()
        self._failed = ""
        self._unread = False
        self._executing: set[str] = set()
        self._beside: set[asyncio.Task[None]] = set()
        self._canceled_request = self._canceled_before()
        self._obey()

    def _canceled_before(self) -> int:
        """The last request to cancel all that needs nothing more: one made while this desk was away still counts."""
        request = self.control.cancel_all_request
        if self.control.state is not TradingState.HALTED or request == 0:
            return request
        query = RowQuery(desk=self._desk, kinds=(EntryKind.SESSION,), subject=str(request), limit=1)
        return request if self._store.rows(query) else request - 1

    def _obey(self) -> None:
        halted = self._failed or self.control.state is TradingState.HALTED
        self._state.exposure.set_trading_state(TradingState.HALTED if halted else self.control.state, self.reason)

    def fail_closed(self, why: str) -> None:
        """Halt this desk in memory, because the store cannot be relied on; only `resume` here ends it."""
        if self._failed:
            return  # what failed first is told already
        self._failed = why
        self._obey()
        self._recorder.publish(self._recorder.about("halted", why))

    @property
    def reason(self) -> str:
        """Why trading is stopped, if it is."""
        return self._failed or self.control.reason

    def refresh(self) -> bool:
        """Take in what another process wrote, before an order is checked; costs a microsecond when nothing changed.

        Returns whether something was.

        Raises:
            JournalUnavailable: the store cannot be asked, so that a halt may have been missed.
        """
        self._unread = self._store.changed() or self._unread  # it says so once, and reading may fail
        if not self._unread:
            return False
        self._read()
        self._unread = False
        return True

    def look(self) -> Control:
        """The control record as far as it can be known; a store that cannot be asked halts the desk."""
        try:
            self.refresh()
        except JournalUnavailable as error:
            self.fail_closed(error.message)
        return self.control

    def _read(self) -> None:
        self._limits.read()
        control = self._store.control()
        if control.revision != self.control.revision:
            before, self.control = self.control, control
            if control.state is TradingState.ACTIVE:
                self._all_clear()
            self._obey()
            if control.state is not before.state:
                self._recorder.publish(
                    self._recorder.about(control.state.value.lower(), f"{control.reason} (by {control.by})")
                )

    async def halt(self, *, by: str, reason: str, cancel_all: bool) -> Control:
        """Stop trading; with `cancel_all`, cancel every open order too."""
        self._read()
        after = moves.halted(self.control, by=by, reason=reason, cancel_all=cancel_all, now_ns=self._clock.now_ns())
        await self._move(after, {"action": "halt", "by": by, "reason": reason, "cancel_all": cancel_all})
        await self.act()
        return self.control

    async def reduce(self, *, by: str, reason: str) -> Control:
        """Let only orders go that reduce a position."""
        self._read()
        after = moves.reducing(self.control, by=by, reason=reason, now_ns=self._clock.now_ns())
        await self._move(after, {"action": "reduce", "by": by, "reason": reason})
        return self.control

    async def resume(self, *, by: str) -> Control:
        """Let everything go again. Resets `RESUME_RESETS` and keeps `RESUME_KEEPS`."""
        self._read()
        after = moves.resumed(self.control, by=by, now_ns=self._clock.now_ns())
        self._all_clear()
        await self._move(after, {"action": "resume", "by": by})
        return self.control

    def _all_clear(self) -> None:
        """What `RESUME_RESETS` names, for a resume here or by another process."""
        self._failed = ""
        self._health.resume()

    async def _move(self, after: Control, body: dict[str, object]) -> None:
        entry = self._recorder.entry(EntryKind.CONTROL, "", str(body["by"]), body)
        self.control = await self._store.set_control(after, entry)
        self._obey()
        self._recorder.publish(self._recorder.about(str(body["action"]), f"{body.get('reason', '')} (by {body['by']})"))

    async def act(self) -> None:
        """Do what the store asks for: cancel all, send approved orders, let old questions expire."""
        self._read()
        if self.control.cancel_all_request > self._canceled_request:
            self._canceled_request = self.control.cancel_all_request
            await self._cancel_all()
        for approval in self._store.approvals(desk=self._desk, states=(ApprovalState.PENDING, ApprovalState.APPROVED)):
            if approval.id in self._executing:
                continue
            if approval.state is ApprovalState.APPROVED:
                self._execute_beside(approval)
            elif self._clock.now_ns() >= approval.expires_ns:
                await self._end(approval, ApprovalState.EXPIRED, "nobody decided in time")
        for order in self._state.orders.live():
            if order.status is OrderStatus.PENDING_APPROVAL and order.approval_id is not None:
                await self._follow(order)

    async def _cancel_all(self) -> None:
        try:
            results = list(await self._changes.cancel_everything(None, "kill switch"))
            if self._submission.flying:
                # Sent before the halt, and not at the venue's book yet when it was asked.
                await self._submission.landed()
                results += await self._changes.cancel_everything(None, "kill switch")
            failed = [r for r in results if r.error_code]
            message = f"{len(results) - len(failed)} orders canceled, {len(failed)} not"
        except VenuekitError as error:
            message = f"cancel all failed: {error.message}"
            self._canceled_request -= 1  # tried again at the next look
        event = self._recorder.about("cancel_all", message, str(self.control.cancel_all_request))
        await self._recorder.desk_event(event, EntryKind.SESSION, {"message": message})

    async def _follow(self, order: Order) -> None:
        """An order whose approval was ended elsewhere is denied here."""
        approval = self._store.approval(order.approval_id or "")
        if approval is None or approval.state in (ApprovalState.PENDING, ApprovalState.APPROVED):
            return
        if approval.state is ApprovalState.USED:
            await self._used_elsewhere(order, approval)
            return
        why = f"approval {approval.state.value}" + (f" by {approval.decided_by}" if approval.decided_by else "")
        await self._changes.deny_waiting(
            order, ApprovalRefused.code, why + (f": {approval.note}" if approval.note else "")
        )

    async def _used_elsewhere(self, order: Order, approval: Approval) -> None:
        """Another process of this desk sent it, or one stopped after the decision and before anything was sent."""
        if approval.id in self._executing:
            return
        newest = self._submission.recorded(order.id)
        if newest is not None and newest.status is not OrderStatus.PENDING_APPROVAL:
            self._state.put(newest)
        elif self._clock.now_ns() - (approval.decided_ns or 0) > _USED_AND_NOT_SENT_NS:
            await self._changes.deny_waiting(
                order, ApprovalRefused.code, "the desk stopped after the approval, before the order was sent"
            )

    async def _end(self, approval: Approval, state: ApprovalState, why: str) -> None:
        if await self._approvals.finish(approval, state, why):
            order = self._submission.find(approval.order_id)
            if order is not None and order.status is OrderStatus.PENDING_APPROVAL:
                await self._changes.deny_waiting(order, ApprovalRefused.code, why)

    async def approve(self, approval_id: str, operator: Operator, note: str) -> Order:
        """Approve, and send: all checks run again first.

        Raises:
            UnknownApproval, ApprovalRefused, and everything that `submit` raises.
        """
        approval = await self._approvals.decide(approval_id, ApprovalState.APPROVED, operator, note)
        return await self._execute(approval)

    async def reject(self, approval_id: str, operator: Operator, note: str) -> Approval:
        """Reject; the order is denied."""
        approval = await self._approvals.decide(approval_id, ApprovalState.REJECTED, operator, note)
        order = self._submission.find(approval.order_id)
        if order is not None and order.status is OrderStatus.PENDING_APPROVAL:
            await self._follow(order)
        return approval

    def _execute_beside(self, approval: Approval) -> None:
        """In a task of its own: an approved order that the venue does not answer must not keep a halt waiting."""
        self._executing.add(approval.id)
        task = asyncio.get_running_loop().create_task(self._execute_quietly(approval))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _execute_quietly(self, approval: Approval) -> None:
        try:
            await self._execute(approval)
        except JournalUnavailable as error:
            self.fail_closed(error.message)
        except VenuekitError as error:
            self._recorder.publish(self._recorder.about("approval_not_executed", error.message, approval.id))

    async def _execute(self, approval: Approval) -> Order:
        self._executing.add(approval.id)
        try:
            return await self._execute_once(approval)
        finally:
            self._executing.discard(approval.id)

    async def _execute_once(self, approval: Approval) -> Order:
        order = self._submission.find(approval.order_id)
        if order is None or order.status is not OrderStatus.PENDING_APPROVAL:
            await self._approvals.finish(approval, ApprovalState.VOID, "the order no longer waits")
            raise already(self._approvals.get(approval.id))
        if self._clock.now_ns() >= approval.expires_ns:
            await self._end(approval, ApprovalState.EXPIRED, "it expired before it could be used")
            raise already(self._approvals.get(approval.id))
        try:
            request = self._approvals.bound(approval)
            await self._screening.refresh_quote(request.instrument)
            moved = self._approvals.moved_away(approval, request)
            if moved:
                raise ApprovalRefused(f"Approval {approval.id} is void: {moved}.", order_id=order.id)
            caller = self._caller_of(approval.agent_id)
            await self._screening.recheck(request, caller)
            # Used before it is sent: a crash in between leaves an order that is denied at the next start, never two.
            if not await self._approvals.finish(approval, ApprovalState.USED, ""):
                raise already(self._approvals.get(approval.id))
            return await self._submission.approved(request, caller, approval.id, order)
        except Unavailable:
            raise
        except VenuekitError as error:
            await self._give_up(approval, order, error)
            raise

    async def _give_up(self, approval: Approval, order: Order, error: VenuekitError) -> None:
        current = self._submission.find(order.id) or order
        if current.status is not OrderStatus.PENDING_APPROVAL:
            return
        latest = self._approvals.get(approval.id)
        if latest.state in (ApprovalState.PENDING, ApprovalState.APPROVED):
            await self._approvals.finish(latest, ApprovalState.VOID, error.message)
        await self._changes.deny_waiting(current, error.code, error.message)
