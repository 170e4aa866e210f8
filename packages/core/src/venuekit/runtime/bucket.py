"""One rate as a leaky bucket of aiolimiter's, on the desk's clock, that can be slowed."""

from __future__ import annotations

import asyncio
from typing import cast

from aiolimiter import AsyncLimiter

from venuekit.model.rate import Rate
from venuekit.protocols.clock import Clock


class Bucket(AsyncLimiter):
    """The level of one rate. Who waits for it, and in which order, is decided in the lane that owns it.

    aiolimiter has the time from its `_loop`; a test holds that seam and the names used here.
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        super().__init__(rate.at_once, rate.at_once / rate.per_second)
        self.rate = rate
        self._time = _Time(clock)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self._time)

    @property
    def left(self) -> int:
        """How many calls could go now."""
        self._leak()
        return max(0, int(self.max_rate - self._level + 1e-9))

    def charge(self) -> None:
        """Count one call that goes now."""
        self._level += 1

    def give_back(self) -> None:
        """One call that was counted does not go."""
        self._leak()
        self._level = max(0.0, self._level - 1)

    def leave(self, calls: int) -> None:
        """No more than so many calls may go now."""
        self._leak()
        self._level = max(self._level, self.max_rate - calls)

    def slow_to(self, share: float) -> None:
        """Use this share of the rate from now on, and of what may go at once; 1 is all."""
        self._leak()
        self.max_rate = max(1.0, self.rate.at_once * share)
        self._rate_per_sec = self.rate.per_second * share

    def seconds_until(self, calls: int) -> float:
        """How long until so many calls could have gone, one after another."""
        self._leak()
        return max(0.0, (self._level + calls - self.max_rate) / self._rate_per_sec)


class _Time:
    """What aiolimiter asks of an event loop, from the desk's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        return self._clock.monotonic_ns() / 1e9

    def is_closed(self) -> bool:
        return False
