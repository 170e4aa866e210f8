"""What a subscription shows of its events: all of them as they are, or books and prices as they stand now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from venuekit.books.depth import LiveBook
from venuekit.model.events import BookDelta, BookSnapshot, Event, FillEvent, GapEvent, OrderEvent, TickerEvent
from venuekit.model.market import OrderBook

#: What is shown of an event: each with a key that the next one of the same key replaces, or None.
View = Callable[[Event], Iterator[tuple[Hashable | None, Event]]]


def whole(event: Event) -> Iterator[tuple[Hashable | None, Event]]:
    """Everything, as it is."""
    yield None, event


def newest_prices(event: Event) -> Iterator[tuple[Hashable | None, Event]]:
    """Of each instrument's prices the newest; everything else as it is."""
    yield (("ticker", event.instrument) if isinstance(event, TickerEvent) else None), event


def only(instruments: frozenset[str]) -> View:
    """Orders and fills of these instruments, all of them if there are none; everything else as it is."""

    def view(event: Event) -> Iterator[tuple[Hashable | None, Event]]:
        if not instruments or not isinstance(event, OrderEvent | FillEvent) or event.instrument in instruments:
            yield None, event

    return view


class Depth:
    """The best `levels` of each side whenever they change, as whole books; a newer one replaces the older."""

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._books: dict[str, LiveBook] = {}
        self._shown: dict[str, OrderBook] = {}

    def __call__(self, event: Event) -> Iterator[tuple[Hashable | None, Event]]:
        """What of an event is to be seen."""
        if isinstance(event, BookSnapshot | BookDelta):
            yield from self._book(event)
            return
        for book in self._books.values():
            book.apply(event)
        if isinstance(event, GapEvent):
            self._shown.pop(event.instrument or "", None)
        yield None, event

    def _book(self, event: BookSnapshot | BookDelta) -> Iterator[tuple[Hashable | None, Event]]:
        name = event.instrument or ""
        live = self._books.setdefault(name, LiveBook(name))
        if not live.apply(event):
            return
        book = live.snapshot(self._levels)
        before = self._shown.get(name)
        if before is not None and (before.bids, before.asks) == (book.bids, book.asks):
            return
        self._shown[name] = book
        yield (
            ("book", name),
            BookSnapshot(venue=event.venue, instrument=name, time_ns=event.time_ns, sequence=event.sequence, book=book),
        )
