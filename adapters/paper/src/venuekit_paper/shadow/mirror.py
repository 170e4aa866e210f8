"""One live book as orders of the house on the shadow exchange, and the queue in front of our own.

The assumptions, in one place:

- An order rests behind everything that the live book shows at its price when it comes there.
- What disappears from a price without a trade was behind it, until less is left than was ahead of it.
- A live trade at its price takes what is ahead first; what is left of the trade fills it. A live trade beyond its
  price fills it at its own price, up to the trade's size.
- A live quote on the other side that reaches its price trades with it, up to the quote's size.
- What our orders take from the live book is gone until that price is left and quoted again: nobody can take it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from venuekit.adapter import OrderStatus, OrderType, TimeInForce
from venuekit_paper.accounts import Account
from venuekit_paper.exchange import Exchange
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import TRADE

#: Side (+1 bids) and price.
Place = tuple[int, int]
#: A trade and the frame of the book that it changed come within this time of each other, in either order.
_SAME_NS = 2_000_000_000


class Mirror:
    """The live book of one market. Its methods run inside the exchange's `at`."""

    def __init__(self, exchange: Exchange, market: Market, house: Account) -> None:
        self._exchange = exchange
        self._market = market
        self._house = house
        #: Lots that our orders took at places that the live book still shows.
        self._taken: dict[Place, int] = {}
        #: Lots that went from in front of ours without a trade, by place, and until when a trade may yet explain them.
        self._foretold: list[tuple[int, Place, int]] = []
        #: Whether a whole book was seen since the feed was made.
        self.synced = False

    def whole(self, bids: Iterable[tuple[Decimal, Decimal]], asks: Iterable[tuple[Decimal, Decimal]]) -> None:
        """The live book from scratch. What it shows at a price stands before our orders there: they came unseen."""
        live = {place: lots for place, lots in self._places(bids, asks) if lots}
        self._taken.clear()
        for place in [p for p in self._shown() if p not in live]:
            self._set(place, 0)
        for place, lots in live.items():
            own = self._own_at(place)
            for order in own:
                self._market.book.own(order.side).remove(order)
            self._set(place, lots)
            for order in own:
                self._market.book.own(order.side).add(order)
        self._foretold.clear()  # what went meanwhile was not seen to go
        self.synced = True

    def changed(self, bids: Iterable[tuple[Decimal, Decimal]], asks: Iterable[tuple[Decimal, Decimal]]) -> None:
        """Levels with their new sizes. What shrinks goes first: a frame may move both sides past each other."""
        live = list(self._places(bids, asks))
        for place, lots in live:
            if lots < self._there(place):
                self._set(place, lots)
        for place, lots in live:
            self._set(place, lots)

    def traded(self, side: int, price: Decimal, size: Decimal) -> None:
        """A live trade, whose taker was on `side` (+1 bought; 0 where the venue does not tell)."""
        market, lots = self._market, self._lots(size)
        at = self._price(price)
        for taker in (side,) if side else (1, -1):
            # Nothing better was left when this traded, whatever the book's frames still show.
            for place in [p for p in self._shown() if p[0] == -taker and (p[1] - at) * taker < 0]:
                self._set(place, 0)
            left = self._untold((-taker, at), lots)
            if left and self._own_within(-taker, at):
                self._enter(taker, left, at)
        market.last = at

    def took(self) -> None:
        """After a command of ours: remember what it took from the live book."""
        for report in self._exchange.matcher.reports:
            if report[0] != TRADE or report[2] is not self._market:
                continue
            _, _, _, taker, maker, lots, price, _, _ = report
            if maker.account is self._house and taker.account is not self._house:
                place = (maker.side, price)
                self._taken[place] = self._taken.get(place, 0) + lots

    def lost(self) -> None:
        """The feed broke: nothing is quoted any more, and nothing of ours trades until it is whole again."""
        self.synced = False
        for place in list(self._shown()):
            self._set(place, 0)
        self._taken.clear()

    # -- levels

    def _places(
        self, bids: Iterable[tuple[Decimal, Decimal]], asks: Iterable[tuple[Decimal, Decimal]]
    ) -> Iterator[tuple[Place, int]]:
        for side, levels in ((1, bids), (-1, asks)):
            for price, size in levels:
                yield (side, self._price(price)), self._lots(size)

    def _price(self, price: Decimal) -> int:
        """In the market's units; a price finer than its tick is left out by rounding to where nobody trades better."""
        return int(price.scaleb(self._market.scale.price_digits))

    def _lots(self, size: Decimal) -> int:
        return int(size / self._market.scale.lot)

    def _shown(self) -> list[Place]:
        """Places where the house has something."""
        book = self._market.book
        return [(o.side, o.price) for side in (book.bids, book.asks) for o in side.walk() if o.account is self._house]

    def _orders_at(self, place: Place) -> list[PaperOrder]:
        side = self._market.book.own(place[0])
        level = side.levels.get(place[1] * side.sign)
        found = []
        order = level.head if level is not None else None
        while order is not None:
            found.append(order)
            order = order.behind
        return found

    def _own_at(self, place: Place) -> list[PaperOrder]:
        return [o for o in self._orders_at(place) if o.account is not self._house]

    def _there(self, place: Place) -> int:
        return sum(o.left for o in self._orders_at(place) if o.account is self._house)

    def _own_within(self, side: int, price: int) -> bool:
        """Whether an order of ours on `side` rests at `price` or better."""
        mine = (o for a in self._exchange.accounts.values() if not a.house for o in a.open.values())
        return any(
            o.market is self._market and o.side == side and o.resting and (o.price - price) * side >= 0 for o in mine
        )

    def _set(self, place: Place, live: int) -> None:
        """Let the house have what the live book shows at a place, less what our orders took there."""
        if not live:
            self._taken.pop(place, None)
        wanted = max(0, live - self._taken.get(place, 0))
        missing = wanted - self._there(place)
        if missing > 0:
            self._grow(place, missing)
        elif missing < 0:
            self._shrink(place, -missing)

    def _grow(self, place: Place, lots: int) -> None:
        side, price = place
        stale = [p for p in self._shown() if p[0] == -side and (price - p[1]) * side >= 0]
        for crossed in stale:
            self._set(crossed, 0)  # a live book is never crossed: what stood there is gone
        tail = self._orders_at(place)[-1:]
        if tail and tail[0].account is self._house and not self._market.crosses(side, price):
            _stretch(tail[0], lots)
            return
        entered = self._enter(side, lots, price, rests=True)
        if entered.filled:
            self._taken[place] = self._taken.get(place, 0) + entered.filled

    def _shrink(self, place: Place, lots: int) -> None:
        """From the back of the queue: what is canceled was behind us as long as that can be."""
        queue = self._orders_at(place)
        first = next((n for n, o in enumerate(queue) if o.account is not self._house), len(queue))
        for number in range(len(queue) - 1, -1, -1):
            order = queue[number]
            if order.account is not self._house:
                continue
            gone = min(lots, order.left)
            if number < first < len(queue):
                self._foretold.append((self._exchange.now_ns + _SAME_NS, place, gone))
            if gone == order.left:
                self._exchange.matcher.finish(order, OrderStatus.CANCELED)
            else:
                _stretch(order, -gone)
            lots -= gone
            if not lots:
                return

    def _untold(self, place: Place, lots: int) -> int:
        """What of a trade the book's frames have not taken from in front of us already: they may come first."""
        now = self._exchange.now_ns
        kept = []
        for until, where, gone in self._foretold:
            if until < now:
                continue
            used = min(gone, lots) if where == place else 0
            lots -= used
            if gone > used:
                kept.append((until, where, gone - used))
        self._foretold = kept
        return lots

    def _enter(self, side: int, lots: int, price: int, *, rests: bool = False) -> PaperOrder:
        order = self._exchange.new_order(self._house, self._market, side, OrderType.LIMIT, lots, price)
        order.tif = TimeInForce.GTC if rests else TimeInForce.IOC
        self._exchange.matcher.trade(order)
        return order


def _stretch(order: PaperOrder, lots: int) -> None:
    """Make a resting order of the house larger or smaller where it stands."""
    assert order.level is not None
    order.size += lots
    order.level.total += lots
