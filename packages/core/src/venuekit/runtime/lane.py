"""One budget of calls: its rates, who waits for a slot of it, and what the venue said about it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from venuekit.errors import RateLimited
from venuekit.model.identity import AgentId
from venuekit.model.rate import Rate
from venuekit.protocols.clock import Clock
from venuekit.protocols.limiter import PaceState
from venuekit.runtime.bucket import Bucket
from venuekit.runtime.throttle import NANOS, Throttle
from venuekit.runtime.turns import Turns, Waiter
from venuekit.settings.schema import PaceSettings

#: What a budget without a rate is held to from a 429 on until it has recovered.
UNDECLARED = Rate(10)
_NONE: Sequence[Bucket] = ()
_GRACE_NS = 200


class Lane:
    """A slot is free when every bucket has room and the venue has not told us to stop."""

    def __init__(self, name: str, rates: Sequence[Rate], clock: Clock, settings: PaceSettings) -> None:
        self.name = name
        self._rates = rates
        self._clock = clock
        self._buckets = [Bucket(rate, clock) for rate in rates]
        self._throttle = Throttle(settings)
        self._turns = Turns()
        self._timer: asyncio.Task[None] | None = None
        self._timer_ns = 0
        #: Whether nothing limits this lane, so that a call costs nothing.
        self.open = not rates
        #: Whether it was cut, or has recovered, and nobody has been told.
        self._news = False

    async def take(self, agent_id: AgentId, patience_seconds: float | None, buckets: Sequence[Bucket] = _NONE) -> None:
        """Wait for a slot, of `buckets` too. Raises RateLimited at once if it would not come in time."""
        if self.open and not buckets:
            return
        now = self._clock.monotonic_ns()
        self._recover(now)
        if not self._turns and now >= self._throttle.stopped_until_ns and self._free(buckets):
            self._charge(buckets)
            return
        deadline = None
        if patience_seconds is not None:
            wait = self._wait_seconds(agent_id, buckets)
            if wait > patience_seconds:
                raise self._refusal(wait)
            deadline = now + math.ceil(patience_seconds * NANOS)
        waiter = Waiter(agent_id, buckets, deadline)
        self._turns.add(waiter)
        self._serve()
        try:
            await waiter.future
        except asyncio.CancelledError:
            self._left(waiter)
            raise

    def too_many(self, retry_after: float) -> None:
        """The venue said 429."""
        now = self._clock.monotonic_ns()
        self._recover(now)
        self._news |= self._throttle.cut(now, retry_after)
        if not self._buckets:
            self._buckets = [Bucket(UNDECLARED, self._clock)]
        self._slow()
        self._serve()

    def quota(self, remaining: int, resets_seconds: float | None) -> None:
        """The venue said how much is left."""
        for bucket in self._buckets:
            bucket.leave(max(0, remaining))
        if remaining <= 0 and resets_seconds is not None:
            self._throttle.stop(self._clock.monotonic_ns(), resets_seconds)
        self._slow()
        self._serve()

    def state(self) -> PaceState:
        """How it stands."""
        now = self._clock.monotonic_ns()
        self._recover(now)
        throttle = self._throttle
        stopped = max(0.0, (throttle.stopped_until_ns - now) / NANOS)
        left = None if not self._buckets and not stopped else min((b.left for b in self._buckets), default=0)
        return PaceState(
            endpoint=self.name,
            rates=[str(rate) for rate in self._rates],
            share=throttle.share,
            stopped_seconds=round(stopped, 3),
            recovers_seconds=round(throttle.recovers_seconds(now), 3),
            waiting=len(self._turns),
            left=0 if stopped else left,
        )

    def take_news(self) -> bool:
        """Whether it was cut or has recovered since this was last asked."""
        self._recover(self._clock.monotonic_ns())
        news, self._news = self._news, False
        return news

    # -- slots

    def _free(self, buckets: Sequence[Bucket]) -> bool:
        return all(b.has_capacity() for b in self._buckets) and all(b.has_capacity() for b in buckets)

    def _charge(self, buckets: Sequence[Bucket]) -> None:
        for bucket in (*self._buckets, *buckets):
            bucket.charge()

    def _wait_seconds(self, agent_id: AgentId, buckets: Sequence[Bucket]) -> float:
        """How long a call that this agent makes now would wait, if no more agents come."""
        calls = self._turns.ahead_of(agent_id) + 1
        stop = (self._throttle.stopped_until_ns - self._clock.monotonic_ns()) / NANOS
        mine = max((b.seconds_until(1) for b in buckets), default=0.0)
        return max(0.0, stop, mine, max((b.seconds_until(calls) for b in self._buckets), default=0.0))

    def _serve(self) -> None:
        """Let every call go whose turn has come, and be here again when the next one may."""
        now = self._clock.monotonic_ns()
        self._recover(now)
        for late in self._turns.late(max(now, self._throttle.stopped_until_ns)):
            late.future.set_exception(self._refusal(self._wait_seconds(late.agent_id, late.buckets)))
        if now >= self._throttle.stopped_until_ns:
            while (waiter := self._next()) is not None:
                self._turns.serve(waiter)
                self._charge(waiter.buckets)
                waiter.future.set_result(None)
        self._wake_at(self._due_ns(now) if self._turns else None)

    def _next(self) -> Waiter | None:
        while self._turns and self._free(_NONE):
            waiter = next((w for w in self._turns.in_order() if all(b.has_capacity() for b in w.buckets)), None)
            if waiter is None or not waiter.future.done():
                return waiter
            self._turns.remove(waiter)  # it was canceled in this turn of the loop, and has not been here yet
        return None

    def _left(self, waiter: Waiter) -> None:
        """Its caller has gone away: its place closes up, and a slot that it was given goes to the next."""
        if waiter.future.cancelled():
            self._turns.remove(waiter)
        elif waiter.future.exception() is None:
            for bucket in (*self._buckets, *waiter.buckets):
                bucket.give_back()
        self._serve()

    def _refusal(self, wait: float) -> RateLimited:
        stopped = self._throttle.stopped_until_ns > self._clock.monotonic_ns()
        why = "the venue asked for a pause" if stopped else "they are used up for now"
        return RateLimited(
            f"Too many calls of class {self.name}: {why}. Nothing was sent.", retry_after=max(wait, 0.001)
        )

    # -- pace

    def _recover(self, now_ns: int) -> None:
        throttle = self._throttle
        if throttle.slowed and throttle.recover(now_ns):
            self._news |= not throttle.slowed
            self._slow()
        elif not self.open and not self._rates:
            self._slow()

    def _slow(self) -> None:
        """Make the buckets' rates what the share says; a lane without a rate of its own is open again after it."""
        throttle = self._throttle
        stopped = throttle.stopped_until_ns > self._clock.monotonic_ns()
        if not self._rates and not throttle.slowed:
            self._buckets = []
        for bucket in self._buckets:
            bucket.slow_to(throttle.share)
        self.open = not (self._rates or throttle.slowed or stopped or self._turns)

    # -- time

    def _due_ns(self, now_ns: int) -> int:
        """When the next call may go, a patience ends, or more may be used."""
        own = min(max((b.seconds_until(1) for b in w.buckets), default=0.0) for w in self._turns.in_order())
        wait = max(own, max((b.seconds_until(1) for b in self._buckets), default=0.0))
        # A little more than computed, or rounding could bring us here a moment too early for ever.
        due = max(self._throttle.stopped_until_ns, now_ns + math.ceil(wait * NANOS) + _GRACE_NS)
        others = (self._turns.first_deadline_ns(), self._throttle.next_change_ns())
        return min([due, *(moment + 1 for moment in others if moment is not None)])

    def _wake_at(self, due_ns: int | None) -> None:
        if self._timer is not None and self._timer_ns == due_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_ns is not None:
            self._timer_ns = due_ns
            self._timer = asyncio.get_running_loop().create_task(self._wake(due_ns))

    async def _wake(self, due_ns: int) -> None:
        await self._clock.sleep(max(0, due_ns - self._clock.monotonic_ns()) / NANOS)
        self._timer = None
        self._serve()
