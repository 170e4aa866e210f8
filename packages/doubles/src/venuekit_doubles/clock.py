"""The machine's clock, for a server that was given no other."""

from __future__ import annotations

import asyncio
import time

from venuekit.adapter import NANOS


class WallClock:
    """A `venuekit.adapter.Clock`."""

    def now_ns(self) -> int:
        """UTC nanoseconds."""
        return time.time_ns()  # noqa: TID251 - this is the clock

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class SteppedClock(WallClock):
    """The machine's, and how far it was moved ahead: for a market that is moved by hand. Any thread may ask it."""

    def __init__(self) -> None:
        self._ahead_ns = 0

    def step(self, seconds: float) -> None:
        """Move the time of day ahead; wakes nobody."""
        self._ahead_ns += round(seconds * NANOS)

    def now_ns(self) -> int:
        """UTC nanoseconds."""
        return super().now_ns() + self._ahead_ns
