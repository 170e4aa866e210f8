"""Live events of the paper exchange: each stream has a queue of its own, filled while commands run."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    CandleEvent,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    FillEvent,
    InstrumentEvent,
    NotConnected,
    OrderEvent,
    Ticker,
    TickerEvent,
    TradeEvent,
)
from venuekit_paper.engine import Engine

_CHANNEL_OF: dict[type[object], Channel] = {
    OrderEvent: Channel.OWN_ORDERS,
    FillEvent: Channel.OWN_FILLS,
    TradeEvent: Channel.TRADES,
    BookDelta: Channel.BOOK,
    InstrumentEvent: Channel.STATUS,
}


class Stream:
    """One subscription: an async iterator that ends only by an error or by being closed."""

    def __init__(self, feed: Feed, channel: Channel, instruments: Sequence[str]) -> None:
        self.channel = channel
        self.instruments = frozenset(instruments)
        self._feed = feed
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._error: str | None = None
        self.tickers: dict[str, Ticker] = {}

    def offer(self, event: Event) -> None:
        """Queue an event if it is for this stream."""
        if self.channel.is_own or event.instrument in self.instruments or not self.instruments:
            self._events.append(event)
            self._ready.set()

    def fail(self, why: str) -> None:
        """Lose the connection."""
        self._error = why
        self._ready.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._error is not None:
                self._feed.remove(self)
                raise NotConnected(self._error)
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()

    async def aclose(self) -> None:
        """End the subscription."""
        self._feed.remove(self)


class Feed:
    """Hands what the exchange reports to the streams that want it."""

    def __init__(self, engine: Engine, account: str) -> None:
        self._engine = engine
        self._account = account
        self._streams: list[Stream] = []
        engine.exchange.listener = self._on_event

    def _on_event(self, event: Event) -> None:
        channel = _CHANNEL_OF.get(type(event))
        if isinstance(event, OrderEvent) and event.order.account != self._account:
            return
        if isinstance(event, FillEvent) and event.fill.account != self._account:
            return
        for stream in self._streams:
            if stream.channel is channel:
                stream.offer(event)

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Stream:
        """A new stream; it begins with where things stand."""
        stream = Stream(self, channel, instruments)
        self._streams.append(stream)
        exchange = self._engine.exchange
        if channel is Channel.BOOK:
            exchange.watched.update(instruments)
            for name in instruments:
                book = exchange.book(name, 100)
                stream.offer(
                    BookSnapshot(
                        venue=book.venue, instrument=name, time_ns=book.time_ns, sequence=book.sequence, book=book
                    )
                )
        elif channel in (Channel.OWN_ORDERS, Channel.OWN_FILLS, Channel.STATUS, Channel.TRADES):
            state = ConnectionState.CONNECTED
            stream._events.append(  # noqa: SLF001 - the feed makes its streams
                ConnectionEvent(venue=exchange.venue, time_ns=exchange.now_ns, state=state)
            )
            stream._ready.set()  # noqa: SLF001
        else:
            self._derive(stream)
        return stream

    def remove(self, stream: Stream) -> None:
        """Forget a stream; an unknown one is ignored."""
        if stream in self._streams:
            self._streams.remove(stream)
            books = [s.instruments for s in self._streams if s.channel is Channel.BOOK]
            self._engine.exchange.watched.clear()
            self._engine.exchange.watched.update(*books)

    def moved(self) -> None:
        """After a command: tickers and candles that changed go out."""
        for stream in self._streams:
            if stream.channel in (Channel.TICKER, Channel.CANDLES):
                self._derive(stream)

    def _derive(self, stream: Stream) -> None:
        exchange = self._engine.exchange
        for name in stream.instruments:
            ticker = exchange.ticker(name)
            if stream.tickers.get(name) == ticker:
                continue
            stream.tickers[name] = ticker
            if stream.channel is Channel.TICKER:
                stream.offer(TickerEvent(venue=exchange.venue, instrument=name, time_ns=ticker.time_ns, ticker=ticker))
            else:
                candle = self._engine.candles.latest(exchange.markets[name].scale, exchange.now_ns)
                if candle is not None:
                    stream.offer(
                        CandleEvent(venue=exchange.venue, instrument=name, time_ns=ticker.time_ns, candle=candle)
                    )

    def drop(self, why: str) -> None:
        """Lose every connection, as a venue does."""
        for stream in list(self._streams):
            stream.fail(why)
            self.remove(stream)
