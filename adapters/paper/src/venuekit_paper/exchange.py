"""The exchange: instruments, books, accounts; synchronous, without a clock, every command carries its time."""

from __future__ import annotations

import difflib
import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    Balance,
    BookDelta,
    CancelResult,
    ClientOrderIdReused,
    Event,
    Fill,
    FillEvent,
    Instrument,
    InstrumentEvent,
    InstrumentNotTrading,
    InstrumentStatus,
    InvalidSize,
    InvalidValue,
    Level,
    LimitOrder,
    Liquidity,
    MarketOrder,
    NoLiquidity,
    NotReducing,
    Order,
    OrderAlreadyDone,
    OrderBook,
    OrderEvent,
    OrderEventKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
    PostOnlyWouldCross,
    Side,
    Ticker,
    TimeInForce,
    Trade,
    TradeEvent,
    Transfer,
    TransferKind,
    UnknownInstrument,
    UnknownOrder,
    VenuekitError,
    iso,
    minus,
    normal,
    plain,
    ratio,
    times,
)
from venuekit_paper.accounts import Account, fee_of
from venuekit_paper.fees import Fees, FeeSchedule, shares
from venuekit_paper.history import History
from venuekit_paper.matching import NO_FUNDS, NO_LIQUIDITY, Market, Matcher
from venuekit_paper.orders import PaperOrder, to_model
from venuekit_paper.scale import Scale, asset_digits, out

_DAY_NS = 86_400_000_000_000
_TRADES_KEPT = 1_000
S = OrderStatus
_KINDS = {
    S.OPEN: OrderEventKind.ACCEPTED,
    S.PENDING_TRIGGER: OrderEventKind.ACCEPTED,
    S.PARTIALLY_FILLED: OrderEventKind.PARTIALLY_FILLED,
    S.FILLED: OrderEventKind.FILLED,
    S.CANCELED: OrderEventKind.CANCELED,
    S.EXPIRED: OrderEventKind.EXPIRED,
}


class Exchange:
    """A deterministic exchange. The same commands in the same order give the same state, to the last digit."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        fees: FeeSchedule,
        *,
        venue: str = "paper",
        history: History | None = None,
    ) -> None:
        self.venue = venue
        self.places = asset_digits(instruments)
        self.history = history or History(None)
        self.markets: dict[str, Market] = {}
        self._aliases: dict[str, str] = {}
        for i in instruments:
            self.markets[i.id] = Market(Scale(i, self.places))
            if i.kind.value == "BINARY_OUTCOME":
                self.places[shares(i.id)] = self.markets[i.id].scale.lot_digits
            if i.alias:
                self._aliases[i.alias] = i.id
        self.fees = Fees(fees)
        self.matcher = Matcher(self.fees, self._on_trade, self._on_change, self._on_level)
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, PaperOrder] = {}
        self.number = 0
        self.fill_number = 0
        self.transfer_number = 0
        self.now_ns = 0
        self.tape: dict[str, deque[Trade]] = {i: deque(maxlen=_TRADES_KEPT) for i in self.markets}
        self._expiries: list[tuple[int, int]] = []
        self.listener: Callable[[Event], None] | None = None
        #: Instruments whose book changes somebody wants to hear of.
        self.watched: set[str] = set()
        #: Called with instrument, price, lots and time of every trade, house or not.
        self.on_trade: Callable[[str, int, int, int], None] | None = None

    # -- what the matcher tells

    def _on_trade(self, market: Market, taker: PaperOrder, maker: PaperOrder, lots: int, price: int) -> None:
        self.fill_number += 1
        scale = market.scale
        if self.on_trade is not None:
            self.on_trade(scale.instrument.id, price, lots, self.now_ns)
        if self.listener is None and taker.account.house and maker.account.house:
            return
        shown_price, shown_size = scale.price_out(price), scale.size_out(lots)
        side = Side.BUY if taker.side > 0 else Side.SELL
        trade = Trade(
            id=str(self.fill_number),
            venue=self.venue,
            instrument=scale.instrument.id,
            price=shown_price,
            size=shown_size,
            taker_side=side,
            time_ns=self.now_ns,
        )
        self.tape[scale.instrument.id].append(trade)
        for order, liquidity in ((taker, Liquidity.TAKER), (maker, Liquidity.MAKER)):
            if not order.account.house:
                self._on_fill(order, lots, price, liquidity)
        if self.listener is not None:
            self.listener(TradeEvent(venue=self.venue, instrument=trade.instrument, time_ns=self.now_ns, trade=trade))

    def _on_fill(self, order: PaperOrder, lots: int, price: int, liquidity: Liquidity) -> None:
        scale = order.scale
        order.account.holding(scale.instrument.id).updated_ns = self.now_ns
        rate = self.fees.maker if liquidity is Liquidity.MAKER else self.fees.taker
        fill = Fill(
            id=f"{self.fill_number}{'t' if liquidity is Liquidity.TAKER else 'm'}",
            venue=self.venue,
            account=order.account.name,
            instrument=scale.instrument.id,
            venue_order_id=str(order.number),
            client_order_id=order.client_id,
            side=Side.BUY if order.side > 0 else Side.SELL,
            price=scale.price_out(price),
            size=scale.size_out(lots),
            fee=out(fee_of(lots * price * scale.unit, rate), scale.quote_digits),
            fee_asset=scale.instrument.settle,
            liquidity=liquidity,
            time_ns=self.now_ns,
        )
        self.history.add_fill(self.fill_number, fill)
        if self.listener is not None:
            self.listener(FillEvent(venue=self.venue, instrument=fill.instrument, time_ns=self.now_ns, fill=fill))

    def _on_change(self, order: PaperOrder) -> None:
        if order.account.house:
            if order.status in (S.FILLED, S.CANCELED):
                self.orders.pop(order.number, None)
            return
        order.updated_ns = self.now_ns
        done = order.status not in (S.OPEN, S.PARTIALLY_FILLED, S.PENDING_TRIGGER)
        if not done and self.listener is None:
            return
        model = to_model(order, self.venue)
        if done:
            self.history.add_order(model)
            self.orders.pop(order.number, None)
            if order.client_id is not None:
                order.account.by_client_id.pop(order.client_id, None)
        if self.listener is not None:
            self.listener(
                OrderEvent(
                    venue=self.venue,
                    instrument=model.instrument,
                    time_ns=self.now_ns,
                    kind=_KINDS.get(order.status, OrderEventKind.AMENDED),
                    order=model,
                )
            )

    def _on_level(self, market: Market, side: int, price: int) -> None:
        market.sequence += 1
        if self.listener is None or market.scale.instrument.id not in self.watched:
            return
        own = market.book.own(side)
        level = Level(market.scale.price_out(price), market.scale.size_out(own.totals.get(own.sign * price, 0)))
        self.listener(
            BookDelta(
                venue=self.venue,
                instrument=market.scale.instrument.id,
                time_ns=self.now_ns,
                sequence=market.sequence,
                bids=(level,) if side > 0 else (),
                asks=(level,) if side < 0 else (),
            )
        )

    # -- accounts

    def open_account(
        self, account: str, deposits: Mapping[str, Decimal], time_ns: int, *, house: bool = False
    ) -> Account:
        """Make an account with its first deposits; one that exists is left as it is."""
        if account not in self.accounts:
            self.accounts[account] = Account(account, self.places, house=house)
            for asset, amount in deposits.items():
                self.deposit(account, asset, amount, time_ns)
        return self.accounts[account]

    def deposit(self, account: str, asset: str, amount: Decimal, time_ns: int) -> Transfer:
        """Put money in."""
        self._tick(time_ns)
        self.places.setdefault(asset, 8)
        self.accounts[account].move(asset, int(amount.scaleb(self.places[asset])))
        return self._transfer(account, TransferKind.DEPOSIT, asset, amount, None)

    def _transfer(
        self, account: str, kind: TransferKind, asset: str, amount: Decimal, instrument: str | None
    ) -> Transfer:
        self.transfer_number += 1
        transfer = Transfer(
            id=str(self.transfer_number),
            venue=self.venue,
            account=account,
            kind=kind,
            asset=asset,
            amount=amount,
            time_ns=self.now_ns,
            instrument=instrument,
        )
        self.history.add_transfer(self.transfer_number, transfer)
        return transfer

    def _account(self, name: str) -> Account:
        return self.accounts[name]

    def market(self, instrument: str) -> Market:
        """A market by id or alias. Raises UnknownInstrument."""
        found = self.markets.get(instrument) or self.markets.get(self._aliases.get(instrument, ""))
        if found is None:
            near = difflib.get_close_matches(instrument.upper(), [*self.markets, *self._aliases], n=3, cutoff=0.4)
            raise UnknownInstrument(
                f"No instrument {instrument[:60]!r} on the paper exchange.",
                fix=f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(self.markets))}.",
                field="instrument",
                details={"near": near},
            )
        return found

    def _tick(self, time_ns: int) -> None:
        self.now_ns = max(self.now_ns, time_ns)

    # -- orders

    def place(self, account: str, request: OrderRequest, time_ns: int) -> Order:
        """Place an order; the same client order id with the same order returns the existing one.

        Raises:
            UsageError: price, size or id. Rejected: funds, post-only, reduce-only, status, liquidity.
        """
        self.advance(time_ns)
        owner = self._account(account)
        market = self.market(request.instrument)
        if request.client_order_id is not None:
            existing = self._existing(owner, request)
            if existing is not None:
                return existing
        order = self._accept(owner, market, request)
        self._enter(market, order)
        self._triggers(market)
        return to_model(order, self.venue)

    def _existing(self, owner: Account, request: OrderRequest) -> Order | None:
        known = owner.by_client_id.get(request.client_order_id or "")
        if known is not None:
            if known.matches(request):
                return to_model(known, self.venue)
            raise self._reused(request)
        past = self.history.order_by_client_id(owner.name, request.client_order_id or "")
        if past is None:
            return None
        fields = ("side", "type", "time_in_force", "quote_size", "price", "stop_price", "expires_at_ns", "reduce_only")
        same = past.instrument == self.market(request.instrument).scale.instrument.id and all(
            getattr(request, f, None) == getattr(past, f) for f in fields
        )
        if same and (past.quote_size is not None or past.size == request.size):
            return past
        raise self._reused(request)

    @staticmethod
    def _reused(request: OrderRequest) -> ClientOrderIdReused:
        return ClientOrderIdReused(
            f"client_order_id {request.client_order_id} belongs to another order.", field="client_order_id"
        )

    def _accept(self, owner: Account, market: Market, request: OrderRequest) -> PaperOrder:
        """Check, hold, and make the order; raising leaves no trace."""
        scale, side = market.scale, request.side.sign
        instrument = scale.instrument
        limit = isinstance(request, LimitOrder)
        post_only = isinstance(request, LimitOrder) and request.post_only
        if instrument.status is not InstrumentStatus.TRADING and not (
            instrument.status is InstrumentStatus.POST_ONLY and post_only
        ):
            raise InstrumentNotTrading(f"{instrument.id} is {instrument.status.value}.", field="instrument")
        expires_ns = getattr(request, "expires_at_ns", None)
        if expires_ns is not None and expires_ns <= self.now_ns:
            raise InvalidValue(
                f"expires_at {iso(expires_ns)} has passed; it is {iso(self.now_ns)}.",
                field="expires_at",
                details={"accepted": f"a time after {iso(self.now_ns)}"},
            )
        price = scale.price_in(request.price) if hasattr(request, "price") else 0
        stop = scale.price_in(request.stop_price, "stop_price") if hasattr(request, "stop_price") else 0
        lots = self._lots(market, request)
        self._check_notional(market, request, price or stop, lots)
        if request.reduce_only:
            self._check_reducing(owner, scale, side, lots)
        if post_only and self.matcher.crosses(market, side, price):
            raise PostOnlyWouldCross(
                f"A post-only {request.side.value} at {plain(request.price)} would trade at once.",  # type: ignore[union-attr]
                fix="Use a price that does not reach the other side, or leave post_only out.",
                field="price",
            )
        immediate = isinstance(request, MarketOrder) or (
            limit and request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        )
        got, money = self.matcher.reachable(market, side, price, lots, owner) if immediate else (0, 0)
        fok = request.time_in_force is TimeInForce.FOK
        if (isinstance(request, MarketOrder) and not got) or (fok and got < lots):
            raise NoLiquidity(
                f"{plain(scale.size_out(got))} of {plain(scale.size_out(lots))} could trade now.",
                fix="Use a smaller size, or a limit order that may rest.",
                field="size",
            )
        asset, amount = self.fees.to_hold(owner, scale, side, lots, price or stop or market.last)
        if isinstance(request, MarketOrder) and (side > 0 or instrument.is_derivative):
            average = -(-money // (got * scale.unit))
            asset, amount = self.fees.to_hold(owner, scale, side, got, average)
        if not owner.house:
            owner.hold(asset, amount)
        self.number += 1
        order = PaperOrder(self.number, owner, scale, side, request.type, lots, price, self.now_ns)
        order.stop, order.tif, order.post_only = stop, request.time_in_force, post_only
        order.reduce_only, order.client_id = request.reduce_only, request.client_order_id
        order.quote_size = getattr(request, "quote_size", None)
        order.expires_ns = expires_ns
        if not owner.house:
            order.held, order.held_asset = amount, asset
            owner.open[order.number] = order
            if order.client_id is not None:
                owner.by_client_id[order.client_id] = order
        self.orders[order.number] = order
        until = (self.now_ns // _DAY_NS + 1) * _DAY_NS if order.tif is TimeInForce.DAY else order.expires_ns
        if until is not None:
            heapq.heappush(self._expiries, (until, order.number))
        return order

    def _lots(self, market: Market, request: OrderRequest) -> int:
        if request.size is not None:
            return market.scale.size_in(request.size)
        assert isinstance(request, MarketOrder)
        assert request.quote_size is not None
        lots = self.matcher.affordable(market, request.side.sign, market.scale.money_in(request.quote_size))
        if lots <= 0:
            raise NoLiquidity(
                f"{plain(request.quote_size)} {market.scale.instrument.quote} buys less than one lot now.",
                fix="Use a larger quote_size.",
                field="quote_size",
            )
        return lots

    @staticmethod
    def _check_notional(market: Market, request: OrderRequest, price: int, lots: int) -> None:
        least = market.scale.instrument.min_notional
        at = price or market.last
        if least is not None and at and at * lots * market.scale.unit < market.scale.money_in(least):
            raise InvalidSize(
                f"The order is worth less than {plain(least)} {market.scale.instrument.quote}.",
                field="size" if request.size is not None else "quote_size",
                details={"min_notional": plain(least)},
            )

    @staticmethod
    def _check_reducing(owner: Account, scale: Scale, side: int, lots: int) -> None:
        held = owner.lots(scale.instrument.id)
        waiting = sum(o.left for o in owner.open.values() if o.reduce_only and o.side == side and o.scale is scale)
        if held * side >= 0 or lots + waiting > abs(held):
            raise NotReducing(
                f"The position in {scale.instrument.id} is {plain(scale.size_out(held))}; the order would not only reduce it.",
                fix="Use a smaller size, the other side, or leave reduce_only out.",
                field="reduce_only",
            )

    def _enter(self, market: Market, order: PaperOrder) -> None:
        if order.type in (OrderType.STOP, OrderType.STOP_LIMIT):
            order.status = S.PENDING_TRIGGER
            self.matcher.arm(market, order)
            self._on_change(order)
            return
        if order.type is OrderType.BRACKET:
            self.matcher.arm(market, order)
        self._trade(market, order)

    def _trade(self, market: Market, order: PaperOrder) -> None:
        """Match, then rest or end what is left."""
        self.matcher.match(market, order)
        if not order.left:
            self.matcher.finish(market, order, S.FILLED)
        elif order.why or not order.price or (order.type is OrderType.BRACKET and order.triggered):
            if not order.why:
                order.why, order.reason = NO_LIQUIDITY, "There was nothing more to trade with."
            self.matcher.finish(market, order, S.CANCELED)
        elif order.tif in (TimeInForce.IOC, TimeInForce.FOK):
            order.reason = "Immediate or cancel: the rest could not trade."
            self.matcher.finish(market, order, S.CANCELED)
        else:
            self.matcher.rest(market, order)

    def _triggers(self, market: Market) -> None:
        while (order := self.matcher.due(market)) is not None:
            if order.type is OrderType.BRACKET and order.resting:
                market.book.own(order.side).remove(order, for_good=False)
                self._on_level(market, order.side, order.price)
            elif order.type is OrderType.STOP and not self._afford(market, order):
                continue
            self._trade(market, order)

    def _afford(self, market: Market, order: PaperOrder) -> bool:
        """A triggered stop trades at the book's prices, which may be worse than its stop: it must still be paid."""
        if order.account.house or (order.side < 0 and not market.scale.instrument.is_derivative):
            return True
        got, money = self.matcher.reachable(market, order.side, 0, order.left, order.account)
        if not got:
            return True
        average = -(-money // (got * market.scale.unit))
        asset, amount = self.fees.to_hold(order.account, market.scale, order.side, got, average)
        if amount > order.held:
            try:
                order.account.hold(asset, amount - order.held)
            except VenuekitError as error:
                order.why, order.reason = NO_FUNDS, error.message
                self.matcher.finish(market, order, S.CANCELED)
                return False
            order.held = amount
        return True

    def _find(self, account: str, ref: OrderRef) -> PaperOrder:
        owner = self._account(account)
        found = owner.by_client_id.get(ref.client_order_id) if ref.client_order_id else None
        if found is None and ref.venue_order_id is not None and ref.venue_order_id.isascii():
            found = owner.open.get(int(ref.venue_order_id)) if ref.venue_order_id.isdigit() else None
        if found is not None:
            return found
        past = self._past(account, ref)
        raise OrderAlreadyDone(f"Order {past.id} is {past.status.value}.", order_id=past.id)

    def _past(self, account: str, ref: OrderRef) -> Order:
        past = None
        if ref.client_order_id:
            past = self.history.order_by_client_id(account, ref.client_order_id)
        if past is None and ref.venue_order_id:
            past = self.history.order(account, ref.venue_order_id)
        if past is None:
            shown = ref.client_order_id or ref.venue_order_id or ""
            raise UnknownOrder(f"No order {shown[:60]!r} in account {account}.", field="order_id")
        return past

    def cancel(self, account: str, ref: OrderRef, time_ns: int) -> Order:
        """Cancel an open order. Raises UnknownOrder, OrderAlreadyDone."""
        self.advance(time_ns)
        order = self._find(account, ref)
        order.reason = "canceled by the account"
        self.matcher.finish(self.markets[order.scale.instrument.id], order, S.CANCELED)
        return to_model(order, self.venue)

    def cancel_all(self, account: str, instrument: str | None, time_ns: int) -> list[CancelResult]:
        """Cancel every open order of an account, conditional ones too."""
        self.advance(time_ns)
        only = None if instrument is None else self.market(instrument).scale
        results = []
        for order in list(self._account(account).open.values()):
            if only is None or order.scale is only:
                order.reason = "canceled with all others"
                self.matcher.finish(self.markets[order.scale.instrument.id], order, S.CANCELED)
                results.append(CancelResult(OrderRef(str(order.number), order.client_id, order.scale.instrument.id)))
        return results

    def amend(
        self,
        account: str,
        ref: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
        time_ns: int,
    ) -> Order:
        """Change an open order. A smaller size at the same price keeps its place in the queue; all else loses it.

        Raises:
            UnknownOrder, OrderAlreadyDone, InvalidPrice, InvalidSize, InsufficientFunds, PostOnlyWouldCross.
        """
        from venuekit_paper.amending import amend  # noqa: PLC0415 - a room of its own, which needs this one

        self.advance(time_ns)
        order = self._find(account, ref)
        market = self.markets[order.scale.instrument.id]
        amend(self, market, order, size, price, stop_price)
        self._triggers(market)
        return to_model(order, self.venue)

    # -- time, marks, status

    def advance(self, time_ns: int) -> None:
        """Let time pass: orders whose time is over expire."""
        self._tick(time_ns)
        while self._expiries and self._expiries[0][0] <= self.now_ns:
            _, number = heapq.heappop(self._expiries)
            order = self.orders.get(number)
            if order is not None:
                order.reason = "its time was over"
                self.matcher.finish(self.markets[order.scale.instrument.id], order, S.EXPIRED)

    def set_status(self, instrument: str, status: InstrumentStatus, time_ns: int) -> None:
        """Open, close or halt a market; resting orders stay."""
        self._tick(time_ns)
        self._change_instrument(self.market(instrument), status=status)

    def _change_instrument(self, market: Market, payout: Decimal | None = None, **changes: Any) -> None:
        market.scale.instrument = attrs.evolve(market.scale.instrument, **changes)
        if self.listener is not None:
            self.listener(
                InstrumentEvent(
                    venue=self.venue,
                    instrument=market.scale.instrument.id,
                    time_ns=self.now_ns,
                    changed=market.scale.instrument,
                    payout=None if payout is None else plain(payout),
                )
            )

    def set_mark(self, instrument: str, price: Decimal, time_ns: int) -> None:
        """The price at which positions are valued."""
        self._tick(time_ns)
        market = self.market(instrument)
        market.mark = int(price.scaleb(market.scale.price_digits))

    # -- reading

    def order(self, account: str, ref: OrderRef) -> Order:
        """One order, open or done. Raises UnknownOrder."""
        try:
            return to_model(self._find(account, ref), self.venue)
        except OrderAlreadyDone:
            return self._past(account, ref)

    def open_orders(self, account: str, instrument: str | None = None) -> list[Order]:
        """Every open order, oldest first."""
        only = None if instrument is None else self.market(instrument).scale
        found = self._account(account).open.values()
        return [to_model(o, self.venue) for o in found if only is None or o.scale is only]

    def balances(self, account: str) -> list[Balance]:
        """Assets with a total other than zero; shares of outcomes are positions, not balances."""
        owner = self._account(account)
        return [
            Balance(
                venue=self.venue,
                account=account,
                asset=asset,
                total=out(total, self.places[asset]),
                available=out(owner.available(asset), self.places[asset]),
                held=out(owner.held.get(asset, 0), self.places[asset]),
            )
            for asset, total in sorted(owner.total.items())
            if not asset.endswith("#") and (total or owner.held.get(asset))
        ]

    def positions(self, account: str) -> list[Position]:
        """Positions with a size or realized profit, valued at the mark or the last price."""
        found = []
        for name, holding in sorted(self._account(account).holdings.items()):
            scale, market = self.markets[name].scale, self.markets[name]
            if not holding.lots and not holding.realized:
                continue
            size = scale.size_out(holding.lots)
            contracts = times(size, scale.instrument.contract_size)
            cost = out(holding.cost, scale.quote_digits)
            at = self.mark_of(market)
            mark = None if not at else scale.price_out(at)
            found.append(
                Position(
                    venue=self.venue,
                    account=account,
                    instrument=name,
                    quote=scale.instrument.quote,
                    size=size,
                    average_entry_price=None if not holding.lots else normal(ratio(cost, contracts)),
                    realized_pnl=out(holding.realized, scale.quote_digits),
                    unrealized_pnl=None if mark is None else normal(minus(times(contracts, mark), cost)),
                    mark_price=mark,
                    fees_paid=out(holding.fees, scale.quote_digits),
                    updated_ns=holding.updated_ns,
                )
            )
        return found

    @staticmethod
    def mark_of(market: Market) -> int:
        """The mark, else the middle of the book, else the last price; 0 when nothing is known."""
        bids, asks = market.book.bids.keys, market.book.asks.keys
        if market.mark:
            return market.mark
        return (asks[0] - bids[0]) // 2 if bids and asks else market.last

    def book(self, instrument: str, depth: int) -> OrderBook:
        """The best `depth` levels of each side."""
        market = self.market(instrument)
        scale = market.scale
        bids, asks = (
            tuple(Level(scale.price_out(p), scale.size_out(n)) for p, n in side.depth(depth))
            for side in (market.book.bids, market.book.asks)
        )
        return OrderBook(
            venue=self.venue,
            instrument=scale.instrument.id,
            time_ns=self.now_ns,
            bids=bids,
            asks=asks,
            sequence=market.sequence,
        )

    def ticker(self, instrument: str) -> Ticker:
        """Best prices and the last trade."""
        market = self.market(instrument)
        scale, tape = market.scale, self.tape[market.scale.instrument.id]
        bid, ask = market.book.bids.depth(1), market.book.asks.depth(1)
        at = self.mark_of(market)
        return Ticker(
            venue=self.venue,
            instrument=scale.instrument.id,
            time_ns=self.now_ns,
            bid=scale.price_out(bid[0][0]) if bid else None,
            bid_size=scale.size_out(bid[0][1]) if bid else None,
            ask=scale.price_out(ask[0][0]) if ask else None,
            ask_size=scale.size_out(ask[0][1]) if ask else None,
            last=scale.price_out(market.last) if market.last else None,
            last_size=tape[-1].size if tape else None,
            mark=scale.price_out(at) if at else None,
            sequence=market.sequence,
        )

    def trades(self, instrument: str, limit: int) -> list[Trade]:
        """The latest public trades, newest first."""
        tape = self.tape[self.market(instrument).scale.instrument.id]
        return [tape[-n] for n in range(1, min(limit, len(tape)) + 1)]
