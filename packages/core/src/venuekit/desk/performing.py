"""Doing an action: durable before it is sent, sent once, and whatever the answer is, it is classified and recorded.

This is the only module that calls an adapter's tool that changes something.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from venuekit.desk.budgets import Budgets
from venuekit.desk.recorder import Recorder
from venuekit.errors import (
    Halted,
    InternalError,
    JournalUnavailable,
    OutcomeUnknown,
    Refused,
    Rejected,
    Unavailable,
    UsageError,
    VenuekitError,
)
from venuekit.model.action import Action, ActionStatus
from venuekit.model.codec import to_plain
from venuekit.protocols.clock import Clock
from venuekit.protocols.extra import Extra
from venuekit.protocols.journal import Store
from venuekit.protocols.trading import TradingState
from venuekit.protocols.venue import Venue
from venuekit.watch.redact import redact_text

log = logging.getLogger("venuekit.desk")

#: Makes the action durable as SENDING; False when it is not what it was any more.
Record = Callable[[Action], Awaitable[bool]]
#: How long an answer to "what became of it" is waited for.
_ASKING_SECONDS = 15.0
#: What says that nothing was done.
CLEAR = (Rejected, UsageError, Refused, Unavailable)


class Performer:
    """Takes actions that may go to the venue."""

    def __init__(
        self,
        *,
        venue: Venue,
        store: Store,
        recorder: Recorder,
        budgets: Budgets,
        clock: Clock,
        standing: Callable[[], TradingState],
        done: Callable[[], Awaitable[None]],
        fail_closed: Callable[[str], None],
    ) -> None:
        self._venue = venue
        self._store = store
        self._recorder = recorder
        self._budgets = budgets
        self._clock = clock
        self._standing = standing
        self._done_there = done
        self._fail_closed = fail_closed
        #: Actions that this process is sending now.
        self.sending: set[str] = set()
        #: What became of actions, and could not be recorded yet.
        self._owed: dict[str, tuple[Action, Action]] = {}

    async def perform(self, extra: Extra, given: Any, action: Action, record: Record) -> Action | None:
        """Record and send; the action as it is then, DONE. None, and nothing sent, when it was not as it was any more.

        Raises:
            Rejected, UsageError: the venue said no. Refused, Unavailable: nothing was sent.
            OutcomeUnknown: no trustworthy answer; the action is IN_DOUBT.
            JournalUnavailable: it is not durable and was not sent; or its answer is not, and trading is halted.
        """
        reference = await self._prepared(extra, given, action)
        now = self._clock.now_ns()
        sending = action.but(status=ActionStatus.SENDING, reference=reference, updated_ns=now)
        self.sending.add(action.id)
        try:
            if not await record(sending):
                return None
            self.tell(sending)
            return await self._send(extra, given, sending)
        finally:
            self.sending.discard(action.id)

    async def _prepared(self, extra: Extra, given: Any, action: Action) -> dict[str, str]:
        if extra.prepare is None:
            return {}
        try:
            found: Mapping[str, str] = await result_of(extra.prepare(self._venue, given, action.id))
        except CLEAR:
            raise
        except Exception as error:
            log.exception("The adapter failed to prepare %s.", extra.name)
            raise InternalError(f"{extra.name} could not be prepared; nothing was sent.") from error
        return {str(name): str(value) for name, value in found.items()}

    async def _send(self, extra: Extra, given: Any, sending: Action) -> Action:
        try:
            self._still_allowed()
            more = () if extra.prepare is None else (dict(sending.reference),)
            answer = await self._answer(extra, given, *more)
        except (Rejected, UsageError) as error:
            await self.over(sending, ActionStatus.REJECTED, error)
            raise
        except (Refused, Unavailable) as error:
            await self.over(sending, ActionStatus.DENIED, error)
            raise
        except OutcomeUnknown as error:
            raise await self.doubt(sending, error) from error
        except asyncio.CancelledError:
            await self.doubt(sending, OutcomeUnknown("The desk was closed while it was being sent."))
            raise
        except Exception as error:
            # An adapter's bug must not look like a clean refusal: it may have been done.
            log.exception("The adapter failed in %s.", sending.tool)
            message = f"{type(error).__name__} in the adapter while sending; it may have been done."
            raise await self.doubt(sending, OutcomeUnknown(message)) from error
        return await self.done(sending, answer)

    def _still_allowed(self) -> None:
        """A halt that came while it was recorded stops it; nothing was sent."""
        if self._standing() is TradingState.HALTED:
            raise Halted("Trading was halted before it was sent.")

    async def _answer(self, extra: Extra, *arguments: Any) -> Any:
        return await self._in_time(
            extra.call(self._venue, *arguments),
            extra.patience_seconds,
            f"The venue has not answered within {extra.patience_seconds:g} s.",
        )

    async def _in_time(self, work: Any, seconds: float, late: str) -> Any:
        """What `work` comes to. It is stopped when it takes longer.

        Raises:
            OutcomeUnknown: it took longer. And what `work` raises.
        """
        asking = asyncio.ensure_future(result_of(work))
        patience = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((asking, patience), return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            if not asking.done():
                asking.cancel()
                asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        if not asking.done():
            raise OutcomeUnknown(late)
        return asking.result()

    # -- what became of it

    async def done(self, before: Action, answer: Any) -> Action:
        """It was done: the answer is recorded before it is given. Raises JournalUnavailable."""
        after = before.but(status=ActionStatus.DONE, result=to_plain(answer), status_code="", status_reason="")
        after = await self._record(before, after)
        await self._done_there()
        return after

    async def over(self, before: Action, status: ActionStatus, error: VenuekitError) -> Action:
        """Nothing was done. Raises JournalUnavailable."""
        error.details.setdefault("action_id", before.id)
        return await self._record(
            before, before.but(status=status, status_code=error.code, status_reason=redact_text(error.message))
        )

    async def doubt(self, before: Action, error: OutcomeUnknown) -> OutcomeUnknown:
        """It was sent, and nobody knows what became of it; the error that says so and how to find out."""
        told = {name: str(value) for name, value in error.details.items() if value is not None}
        after = before.but(
            status=ActionStatus.IN_DOUBT,
            status_code=OutcomeUnknown.code,
            status_reason=redact_text(error.message),
            reference={**before.reference, **told},
            doubted=True,
        )
        try:
            await self._record(before, after)
        except JournalUnavailable:
            log.warning("The doubt about %s could not be recorded yet.", before.id)
        how = "" if error.fix == OutcomeUnknown.default_fix else f"{error.fix} "
        return OutcomeUnknown(
            error.message,
            fix=f"Do not send it again. {how}It is in doubt until the venue has been asked: look with the same "
            f"action_id, {before.id}; an operator with: venuekit actions show {before.id}",
            details={**after.reference, "action_id": before.id},
        )

    async def find_out(self, extra: Extra, given: Any, doubtful: Action) -> Action:
        """Ask the venue about an action in doubt; the action as it is then. Raises JournalUnavailable."""
        if extra.find_out is None:
            return doubtful
        try:
            answer = await self._in_time(
                extra.find_out(self._venue, given, dict(doubtful.reference)), _ASKING_SECONDS, "No answer in time."
            )
        except Rejected as error:
            return await self.over(doubtful, ActionStatus.REJECTED, error)
        except VenuekitError as error:
            log.info("What became of %s could not be asked for: %s", doubtful.id, error)
            return doubtful
        except Exception:
            log.exception("The adapter failed to say what became of %s.", doubtful.id)
            return doubtful
        return doubtful if answer is None else await self.done(doubtful, answer)

    async def _record(self, before: Action, after: Action) -> Action:
        after = after.but(updated_ns=max(self._clock.now_ns(), before.updated_ns + 1))
        try:
            kept = await self._store.put_action(before, after, self._budgets.given_back(after))
        except JournalUnavailable as error:
            self._owed[after.id] = before, after
            self._fail_closed(f"What became of the action {after.id} could not be recorded.")
            raise JournalUnavailable(
                f"The action {after.id} is {after.status.value}, but that could not be recorded; trading is halted.",
                fix="Mend the store, then run: venuekit resume",
                details={"action_id": after.id},
            ) from error
        if not kept:  # a person settled it meanwhile
            return self._store.action(after.desk, after.id) or after
        self.tell(after)
        return after

    async def catch_up(self) -> None:
        """Record what is owed since the store failed. Raises JournalUnavailable."""
        for action_id, (before, after) in list(self._owed.items()):
            if await self._store.put_action(before, after, self._budgets.given_back(after)):
                self.tell(after)
            del self._owed[action_id]

    def owes(self, action_id: str) -> bool:
        """Whether more is known of it than is recorded."""
        return action_id in self._owed

    def tell(self, action: Action) -> None:
        """Tell whoever listens what is recorded already."""
        why = f": {action.status_reason}" if action.status_reason else ""
        message = f"{action.summary}: {action.status.value}{why}"
        self._recorder.publish(self._recorder.about(f"action_{action.status.value.lower()}", message, action.id))


async def result_of(work: Any) -> Any:
    """What an adapter's function came to, whether it is async or not."""
    return await work if inspect.isawaitable(work) else work
