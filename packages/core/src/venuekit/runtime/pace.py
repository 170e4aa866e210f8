"""Pace: a budget of calls a second for each kind of call, so that the venue never has to say it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from aiolimiter import AsyncLimiter

from venuekit.errors import RateLimited
from venuekit.protocols.clock import Clock
from venuekit.protocols.limiter import EndpointClass
from venuekit.settings.schema import PaceSettings

#: A budget this large limits nothing that one process can do, so no bucket is kept for it.
UNLIMITED = 1000.0


class Pace:
    """A `Limiter` on leaky buckets: a second's calls may go at once, then one each time a slot comes free."""

    def __init__(self, settings: PaceSettings, clock: Clock) -> None:
        rates = {
            EndpointClass.PUBLIC: settings.public,
            EndpointClass.PRIVATE: settings.private,
            EndpointClass.ORDERS: settings.orders,
            EndpointClass.CANCELS: settings.cancels,
        }
        self._buckets = {kind: _Bucket(rate, clock) for kind, rate in rates.items() if 0 < rate < UNLIMITED}

    async def take(self, endpoint: EndpointClass, *, agent_id: str = "", timeout_seconds: float | None = None) -> None:
        """Wait for a slot. Raises RateLimited at once if none comes within `timeout_seconds`."""
        del agent_id  # one budget a venue; shares of agents are counted by the frontends
        bucket = self._buckets.get(endpoint)
        if bucket is None:
            return
        if timeout_seconds is not None and (wait := bucket.wait_seconds()) > timeout_seconds:
            raise RateLimited(f"Too many {endpoint.value} calls.", retry_after=wait)
        await bucket.acquire()


class _Bucket(AsyncLimiter):
    """aiolimiter's bucket on the desk's clock, so that its time can be simulated; below one call a second too.

    aiolimiter has the time, futures and timers from its `_loop`; a test holds that seam and the names used here.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        super().__init__(max(1.0, per_second), 1.0 if per_second >= 1 else 1.0 / per_second)
        self._timers = _Timers(clock)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self._timers)

    def wait_seconds(self) -> float:
        """How long a call that comes now would wait."""
        self._leak()
        waiting = sum(not future.done() for _, _, future in self._waiters)
        return max(0.0, (self._level + waiting + 1 - self.max_rate) / self._rate_per_sec)


class _Timers:
    """What aiolimiter asks of an event loop, from the running one and the desk's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        return self._clock.monotonic_ns() / 1e9

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def call_soon(self, callback: Callable[..., Any], *arguments: Any) -> asyncio.Handle:
        return asyncio.get_running_loop().call_soon(callback, *arguments)

    def call_at(self, when: float, callback: Callable[[], Any]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self._later(when, callback))

    async def _later(self, when: float, callback: Callable[[], Any]) -> None:
        await self._clock.sleep(max(0.0, when - self.time()))
        callback()
