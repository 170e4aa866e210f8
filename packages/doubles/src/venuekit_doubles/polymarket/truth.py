"""What the venue has of one account, past every fault: to compare clients with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from venuekit.adapter import (
    ONE,
    ZERO,
    Balance,
    CancelResult,
    Fill,
    FillQuery,
    FillState,
    HistoryQuery,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    Liquidity,
    Order,
    OrderRef,
    OrderStatus,
    OrderType,
    Page,
    Position,
    Ticker,
    TimeInForce,
    minus,
    normal,
    plus,
)
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.listings import MILLION, PRICE_ONE
from venuekit_doubles.polymarket.records import OrderRecord, OrderState, TradeRecord, TradeState
from venuekit_doubles.polymarket.venue import Venue

D = Decimal
NAME, QUOTE = "polymarket", "pUSD"
_LOT = D("0.01")
_TIF = {"GTC": TimeInForce.GTC, "GTD": TimeInForce.GTD, "FOK": TimeInForce.FOK, "FAK": TimeInForce.IOC}
_ENDED = {
    OrderState.CANCELED: OrderStatus.CANCELED,
    OrderState.EXPIRED: OrderStatus.EXPIRED,
    OrderState.RESOLVED: OrderStatus.CANCELED,
}
_FINAL = {TradeState.CONFIRMED: FillState.CONFIRMED, TradeState.FAILED: FillState.REVERSED}


class Truth:
    """One account. `tokens` are the outcomes to look at; no query is obeyed, everything is told.

    `asked` has the orders as whoever sent them wrote them down, by the salt that each was signed with: the venue keeps
    neither the ids of its clients nor how many shares an order was for that spends an amount.
    """

    def __init__(self, venue: Venue, account: Account, tokens: Sequence[str]) -> None:
        self._venue = venue
        self._account = account
        self._tokens = tokens
        self.asked: Mapping[int, Order] = {}

    # -- the market

    async def instruments(self) -> list[Instrument]:
        """The ones to look at."""
        return [self._instrument(token) for token in self._tokens]

    def _instrument(self, token: str) -> Instrument:
        market, _ = self._venue.clob.admission.market_of(token)
        return Instrument(
            id=token,
            venue=NAME,
            kind=InstrumentKind.BINARY_OUTCOME,
            base=token,
            quote=QUOTE,
            tick_size=market.tick,
            lot_size=_LOT,
            min_size=market.listing.min_size,
            min_price=market.tick,
            max_price=minus(ONE, market.tick),
            status=InstrumentStatus.RESOLVED if market.closed else InstrumentStatus.TRADING,
        )

    async def tickers(self, instruments: Sequence[str]) -> list[Ticker]:
        """Tickers in the order asked for."""
        found = []
        for token in instruments:
            market, number = self._venue.clob.admission.market_of(token)
            bid, ask = (_price(price) if price else None for price in self._venue.clob.books.best(market, number))
            now = self._venue.clob.now_ns()
            found.append(Ticker(venue=NAME, instrument=token, time_ns=now, bid=bid, ask=ask))
        return found

    # -- orders and fills

    async def order_history(self, _: HistoryQuery) -> Page[Order]:
        """Every order, newest first."""
        return Page([self._order(record) for record in reversed(self._own_orders())], None)

    def _own_orders(self) -> list[OrderRecord]:
        return [o for o in self._venue.clob.orders.values() if o.owner == self._account.address]

    def _order(self, record: OrderRecord) -> Order:
        asked = self.asked.get(record.salt)
        return Order(
            venue=NAME,
            account=self._account.wallet,
            instrument=record.asset,
            side=record.side,
            type=OrderType.LIMIT if asked is None else asked.type,
            status=self._status(record, asked),
            time_in_force=_TIF[record.type],
            created_ns=record.created_ns,
            updated_ns=self._venue.clob.now_ns(),
            size=_amount(record.size) if asked is None else asked.size,
            quote_size=None if asked is None else asked.quote_size,
            price=_price(record.price) if asked is None else asked.price,
            client_order_id=None if asked is None else asked.client_order_id,
            venue_order_id=record.id,
            filled_size=_amount(record.matched),
        )

    def _status(self, record: OrderRecord, asked: Order | None) -> OrderStatus:
        """How it stands for who asked for it: what spent all that it might may have bought less than was asked for."""
        filled = _amount(record.matched)
        if record.state is OrderState.INVALID:
            return OrderStatus.CANCELED if filled else OrderStatus.REJECTED
        if record.state is OrderState.MATCHED or (record.type in ("FOK", "FAK") and not record.state.is_open):
            wanted = _amount(record.size) if asked is None or asked.size is None else asked.size
            if asked is not None and asked.quote_size is not None:
                wanted = filled if minus(asked.quote_size, self._spent(record)) < _LOT else plus(filled, _LOT)
            return OrderStatus.FILLED if minus(wanted, filled) < _LOT else OrderStatus.CANCELED
        if record.state.is_open:
            return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
        return _ENDED[record.state]

    def _spent(self, record: OrderRecord) -> Decimal:
        trades = [self._venue.clob.trades[name] for name in record.trades]
        return _amount(sum(t.paid(o, size) for t in trades for o, size, _ in _parts(t) if o is record))

    async def fills(self, _: FillQuery) -> Page[Fill]:
        """Every fill, newest first, as final as it is."""
        own = self._venue.clob.trades_of(self._account.address)
        return Page([fill for trade in own for fill in self._fills(trade)], None)

    def _fills(self, trade: TradeRecord) -> list[Fill]:
        sizes: dict[str, Decimal] = {}
        found: dict[str, Fill] = {}
        for order, size, liquidity in _parts(trade):
            if order.owner != self._account.address:
                continue
            sizes[order.id] = plus(sizes.get(order.id, ZERO), _amount(size))
            asked = self.asked.get(order.salt)
            found[order.id] = Fill(
                id=f"{trade.id}:{order.id}",
                venue=NAME,
                account=self._account.wallet,
                instrument=order.asset,
                venue_order_id=order.id,
                client_order_id=None if asked is None else asked.client_order_id,
                side=order.side,
                price=_price(trade.price_for(order)),
                size=sizes[order.id],
                fee=_amount(trade.fee) if liquidity is Liquidity.TAKER else ZERO,
                fee_asset=QUOTE,
                liquidity=liquidity,
                time_ns=trade.matched_ns,
                state=_FINAL.get(trade.state, FillState.PROVISIONAL),
            )
        return list(found.values())

    async def cancel_all(self) -> list[CancelResult]:
        """Cancel every open order that can be canceled."""
        open_orders = [order for order in self._own_orders() if order.state.is_open]
        kept = {order.id: self._venue.clob.cancel(order) for order in open_orders}
        return [CancelResult(OrderRef(venue_order_id=order_id)) for order_id, why in kept.items() if not why]

    # -- what there is, as the venue will have it when the trades that are on their way are settled

    def _moving(self, asset: str) -> int:
        trades = self._venue.clob.settlement.unmined
        moves = [move for trade in trades for move in trade.moves()]
        return sum(m.amount for m in moves if m.wallet == self._account.wallet and m.asset == asset)

    async def balances(self) -> list[Balance]:
        """Collateral."""
        total = _amount(self._venue.ledger.balance(self._account.wallet) + self._moving(CASH))
        row = Balance(venue=NAME, account=self._account.wallet, asset=QUOTE, total=total, available=total, held=ZERO)
        return [row] if total else []

    async def positions(self) -> list[Position]:
        """Shares."""
        wallet = self._account.wallet
        tokens = [token for market in self._venue.clob.markets.values() for token in market.tokens]
        sizes = {t: _amount(self._venue.ledger.balance(wallet, t) + self._moving(t)) for t in sorted(tokens)}
        return [
            Position(venue=NAME, account=wallet, instrument=token, quote=QUOTE, size=size, average_entry_price=None)
            for token, size in sizes.items()
            if size
        ]


def _parts(trade: TradeRecord) -> list[tuple[OrderRecord, int, Liquidity]]:
    makers = [(part.order, part.size, Liquidity.MAKER) for part in trade.makers]
    return [*((trade.taker, part.size, Liquidity.TAKER) for part in trade.makers), *makers]


def _amount(millionths: int) -> Decimal:
    return normal(D(millionths) / MILLION)


def _price(value: int) -> Decimal:
    return normal(D(value) / PRICE_ONE)
