"""One instrument's resting orders in price-time priority."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venuekit_paper.orders import PaperOrder


class Level:
    """The orders at one price, oldest first, as a chain: any of them leaves in constant time."""

    __slots__ = ("head", "price", "tail", "total")

    def __init__(self, price: int) -> None:
        self.price = price
        #: Unfilled lots of all its orders.
        self.total = 0
        self.head: PaperOrder | None = None
        self.tail: PaperOrder | None = None


class BookSide:
    """Bids or asks. Keys are prices, negated for asks, so that the best is always the last of the sorted keys."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        #: +1 for bids, -1 for asks.
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def add(self, order: PaperOrder) -> None:
        """Rest an order at the end of its price's queue."""
        key = order.price * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(order.price)
            keys = self.keys
            if keys and key < keys[-1]:
                insort(keys, key)
            else:
                keys.append(key)
            level.head = order
        else:
            order.ahead = last = level.tail
            assert last is not None
            last.behind = order
        level.tail = order
        level.total += order.size - order.filled
        order.level = level

    def remove(self, order: PaperOrder) -> None:
        """Take an order out; its unfilled lots leave with it, and an empty level goes."""
        level = order.level
        assert level is not None
        ahead, behind = order.ahead, order.behind
        if ahead is None:
            level.head = behind
        else:
            ahead.behind = behind
            order.ahead = None
        if behind is None:
            level.tail = ahead
        else:
            behind.ahead = ahead
            order.behind = None
        order.level = None
        level.total -= order.size - order.filled
        if level.head is None:
            key = level.price * self.sign
            del self.levels[key]
            keys = self.keys
            if keys[-1] == key:
                keys.pop()
            else:
                del keys[bisect_left(keys, key)]

    @property
    def best(self) -> int:
        """The best price, 0 when there is none."""
        return self.keys[-1] * self.sign if self.keys else 0

    def total(self, price: int) -> int:
        """Unfilled lots at a price."""
        level = self.levels.get(price * self.sign)
        return 0 if level is None else level.total

    def depth(self, count: int) -> list[tuple[int, int]]:
        """The best `count` levels as (price, lots)."""
        best = self.keys[: -count - 1 : -1] if count < len(self.keys) else self.keys[::-1]
        return [(key * self.sign, self.levels[key].total) for key in best]

    def walk(self) -> Iterator[PaperOrder]:
        """Every resting order, in priority."""
        for key in reversed(self.keys):
            order = self.levels[key].head
            while order is not None:
                yield order
                order = order.behind


class Book:
    """Bids and asks."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)

    def own(self, side: int) -> BookSide:
        """Where an order of `side` (+1 buy) rests."""
        return self.bids if side > 0 else self.asks

    def other(self, side: int) -> BookSide:
        """What an order of `side` trades with."""
        return self.asks if side > 0 else self.bids
