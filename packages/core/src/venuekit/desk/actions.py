"""The road of an action: who may, what it is, whether a person has to decide; then once to the venue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from venuekit.desk.action_checks import ActionChecks
from venuekit.desk.approval import Approvals, order_hash
from venuekit.desk.extras import arguments_of, canonical
from venuekit.desk.identifiers import Identifiers
from venuekit.desk.performing import Performer
from venuekit.desk.recorder import Recorder
from venuekit.desk.submission import given_up
from venuekit.errors import (
    ActionIdReused,
    ApprovalRefused,
    BudgetExceeded,
    InvalidValue,
    JournalUnavailable,
    NotConnected,
    RiskRefused,
    UnknownAction,
    VenuekitError,
)
from venuekit.model.action import Action, ActionStatus
from venuekit.model.identity import checked_name
from venuekit.model.times import NANOS
from venuekit.protocols.approver import Caller
from venuekit.protocols.clock import Clock
from venuekit.protocols.extra import Extra
from venuekit.protocols.journal import EntryKind, Store
from venuekit.watch.literals import holds
from venuekit.watch.redact import redact_text

#: The same call without an id stands for one that a person decided about, or that was in doubt, so long after it was
#: over: its caller never got the answer, and asks for it in this way.
_ANSWER_KEPT_NS = 3_600 * NANOS
#: How many of the same call are looked through.
_MOST = 100
#: How many actions of one agent may wait for a person: nobody can judge more.
_MOST_WAITING = 20
_A_DAY_OF_MINUTES = 1_440
_PENDING = (ActionStatus.PENDING_APPROVAL,)


class Actions:
    """Takes calls of a venue's acting tools to the venue, or says why not."""

    def __init__(
        self,
        *,
        desk: str,
        store: Store,
        recorder: Recorder,
        checks: ActionChecks,
        approvals: Approvals,
        performer: Performer,
        identifiers: Identifiers,
        clock: Clock,
        duplicate_window: Callable[[], float],
        secrets: frozenset[str],
    ) -> None:
        self._desk = desk
        self._store = store
        self._recorder = recorder
        self._checks = checks
        self._approvals = approvals
        self._performer = performer
        self._identifiers = identifiers
        self._clock = clock
        self._duplicate_window = duplicate_window
        self._secrets = secrets
        #: Calls on the road, by their hash and by their id: the same one waits for the one before.
        self._flights: dict[str, asyncio.Task[Action]] = {}

    def get(self, action_id: str) -> Action:
        """One action of this desk.

        Raises:
            UnknownAction: there is none.
        """
        found = self._store.action(self._desk, action_id)
        if found is None:
            raise UnknownAction(
                f"No action {str(action_id)[:60]!r} on this desk.", fix="See: venuekit actions list", field="action_id"
            )
        return found

    # -- asked for

    async def act(self, extra: Extra, arguments: Any, caller: Caller, action_id: str | None, reason: str) -> Action:
        """One action, all the way. See `venuekit.desk.acting.Acting.act`."""
        self._checks.gate(extra, caller)
        given = arguments_of(extra, arguments)
        body = canonical(given)
        if action_id is not None:
            checked_name(action_id, field="action_id")
        if holds(json.dumps([action_id, body]), self._secrets):
            raise InvalidValue(
                "The arguments hold a key, a token or another secret.",
                fix="Leave it out. A secret that was sent here should be replaced.",
            )
        now = self._clock.now_ns()
        action = Action(
            id=action_id or self._identifiers.action(),
            desk=self._desk,
            tool=extra.name,
            arguments=body,
            call_hash=order_hash(caller.agent_id, {"tool": extra.name, "arguments": body}),
            summary=extra.title,
            status=ActionStatus.SENDING,
            created_ns=now,
            updated_ns=now,
            agent_id=caller.agent_id,
            source=caller.source,
            reason=redact_text(reason, also=self._secrets) if reason else "",
        )
        keys = (action.call_hash, f"id {action.id}")
        while flying := [self._flights[key] for key in keys if key in self._flights]:
            await asyncio.wait(flying)
        return await self._fly(keys, self._road(extra, given, action, caller, named=action_id is not None))

    async def _fly(self, keys: Sequence[str], road: Coroutine[Any, Any, Action]) -> Action:
        # In a task of the desk's own, so that a caller who gives up never tears a send in half.
        task = asyncio.get_running_loop().create_task(road)
        self._flights |= dict.fromkeys(keys, task)
        task.add_done_callback(self._landed)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if given_up(task):
                raise NotConnected("The desk was closed before it was sent.") from None
            raise

    def _landed(self, task: asyncio.Task[Action]) -> None:
        for key in [key for key, flying in self._flights.items() if flying is task]:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # it is recorded and, if the caller is still there, raised to it

    async def landed(self) -> None:
        """Wait until nothing is being sent any more."""
        while self._flights:
            await asyncio.wait(list(self._flights.values()))

    def close(self) -> None:
        """End what is under way: what is being sent is in doubt then."""
        for task in set(self._flights.values()):
            task.cancel()

    async def _road(self, extra: Extra, given: Any, action: Action, caller: Caller, *, named: bool) -> Action:
        before = self._store.action(self._desk, action.id) if named else None
        known = self._known(action, before) if named else self._the_same(action)
        if known is not None:
            return await self._asked_again(extra, given, known)
        earlier = self._earlier(action)
        try:
            weighed = await self._checks.weigh(extra, given, caller, action.id)
            if earlier is not None and not named and not weighed.people:
                self._no_repetition(earlier)
        except VenuekitError as error:
            await self._refused(action, error)
            raise
        action = action.but(summary=weighed.summary, worth=weighed.worth)
        if weighed.people:
            await self._not_too_many(action)
            waiting = await self._approvals.ask_about(action, weighed.people, self._told_of(earlier))
            self._performer.tell(waiting)
            return waiting
        claims = self._checks.claims(action, reduces=weighed.reduces)
        try:
            done = await self._performer.perform(
                extra, given, action, lambda sending: self._store.put_action(before, sending, claims)
            )
        except BudgetExceeded as late:
            await self._refused(action, late)
            raise
        return done or self.get(action.id)

    def _known(self, action: Action, before: Action | None) -> Action | None:
        """The action that has this id; None when it is new, or comes anew after it was not sent."""
        if before is None:
            return None
        if before.call_hash != action.call_hash:
            raise ActionIdReused(
                f"action_id {before.id} belongs to another action: {before.summary}.",
                field="action_id",
                details={"action_id": before.id},
            )
        return None if _never_sent(before) else before

    def _the_same(self, action: Action) -> Action | None:
        """What the same call without an id stands for: one that is open, or whose answer nobody has got yet."""
        for other in self._store.actions(desk=self._desk, call_hash=action.call_hash, limit=_MOST):
            recent = action.created_ns - other.updated_ns < _ANSWER_KEPT_NS
            untold = (other.approval_id is not None or other.doubted) and not _never_sent(other)
            if other.is_open or (recent and untold):
                return other
        return None

    async def _asked_again(self, extra: Extra, given: Any, known: Action) -> Action:
        """The action as it is: one in doubt is asked about."""
        if known.status is ActionStatus.IN_DOUBT and known.id not in self._performer.sending:
            return await self._performer.find_out(extra, given, known)
        return known

    def _earlier(self, action: Action) -> Action | None:
        """The same call as it was done last."""
        done = (ActionStatus.DONE,)
        found = self._store.actions(desk=self._desk, statuses=done, call_hash=action.call_hash, limit=1)
        return found[0] if found else None

    def _no_repetition(self, earlier: Action) -> None:
        """As with orders: what comes twice within moments was hardly meant twice. Raises RiskRefused."""
        seconds = max(0, self._clock.now_ns() - earlier.updated_ns) / NANOS
        window = self._duplicate_window()
        if seconds < window:
            raise RiskRefused(
                f"The same call was done {seconds:.1f} s ago, as {earlier.id}.",
                fix="If it is meant once more, pass an action_id of your own.",
                details={"check": "duplicate_action", "limit": f"{window:g}", "action_id": earlier.id},
            )

    async def _not_too_many(self, action: Action) -> None:
        """A queue that nobody can read to its end guards nothing. Raises RiskRefused."""
        waiting = self._store.actions(desk=self._desk, statuses=_PENDING, limit=10 * _MOST_WAITING)
        if sum(other.agent_id == action.agent_id for other in waiting) >= _MOST_WAITING:
            error = RiskRefused(
                f"{_MOST_WAITING} actions of {action.agent_id} wait for a person already.",
                fix="Wait until some of them are decided.",
                details={"check": "waiting_actions", "limit": str(_MOST_WAITING)},
            )
            await self._refused(action, error)
            raise error

    def _told_of(self, earlier: Action | None) -> str:
        """What a person should know of the same call before."""
        minutes = 0 if earlier is None else max(0, self._clock.now_ns() - earlier.updated_ns) // (60 * NANOS)
        if earlier is None or minutes >= _A_DAY_OF_MINUTES:
            return ""
        return f"; the same was done {minutes} min ago, as {earlier.id}"

    async def _refused(self, action: Action, error: VenuekitError) -> None:
        """Keep a refusal: the journal says what was asked and why it did not go."""
        asked = {"tool": action.tool, "arguments": action.arguments, "reason": action.reason}
        body = {"action": asked, "error": error.to_dict(), "source": action.source}
        entry = self._recorder.entry(EntryKind.DENIED, action.id, action.agent_id, body)
        try:
            await self._recorder.write([entry])
        except JournalUnavailable as lost:
            raise lost from error


def _never_sent(action: Action) -> bool:
    """Whether it is over, was never sent, and may be done anew under its id.

    What a person or the time decided against stays so: another id is another proposal.
    """
    return action.status is ActionStatus.DENIED and action.status_code != ApprovalRefused.code
