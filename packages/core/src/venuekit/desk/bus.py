"""Publishing: everyone who listens gets every event, and a slow listener is told what it missed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Self

from venuekit.model.events import Event, FillEvent, OrderEvent


class EventFeed:
    """An async iterator over what the desk publishes. Market data may be dropped when it is slow; orders never.

    `dropped` counts what was lost. Close it, or iterate inside ``async with``.
    """

    def __init__(self, limit: int, wanted: Callable[[Event], bool] | None, closed: Callable[[EventFeed], None]) -> None:
        self._limit = limit
        self._wanted = wanted
        self._on_close = closed
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._open = True
        self.dropped = 0

    def offer(self, event: Event) -> None:
        """For the bus: queue an event if it is wanted."""
        if self._wanted is not None and not self._wanted(event):
            return
        if len(self._events) >= self._limit and not isinstance(event, OrderEvent | FillEvent):
            self.dropped += 1
            return
        self._events.append(event)
        self._ready.set()

    def __aiter__(self) -> EventFeed:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if not self._open:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; what is queued can still be read."""
        if self._open:
            self._open = False
            self._on_close(self)
            self._ready.set()


class EventBus:
    """Where the desk publishes."""

    def __init__(self) -> None:
        self._feeds: list[EventFeed] = []
        self._hooks: list[Callable[[Event], None]] = []

    @property
    def has_listeners(self) -> bool:
        """Whether anybody would hear."""
        return bool(self._feeds or self._hooks)

    def publish(self, event: Event) -> None:
        """Hand `event` to everyone; never waits."""
        for hook in self._hooks:
            hook(event)
        for feed in list(self._feeds):
            feed.offer(event)

    def listen(self, limit: int = 1000, wanted: Callable[[Event], bool] | None = None) -> EventFeed:
        """A new feed from now on."""
        feed = EventFeed(limit, wanted, self._remove)
        self._feeds.append(feed)
        return feed

    def hook(self, call: Callable[[Event], None]) -> None:
        """Call `call` with every event, at once; it must be quick and must not raise."""
        self._hooks.append(call)

    def _remove(self, feed: EventFeed) -> None:
        self._feeds.remove(feed)

    def close(self) -> None:
        """End every feed."""
        for feed in list(self._feeds):
            feed.close()
