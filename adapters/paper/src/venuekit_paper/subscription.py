"""One reader's live events: what waits for it, how it ends, and how it is closed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from venuekit.adapter import Channel, Event, Unavailable

#: Market events that wait for one reader at most; then it gets the state as it is now instead.
BUFFER = 1_000
#: Own events that wait for one reader at most. They are never dropped: a reader so far behind loses its connection.
OWN_BUFFER = 100_000


class Subscription:
    """One reader's events. Raises the error that ended it; closing it releases it, also while somebody waits."""

    def __init__(self, channel: Channel, instruments: frozenset[str], release: Callable[[Subscription], None]) -> None:
        self.channel = channel
        self.instruments = instruments
        #: A connection that is half open: nothing arrives any more, and nothing says so.
        self.stalled = False
        self._release = release
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._error: Unavailable | None = None
        self._closed = False

    def wants(self, instrument: str | None) -> bool:
        """Whether it asked for this instrument; one that named none gets all."""
        return not self.instruments or instrument in self.instruments

    @property
    def is_full(self) -> bool:
        """Whether one more event would be one too many."""
        return len(self._events) >= (OWN_BUFFER if self.channel.is_own else BUFFER)

    def put(self, event: Event) -> None:
        """Hand over an event."""
        if not self.stalled:
            self._events.append(event)
            self._ready.set()

    def empty(self) -> None:
        """Forget what waits."""
        self._events.clear()

    def fail(self, error: Unavailable) -> None:
        """Lose the connection: what has not been read is lost with it."""
        self._error = error
        self._events.clear()
        self._ready.set()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._error is not None:
                error, self._error, self._closed = self._error, None, True
                raise error
            if self._closed:
                raise StopAsyncIteration
            if self._events:
                return self._events.popleft()
            self._ready.clear()
            await self._ready.wait()

    async def aclose(self) -> None:
        """End it; safe to call twice."""
        self._closed = True
        self._events.clear()
        self._ready.set()
        self._release(self)
