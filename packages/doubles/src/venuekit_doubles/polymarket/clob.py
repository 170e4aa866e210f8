"""The operator: takes orders in, lets the books match them, and tells what became of each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn, Protocol

from venuekit.adapter import Clock, NoLiquidity, OrderStatus, PostOnlyWouldCross, Side, TimeInForce
from venuekit_doubles.polymarket import refusals
from venuekit_doubles.polymarket.admission import Admission, Posted, Terms
from venuekit_doubles.polymarket.books import Books, house_order, id_of
from venuekit_doubles.polymarket.faults import Faults
from venuekit_doubles.polymarket.keys import ApiKey
from venuekit_doubles.polymarket.ledger import CASH, Ledger
from venuekit_doubles.polymarket.listings import MILLION, PRICE_ONE, Listed
from venuekit_doubles.polymarket.records import MakerPart, OrderRecord, OrderState, TradeRecord
from venuekit_doubles.polymarket.settlement import Later, Settlement
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import LEVEL, ORDER, TRADE, Report

_TIF = {"GTC": TimeInForce.GTC, "GTD": TimeInForce.GTD, "FOK": TimeInForce.FOK, "FAK": TimeInForce.IOC}
_IMMEDIATE = ("FOK", "FAK")
_SPACE = uuid.UUID("9c7b1c66-2b62-4b5f-bb0c-4c4f7c6a2d10")


class Listener(Protocol):
    """Whoever is told of what happens, in the order in which it happens."""

    def placed(self, order: OrderRecord) -> None:
        """An order was taken in."""

    def changed(self, order: OrderRecord) -> None:
        """An order was matched, or has ended."""

    def refused(self, order: OrderRecord, why: refusals.Refusal) -> None:
        """An order was signed as it should be, and not taken in all the same."""

    def killed(self, order: OrderRecord, why: str) -> None:
        """An order that could not trade at once is gone."""

    def traded(self, trade: TradeRecord) -> None:
        """Orders were matched."""

    def settled(self, trade: TradeRecord) -> None:
        """A trade got on, or failed."""

    def levels(self, market: Listed, changed: Mapping[tuple[int, int], str]) -> None:
        """The book changed, by side and price; with the id of an order that did it."""

    def ticked(self, market: Listed, before: str) -> None:
        """Prices keep another step now."""

    def resolved(self, market: Listed) -> None:
        """The outcome is known."""


class Clob:
    """Every order and trade there was. Used on the double's event loop only."""

    def __init__(
        self,
        markets: dict[str, Listed],
        ledger: Ledger,
        clock: Clock,
        later: Later,
        *,
        seed: int,
        settle_seconds: float | None,
        delay_seconds: float | None,
        faults: Faults,
    ) -> None:
        self.markets, self.ledger = markets, ledger
        self._clock = clock
        self._later = later
        self._delay_seconds = delay_seconds
        self.listeners: list[Listener] = []
        self.orders: dict[str, OrderRecord] = {}
        #: Those that were open when they were looked at last, and those that came since.
        self._open: list[OrderRecord] = []
        self.trades: dict[str, TradeRecord] = {}
        self.admission = Admission(markets)
        self._reports: list[Report] = []
        self._delayed: list[OrderRecord] = []
        self.settlement = Settlement(ledger, settle_seconds, later, self._settled, faults)
        self.books = Books(markets, seed, clock.now_ns(), self._reports.extend)
        self._reports.clear()
        for market in markets.values():
            market.changed_ns = self.books.now_ns

    def now_ns(self) -> int:
        """The venue's time."""
        return max(self._clock.now_ns(), self.books.now_ns)

    def pass_time(self) -> None:
        """Let orders expire whose time is over."""
        self.books.pass_time(self.now_ns())
        self._tell()

    def step(self, time_ns: int) -> None:
        """Let the simulated market make a move."""
        self.books.step(max(time_ns, self.books.now_ns))
        self._tell()

    # -- orders

    def post(self, posted: Posted, key: ApiKey) -> OrderRecord:
        """Take in what somebody signed. Raises Refusal."""
        self.admission.check_identity(posted, key)
        market, token = self.admission.market_of(posted.order.token)
        digest = self.admission.check_signature(posted, key, market)
        if digest in self.orders:
            raise refusals.duplicated(digest)
        if market.closed:
            raise refusals.bad(refusals.NOT_READY)
        terms = self.admission.terms(posted, digest, market, token)
        self.admission.check_times(posted, self.now_ns())
        order = self._record(terms, key, posted.order.maker, market, posted.order.side, posted)
        try:
            return self.submit(order)
        except refusals.Refusal as why:
            for listener in self.listeners:
                listener.refused(order, why)
            raise

    def _record(
        self, terms: Terms, key: ApiKey, wallet: str, market: Listed, side: Side, posted: Posted
    ) -> OrderRecord:
        return OrderRecord(
            id=terms.id,
            owner=key.address,
            api_key=key.key,
            wallet=wallet,
            market=market,
            token=terms.token,
            side=side,
            price=terms.price,
            size=terms.size,
            money=terms.money,
            type=posted.type,
            expiration=posted.order.expiration,
            post_only=posted.post_only,
            created_ns=self.now_ns(),
            salt=posted.order.salt,
        )

    def submit(self, order: OrderRecord) -> OrderRecord:
        """Enter an order that is otherwise in order. Raises Refusal."""
        lots, money, taken = self.takes(order)
        self._check_funds(order, taken)
        if taken and order.side is Side.BUY and money < MILLION:
            raise refusals.too_little_money(order.side.value, f"{money / MILLION:g}")
        self.orders[order.id] = order
        self._open.append(order)
        if taken and order.market.delay_seconds and not order.post_only:
            self._delay(order)
            return order
        try:
            self._enter(order, lots, taken)
        except refusals.Refusal:
            del self.orders[order.id]
            self._open.remove(order)
            raise
        return order

    def _delay(self, order: OrderRecord) -> None:
        order.state = OrderState.DELAYED
        self._delayed.append(order)
        for listener in self.listeners:
            listener.placed(order)
        if self._delay_seconds is not None:
            self._later(self._delay_seconds, lambda: self._release(order))

    def release_all(self) -> None:
        """Let every delayed order be entered now."""
        for order in list(self._delayed):
            self._release(order)

    def _release(self, order: OrderRecord) -> None:
        if order not in self._delayed:
            return
        self._delayed.remove(order)
        order.state = OrderState.LIVE
        try:
            lots, _, taken = self.takes(order)
            self._check_funds(order, taken)
            self._enter(order, lots, taken, told=True)
        except refusals.Refusal:
            if order.state is OrderState.LIVE:
                order.state = OrderState.INVALID
                for listener in self.listeners:
                    listener.changed(order)

    def _enter(self, order: OrderRecord, lots: int, taken: int, *, told: bool = False) -> None:
        tif = _TIF[order.type]
        if order.type in _IMMEDIATE and not (lots and taken):
            self._killed(order, tif)
        try:
            order.number = self.books.place(order, lots, tif, self.now_ns())
        except PostOnlyWouldCross as error:
            raise refusals.bad(refusals.CROSSES) from error
        except NoLiquidity:
            self._killed(order, tif)
        if order.type in _IMMEDIATE and not any(report[0] == TRADE for report in self._reports):
            self._killed(order, tif)  # it would have traded with its own owner
        self._tell(None if told else order)

    def _killed(self, order: OrderRecord, tif: TimeInForce) -> NoReturn:
        why = refusals.NOT_FILLED_FOK if tif is TimeInForce.FOK else refusals.NOT_FILLED_FAK
        order.state = OrderState.CANCELED
        for listener in self.listeners:
            listener.killed(order, why)
        raise refusals.bad(why)

    def takes(self, order: OrderRecord) -> tuple[int, int, int]:
        """Shares to enter an order with, what it is worth, and what of it would trade at once."""
        bids, asks = self.books.levels(order.market, order.token)
        buys = order.side is Side.BUY
        shares, money = 0, 0
        for price, there in asks if buys else bids:
            if (price - order.price) * order.side.sign > 0:
                break
            left = order.size - shares
            if order.money is not None:
                left = (order.money - money) * PRICE_ONE // price
            taken = min(there, left)
            shares += taken
            money += taken * price // PRICE_ONE
            if taken == left:
                break
        if order.money is None:
            return order.size, order.size * order.price // PRICE_ONE, shares
        short = order.type == "FOK" and order.money - money > 1
        return (0 if short else shares), order.money, shares

    def _check_funds(self, order: OrderRecord, taken: int) -> None:
        buys = order.side is Side.BUY
        asset = CASH if buys else order.asset
        amount = (order.money if order.money is not None else order.reserves) if buys else order.left
        fee = order.market.fee(taken, order.price) if buys else 0
        balance, matched = self.ledger.balance(order.wallet, asset), self.ledger.promised(order.wallet, asset)
        waiting = sum(
            o.reserves
            for o in self.open_orders()
            if o.wallet == order.wallet and o is not order and (CASH if o.side is Side.BUY else o.asset) == asset
        )
        if balance - matched - waiting < amount + fee:
            raise refusals.not_enough_balance(balance, amount + fee, matched, waiting)
        spender, _ = order.market.contract
        allowed = self.ledger.allowance(order.wallet, asset, spender)
        if allowed < amount + fee:
            raise refusals.not_enough_allowance(spender, allowed, amount + fee)

    def open_orders(self) -> list[OrderRecord]:
        """Every order that may still trade, oldest first."""
        self._open = [order for order in self._open if order.state.is_open]
        return list(self._open)

    def cancel(self, order: OrderRecord) -> str:
        """Cancel an order: why not, or nothing."""
        if order.state is OrderState.DELAYED:
            return refusals.DELAYED_TO_CANCEL
        if not order.state.is_open:
            return refusals.NOT_FOUND_TO_CANCEL
        self.books.cancel(order, self.now_ns())
        self._tell()
        return ""

    def close(self, market: Listed, payouts: tuple[Decimal, Decimal]) -> None:
        """The outcome is known: every order is canceled."""
        now = self.now_ns()
        self.books.close(market, now)
        market.payouts, market.resolved_ns = payouts, now
        self._tell(ended=OrderState.RESOLVED)
        waiting = [o for o in self._delayed if o.market is market]
        self._delayed = [o for o in self._delayed if o.market is not market]
        for listener in self.listeners:
            for order in waiting:
                order.state = OrderState.RESOLVED
                listener.changed(order)
            listener.resolved(market)

    # -- what happened

    def _tell(self, new: OrderRecord | None = None, ended: OrderState | None = None) -> None:
        """Write down what the books report, and tell everybody; `ended` says why orders are canceled."""
        reports = self._reports[:]
        self._reports.clear()
        trades: list[TradeRecord] = []
        changed: dict[str, OrderRecord] = {}
        levels: dict[Listed, dict[tuple[int, int], str]] = {}
        for report in reports:
            if report[0] == TRADE:
                trades = self._matched(report, trades)
            elif report[0] == ORDER and (order := self.orders.get(id_of(report[1]))) is not None:
                state = _STATES.get(report[2], OrderState.LIVE)
                order.state = ended if ended is not None and state is OrderState.CANCELED else state
                changed[order.id] = order
        for report in reports:
            if report[0] == LEVEL:
                _, book, side, price, _ = report
                market = self.markets[book.id]
                market.changed_ns = self.now_ns()
                levels.setdefault(market, {})[side, price] = _by(changed, new)
        for trade in trades:
            self.settlement.begin(trade)
        if new is not None and new.state is not OrderState.CANCELED:
            changed.pop(new.id, None)  # that it was placed tells all of it
        for listener in self.listeners:
            if new is not None:
                listener.placed(new)
            for trade in trades:
                listener.traded(trade)
            for order in changed.values():
                listener.changed(order)
            for market, sides in levels.items():
                listener.levels(market, sides)

    def _matched(self, report: Report, trades: list[TradeRecord]) -> list[TradeRecord]:
        _, number, book, taker, maker, lots, price, _, _ = report
        market, now = self.markets[book.id], self.now_ns()
        orders = []
        for paper in (taker, maker):
            order = self._order_of(paper, market, price)
            order.matched += lots
            orders.append(order)
        last = trades[-1] if trades else None
        if last is None or last.taker is not orders[0] or last.book_price != price:
            trade = TradeRecord(
                id=str(uuid.uuid5(_SPACE, str(number))),
                taker=orders[0],
                makers=[],
                book_price=price,
                matched_ns=now,
                updated_ns=now,
            )
            self.trades[trade.id] = trade
            trades = [*trades, last := trade]
        last.makers.append(MakerPart(orders[1], lots))
        last.fee = market.fee(last.size, price)
        for order in orders:
            if last.id not in order.trades:
                order.trades.append(last.id)
        return trades

    def _order_of(self, paper: PaperOrder, market: Listed, price: int) -> OrderRecord:
        known = self.orders.get(id_of(paper))
        if known is not None:
            return known
        order = house_order(paper, market, self.now_ns())
        if not paper.price:
            order.price = market.book_price(order.token, price)
        return order

    def _settled(self, trade: TradeRecord) -> None:
        trade.updated_ns = self.now_ns()
        for listener in self.listeners:
            listener.settled(trade)

    def trades_of(self, owner: str) -> list[TradeRecord]:
        """An owner's trades, newest first."""
        return [t for t in reversed(self.trades.values()) if t.involves(owner)]


_STATES = {
    OrderStatus.FILLED: OrderState.MATCHED,
    OrderStatus.CANCELED: OrderState.CANCELED,
    OrderStatus.EXPIRED: OrderState.EXPIRED,
}


def _by(changed: Mapping[str, OrderRecord], new: OrderRecord | None) -> str:
    return new.id if new is not None else next(iter(changed), "0x" + "0" * 64)
