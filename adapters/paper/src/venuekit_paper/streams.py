"""What the exchange tells, handed to subscribers once it is durable: one delta a book, own events whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    CandleEvent,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    FillEvent,
    GapEvent,
    InstrumentEvent,
    Level,
    NotConnected,
    OrderBook,
    OrderEvent,
    Ticker,
    TickerEvent,
    TradeEvent,
)
from venuekit_paper.candles import Candles
from venuekit_paper.exchange import Exchange
from venuekit_paper.subscription import Subscription

#: More levels than any book has.
WHOLE_BOOK = 1_000_000

Changed = dict[tuple[bool, Decimal], Decimal]


class StreamHub:
    """Collects the exchange's events during a command, and publishes them when the command is durable.

    Book deltas of one command are merged, and numbered by book without a gap: a reader that saw number n and
    then a snapshot numbered m knows exactly which deltas the snapshot holds.
    """

    def __init__(self, exchange: Exchange, candles: Candles, account: str) -> None:
        self._exchange = exchange
        self._candles = candles
        self._venue = exchange.venue
        self._account = account
        self._open: dict[Channel, list[Subscription]] = {channel: [] for channel in Channel}
        self._waiting: list[tuple[Channel, Event]] = []
        self._levels: dict[str, Changed] = {}
        self._traded: dict[str, int] = {}
        self._last_minute: dict[str, int] = {}
        #: Each book's own count of changes when its latest delta went out.
        # A market that is listed later counts from 0.
        self._published = defaultdict(int, {name: market.sequence for name, market in exchange.markets.items()})
        #: The number of the latest delta of each book. It goes on from the exchange's count, so it never goes back.
        self.sequence = defaultdict(int, self._published)
        exchange.reporter.listener = self.collect

    # -- from the exchange

    def collect(self, event: Event) -> None:
        """The exchange's listener."""
        if isinstance(event, BookDelta):
            changed = self._levels.setdefault(event.instrument or "", {})
            for is_bid, levels in ((True, event.bids), (False, event.asks)):
                for level in levels:
                    changed[is_bid, level.price] = level.size
        elif isinstance(event, TradeEvent):
            self._traded[event.trade.instrument] = event.time_ns
            if self._open[Channel.TRADES]:
                self._waiting.append((Channel.TRADES, event))
        elif isinstance(event, OrderEvent):
            if event.order.account == self._account:
                self._waiting.append((Channel.OWN_ORDERS, event))
        elif isinstance(event, FillEvent):
            if event.fill.account == self._account:
                self._waiting.append((Channel.OWN_FILLS, event))
        elif isinstance(event, InstrumentEvent):
            self._waiting.append((Channel.STATUS, event))

    def publish(self, time_ns: int) -> None:
        """Hand out what was collected. Call it after every command, once that is durable."""
        waiting, self._waiting = self._waiting, []
        levels, self._levels = self._levels, {}
        traded, self._traded = self._traded, {}
        for channel, event in waiting:
            self._send(channel, event)
        moved = [n for n, m in self._exchange.markets.items() if m.sequence != self._published[n]]
        for instrument in moved:
            self._published[instrument] = self._exchange.markets[instrument].sequence
            self.sequence[instrument] += 1
            if instrument in levels:
                self._send(Channel.BOOK, self._delta(instrument, levels[instrument], time_ns))
        if self._open[Channel.TICKER]:
            for instrument in sorted({*moved, *traded}):
                self._send(Channel.TICKER, self._ticker_event(instrument))
        if self._open[Channel.CANDLES]:
            for instrument in traded:
                for event in self._candle_events(instrument, time_ns):
                    self._send(Channel.CANDLES, event)

    def _send(self, channel: Channel, event: Event) -> None:
        for reader in list(self._open[channel]):
            if not reader.wants(event.instrument):
                continue
            if not reader.is_full:
                reader.put(event)
            elif channel.is_own:
                self.release(reader)
                reader.fail(NotConnected("The reader fell too far behind.", fix="Subscribe again, and reconcile."))
            else:
                self._catch_up(reader, event)

    def _catch_up(self, reader: Subscription, event: Event) -> None:
        """A reader fell far behind: it gets a gap and the state as it is now, instead of stale news."""
        reader.empty()
        reader.put(
            GapEvent(venue=self._venue, instrument=event.instrument, time_ns=event.time_ns, channel=reader.channel)
        )
        if reader.channel in (Channel.TRADES, Channel.STATUS):
            reader.put(event)
            return
        for first in self._first(reader.channel, sorted(reader.instruments or self._exchange.markets), event.time_ns):
            reader.put(first)

    # -- making events

    def _delta(self, instrument: str, changed: Changed, time_ns: int) -> BookDelta:
        bids, asks = (
            tuple(Level(price, size) for (is_bid, price), size in changed.items() if is_bid is side)
            for side in (True, False)
        )
        number = self.sequence[instrument]
        return BookDelta(
            venue=self._venue, instrument=instrument, time_ns=time_ns, sequence=number, bids=bids, asks=asks
        )

    def _ticker_event(self, instrument: str) -> TickerEvent:
        ticker = self.ticker(instrument)
        return TickerEvent(venue=self._venue, instrument=instrument, time_ns=ticker.time_ns, ticker=ticker)

    def ticker(self, instrument: str) -> Ticker:
        """Best prices, the last trade, and the last 24 hours."""
        ticker, scale = self._exchange.ticker(instrument), self._exchange.markets[instrument].scale
        return self._candles.with_day(ticker, scale, self._exchange.now_ns)

    def book(self, instrument: str, depth: int) -> OrderBook:
        """A book as a subscriber knows it: with the number of its latest delta."""
        return attrs.evolve(self._exchange.book(instrument, depth), sequence=self.sequence[instrument])

    def _candle_events(self, instrument: str, time_ns: int) -> list[CandleEvent]:
        """The newest candle, and before it the one that it has just closed."""
        newest = self._candles.newest(self._exchange.market(instrument).scale, time_ns)
        seen = self._last_minute.get(instrument)
        if newest:
            self._last_minute[instrument] = newest[-1].start_ns
        fresh = [c for c in newest if seen is not None and c.start_ns >= seen] or list(newest[-1:])
        return [CandleEvent(venue=self._venue, instrument=instrument, time_ns=time_ns, candle=c) for c in fresh]

    def _first(self, channel: Channel, instruments: Sequence[str], time_ns: int) -> list[Event]:
        """What a subscription begins with: the state now, or that it is connected where there is no state."""
        if channel is Channel.BOOK:
            return [
                BookSnapshot(
                    venue=self._venue,
                    instrument=name,
                    time_ns=time_ns,
                    sequence=self.sequence[name],
                    book=self.book(name, WHOLE_BOOK),
                )
                for name in instruments
            ]
        if channel is Channel.TICKER:
            return [self._ticker_event(name) for name in instruments]
        if channel is Channel.CANDLES:
            return [event for name in instruments for event in self._candle_events(name, time_ns)]
        state = ConnectionState.CONNECTED
        return [ConnectionEvent(venue=self._venue, time_ns=time_ns, state=state)]

    # -- subscribers

    def subscribe(self, channel: Channel, instruments: Sequence[str], time_ns: int) -> Subscription:
        """A new reader; the instruments are known ids, none means all. It begins with the state now."""
        wanted = frozenset() if channel.is_own else frozenset(instruments)
        reader = Subscription(channel, wanted, self.release)
        self._open[channel].append(reader)
        self._watch()
        for event in self._first(channel, sorted(wanted or self._exchange.markets), time_ns):
            reader.put(event)
        return reader

    def _watch(self) -> None:
        """Tell the exchange which books' changes are worth an event."""
        readers = self._open[Channel.BOOK]
        for name, market in self._exchange.markets.items():
            market.watched = any(reader.wants(name) for reader in readers)

    def release(self, reader: Subscription) -> None:
        """Forget a reader."""
        if reader in self._open[reader.channel]:
            self._open[reader.channel].remove(reader)
            self._watch()

    def drop(self, reason: str) -> None:
        """Lose every connection, as a network does: each reader gets `NotConnected`, and may subscribe again."""
        for readers in self._open.values():
            for reader in readers:
                reader.fail(NotConnected(reason, fix="Subscribe again."))
            readers.clear()
        self._watch()

    def stall(self) -> None:
        """Let every open subscription fall silent without an error; new ones are not affected."""
        for readers in self._open.values():
            for reader in readers:
                reader.stalled = True

    @property
    def readers(self) -> int:
        """How many subscriptions are open."""
        return sum(len(readers) for readers in self._open.values())
