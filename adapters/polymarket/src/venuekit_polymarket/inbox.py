"""What one subscription has not read yet: own events all of them, prices only as far as they still matter."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    GapEvent,
    TickerEvent,
)
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.streamed_book import StreamedBook

#: Events of books and trades that wait for a reader that stands still.
MOST = 10_000


class Inbox:
    """The events of one subscription, from where they are made to where they are read.

    A reader that stands still gets the newest ticker of each instrument, whole books instead of their changes, and of
    trades the newest; each time with a gap told. What is about own orders is never given up.
    """

    def __init__(self, channel: Channel, most: int = MOST) -> None:
        self.channel = channel
        self._most = most
        self._events: deque[Event] = deque()
        self._tickers: dict[str, TickerEvent] = {}
        self._anew: dict[str, StreamedBook] = {}
        self._alive: ConnectionEvent | None = None
        self._not_understood = 0
        self._error: Exception | None = None
        self._ready = asyncio.Event()

    # -- for those who fill it

    def put(self, event: Event, book: StreamedBook | None = None) -> None:
        """Take an event in; with one of a book comes the book, for the reader that has to begin anew."""
        if isinstance(event, TickerEvent):
            self._tickers[event.ticker.instrument] = event
        elif event.instrument in self._anew and isinstance(event, BookDelta | BookSnapshot):
            pass  # the book that is given in its place has it
        elif len(self._events) < self._most or self.channel.is_own:
            self._events.append(event)
        elif book is not None:
            self._anew[book.asset] = book
            self._events = deque(e for e in self._events if e.instrument != book.asset)
        else:
            self._events.popleft()
            self._events[0] = self._gap(event.instrument or "", event.time_ns)
            self._events.append(event)
        self._ready.set()

    def alive(self, now_ns: int, not_understood: int = 0) -> None:
        """The connection lives, though there may be nothing to tell; so many messages were not understood in all."""
        self._not_understood = max(self._not_understood, not_understood)
        self._alive = ConnectionEvent(
            venue=VENUE,
            time_ns=now_ns,
            state=ConnectionState.CONNECTED,
            not_understood=self._not_understood,
        )
        self._ready.set()

    def fail(self, error: Exception) -> None:
        """It is over; what is buffered is still read, and then this error raised."""
        self._error = self._error or error
        self._ready.set()

    def _gap(self, instrument: str, time_ns: int) -> GapEvent:
        return GapEvent(venue=VENUE, instrument=instrument, time_ns=time_ns, channel=self.channel)

    # -- for the reader

    async def next(self) -> Event:
        """The next event. Raises what it failed with."""
        while True:
            event = self._take()
            if event is not None:
                return event
            if self._error is not None:
                raise self._error
            self._ready.clear()
            await self._ready.wait()

    def _take(self) -> Event | None:
        if self._alive is not None:
            alive, self._alive = self._alive, None
            return alive
        if self._events:
            return self._events.popleft()
        if self._anew:
            asset, book = self._anew.popitem()
            if book.is_valid:
                self._events.append(book.snapshot())
            return self._gap(asset, book.time_ns)
        if self._tickers:
            return self._tickers.pop(next(iter(self._tickers)))
        return None


Tell = Callable[[Event], None]
