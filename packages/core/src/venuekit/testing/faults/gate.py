"""What a venue's server asks about every request and frame on its wire: named points, delays, and what goes wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection

from venuekit.testing.faults.points import Action, Crash, Fault, Life


class Gate:
    """Given to an `Exchange`. What passes a point here is at the venue: an end of the desk no longer stops it."""

    def __init__(self, points: Collection[str], seed: int, *, slowest: float) -> None:
        self._points = points
        self._random = random.Random(seed)
        self._slowest = slowest
        #: The desk that lives now.
        self.life: Life | None = None

    async def arrived(self, endpoint: str) -> str | None:
        """A request has come in whole, and is carried out when this returns; the name of what goes wrong with it."""
        fault = self._reach(f"wire.{endpoint}.arrived")
        late = fault is not None and fault.action is Action.LATE
        await self._travel(fault.seconds if fault is not None and late else 0.0)
        return None if fault is None or late else str(fault.action)

    async def answering(self, endpoint: str) -> None:
        """A request was carried out, and its answer goes when this returns."""
        self._reach(f"wire.{endpoint}.carried_out")
        await self._travel()

    def telling(self, channel: str) -> str | None:
        """A frame of a stream is about to go; the name of what goes wrong with it."""
        fault = self._reach(f"wire.{channel}.told")
        return None if fault is None else str(fault.action)

    async def _travel(self, late: float = 0.0) -> None:
        seconds = late + (self._random.uniform(0, self._slowest) if self._slowest else 0.0)
        if seconds:
            await asyncio.sleep(seconds)

    def _reach(self, name: str) -> Fault | None:
        if self.life is None or self.life.over or name not in self._points:
            return None
        try:
            return self.life.reach(name)
        except Crash:
            return None
