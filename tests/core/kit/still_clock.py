"""A clock that stands still until a test moves it, and whose time of day can be set."""

from __future__ import annotations

NOW = 1_790_000_000 * 10**9


class StillClock:
    """Time moves only when a test says so; `step` is how far the time of day was set."""

    def __init__(self) -> None:
        self.now = NOW
        self.step = 0

    def now_ns(self) -> int:
        return self.now + self.step

    def monotonic_ns(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1e9)
