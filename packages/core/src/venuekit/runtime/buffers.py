"""One reader's buffer: bounded for prices, which are conflated; never for what happened to own orders."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from venuekit.desk.views import StreamStatus
from venuekit.model.events import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    FillEvent,
    GapEvent,
    OrderEvent,
    TickerEvent,
)

_KEPT = (OrderEvent, FillEvent, GapEvent, ConnectionEvent)
_LOST = (ConnectionState.DISCONNECTED, ConnectionState.STALE)


class LiveSubscription:
    """One reader's view of a channel; see `venuekit.desk.streams.Subscription`.

    One that is not `kept` only counts: the supervisor's sink has taken every event in already.
    """

    def __init__(
        self,
        number: int,
        channel: Channel,
        instruments: Sequence[str],
        limit: int,
        *,
        book: Callable[[str], Awaitable[BookSnapshot]],
        release: Callable[[LiveSubscription], Awaitable[None]],
        kept: bool = True,
    ) -> None:
        self.id = f"sub-{number}"
        self.channel = channel
        self.instruments = tuple(instruments)
        self.state = ConnectionState.CONNECTING
        self._limit = max(1, limit)
        self._book = book
        self._release = release
        self._kept = kept
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._open = True
        self._was_lost = False
        self._stale_book: set[str] = set()
        self._book_from: dict[str, int] = {}
        self.received = self.delivered = self.conflated = self.reconnects = self.gaps = self.not_understood = 0
        self.lag_ns: int | None = None

    # -- for the supervisor

    def offer(self, event: Event, now_ns: int) -> None:
        """Take an event in, conflating when the buffer is full."""
        if isinstance(event, ConnectionEvent):
            self._connection(event.state)
        elif isinstance(event, GapEvent):
            self.gaps += 1
        else:
            self.received += 1
            self.lag_ns = max(0, now_ns - event.time_ns)
        if not self._kept:
            self.delivered += 1
            return
        if isinstance(event, BookDelta | BookSnapshot) and not self._follows(event):
            return
        if len(self._events) >= self._limit and not isinstance(event, _KEPT):
            self._conflate(event)
        else:
            self._events.append(event)
        self._ready.set()

    def joined(self, state: ConnectionState) -> None:
        """This reader came late to a connection that is in `state` already; a book needs a snapshot of its own."""
        self.state = state
        if self.channel is Channel.BOOK and state is ConnectionState.CONNECTED:
            self._stale_book.update(self.instruments)
            self._ready.set()

    def _connection(self, state: ConnectionState) -> None:
        self.state = state
        if state in _LOST:
            self._was_lost = True
        elif state is ConnectionState.CONNECTED and self._was_lost:
            self._was_lost = False
            self.reconnects += 1

    def _follows(self, event: BookDelta | BookSnapshot) -> bool:
        """Whether a book event continues what this reader has: not while a snapshot is owed, nor before it."""
        name = event.instrument or ""
        if isinstance(event, BookSnapshot):
            self._stale_book.discard(name)
            self._book_from.pop(name, None)
            return True
        if name in self._stale_book:
            self.conflated += 1
            return False
        return event.sequence is None or event.sequence > self._book_from.get(name, -1)

    def _conflate(self, event: Event) -> None:
        """Make room: a newer ticker replaces the older, a book starts afresh, of all else the oldest goes."""
        self.conflated += 1
        if isinstance(event, BookDelta | BookSnapshot):
            # Everything of this book that waits is given up, and the reader gets a new snapshot instead.
            name = event.instrument or ""
            self._drop_book(name)
            self._stale_book.add(name)
            return
        if isinstance(event, TickerEvent):
            self._newest_tickers()
        if len(self._events) < self._limit:
            self._events.append(event)
            return
        oldest = next((n for n, old in enumerate(self._events) if not isinstance(old, _KEPT)), None)
        if oldest is not None:
            del self._events[oldest]
        self._events.append(event)

    def _newest_tickers(self) -> None:
        """Keep one ticker an instrument, the newest. It makes so much room that it is seldom done."""
        newest = {e.instrument: e for e in self._events if isinstance(e, TickerEvent)}
        before = len(self._events)
        self._events = deque(e for e in self._events if not isinstance(e, TickerEvent) or newest[e.instrument] is e)
        self.conflated += max(0, before - len(self._events) - 1)

    # -- for the reader

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if not self._open:
                raise StopAsyncIteration
            if self._stale_book:
                return await self._fresh_book()
            self._ready.clear()
            await self._ready.wait()
        self.delivered += 1
        return self._events.popleft()

    async def _fresh_book(self) -> Event:
        name = min(self._stale_book)
        self._stale_book.discard(name)
        self._book_from.pop(name, None)
        try:
            # What comes while it is fetched is kept, and what of it the snapshot has already is taken out afterwards.
            snapshot = await self._book(name)
        except BaseException:
            # The reader stopped waiting: what was kept continues nothing that it has, and a snapshot is still owed.
            self._drop_book(name)
            self._stale_book.add(name)
            raise
        if snapshot.sequence is not None:
            self._book_from[name] = snapshot.sequence
            self._drop_book(name, up_to=snapshot.sequence)
        self.gaps += 1
        self.delivered += 1
        return snapshot

    def _drop_book(self, name: str, *, up_to: int | None = None) -> None:
        """Forget what waits of one book: all of it, or the changes that a snapshot has already."""

        def goes(event: Event) -> bool:
            if not isinstance(event, BookDelta | BookSnapshot) or event.instrument != name:
                return False
            return up_to is None or (isinstance(event, BookDelta) and (event.sequence or 0) <= up_to)

        self._events = deque(e for e in self._events if not goes(e))

    def status(self) -> StreamStatus:
        """Its counts."""
        return StreamStatus(
            id=self.id,
            channel=self.channel.value,
            instruments=self.instruments,
            state=self.state.value if self._open else "closed",
            received=self.received,
            delivered=self.delivered,
            conflated=self.conflated,
            reconnects=self.reconnects,
            gaps=self.gaps,
            lag_ns=self.lag_ns,
            not_understood=self.not_understood,
        )

    async def close(self) -> None:
        """End it; what is buffered can still be read."""
        if self._open:
            self._open = False
            self._ready.set()
            await self._release(self)
