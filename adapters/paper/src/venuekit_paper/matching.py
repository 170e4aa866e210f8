"""Matching: an incoming order meets the book, both sides settle, triggers fire; nothing here knows time or storage."""

from __future__ import annotations

from collections import defaultdict

from venuekit.adapter import OrderStatus, TimeInForce
from venuekit_paper import margin
from venuekit_paper.accounts import Account
from venuekit_paper.fees import Fees
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import LEVEL, ORDER, TRADE, Report

SELF_TRADE = "WOULD_SELF_TRADE"
NO_LIQUIDITY = "NO_LIQUIDITY"
NOT_REDUCING = "NOT_REDUCING"
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


class Matcher:
    """Trades orders against books, moves what they exchange, and reports each change in the order it happened."""

    def __init__(self, fees: Fees) -> None:
        self.fees = fees
        self.reports: list[Report] = []
        self.fill_number = 0
        #: The time of the command that runs.
        self.now_ns = 0
        #: Fees that the exchange has taken, by asset.
        self.taken: defaultdict[str, int] = defaultdict(int)
        #: Whether a margined position has changed since somebody last looked.
        self.margin_moved = False

    # -- holds

    def claim(self, order: PaperOrder) -> int:
        """What the unfilled part must hold, worst price and fee included; fees only on margin."""
        market = order.market
        if market.margined:
            if order.reduce_only:
                return 0
        elif order.side < 0:
            return (order.size - order.filled) * market.base_unit
        fees, left = self.fees, order.size - order.filled
        money = left * order.hold_price * market.unit
        if fees.charge is None:
            fee = -(-(order.fee_parts + money * fees.most) // fees.denominator) - order.fees
        else:
            fee = fees.most_of(market.scale, left, money)
        return fee if market.margined else money + fee

    def hold(self, order: PaperOrder) -> None:
        """Set aside what an order needs while it waits."""
        account, market = order.account, order.market
        if account.house:
            return
        order.holding = True
        order.held = self.claim(order)
        account.held[market.base if order.side < 0 and not market.margined else market.quote] += order.held
        if market.margined:
            self._reserve(order, order.size - order.filled)

    def release(self, order: PaperOrder) -> None:
        """Give back what it holds; nothing when it holds nothing."""
        if not order.holding:
            return
        order.holding = False
        account, market = order.account, order.market
        account.held[market.base if order.side < 0 and not market.margined else market.quote] -= order.held
        order.held = 0
        if market.margined:
            self._reserve(order, order.filled - order.size)

    @staticmethod
    def _reserve(order: PaperOrder, lots: int) -> None:
        """Count an order's lots among those that may enlarge the position, or no longer when negative."""
        market = order.market
        holding = order.account.holdings[market.id]
        if order.reduce_only:
            holding.reducing += 1 if lots > 0 else -1
            return
        money = lots * order.hold_price * market.unit
        if order.side > 0:
            holding.buys += money
        else:
            holding.sells += money
        margin.hold(order.account, market, holding)

    # -- what a taker would meet

    @staticmethod
    def reachable(market: Market, side: int, limit: int, lots: int, account: Account) -> tuple[int, int]:
        """Lots up to `lots` that could trade now at `limit` or better (0: any price), and the money for them.

        Own orders end the walk: self-trade prevention would cancel the rest there.
        """
        other = market.book.other(side)
        got = money = 0
        for key in reversed(other.keys):
            price = key * other.sign
            if limit and (price - limit) * side > 0:
                break
            maker = other.levels[key].head
            while maker is not None:
                if maker.account is account and not account.house:
                    return got, money * market.unit
                take = maker.size - maker.filled
                if take >= lots - got:
                    return lots, (money + (lots - got) * price) * market.unit
                got += take
                money += take * price
                maker = maker.behind
        return got, money * market.unit

    @staticmethod
    def affordable(market: Market, side: int, money: int) -> int:
        """Lots that `money` trades at the book's prices."""
        got = 0
        other = market.book.other(side)
        for price, total in other.depth(len(other.keys)):
            worth = price * market.unit
            take = min(total, money // worth)
            got += take
            money -= take * worth
            if take < total:
                break
        return got

    # -- trading

    def trade(self, order: PaperOrder) -> None:
        """Match an order that holds nothing, then rest what is left, or end it."""
        self.match(order)
        if order.filled == order.size:
            self.finish(order, OrderStatus.FILLED)
        elif order.why:
            self.finish(order, OrderStatus.CANCELED)
        elif order.at_market:
            order.why, order.reason = NO_LIQUIDITY, "There was nothing more to trade with."
            self.finish(order, OrderStatus.CANCELED)
        elif order.tif in _IMMEDIATE:
            order.reason = "Immediate or cancel: the rest could not trade."
            self.finish(order, OrderStatus.CANCELED)
        else:
            self.rest(order)

    def match(self, order: PaperOrder) -> None:
        """Trade with the other side until it is filled, its limit is reached, or it would meet its own account."""
        market, side, account = order.market, order.side, order.account
        other = market.book.other(side)
        keys, levels = other.keys, other.levels
        limit = 0 if order.at_market else order.price
        while keys and order.filled < order.size:
            level = levels[keys[-1]]
            if limit and (level.price - limit) * side > 0:
                return
            maker = level.head
            assert maker is not None, "an empty level leaves the book"
            if maker.account is account and not account.house:
                order.why, order.reason = SELF_TRADE, "The rest would have traded with an order of the same account."
                return
            lots, there = order.size - order.filled, maker.size - maker.filled
            lots = min(lots, there)
            level.total -= lots
            self.execute(order, maker, lots, level.price)

    def execute(self, taker: PaperOrder, maker: PaperOrder, lots: int, price: int) -> None:
        """One trade between two orders; the maker's level has been lowered already."""
        market = taker.market
        money = lots * price * market.unit
        fees = self.fees
        if fees.charge is None:
            taken, made = money * fees.taker, money * fees.maker
        else:
            taken, made = fees.of_trade(market.scale, lots, price)
        taker_fee = self._settle(taker, lots, money, taken)
        maker_fee = self._settle(maker, lots, money, made)
        market.last = price
        market.volume += lots
        market.moved = True
        self.fill_number += 1
        self.reports.append((TRADE, self.fill_number, market, taker, maker, lots, price, taker_fee, maker_fee))
        done = maker.filled == maker.size
        house = maker.account.house
        if not house and (market.margined or not done):
            self._lower(maker, lots)
        if done:
            self.finish(maker, OrderStatus.FILLED)
            return
        if not house:
            maker.status = OrderStatus.PARTIALLY_FILLED
            self.changed(maker)
        if market.watched:
            self.reports.append((LEVEL, market, maker.side, price, market.book.own(maker.side).total(price)))

    def _settle(self, order: PaperOrder, lots: int, money: int, fee_parts: int) -> int:
        """Move what one side of a trade exchanges; returns its fee, of which `fee_parts` are due."""
        account, market, quote = order.account, order.market, order.market.quote
        signed_lots, signed_money = (lots, money) if order.side > 0 else (-lots, -money)
        order.filled += lots
        order.traded += money
        holding = account.holdings[market.id]
        profit = holding.add(signed_lots, signed_money)
        fee = 0
        if not account.house:
            parts = order.fee_parts = order.fee_parts + fee_parts
            charged = -(-parts // self.fees.denominator)
            fee = charged - order.fees
            order.fees = charged
            self.taken[quote] += fee
            holding.fees += fee
        total = account.total
        if not market.margined:
            total[quote] -= signed_money + fee
            total[market.base] += signed_lots * market.base_unit
            return fee
        total[quote] += profit - fee
        self.margin_moved = True
        if not account.house:
            margin.hold(account, market, holding)
            if holding.reducing:
                self._trim(account, market)
        return fee

    def _lower(self, order: PaperOrder, lots: int) -> None:
        """Let go of what `lots`, just filled, held."""
        account, market = order.account, order.market
        claim = self.claim(order)
        account.held[market.base if order.side < 0 and not market.margined else market.quote] -= order.held - claim
        order.held = claim
        if market.margined and not order.reduce_only:
            self._reserve(order, -lots)

    def _trim(self, account: Account, market: Market) -> None:
        """Cancel reduce-only orders, newest first, that are more than what is left to reduce."""
        held = account.holdings[market.id].lots
        mine = [o for o in account.open.values() if o.reduce_only and o.market is market and (o.level or o.armed)]
        waiting = sum(o.size - o.filled for o in mine)
        for order in reversed(mine):
            if order.side * held < 0 and waiting <= abs(held):
                return
            waiting -= order.size - order.filled
            order.why, order.reason = NOT_REDUCING, "The position it would have reduced is smaller now."
            self.finish(order, OrderStatus.CANCELED)

    # -- states

    def rest(self, order: PaperOrder) -> None:
        """Put what is left on the book."""
        self.hold(order)
        market = order.market
        market.book.own(order.side).add(order)
        market.moved = True
        order.status = OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.OPEN
        self.changed(order)
        if market.watched:
            self.level_changed(order)

    def wait(self, order: PaperOrder) -> None:
        """Let an order wait for its trigger, off the book."""
        self.hold(order)
        order.market.arm(order)
        order.status = OrderStatus.PENDING_TRIGGER
        self.changed(order)

    def finish(self, order: PaperOrder, status: OrderStatus) -> None:
        """End an order: off the book, off the stops, its hold given back."""
        account = order.account
        if order.holding:
            self.release(order)
        if order.armed:
            order.market.unarm(order)
        if order.level is not None:
            self.unbook(order)
        order.status = status
        order.updated_ns = self.now_ns
        del account.open[order.number]
        if order.client_id is not None:
            del account.by_client_id[order.client_id]
        if not account.house:
            self.reports.append((ORDER, order, status, order.size, order.filled, order.traded, order.fees))

    def unbook(self, order: PaperOrder) -> None:
        """Take an order off the book."""
        market = order.market
        (market.book.bids if order.side > 0 else market.book.asks).remove(order)
        market.moved = True
        if market.watched:
            self.level_changed(order)

    def changed(self, order: PaperOrder, kind: int = ORDER) -> None:
        """Report an order's state as it is now."""
        order.updated_ns = self.now_ns
        if not order.account.house:
            self.reports.append((kind, order, order.status, order.size, order.filled, order.traded, order.fees))

    def level_changed(self, order: PaperOrder) -> None:
        """Report the total at an order's price."""
        market, side, price = order.market, order.side, order.price
        self.reports.append((LEVEL, market, side, price, market.book.own(side).total(price)))
