"""The assets of one socket: their books, tickers and trades, and who wants to hear of them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Channel,
    Clock,
    GapEvent,
    OrderBook,
    Ticker,
    TickerEvent,
    Trade,
    TradeEvent,
)
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.facts import (
    BestTold,
    BookTold,
    Fact,
    LevelsTold,
    ListedTold,
    ResolvedTold,
    TickTold,
    TradeTold,
    Unread,
)
from venuekit_polymarket.inbox import Inbox
from venuekit_polymarket.public_frames import facts
from venuekit_polymarket.streamed_book import StreamedBook

log = logging.getLogger("venuekit.polymarket.streams")
#: Trades of an asset that are remembered, since a frame may come again.
_MOST_KEYS = 1_000

_Best = tuple[Decimal | None, Decimal | None]


class Track:
    """One asset: its book, the last trade, and its followers."""

    def __init__(self, asset: str, numbers: MutableMapping[str, int], now_ns: int) -> None:
        self.asset = asset
        self.book = StreamedBook(asset, numbers)
        self.followers: list[Inbox] = []
        #: The venue's own word on the best prices, as of its last frame that had one.
        self.best: _Best | None = None
        #: The venue says that there is no such book: its market is over.
        self.is_absent = False
        self.last: Trade | None = None
        self.ticker: Ticker | None = None
        #: When a frame told of it last, or it was followed: by the clock that never steps back.
        self.heard_ns = now_ns
        self._keys: OrderedDict[str, None] = OrderedDict()

    @property
    def in_doubt(self) -> bool:
        """Whether the venue's word on the best prices is another than the book's."""
        return self.book.is_valid and self.best is not None and not self.book.agrees(self.best)

    def is_new(self, key: str) -> bool:
        """Whether a trade is told for the first time."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > _MOST_KEYS:
            self._keys.popitem(last=False)
        return True

    def quote(self, now_ns: int) -> Ticker:
        """The best prices: the book's, or where that is not to be trusted the venue's word, without sizes."""
        bid, ask = self.book.best if self.book.is_valid and not self.in_doubt else (None, None)
        told = (None, None) if self.best is None or (self.book.is_valid and not self.in_doubt) else self.best
        return Ticker(
            venue=VENUE,
            instrument=self.asset,
            time_ns=now_ns,
            bid=told[0] if bid is None else bid.price,
            bid_size=None if bid is None else bid.size,
            ask=told[1] if ask is None else ask.price,
            ask_size=None if ask is None else ask.size,
            last=None if self.last is None else self.last.price,
            last_size=None if self.last is None else self.last.size,
        )


class Feed:
    """Frames of one socket become the events of those who follow its assets."""

    def __init__(
        self,
        clock: Clock,
        numbers: MutableMapping[str, int],
        *,
        on_news: Callable[[TickTold | ResolvedTold | ListedTold], None],
    ) -> None:
        self._clock = clock
        self._numbers = numbers
        self._on_news = on_news
        #: Called with an asset whose book is missing or may be wrong.
        self.on_doubt: Callable[[Track], None] = lambda _: None
        self.tracks: dict[str, Track] = {}
        #: Frames, or parts of frames, that were not understood.
        self.not_understood = 0
        #: When the last frame of data came.
        self.heard_ns = clock.monotonic_ns()

    # -- followers

    def follow(self, asset: str, inbox: Inbox) -> None:
        """Tell `inbox` of an asset, beginning with what is known."""
        track = self.tracks.get(asset)
        if track is None:
            track = self.tracks[asset] = Track(asset, self._numbers, self._clock.monotonic_ns())
        track.followers.append(inbox)
        if track.book.is_valid:
            if inbox.channel is Channel.BOOK:
                inbox.put(track.book.snapshot(), track.book)
            elif inbox.channel is Channel.TICKER:
                inbox.put(self._ticker_event(track.quote(track.book.time_ns)))

    def leave(self, inbox: Inbox) -> list[str]:
        """Tell `inbox` nothing more; the assets that nobody follows now, which are forgotten."""
        for track in self.tracks.values():
            if inbox in track.followers:
                track.followers.remove(inbox)
        gone = [asset for asset, track in self.tracks.items() if not track.followers]
        for asset in gone:
            del self.tracks[asset]
        return gone

    def inboxes(self) -> list[Inbox]:
        """Everybody who follows something."""
        return list({id(one): one for track in self.tracks.values() for one in track.followers}.values())

    # -- frames

    def take(self, frame: Mapping[str, Any]) -> None:
        """One frame."""
        self.heard_ns = self._clock.monotonic_ns()
        for fact in facts(frame, self._clock.now_ns()):
            self._fact(fact)

    def _fact(self, fact: Fact) -> None:
        if isinstance(fact, Unread):
            self._unread(fact)
        elif isinstance(fact, ResolvedTold | ListedTold):
            self._on_news(fact)
        else:
            track = self.tracks.get(fact.asset)
            if track is not None:  # else: nobody follows it any more
                track.heard_ns = self.heard_ns
                self._of(track, fact)

    def _unread(self, fact: Unread) -> None:
        log.warning("A frame of Polymarket's stream was not understood: %s", fact.why)
        self.strange()
        track = self.tracks.get(fact.asset)
        if track is not None:
            self.restart(track)  # a change that could not be read is a change that is missing

    def strange(self) -> None:
        """Count something that was not understood, and let it be known."""
        self.not_understood += 1
        self.alive()

    def alive(self) -> None:
        """Tell everybody that the connection lives."""
        now = self._clock.now_ns()
        for inbox in self.inboxes():
            inbox.alive(now, self.not_understood)

    def _of(self, track: Track, fact: BookTold | LevelsTold | BestTold | TradeTold | TickTold) -> None:
        if isinstance(fact, LevelsTold):
            track.best = fact.best if fact.best is not None else track.best
            self._changed(track, track.book.change(fact), fact.time_ns)
        elif isinstance(fact, BookTold):
            self.whole(track, fact)
        elif isinstance(fact, BestTold):
            if not track.book.is_valid:
                track.best = fact.best
                self._quote(track, fact.time_ns)
        elif isinstance(fact, TradeTold):
            self._traded(track, fact)
        else:
            self._on_news(fact)
            self.restart(track)

    def whole(self, track: Track, told: BookTold) -> None:
        """A whole book of the venue's, wherever it came from."""
        late = track.book.is_valid and told.time_ns < track.book.time_ns
        if not late:
            track.best = None  # the book is newer than the last word on its best prices
        self._changed(track, track.book.whole(told), told.time_ns)

    def restart(self, track: Track) -> None:
        """Trust the book no more: its followers are told, and a whole one is asked for."""
        if track.book.is_valid:
            track.book.invalidate()
            gap = GapEvent(venue=VENUE, instrument=track.asset, time_ns=self._clock.now_ns(), channel=Channel.BOOK)
            for inbox in track.followers:
                if inbox.channel is Channel.BOOK:
                    inbox.put(gap, track.book)
        self.on_doubt(track)

    def _changed(self, track: Track, event: BookSnapshot | BookDelta | None, at_ns: int) -> None:
        if event is not None:
            for inbox in track.followers:
                if inbox.channel is Channel.BOOK:
                    inbox.put(event, track.book)
        if track.in_doubt:
            self.on_doubt(track)
        self._quote(track, at_ns)

    def _quote(self, track: Track, at_ns: int) -> None:
        ticker = track.quote(at_ns)
        before = track.ticker
        if before is not None and _same(before, ticker):
            return
        track.ticker = ticker
        event = self._ticker_event(ticker)
        for inbox in track.followers:
            if inbox.channel is Channel.TICKER:
                inbox.put(event)

    def _ticker_event(self, ticker: Ticker) -> TickerEvent:
        return TickerEvent(venue=VENUE, instrument=ticker.instrument, time_ns=ticker.time_ns, ticker=ticker)

    def _traded(self, track: Track, told: TradeTold) -> None:
        if not track.is_new(told.key):
            return
        trade = Trade(
            id=told.key,
            venue=VENUE,
            instrument=track.asset,
            price=told.price,
            size=told.size,
            taker_side=told.taker_side,
            time_ns=told.time_ns,
        )
        if track.last is None or trade.time_ns >= track.last.time_ns:
            track.last = trade
        event = TradeEvent(venue=VENUE, instrument=track.asset, time_ns=told.time_ns, trade=trade)
        for inbox in track.followers:
            if inbox.channel is Channel.TRADES:
                inbox.put(event)
        self._quote(track, told.time_ns)


def _same(a: Ticker, b: Ticker) -> bool:
    return (a.bid, a.bid_size, a.ask, a.ask_size, a.last, a.last_size) == (
        b.bid,
        b.bid_size,
        b.ask,
        b.ask_size,
        b.last,
        b.last_size,
    )


def told_of(asset: str, book: OrderBook) -> BookTold:
    """A book that was asked for, as the channel would have told it."""
    return BookTold(asset=asset, time_ns=book.time_ns, bids=book.bids, asks=book.asks)


def quietest(tracks: Iterable[Track], most: int) -> list[Track]:
    """The assets of which nothing was heard for the longest."""
    return sorted(tracks, key=lambda track: track.heard_ns)[:most]
