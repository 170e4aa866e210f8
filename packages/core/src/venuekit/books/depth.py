"""An order book kept up to date from a stream: the fold of a snapshot and the deltas after it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal

from venuekit.errors import DataNotTrusted, InvalidValue
from venuekit.model.events import BookDelta, BookSnapshot, ConnectionEvent, ConnectionState, Event, GapEvent
from venuekit.model.identity import InstrumentId
from venuekit.model.market import Level, OrderBook


class _Half:
    """One side: sizes by price, and the prices from low to high."""

    __slots__ = ("prices", "sizes")

    def __init__(self) -> None:
        self.prices: list[Decimal] = []
        self.sizes: dict[Decimal, Decimal] = {}

    def fill(self, levels: Iterable[Level]) -> None:
        sizes = {level.price: level.size for level in levels}
        self.sizes = {price: size for price, size in sizes.items() if size}
        self.prices = sorted(self.sizes)

    def change(self, levels: Iterable[Level]) -> None:
        sizes = self.sizes
        for level in levels:
            price, size = level.price, level.size
            if size:
                if price not in sizes:
                    insort(self.prices, price)
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                del self.prices[bisect_left(self.prices, price)]


class LiveBook:
    """One instrument's book, exact to the digit. Give it every event of a book subscription, in order.

    From the first snapshot on it is the venue's book as of the last event. A gap, a lost connection or a delta that
    does not follow makes it untrusted until the next snapshot, which a subscription sends by itself; reading it then
    raises instead of showing an old or impossible book.

    Example::

        book = LiveBook("BTC-USD")
        async for event in await desk.subscribe(Channel.BOOK, ["BTC-USD"]):
            if book.apply(event):
                print(book.best_bid.price, book.best_ask.price)
    """

    def __init__(self, instrument: InstrumentId) -> None:
        self.instrument = instrument
        #: The number of the last event that was taken in; None before the first, or where the venue has none.
        self.sequence: int | None = None
        self.time_ns = 0
        self._venue = ""
        self._why = "no snapshot has come yet"
        self._bids, self._asks = _Half(), _Half()

    @property
    def is_trusted(self) -> bool:
        """Whether the book is whole and current as far as the stream tells."""
        return not self._why

    def apply(self, event: Event) -> bool:
        """Take an event in; whether the book changed. Events of other instruments and channels are passed over."""
        if isinstance(event, BookDelta):
            return event.instrument == self.instrument and self._delta(event)
        if isinstance(event, BookSnapshot):
            if event.instrument != self.instrument:
                return False
            self._bids.fill(event.book.bids)
            self._asks.fill(event.book.asks)
            self._why = ""
            self._venue = event.venue
            self.sequence = event.sequence if event.sequence is not None else event.book.sequence
            self.time_ns = event.time_ns
            return True
        if isinstance(event, GapEvent) and event.instrument in (None, self.instrument):
            self._why = "events were missed"
        elif isinstance(event, ConnectionEvent) and event.state is not ConnectionState.CONNECTED:
            self._why = f"the stream is {event.state.value}"
        return False

    def _delta(self, event: BookDelta) -> bool:
        if self._why:
            return False
        if event.sequence is not None and self.sequence is not None:
            if event.sequence <= self.sequence:
                return False  # the snapshot held it already
            if event.sequence != self.sequence + 1:
                self._why = f"event {event.sequence} came after {self.sequence}"
                return False
        self._bids.change(event.bids)
        self._asks.change(event.asks)
        self.sequence, self.time_ns = event.sequence, event.time_ns
        return True

    @property
    def best_bid(self) -> Level:
        """The highest bid. Raises DataNotTrusted; LookupError on an empty side."""
        return self._best(self._bids, -1, "bids")

    @property
    def best_ask(self) -> Level:
        """The lowest ask. Raises DataNotTrusted; LookupError on an empty side."""
        return self._best(self._asks, 0, "asks")

    def _best(self, half: _Half, place: int, what: str) -> Level:
        self._check()
        if not half.prices:
            raise LookupError(f"{self.instrument} has no {what}")
        price = half.prices[place]
        return Level(price, half.sizes[price])

    def snapshot(self, depth: int | None = None) -> OrderBook:
        """The best `depth` levels of each side, all by default.

        Raises:
            DataNotTrusted: the stream has a gap that no snapshot has closed yet.
            InvalidValue: a depth below 1.
        """
        if depth is not None and depth < 1:
            raise InvalidValue("depth must be 1 or more.", field="depth", details={"accepted": "1 or more"})
        self._check()
        bids, asks = self._bids, self._asks
        lowest = 0 if depth is None else max(0, len(bids.prices) - depth)
        return OrderBook(
            venue=self._venue,
            instrument=self.instrument,
            time_ns=self.time_ns,
            bids=tuple(Level(price, bids.sizes[price]) for price in reversed(bids.prices[lowest:])),
            asks=tuple(Level(price, asks.sizes[price]) for price in asks.prices[:depth]),
            sequence=self.sequence,
        )

    def _check(self) -> None:
        if self._why:
            raise DataNotTrusted(
                f"The live book of {self.instrument} cannot be trusted: {self._why}.",
                fix="Wait for the next snapshot of the subscription, or ask the venue for its order book.",
                field="instrument",
            )
