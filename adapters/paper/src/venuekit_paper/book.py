"""One instrument's resting orders in price-time priority."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from venuekit_paper.orders import PaperOrder


class Side:
    """One side of a book. Keys are prices, negated for bids, so that the best key is always the smallest."""

    __slots__ = ("keys", "levels", "sign", "totals")

    def __init__(self, sign: int) -> None:
        #: +1 for asks, -1 for bids: key = sign * price.
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, deque[PaperOrder]] = {}
        self.totals: dict[int, int] = {}

    def add(self, order: PaperOrder) -> None:
        """Rest an order at the end of its price's queue."""
        key = self.sign * order.price
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = deque()
            self.totals[key] = 0
            insort(self.keys, key)
        level.append(order)
        order.resting = True
        self.totals[key] += order.size - order.filled

    def remove(self, order: PaperOrder, *, for_good: bool = True) -> None:
        """Take an order out. One that is gone `for_good` leaves its place in the queue to be skipped later."""
        key = self.sign * order.price
        order.resting = False
        if not for_good:
            self.levels[key].remove(order)
        self.reduce(key, order.size - order.filled)

    def reduce(self, key: int, lots: int) -> None:
        """Lower a level's total; an empty level goes."""
        left = self.totals[key] - lots
        if left:
            self.totals[key] = left
        else:
            del self.totals[key]
            del self.levels[key]
            keys = self.keys
            if keys[0] == key:
                del keys[0]
            else:
                del keys[bisect_left(keys, key)]

    def head(self) -> PaperOrder | None:
        """The order that trades next."""
        if not self.keys:
            return None
        level = self.levels[self.keys[0]]
        while not level[0].resting:
            level.popleft()
        return level[0]

    def depth(self, count: int) -> list[tuple[int, int]]:
        """The best `count` levels as (price, lots)."""
        return [(self.sign * k, self.totals[k]) for k in self.keys[:count]]

    def walk(self) -> Iterator[PaperOrder]:
        """Every resting order, in priority."""
        for key in self.keys:
            for order in self.levels[key]:
                if order.resting:
                    yield order


class Book:
    """Bids and asks."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Side(-1)
        self.asks = Side(1)

    def own(self, side: int) -> Side:
        """Where an order of `side` (+1 buy) rests."""
        return self.bids if side > 0 else self.asks

    def other(self, side: int) -> Side:
        """What an order of `side` trades with."""
        return self.asks if side > 0 else self.bids
