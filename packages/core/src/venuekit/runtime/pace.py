"""Pace: a budget of calls a second for each kind of call, so that the venue never has to say it."""

from __future__ import annotations

import asyncio

from aiolimiter import AsyncLimiter

from venuekit.errors import RateLimited
from venuekit.protocols.limiter import EndpointClass
from venuekit.settings.schema import PaceSettings

#: A budget this large limits nothing that one process can do, so no bucket is kept for it.
UNLIMITED = 1000.0


class Pace:
    """A `Limiter` on leaky buckets. Without a running contest it costs nothing."""

    def __init__(self, settings: PaceSettings) -> None:
        rates = {
            EndpointClass.PUBLIC: settings.public,
            EndpointClass.PRIVATE: settings.private,
            EndpointClass.ORDERS: settings.orders,
            EndpointClass.CANCELS: settings.cancels,
        }
        self._buckets = {
            kind: AsyncLimiter(max(1.0, rate), 1.0 if rate >= 1 else 1.0 / rate)
            for kind, rate in rates.items()
            if 0 < rate < UNLIMITED
        }

    async def take(self, endpoint: EndpointClass, *, agent_id: str = "", timeout_seconds: float | None = None) -> None:
        """Wait for a slot. Raises RateLimited if none comes within `timeout_seconds`."""
        del agent_id  # one budget a venue; shares of agents are counted by the frontends
        bucket = self._buckets.get(endpoint)
        if bucket is None:
            return
        try:
            await asyncio.wait_for(bucket.acquire(), timeout_seconds)
        except TimeoutError:
            wait = bucket.time_period / bucket.max_rate
            raise RateLimited(f"Too many {endpoint.value} calls.", retry_after=wait) from None
