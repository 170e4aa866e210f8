"""Matching: an incoming order meets the book, trades settle, triggers fire; nothing here knows time or storage."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from venuekit.adapter import InstrumentKind, Liquidity, OrderStatus, OrderType
from venuekit_paper.accounts import Account, fee_of, margin_of
from venuekit_paper.book import Book
from venuekit_paper.fees import Fees, shares
from venuekit_paper.orders import PaperOrder
from venuekit_paper.scale import Scale

SELF_TRADE = "WOULD_SELF_TRADE"
NO_LIQUIDITY = "NO_LIQUIDITY"
NO_FUNDS = "INSUFFICIENT_FUNDS"


class Market:
    """One instrument: its rules, its book, its waiting stops, its last price."""

    __slots__ = ("book", "last", "mark", "scale", "sequence", "stops_down", "stops_up", "volume")

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.book = Book()
        #: Buy stops by rising trigger, sell stops by falling trigger (negated), each with the order's number.
        self.stops_up: list[tuple[int, int, PaperOrder]] = []
        self.stops_down: list[tuple[int, int, PaperOrder]] = []
        self.last = 0
        self.mark = 0
        self.volume = 0
        #: Counts book changes.
        self.sequence = 0


class Matcher:
    """Trades orders against books. Tells `traded` of each execution and `changed` of each order it touched."""

    def __init__(
        self,
        fees: Fees,
        traded: Callable[[Market, PaperOrder, PaperOrder, int, int], None],
        changed: Callable[[PaperOrder], None],
        level: Callable[[Market, int, int], None],
    ) -> None:
        self.fees = fees
        self._traded = traded
        self._changed = changed
        self._level = level

    # -- what a taker would meet

    @staticmethod
    def reachable(market: Market, side: int, limit: int, lots: int, account: Account) -> tuple[int, int]:
        """Lots up to `lots` that could trade now at `limit` or better (0: any price), and the money for them.

        Own orders end the walk: self-trade prevention would cancel the rest there.
        """
        got = money = 0
        other = market.book.other(side)
        for key in other.keys:
            price = other.sign * key
            if limit and (price - limit) * side > 0:
                break
            for order in other.levels[key]:
                if not order.resting:
                    continue
                if order.account is account and not account.house:
                    return got, money
                take = min(lots - got, order.left)
                got += take
                money += take * price * market.scale.unit
                if got == lots:
                    return got, money
        return got, money

    @staticmethod
    def affordable(market: Market, side: int, money: int) -> int:
        """Lots that `money` trades at the book's prices."""
        got = 0
        other = market.book.other(side)
        for key in other.keys:
            worth = other.sign * key * market.scale.unit
            take = min(other.totals[key], money // worth)
            got += take
            money -= take * worth
            if take < other.totals[key]:
                break
        return got

    @staticmethod
    def crosses(market: Market, side: int, price: int) -> bool:
        """Whether a limit at `price` would trade at once."""
        other = market.book.other(side)
        return bool(other.keys) and (price - other.sign * other.keys[0]) * side >= 0

    # -- trading

    def match(self, market: Market, order: PaperOrder) -> None:
        """Trade `order` with the other side until it is filled, the limit is reached, or it would meet itself."""
        other = market.book.other(order.side)
        side, limit = order.side, order.price if not self._at_market(order) else 0
        while order.filled < order.size:
            resting = other.head()
            if resting is None:
                return
            price = resting.price
            if limit and (price - limit) * side > 0:
                return
            if resting.account is order.account and not order.account.house:
                order.why, order.reason = SELF_TRADE, "The rest would have traded with an order of the same account."
                return
            lots = min(order.size - order.filled, resting.size - resting.filled)
            other.reduce(other.sign * price, lots)
            self.settle(market, order, lots, price, Liquidity.TAKER)
            self.settle(market, resting, lots, price, Liquidity.MAKER)
            if resting.filled == resting.size:
                resting.resting = False
                self.finish(market, resting, OrderStatus.FILLED)
            else:
                resting.status = OrderStatus.PARTIALLY_FILLED
                self._changed(resting)
            market.last = price
            market.volume += lots
            self._traded(market, order, resting, lots, price)
            self._level(market, -side, price)

    @staticmethod
    def _at_market(order: PaperOrder) -> bool:
        if order.type is OrderType.BRACKET:
            return order.triggered
        return order.type in (OrderType.MARKET, OrderType.STOP)

    def settle(self, market: Market, order: PaperOrder, lots: int, price: int, liquidity: Liquidity) -> None:
        """Move what one side of a trade exchanges, and lower what it holds."""
        scale, account = market.scale, order.account
        money = lots * price * scale.unit
        before = order.size - order.filled
        order.filled += lots
        order.traded += money
        if account.house:
            return
        instrument = scale.instrument
        fee = fee_of(money, self.fees.maker if liquidity is Liquidity.MAKER else self.fees.taker)
        order.fees += fee
        holding = account.holding(instrument.id)
        profit = holding.add(lots * order.side, money * order.side)
        holding.fees += fee
        if instrument.is_derivative:
            account.move(instrument.settle, profit - fee)
            self._rehold(order, -(-order.held * (before - lots) // before))
            margin = margin_of(holding.cost, scale)
            account.held[instrument.settle] = account.held.get(instrument.settle, 0) + margin - holding.margin
            holding.margin = margin
            return
        account.move(instrument.quote, -money * order.side - fee)
        if instrument.kind is InstrumentKind.SPOT:
            account.move(instrument.base, lots * scale.base_unit * order.side)
        else:
            account.move(shares(instrument.id), lots * order.side)
        left = before - lots
        if order.price and order.resting and not self._at_market(order):
            self._rehold(order, self.fees.hold_left(order))
        else:
            self._rehold(order, -(-order.held * left // before))

    @staticmethod
    def _rehold(order: PaperOrder, amount: int) -> None:
        if order.held_asset:
            order.account.held[order.held_asset] += amount - order.held
            order.held = amount

    def rest(self, market: Market, order: PaperOrder) -> None:
        """Put what is left on the book."""
        market.book.own(order.side).add(order)
        order.status = OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.OPEN
        if order.held_asset and not market.scale.instrument.is_derivative:
            self._rehold(order, self.fees.hold_left(order))
        self._changed(order)
        self._level(market, order.side, order.price)

    def finish(self, market: Market, order: PaperOrder, status: OrderStatus) -> None:
        """End an order: off the book, off the stops, its hold given back."""
        if order.resting:
            market.book.own(order.side).remove(order)
            self._level(market, order.side, order.price)
        self._unarm(market, order)
        self._rehold(order, 0)
        order.status = status
        order.account.open.pop(order.number, None)
        self._changed(order)

    # -- triggers

    def arm(self, market: Market, order: PaperOrder) -> None:
        """Let a stop wait for its price."""
        if order.side > 0:
            insort(market.stops_up, (order.stop, order.number, order), key=_stop_key)
        else:
            insort(market.stops_down, (-order.stop, order.number, order), key=_stop_key)

    @staticmethod
    def _unarm(market: Market, order: PaperOrder) -> None:
        if not order.stop or order.triggered:
            return
        waiting = market.stops_up if order.side > 0 else market.stops_down
        for place, entry in enumerate(waiting):
            if entry[2] is order:
                del waiting[place]
                return

    def due(self, market: Market) -> PaperOrder | None:
        """The next stop whose price the last trade has reached, disarmed; None when there is none."""
        last = market.last
        if not last:
            return None
        if market.stops_up and market.stops_up[0][0] <= last:
            order = market.stops_up.pop(0)[2]
        elif market.stops_down and -market.stops_down[0][0] >= last:
            order = market.stops_down.pop(0)[2]
        else:
            return None
        order.triggered = True
        return order


def _stop_key(entry: tuple[int, int, PaperOrder]) -> tuple[int, int]:
    return entry[0], entry[1]
