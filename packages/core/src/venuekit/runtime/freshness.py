"""Silence: telling a stream that has nothing to say from one that is dead."""

from __future__ import annotations

import asyncio

from venuekit.protocols.clock import Clock


class Freshness:
    """Watches one connection. `seen` is called with every event, so it only takes the time."""

    def __init__(self, clock: Clock, stale_after_seconds: float) -> None:
        self._clock = clock
        self._limit_ns = int(stale_after_seconds * 1e9)
        self._last_ns = clock.monotonic_ns()
        #: Whether silence ended the connection.
        self.stale = False

    def seen(self) -> None:
        """Something came."""
        self._last_ns = self._clock.monotonic_ns()

    async def give_up(self, reading: asyncio.Task[None]) -> None:
        """Wait until nothing has come for too long, then cancel the reader."""
        while True:
            left_ns = self._last_ns + self._limit_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                self.stale = True
                reading.cancel()
                return
            await self._clock.sleep(left_ns / 1e9)
