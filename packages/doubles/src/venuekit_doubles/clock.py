"""The machine's clock, for a server that was given no other."""

from __future__ import annotations

import asyncio
import time


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
