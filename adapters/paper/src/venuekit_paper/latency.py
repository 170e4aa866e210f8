"""How long an order is on its way to the exchange."""

from __future__ import annotations

from venuekit.adapter import Clock


class Latency:
    """A fixed one-way delay, waited through the clock, so that simulated time makes it free.

    A caller that is canceled while its request is still on its way has sent nothing.
    """

    def __init__(self, clock: Clock, milliseconds: int) -> None:
        self._clock = clock
        self._seconds = milliseconds / 1000

    async def __call__(self) -> None:
        """Wait until the request has arrived; returns at once when there is no latency."""
        if self._seconds:
            await self._clock.sleep(self._seconds)
