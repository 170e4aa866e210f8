"""The machine's clock: the one place that asks the operating system for the time."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """The real time, and real waiting."""

    def now_ns(self) -> int:
        """UTC nanoseconds since 1970."""
        return time.time_ns()  # noqa: TID251

    def monotonic_ns(self) -> int:
        """Nanoseconds that never step back."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)
