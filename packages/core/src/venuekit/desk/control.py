"""The kill switch and what else other processes decide: seen within a poll, obeyed at once."""

from __future__ import annotations

from collections.abc import Callable

from venuekit.desk.changes import Changes
from venuekit.desk.decided import Decided
from venuekit.desk.health import Health
from venuekit.desk.limits import Limits
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk import halt as moves
from venuekit.desk.state import State
from venuekit.desk.submission import Submission
from venuekit.errors import JournalUnavailable, VenuekitError
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Control, EntryKind, Hold, RowQuery, Store
from venuekit.protocols.risk import TradingState


class Controls:
    """The trading state as the store has it, and acting on what changed there."""

    def __init__(
        self,
        *,
        desk: str,
        store: Store,
        state: State,
        recorder: Recorder,
        changes: Changes,
        submission: Submission,
        decided: Decided,
        clock: Clock,
        health: Health,
        limits: Limits,
    ) -> None:
        self._desk = desk
        self._store = store
        self._state = state
        self._recorder = recorder
        self._changes = changes
        self._submission = submission
        self._decided = decided
        self._clock = clock
        self._health = health
        self._limits = limits
        self.control = store.control()
        self._standing = moves.standing(self.control, desk)
        health.resumed(self._standing.resumes)
        self._failed = ""
        self._unread = False
        self._canceled_request = self._canceled_before()
        self._obey()

    def _canceled_before(self) -> int:
        """The last request to cancel all that needs nothing more: one made while this desk was away still counts."""
        request = self._standing.cancel_all_request
        if self._standing.state is not TradingState.HALTED or request == 0:
            return request
        query = RowQuery(desk=self._desk, kinds=(EntryKind.SESSION,), subject=str(request), limit=1)
        return request if self._store.rows(query) else request - 1

    def _obey(self) -> None:
        state = TradingState.HALTED if self._failed else self._standing.state
        self._state.exposure.set_trading_state(state, self.reason)

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
        return self._failed or self._standing.reason

    @property
    def since_ns(self) -> int:
        """When somebody last moved the trading state of this desk."""
        return self._standing.since_ns

    def standing(self) -> tuple[TradingState, str]:
        """The trading state, the stricter of what people and breakers say, and why."""
        asked = self._state.exposure.trading_state()
        tripped, why = self._health.standing()
        if asked.strictness >= tripped.strictness:
            return asked, self.reason
        return tripped, why

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
        self._health.read()
        control = self._store.control()
        if control.revision != self.control.revision:
            before, after = self._take(control)
            if after.state is not before.state:
                self._recorder.publish(
                    self._recorder.about(after.state.value.lower(), f"{after.reason} (by {after.by})")
                )

    def _take(self, control: Control) -> tuple[Hold, Hold]:
        """Obey a control record; returns what held for this desk before and what holds now."""
        before = self._standing
        self.control, self._standing = control, moves.standing(control, self._desk)
        if self._standing.resumes > before.resumes:
            self._failed = ""
            self._health.resumed(self._standing.resumes)
        self._obey()
        return before, self._standing

    async def halt(self, *, by: str, reason: str, cancel_all: bool, scope: str) -> Control:
        """Stop trading; with `cancel_all`, cancel every open order too. A store that fails stops this desk anyway."""
        now_ns = self._clock.now_ns()
        body: dict[str, object] = {"action": "halt", "by": by, "reason": reason, "cancel_all": cancel_all}
        try:
            await self._move(
                lambda before: moves.halted(
                    before, scope=scope, by=by, reason=reason, cancel_all=cancel_all, now_ns=now_ns
                ),
                body,
                scope,
            )
        except JournalUnavailable:
            if moves.reaches(scope, self._desk):
                self.fail_closed(reason or f"halted by {by}")
                if cancel_all:
                    await self._changes.cancel_everything(None, "kill switch")
            raise
        await self.act()
        return self.control

    async def reduce(self, *, by: str, reason: str, scope: str) -> Control:
        """Let only orders go that reduce a position."""
        now_ns = self._clock.now_ns()
        await self._move(
            lambda before: moves.reducing(before, scope=scope, by=by, reason=reason, now_ns=now_ns),
            {"action": "reduce", "by": by, "reason": reason},
            scope,
        )
        return self.control

    async def resume(self, *, by: str, scope: str) -> Control:
        """Let everything go again. Resets `RESUME_RESETS` and keeps `RESUME_KEEPS`."""
        now_ns = self._clock.now_ns()
        body: dict[str, object] = {
            "action": "resume",
            "by": by,
            "resets": moves.RESUME_RESETS,
            "keeps": moves.RESUME_KEEPS,
        }
        await self._move(lambda before: moves.resumed(before, scope=scope, by=by, now_ns=now_ns), body, scope)
        return self.control

    async def _move(self, change: Callable[[Control], Control], body: dict[str, object], scope: str) -> None:
        if scope:
            body["scope"] = scope
        entry = self._recorder.entry(EntryKind.CONTROL, "", str(body["by"]), body)
        self._take(await self._store.set_control(change, entry))
        self._recorder.publish(self._recorder.about(str(body["action"]), f"{body.get('reason', '')} (by {body['by']})"))

    async def act(self) -> None:
        """Do what the store asks for: cancel all, send approved orders, let old questions expire."""
        self._read()
        if self._standing.cancel_all_request > self._canceled_request:
            self._canceled_request = self._standing.cancel_all_request
            await self._cancel_all()
        await self._decided.look()

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
        event = self._recorder.about("cancel_all", message, str(self._standing.cancel_all_request))
        await self._recorder.desk_event(event, EntryKind.SESSION, {"message": message})
