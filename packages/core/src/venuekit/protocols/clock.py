"""Time and waiting, so that both can be simulated."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Where every part of the library takes the time from."""

    def now_ns(self) -> int:
        """The time of day, UTC nanoseconds since 1970."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds that never step back; for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait. A simulated clock returns when its time has been advanced that far."""
        ...
