"""What becomes of actions later: done once people approved them, denied when nobody did, asked about when in doubt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from venuekit.desk.action_checks import ActionChecks, Weighed
from venuekit.desk.approval import Approvals
from venuekit.desk.decisions import already, ended
from venuekit.desk.extras import arguments_of
from venuekit.desk.performing import Performer
from venuekit.errors import (
    ApprovalRefused,
    JournalUnavailable,
    OutcomeUnknown,
    Unavailable,
    VenuekitError,
)
from venuekit.model.action import DOUBTFUL_ACTIONS, OPEN_ACTIONS, Action, ActionStatus
from venuekit.model.times import NANOS
from venuekit.protocols.approver import Caller
from venuekit.protocols.clock import Clock
from venuekit.protocols.extra import Extra
from venuekit.protocols.journal import Approval, ApprovalState, Store

log = logging.getLogger("venuekit.desk")

_WAITING = (ApprovalState.PENDING, ApprovalState.APPROVED)
#: Between two questions about an action in doubt; they grow apart.
_ASK_FIRST_NS = 2 * NANOS
_ASK_LAST_NS = 300 * NANOS
_MOST = 1_000


class ActionsLater:
    """Goes on with actions that waited, or that were sent and had no answer. `tools` are those that act, by name."""

    def __init__(
        self,
        *,
        desk: str,
        tools: Mapping[str, Extra],
        store: Store,
        checks: ActionChecks,
        approvals: Approvals,
        performer: Performer,
        clock: Clock,
        caller_of: Callable[[Approval], Caller],
    ) -> None:
        self._desk = desk
        self._tools = tools
        self._store = store
        self._checks = checks
        self._approvals = approvals
        self._performer = performer
        self._clock = clock
        self._caller_of = caller_of
        self._beside: set[asyncio.Task[None]] = set()
        #: Actions in doubt: when they are asked about next, and how long after that.
        self._ask: dict[str, tuple[int, int]] = {}

    # -- decided

    async def approved(self, approval: Approval) -> Action:
        """Go on with an action that people approved: all checks again, and then once, by this approval.

        Raises:
            ApprovalRefused: it is not what was approved any more, or it was used. And as `act`.
        """
        action = await self._waiting(approval)
        try:
            extra, given, caller = self._bound(approval)
            self._checks.gate(extra, caller)
            weighed = await self._checks.weigh(extra, given, caller, action.id)
            outdated = self._approvals.changed(approval, action, weighed.summary, weighed.worth, weighed.people)
            if outdated and not self._approvals.may_renew(approval):
                raise ApprovalRefused(
                    f"Approval {approval.id} is void: {outdated}; it was asked for anew often enough.",
                    details={"action_id": action.id},
                )
        except (Unavailable, JournalUnavailable):
            raise  # the approval stands, and is tried again
        except VenuekitError as error:
            await self._give_up(approval, action, error)
            raise
        if outdated:
            fresh = action.but(summary=weighed.summary, worth=weighed.worth)
            again = await self._approvals.ask_about_anew(approval, fresh, max(1, weighed.people), outdated)
            if again is not None:
                self._performer.tell(again)
            raise already(self._approvals.get(approval.id))
        return await self._use(approval, extra, given, action, weighed)

    async def _use(self, approval: Approval, extra: Extra, given: Any, action: Action, weighed: Weighed) -> Action:
        """The approval is used in the very commit that makes the action durable: there is no moment in between."""
        claims = self._checks.claims(action, reduces=weighed.reduces)

        async def record(sending: Action) -> bool:
            used = ended(approval, ApprovalState.USED, "", self._clock.now_ns())
            return await self._store.move_approval(approval, used, [], action=sending, claims=claims)

        try:
            done = await self._performer.perform(extra, given, action, record)
        except (Unavailable, JournalUnavailable):
            raise
        except VenuekitError as error:
            await self._give_up(approval, action, error)  # only where nothing was recorded: no tool gave its answer
            raise
        if done is None:
            raise already(self._approvals.get(approval.id))
        return done

    def _bound(self, approval: Approval) -> tuple[Extra, Any, Caller]:
        """Exactly what was approved, for whom."""
        extra = self._tools.get(approval.tool)
        if extra is None:
            raise ApprovalRefused(f"This desk has no tool {approval.tool!r} that acts.", fix="Approve another call.")
        body = self._approvals.bound_body(approval)
        return extra, arguments_of(extra, body["arguments"]), self._caller_of(approval)

    async def _waiting(self, approval: Approval) -> Action:
        """The action that was approved.

        Raises:
            ApprovalRefused: it no longer waits, or its time is over.
        """
        if approval.state is not ApprovalState.APPROVED:
            raise already(approval)
        action = self._store.action(self._desk, approval.order_id)
        if action is None or action.status is not ActionStatus.PENDING_APPROVAL or action.approval_id != approval.id:
            await self._approvals.finish(approval, ApprovalState.VOID, "the action no longer waits for it")
            raise already(self._approvals.get(approval.id))
        if self._clock.now_ns() >= approval.expires_ns:
            await self._approvals.finish(approval, ApprovalState.EXPIRED, "it expired before it could be used")
            await self.follow(action)
            raise already(self._approvals.get(approval.id))
        return action

    async def _give_up(self, approval: Approval, action: Action, error: VenuekitError) -> None:
        latest = self._approvals.get(approval.id)
        if latest.state in _WAITING and not await self._approvals.finish(latest, ApprovalState.VOID, error.message):
            return  # somebody was faster, and what they did is what counts
        current = self._current(action)
        if current.status is ActionStatus.PENDING_APPROVAL:
            await self._performer.over(current, ActionStatus.DENIED, error)

    async def follow(self, action: Action) -> None:
        """An action whose approval was ended, here or elsewhere, is denied."""
        approval = self._store.approval(action.approval_id or "")
        if approval is None or approval.state in _WAITING:
            return
        why = f"approval {approval.state.value}" + (f" by {approval.decided_by}" if approval.decided_by else "")
        why += f": {approval.note}" if approval.note else ""
        current = self._current(action)
        if current.status is ActionStatus.PENDING_APPROVAL and current.approval_id == action.approval_id:
            await self._performer.over(current, ActionStatus.DENIED, ApprovalRefused(why))

    # -- looked after

    async def look(self) -> None:
        """Record what is owed, follow approvals that were ended elsewhere, and ask about what is in doubt.

        Raises:
            JournalUnavailable: the store cannot be used.
        """
        if not self._tools:
            return
        await self._performer.catch_up()
        doubtful = set()
        for action in self._store.actions(desk=self._desk, statuses=OPEN_ACTIONS, limit=_MOST):
            if action.status is ActionStatus.PENDING_APPROVAL:
                await self.follow(action)
            elif action.id in self._performer.sending or self._performer.owes(action.id):
                continue
            elif action.status is ActionStatus.SENDING:
                stopped = OutcomeUnknown("The desk stopped while it was being sent.")
                log.warning("%s", await self._performer.doubt(action, stopped))
            else:
                doubtful.add(action.id)
                self._ask_beside(action)
        self._ask = {action_id: due for action_id, due in self._ask.items() if action_id in doubtful}

    def _ask_beside(self, action: Action) -> None:
        now, extra = self._clock.monotonic_ns(), self._tools.get(action.tool)
        due, wait = self._ask.get(action.id, (now, _ASK_FIRST_NS))
        if extra is None or now < due:
            return
        self._ask[action.id] = now + wait, min(2 * wait, _ASK_LAST_NS)
        task = asyncio.get_running_loop().create_task(self._find_out(extra, action))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _find_out(self, extra: Extra, action: Action) -> None:
        try:
            await self._performer.find_out(extra, arguments_of(extra, action.arguments), action)
        except VenuekitError as error:
            log.warning("What became of %s could not be recorded: %s", action.id, error)

    @property
    def doubtful(self) -> int:
        """How many actions were sent and have no trustworthy answer."""
        return len(self._store.actions(desk=self._desk, statuses=DOUBTFUL_ACTIONS, limit=_MOST)) if self._tools else 0

    def _current(self, action: Action) -> Action:
        return self._store.action(self._desk, action.id) or action

    async def landed(self) -> None:
        """Wait until nothing is asked about any more."""
        while self._beside:
            await asyncio.wait(list(self._beside))

    def close(self) -> None:
        """End what is being asked about."""
        for task in self._beside:
            task.cancel()
