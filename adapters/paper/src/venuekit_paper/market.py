"""One instrument's market: its rules, its book, its waiting stops, its last price."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from venuekit.adapter import InstrumentKind
from venuekit_paper.book import Book
from venuekit_paper.fees import shares
from venuekit_paper.scale import Scale

if TYPE_CHECKING:
    from venuekit_paper.orders import PaperOrder

Waiting = list[tuple[int, int, "PaperOrder"]]


class Market:
    """Prices, sizes and money in the whole numbers of `scale`."""

    __slots__ = (
        "base", "base_unit", "book", "id", "last", "margined", "mark", "moved", "quote", "scale", "sequence",
        "stops_down", "stops_up", "unit", "volume", "watched",
    )  # fmt: skip

    def __init__(self, scale: Scale) -> None:
        instrument = scale.instrument
        self.scale = scale
        self.id = instrument.id
        self.book = Book()
        #: Buy stops by rising trigger, sell stops by falling trigger (negated), each with the order's number.
        self.stops_up: Waiting = []
        self.stops_down: Waiting = []
        #: 0 before the first trade.
        self.last = 0
        #: The price that positions are valued at; 0 where the book's middle does.
        self.mark = 0
        self.volume = 0
        #: Counts the commands that changed the book, and whether the one that runs has.
        self.sequence = 0
        self.moved = False
        #: Whether somebody wants to hear of the book's changes.
        self.watched = False
        self.unit = scale.unit
        self.margined = instrument.is_derivative
        #: The assets that change hands, and how much of `base` one lot is. On margin only `quote` does.
        self.quote = instrument.settle
        outcome = instrument.kind is InstrumentKind.BINARY_OUTCOME
        self.base = shares(instrument.id) if outcome else instrument.base
        self.base_unit = 1 if outcome else scale.base_unit

    @property
    def value(self) -> int:
        """The price at which positions are valued: the mark, else the book's middle, else the last; 0 if unknown."""
        if self.mark:
            return self.mark
        bid, ask = self.book.bids.best, self.book.asks.best
        return (bid + ask) // 2 if bid and ask else self.last

    def crosses(self, side: int, price: int) -> bool:
        """Whether a limit at `price` would trade at once."""
        best = self.book.other(side).best
        return best != 0 and (price - best) * side >= 0

    def arm(self, order: PaperOrder) -> None:
        """Let an order wait for its trigger."""
        waiting, key = self._waiting(order)
        insort(waiting, (key, order.number, order))
        order.armed = True

    def unarm(self, order: PaperOrder) -> None:
        """Let it wait no longer."""
        waiting, key = self._waiting(order)
        del waiting[bisect_left(waiting, (key, order.number, order))]
        order.armed = False

    def _waiting(self, order: PaperOrder) -> tuple[Waiting, int]:
        return (self.stops_up, order.stop) if order.side > 0 else (self.stops_down, -order.stop)

    def due(self) -> PaperOrder | None:
        """The next order whose trigger the last trade has reached, unarmed; None when there is none."""
        last = self.last
        if not last:
            return None
        if self.stops_up and self.stops_up[0][0] <= last:
            order = self.stops_up.pop(0)[2]
        elif self.stops_down and -self.stops_down[0][0] >= last:
            order = self.stops_down.pop(0)[2]
        else:
            return None
        order.armed = False
        order.triggered = True
        return order
