"""Reading what a subscription has, and keeping a book from it as a client would."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from venuekit.adapter import BookDelta, BookSnapshot, Event, Level
from venuekit_paper.subscription import Subscription


async def drained(stream: Subscription) -> list[Event]:
    """Every event that waits now."""
    found: list[Event] = []
    while True:
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            return found
        found.append(task.result())


class KeptBook:
    """A book made of a snapshot and the deltas after it; a number that does not follow is an error."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.deltas = 0
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, BookSnapshot):
            self._bids = {level.price: level.size for level in event.book.bids}
            self._asks = {level.price: level.size for level in event.book.asks}
            self.number = event.sequence
            return
        assert isinstance(event, BookDelta)
        assert self.number is not None
        assert event.sequence == self.number + 1
        self.number = event.sequence
        self.deltas += 1
        for side, changed in ((self._bids, event.bids), (self._asks, event.asks)):
            for level in changed:
                side[level.price] = level.size
                if not level.size:
                    del side[level.price]

    def bids(self) -> tuple[Level, ...]:
        return tuple(Level(p, self._bids[p]) for p in sorted(self._bids, reverse=True))

    def asks(self) -> tuple[Level, ...]:
        return tuple(Level(p, self._asks[p]) for p in sorted(self._asks))
