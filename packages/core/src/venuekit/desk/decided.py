"""Carrying out what people decided: what was approved goes once, what was rejected or expired is denied."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from venuekit.desk.actions_later import ActionsLater
from venuekit.desk.approval import Approvals
from venuekit.desk.changes import Changes
from venuekit.desk.decisions import already
from venuekit.desk.recorder import Recorder
from venuekit.desk.screening import Screening
from venuekit.desk.stages import RiskApproved
from venuekit.desk.state import State
from venuekit.desk.submission import Submission
from venuekit.errors import ApprovalRefused, JournalUnavailable, Unavailable, VenuekitError
from venuekit.model.action import Action
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Caller, Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Store

#: After this long an approval that was used, and whose order was never recorded as sent, is one that a crash cut off.
_USED_AND_NOT_SENT_NS = 60_000_000_000
_WAITING = (ApprovalState.PENDING, ApprovalState.APPROVED)
#: More questions than a desk has open; `risk.max_open_orders` counts them too.
_MOST = 10_000


class Decided:
    """What a desk does about decisions, made here or by another process."""

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
        actions: ActionsLater,
        clock: Clock,
        caller_of: Callable[[Approval], Caller],
        fail_closed: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._store = store
        self._state = state
        self._recorder = recorder
        self._changes = changes
        self._screening = screening
        self._submission = submission
        self._approvals = approvals
        self._actions = actions
        self._clock = clock
        self._caller_of = caller_of
        self._fail_closed = fail_closed
        #: Approvals that this process is deciding or carrying out now, and how many times over.
        self._busy: Counter[str] = Counter()
        self._beside: set[asyncio.Task[object]] = set()

    async def look(self) -> None:
        """Send what was approved, let old questions expire, and deny what was ended elsewhere."""
        for approval in self._store.approvals(desk=self._desk, states=_WAITING, limit=_MOST):
            if self._busy[approval.id]:
                continue
            if approval.state is ApprovalState.APPROVED:
                self._execute_beside(approval)
            elif self._clock.now_ns() >= approval.expires_ns:
                await self._end(approval, ApprovalState.EXPIRED, "nobody decided in time")
        for order in self._state.orders.live():
            if order.status is OrderStatus.PENDING_APPROVAL and order.approval_id is not None:
                await self._follow(order)
        await self._actions.look()

    # -- decided here

    async def approve(self, approval_id: str, operator: Operator, note: str) -> Order | Action:
        """One person approves; when enough have, the order is sent or the action done, after all checks ran again.

        Returns it, which still waits when another person has to approve too.

        Raises:
            UnknownApproval, PermissionRefused, ApprovalRefused, and everything that `submit` raises.
        """
        # In a task of its own: a caller that goes away must not leave an approval used and its order not sent.
        task = asyncio.get_running_loop().create_task(self._approve(approval_id, operator, note))
        self._keep(task)
        return await asyncio.shield(task)

    async def _approve(self, approval_id: str, operator: Operator, note: str) -> Order | Action:
        with self._at_work(approval_id):  # so that `look` does not carry it out beside this
            approval = await self._approvals.decide(approval_id, operator, note, approve=True)
            if approval.state is ApprovalState.APPROVED:
                return await self._execute(approval)
        asked = self._asked(approval)
        if asked is None:
            raise already(approval)
        event = self._recorder.about("approved_in_part", f"{approval.summary}: {approval.progress}", approval.id)
        self._recorder.publish(event)
        return asked

    def _asked(self, approval: Approval) -> Order | Action | None:
        """What it was asked for, as it is now."""
        if approval.tool:
            return self._store.action(self._desk, approval.order_id)
        return self._submission.find(approval.order_id)

    @contextmanager
    def _at_work(self, approval_id: str) -> Iterator[None]:
        self._busy[approval_id] += 1
        try:
            yield
        finally:
            self._done(approval_id)

    def _done(self, approval_id: str) -> None:
        self._busy[approval_id] -= 1
        if not self._busy[approval_id]:
            del self._busy[approval_id]

    async def reject(self, approval_id: str, operator: Operator, note: str) -> Approval:
        """One person rejects; the order is denied.

        Raises:
            UnknownApproval, PermissionRefused, ApprovalRefused.
        """
        approval = await self._approvals.decide(approval_id, operator, note, approve=False)
        await self._follow_asked(approval)
        return approval

    async def _follow_asked(self, approval: Approval) -> None:
        asked = self._asked(approval)
        if isinstance(asked, Action):
            await self._actions.follow(asked)
        elif asked is not None and asked.status is OrderStatus.PENDING_APPROVAL:
            await self._follow(asked)

    # -- carrying it out

    def _execute_beside(self, approval: Approval) -> None:
        """In a task of its own: an approved order that the venue does not answer must not keep a halt waiting."""
        self._busy[approval.id] += 1  # from now on, and not only once the task has begun
        self._keep(asyncio.get_running_loop().create_task(self._execute_quietly(approval)))

    def _keep(self, task: asyncio.Task[Order | Action] | asyncio.Task[None]) -> None:
        self._beside.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._beside.discard(task)
        if not task.cancelled():
            task.exception()  # it is recorded and, if the caller is still there, raised to it

    async def _execute_quietly(self, approval: Approval) -> None:
        try:
            await self._execute(approval)
        except JournalUnavailable as error:
            self._fail_closed(error.message)
        except VenuekitError as error:
            self._recorder.publish(self._recorder.about("approval_not_executed", error.message, approval.id))
        finally:
            self._done(approval.id)

    async def _execute(self, approval: Approval) -> Order | Action:
        if approval.tool:
            return await self._actions.approved(approval)
        order = await self._waiting(approval)
        try:
            request = self._approvals.bound(approval)
            await self._screening.refresh_quote(request.instrument)
            caller = self._caller_of(approval)
            checked = await self._screening.recheck(request, caller)
            outdated = self._approvals.outdated(approval, checked)
            if outdated and not self._approvals.may_renew(approval):
                raise ApprovalRefused(
                    f"Approval {approval.id} is void: {outdated}, and it was asked for anew often enough.",
                    order_id=order.id,
                )
        except (Unavailable, JournalUnavailable):
            raise  # the approval stands, and is tried again
        except VenuekitError as error:
            await self._give_up(approval, order, error)
            raise
        if outdated:
            raise await self._ask_anew(approval, checked, order, outdated)
        # Used before it is sent: a crash in between leaves an order that is denied at the next start, never two.
        if not await self._approvals.finish(approval, ApprovalState.USED, ""):
            raise already(self._approvals.get(approval.id))
        try:
            return await self._submission.approved(request, caller, approval.id, order)
        except VenuekitError as error:
            await self._give_up(approval, order, error)
            raise

    async def _waiting(self, approval: Approval) -> Order:
        """The order that was approved.

        Raises:
            ApprovalRefused: it no longer waits, or its time is over.
        """
        if approval.state is not ApprovalState.APPROVED:
            raise already(approval)
        order = self._submission.find(approval.order_id)
        waits = order is not None and order.status is OrderStatus.PENDING_APPROVAL
        if order is None or not waits or order.approval_id != approval.id:
            await self._approvals.finish(approval, ApprovalState.VOID, "the order no longer waits for it")
            raise already(self._approvals.get(approval.id))
        if self._clock.now_ns() >= approval.expires_ns:
            await self._end(approval, ApprovalState.EXPIRED, "it expired before it could be used")
            raise already(self._approvals.get(approval.id))
        return order

    async def _ask_anew(self, approval: Approval, checked: RiskApproved, order: Order, why: str) -> ApprovalRefused:
        """Void what was approved, and ask once more about the same order; the error that says so."""
        fresh = await self._approvals.ask_anew(approval, checked, order, why)
        current = self._submission.find(order.id) or order
        if fresh is not None and current.status is not OrderStatus.PENDING_APPROVAL:
            await self._approvals.finish(fresh, ApprovalState.VOID, "the order no longer waits")  # withdrawn meanwhile
        elif fresh is not None:
            after = order.but(approval_id=fresh.id)
            self._state.put(after)
            self._recorder.publish_order(order, after)
            message = f"{approval.id} is void: {why}; {fresh.id} asks anew"
            self._recorder.publish(self._recorder.about("approval_renewed", message, fresh.id))
        return already(self._approvals.get(approval.id))

    async def _give_up(self, approval: Approval, order: Order, error: VenuekitError) -> None:
        current = self._submission.find(order.id) or order
        if current.status is not OrderStatus.PENDING_APPROVAL:
            return
        latest = self._approvals.get(approval.id)
        if latest.state in _WAITING and not await self._approvals.finish(latest, ApprovalState.VOID, error.message):
            return  # somebody was faster, and what they did is what counts
        await self._changes.deny_waiting(current, error.code, error.message)

    # -- decided elsewhere

    async def _follow(self, order: Order) -> None:
        """An order whose approval was ended elsewhere is denied here."""
        approval = self._store.approval(order.approval_id or "")
        if approval is None or approval.state in _WAITING:
            return
        if approval.state is ApprovalState.USED:
            await self._used_elsewhere(order, approval)
            return
        if approval.replaced_by:
            self._learn(order)
            return
        why = f"approval {approval.state.value}" + (f" by {approval.decided_by}" if approval.decided_by else "")
        await self._changes.deny_waiting(
            order, ApprovalRefused.code, why + (f": {approval.note}" if approval.note else "")
        )

    def _learn(self, order: Order) -> bool:
        """Take over what another process of this desk recorded of the order; whether it was anything new."""
        newest = self._submission.recorded(order.id)
        if newest is None or (newest.status, newest.approval_id) == (order.status, order.approval_id):
            return False
        self._state.put(newest)
        return True

    async def _used_elsewhere(self, order: Order, approval: Approval) -> None:
        """Another process of this desk sent it, or one stopped after the decision and before anything was sent."""
        if self._busy[approval.id] or self._learn(order):
            return
        if self._clock.now_ns() - (approval.decided_ns or 0) > _USED_AND_NOT_SENT_NS:
            await self._changes.deny_waiting(
                order, ApprovalRefused.code, "the desk stopped after the approval, before the order was sent"
            )

    async def _end(self, approval: Approval, state: ApprovalState, why: str) -> None:
        if await self._approvals.finish(approval, state, why):
            if approval.tool:
                await self._follow_asked(approval)
                return
            order = self._submission.find(approval.order_id)
            if order is not None and order.status is OrderStatus.PENDING_APPROVAL:
                await self._changes.deny_waiting(order, ApprovalRefused.code, why)
