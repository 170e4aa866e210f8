"""Pace: a budget of calls a second for each kind of call, so that the venue never has to say it."""

from __future__ import annotations

from venuekit.errors import RateLimited
from venuekit.protocols.clock import Clock
from venuekit.protocols.limiter import EndpointClass
from venuekit.settings.schema import PaceSettings

#: A budget this large limits nothing that one process can do, so no bucket is kept for it.
UNLIMITED = 1000.0


class _Bucket:
    """A leaky bucket: a second's calls may go at once, then one each time a slot comes free, first come first served.

    It is one number, the time at which all calls so far are paid for.
    """

    __slots__ = ("_burst_ns", "_paid_ns", "_slot_ns")

    def __init__(self, per_second: float) -> None:
        self._slot_ns = round(1e9 / per_second)
        self._burst_ns = max(0, 1_000_000_000 - self._slot_ns)
        self._paid_ns = 0

    def wait_ns(self, now_ns: int) -> int:
        """How long until the next call may go; 0 when it may go now."""
        return max(0, self._paid_ns - now_ns - self._burst_ns)

    def take(self, now_ns: int) -> None:
        """Take the next slot."""
        self._paid_ns = max(self._paid_ns, now_ns) + self._slot_ns

    def give_back(self) -> None:
        """A slot that was taken is not used."""
        self._paid_ns -= self._slot_ns


class Pace:
    """A `Limiter` on leaky buckets. Without a running contest it costs nothing."""

    def __init__(self, settings: PaceSettings, clock: Clock) -> None:
        rates = {
            EndpointClass.PUBLIC: settings.public,
            EndpointClass.PRIVATE: settings.private,
            EndpointClass.ORDERS: settings.orders,
            EndpointClass.CANCELS: settings.cancels,
        }
        self._clock = clock
        self._buckets = {kind: _Bucket(rate) for kind, rate in rates.items() if 0 < rate < UNLIMITED}

    async def take(self, endpoint: EndpointClass, *, agent_id: str = "", timeout_seconds: float | None = None) -> None:
        """Wait for a slot. Raises RateLimited at once if none comes within `timeout_seconds`."""
        del agent_id  # one budget a venue; shares of agents are counted by the frontends
        bucket = self._buckets.get(endpoint)
        if bucket is None:
            return
        now_ns = self._clock.monotonic_ns()
        wait = bucket.wait_ns(now_ns) / 1e9
        if timeout_seconds is not None and wait > timeout_seconds:
            raise RateLimited(f"Too many {endpoint.value} calls.", retry_after=wait)
        bucket.take(now_ns)
        if wait > 0:
            try:
                await self._clock.sleep(wait)
            except BaseException:
                bucket.give_back()
                raise
