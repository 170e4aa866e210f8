"""The desk's other parts with named points: its clock, its limiter, its bus."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.desk.bus import EventBus
from venuekit.errors import RateLimited
from venuekit.model.events import Event, FillEvent, OrderEvent
from venuekit.protocols.clock import Clock
from venuekit.protocols.limiter import Limiter, PaceState
from venuekit.testing.faults.ledger import Ledger
from venuekit.testing.faults.points import Action, Life


class PointedClock:
    """A `Clock` that stops with the life that it belongs to."""

    def __init__(self, inner: Clock, life: Life) -> None:
        self._inner = inner
        self._life = life

    def now_ns(self) -> int:
        """See `Clock.now_ns`."""
        return self._inner.now_ns()

    def monotonic_ns(self) -> int:
        """See `Clock.monotonic_ns`."""
        return self._inner.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        self._life.check()
        await self._inner.sleep(seconds)
        self._life.check()


class PointedLimiter:
    """A `Limiter` with a point before and after every slot."""

    def __init__(self, inner: Limiter, life: Life) -> None:
        self._inner = inner
        self._life = life

    async def take(
        self, endpoint: str, *, call: str = "", agent_id: str = "", timeout_seconds: float | None = None
    ) -> None:
        """See `Limiter.take`."""
        fault = self._life.reach("limiter.take.before", endpoint)
        if fault is not None and fault.action is Action.TOO_MANY:
            raise RateLimited(f"Too many {endpoint} calls.", retry_after=1.0)
        await self._inner.take(endpoint, call=call, agent_id=agent_id, timeout_seconds=timeout_seconds)
        self._life.reach("limiter.take.after", endpoint)

    def too_many(self, endpoint: str, retry_after: float) -> None:
        """See `Limiter.too_many`."""
        self._inner.too_many(endpoint, retry_after)

    def states(self) -> Sequence[PaceState]:
        """See `Limiter.states`."""
        return self._inner.states()

    def changes(self) -> Sequence[PaceState]:
        """See `Limiter.changes`."""
        return self._inner.changes()


class PointedBus(EventBus):
    """A bus with a listener, and a point before and after each event. What is published is a fact from then on."""

    def __init__(self, life: Life, ledger: Ledger) -> None:
        super().__init__()
        self._life = life
        self._ledger = ledger
        self.hook(self._heard)

    def publish(self, event: Event) -> None:
        """See `EventBus.publish`."""
        detail = type(event).__name__
        self._life.reach("bus.publish.before", detail)
        super().publish(event)
        self._life.reach("bus.publish.after", detail)

    def _heard(self, event: Event) -> None:
        if isinstance(event, OrderEvent):
            self._ledger.follows(event.order)
            self._ledger.order(event.order)
        elif isinstance(event, FillEvent):
            self._ledger.note("fill", event.fill.id)
