"""A book kept from the market channel, which numbers nothing: absolute levels, checked against the venue's own word."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from decimal import Decimal

from venuekit.adapter import BookDelta, BookSnapshot, Level, OrderBook
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.facts import BookTold, LevelsTold

#: Changes that wait for a snapshot.
_MOST_HELD = 5_000

_Best = tuple[Decimal | None, Decimal | None]


class _Half:
    """One side: sizes by price, and when each price was last told of."""

    __slots__ = ("best", "highest_first", "sizes", "told_ns")

    def __init__(self, *, highest_first: bool) -> None:
        self.highest_first = highest_first
        self.sizes: dict[Decimal, Decimal] = {}
        self.told_ns: dict[Decimal, int] = {}
        self.best: Decimal | None = None

    def fill(self, levels: Iterable[Level]) -> None:
        self.sizes = {level.price: level.size for level in levels if level.size}
        self.told_ns = {}
        self._find_best()

    def _find_best(self) -> None:
        pick = max if self.highest_first else min
        self.best = pick(self.sizes, default=None)

    def take(self, level: Level, time_ns: int) -> bool:
        """Put one level; whether that changed anything. A word older than the last one on the price is passed over."""
        price, size = level.price, level.size
        if time_ns < self.told_ns.get(price, 0):
            return False
        self.told_ns[price] = time_ns
        if self.sizes.get(price, 0) == size:
            return False
        if size:
            self.sizes[price] = size
            if self.best is None or (price > self.best if self.highest_first else price < self.best):
                self.best = price
        else:
            del self.sizes[price]
            if price == self.best:
                self._find_best()
        return True

    def differences(self, levels: Iterable[Level]) -> list[Level]:
        """What has to change so that this side becomes those levels."""
        wanted = {level.price: level for level in levels if level.size}
        changed = [level for price, level in wanted.items() if self.sizes.get(price) != level.size]
        gone = [Level(price, Decimal(0)) for price in self.sizes if price not in wanted]
        return changed + gone

    def top(self, depth: int | None) -> tuple[Level, ...]:
        prices = sorted(self.sizes, reverse=self.highest_first)[:depth]
        return tuple(Level(price, self.sizes[price]) for price in prices)

    def best_level(self) -> Level | None:
        return None if self.best is None else Level(self.best, self.sizes[self.best])


class StreamedBook:
    """One outcome token's book. It is invalid until a whole book came, and again after `invalidate`.

    `numbers` counts the book's events over all connections, by asset: they follow each other without a gap.
    """

    def __init__(self, asset: str, numbers: MutableMapping[str, int]) -> None:
        self.asset = asset
        self._numbers = numbers
        self._bids, self._asks = _Half(highest_first=True), _Half(highest_first=False)
        self._held: list[LevelsTold] = []
        #: A whole book from before this does not do: changes after it were given up.
        self._least_ns = 0
        self.is_valid = False
        #: How often it began anew.
        self.epoch = 0
        self.time_ns = 0

    def whole(self, told: BookTold) -> BookSnapshot | BookDelta | None:
        """Take a whole book: a snapshot if there was none that is valid, else what is different; None for nothing."""
        if self.is_valid:
            return self._become(told)
        if told.time_ns < self._least_ns:
            return None
        self._bids.fill(told.bids)
        self._asks.fill(told.asks)
        self.is_valid, self.time_ns = True, told.time_ns
        self.epoch += 1
        held, self._held = self._held, []
        self._least_ns = 0
        for late in held:
            if late.time_ns >= told.time_ns:
                self._apply(late)
        self._count()
        return self.snapshot()

    def snapshot(self) -> BookSnapshot:
        """The book as the first event of somebody who follows it from now on."""
        book = self.order_book()
        return BookSnapshot(venue=VENUE, instrument=self.asset, time_ns=self.time_ns, sequence=book.sequence, book=book)

    def _become(self, told: BookTold) -> BookDelta | None:
        if told.time_ns < self.time_ns:
            return None  # it was made before the changes that came already
        changes = LevelsTold(
            asset=self.asset,
            time_ns=told.time_ns,
            bids=self._bids.differences(told.bids),
            asks=self._asks.differences(told.asks),
        )
        return self.change(changes)

    def change(self, told: LevelsTold) -> BookDelta | None:
        """Take changed levels; None where nothing changed, or while there is no valid book."""
        if not self.is_valid:
            self._hold(told)
            return None
        bids, asks = self._apply(told)
        if not bids and not asks:
            return None
        return BookDelta(
            venue=VENUE,
            instrument=self.asset,
            time_ns=told.time_ns,
            sequence=self._count(),
            bids=bids,
            asks=asks,
        )

    def _hold(self, told: LevelsTold) -> None:
        self._held.append(told)
        if len(self._held) > _MOST_HELD:
            self._least_ns = max(self._least_ns, self._held.pop(0).time_ns + 1)

    def _apply(self, told: LevelsTold) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        at = told.time_ns
        self.time_ns = max(self.time_ns, at)
        bids = tuple(level for level in told.bids if self._bids.take(level, at))
        return bids, tuple(level for level in told.asks if self._asks.take(level, at))

    def _count(self) -> int:
        self._numbers[self.asset] = self._numbers.get(self.asset, 0) + 1
        return self._numbers[self.asset]

    def invalidate(self) -> None:
        """It cannot be trusted any more; what comes now is kept for the next whole book."""
        self.is_valid = False
        self._held.clear()

    # -- reading

    @property
    def best(self) -> tuple[Level | None, Level | None]:
        """Best bid and ask; None for a side without orders."""
        return self._bids.best_level(), self._asks.best_level()

    def agrees(self, best: _Best) -> bool:
        """Whether the best prices are those, and possible."""
        bid, ask = self._bids.best, self._asks.best
        return (bid, ask) == best and (bid is None or ask is None or bid < ask)

    def is_like(self, book: OrderBook) -> bool:
        """Whether every level is the same as in `book`."""
        return {x.price: x.size for x in book.bids if x.size} == self._bids.sizes and {
            x.price: x.size for x in book.asks if x.size
        } == self._asks.sizes

    def order_book(self, depth: int | None = None) -> OrderBook:
        """The best `depth` levels of each side, all by default."""
        return OrderBook(
            venue=VENUE,
            instrument=self.asset,
            time_ns=self.time_ns,
            bids=self._bids.top(depth),
            asks=self._asks.top(depth),
            sequence=self._numbers.get(self.asset),
        )
