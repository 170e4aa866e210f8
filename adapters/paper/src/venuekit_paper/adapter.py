"""The paper exchange as a venue: the protocols, wired to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from venuekit.adapter import (
    AccountProfile,
    Balance,
    CancelResult,
    Candle,
    Channel,
    Fill,
    FillQuery,
    Granularity,
    HistoryQuery,
    Instrument,
    InstrumentStatus,
    InvalidValue,
    KeyPermission,
    Order,
    OrderBook,
    OrderRef,
    OrderRequest,
    Page,
    Position,
    Ticker,
    Trade,
    Transfer,
    positive_amount,
)
from venuekit_paper.capabilities import MAX_DEPTH
from venuekit_paper.instruments import VENUE
from venuekit_paper.limits import CANCELS, ORDERS, PRIVATE, PUBLIC
from venuekit_paper.reading import at_least_one, fills, known, order_history, page_limit
from venuekit_paper.search import search
from venuekit_paper.session import PaperSession
from venuekit_paper.subscription import Subscription


class PaperVenue(PaperSession):
    """One account of the embedded exchange, as the protocols see it."""

    def _id(self, instrument: str) -> str:
        """An instrument's id. Raises UnknownInstrument before anything is asked of the exchange."""
        return self.engine.exchange.market(instrument).id

    def _listed(self) -> Sequence[Instrument]:
        markets = self.engine.exchange.markets
        return [markets[name].scale.instrument for name in sorted(markets)]

    # -- market data

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        self.limits.count(PUBLIC, "instruments")
        return self._listed()

    async def instrument(self, instrument: str) -> Instrument:
        """One instrument. Raises UnknownInstrument with near matches."""
        self.limits.count(PUBLIC, "instrument")
        return self.engine.exchange.market(instrument).scale.instrument

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first. Raises InvalidValue for a limit below 1."""
        self.limits.count(PUBLIC, "search")
        return search(self._listed(), text, at_least_one(limit))

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        self.limits.count(PUBLIC, "tickers")
        return [self.streams.ticker(self._id(i)) for i in instruments]

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side, 500 at most. Raises InvalidValue for a depth below 1."""
        self.limits.count(PUBLIC, "order_book")
        return self.streams.book(self._id(instrument), min(at_least_one(depth, "depth"), MAX_DEPTH))

    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first, 1,000 at most. Raises InvalidValue for a limit below 1."""
        self.limits.count(PUBLIC, "trades")
        return self.engine.exchange.trades(instrument, at_least_one(limit))

    async def candles(
        self,
        instrument: str,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Candles, oldest first, 500 at most. Ten days before the exchange's first day are invented."""
        self.limits.count(PUBLIC, "candles")
        scale = self.engine.exchange.market(instrument).scale
        return self.engine.candles.candles(scale, granularity, start_ns, end_ns, page_limit(limit), self.now_ns())

    # -- orders

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order; durable before this returns."""
        self.limits.count(ORDERS, "submit")
        return await self._carried_out(lambda engine, now: engine.place(request, now))

    async def cancel(self, order: OrderRef) -> Order:
        """Cancel an order."""
        self.limits.count(CANCELS, "cancel")
        ref = known(order)
        return await self._carried_out(lambda engine, now: engine.cancel(ref, now))

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """Cancel every open order, or every one of an instrument."""
        self.limits.count(CANCELS, "cancel_all")
        name = None if instrument is None else self._id(instrument)
        return await self._carried_out(lambda engine, now: engine.cancel_all(name, now))

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change what is given of an order.

        Raises:
            InvalidValue: nothing is given, or something that is not an amount above zero.
        """
        self.limits.count(ORDERS, "amend")
        given = [(f, v) for f, v in (("size", size), ("price", price), ("stop_price", stop_price)) if v is not None]
        if not given:
            raise InvalidValue("Nothing is to be changed.", fix="Give size, price or stop_price.", field="size")
        for field, value in given:
            positive_amount(value, field=field)
        ref = known(order)
        return await self._carried_out(lambda engine, now: engine.amend(ref, size, price, stop_price, now))

    async def order(self, order: OrderRef) -> Order:
        """One order, open or done."""
        self.limits.count(PRIVATE, "order")
        return self.engine.exchange.order(self._account, known(order))

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every open order, conditional ones too."""
        self.limits.count(PRIVATE, "open_orders")
        return self.engine.exchange.open_orders(self._account, instrument)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first."""
        self.limits.count(PRIVATE, "order_history")
        return order_history(self.engine.exchange, self._account, query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        self.limits.count(PRIVATE, "fills")
        return fills(self.engine.exchange, self._account, query)

    # -- portfolio

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero."""
        self.limits.count(PRIVATE, "balances")
        return self.engine.exchange.balances(self._account)

    async def positions(self) -> Sequence[Position]:
        """Positions, valued at the mark."""
        self.limits.count(PRIVATE, "positions")
        return self.engine.exchange.positions(self._account)

    async def profile(self) -> AccountProfile:
        """The account and its fees."""
        self.limits.count(PRIVATE, "profile")
        fees = self.engine.exchange.matcher.fees.schedule
        return AccountProfile(
            venue=VENUE,
            account=self._account,
            environment=self.environment,
            permissions=(KeyPermission.VIEW, KeyPermission.TRADE),
            maker_fee_rate=fees.maker,
            taker_fee_rate=fees.taker,
        )

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, mints, merges and settlements, newest first."""
        self.limits.count(PRIVATE, "transfers")
        return self.engine.exchange.history.transfers(self._account, page_limit(limit), cursor)

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Subscription:
        """Live events; without instruments, of all. An unknown one raises UnknownInstrument at once."""
        exchange = self.engine.exchange
        names = () if channel.is_own else [self._id(i) for i in instruments]
        return self.streams.subscribe(channel, names, exchange.now_ns)

    # -- the simulation's own levers

    async def set_status(self, instrument: str, status: InstrumentStatus) -> None:
        """Open, close or halt a market."""
        name = self._id(instrument)
        await self._carried_out(lambda engine, now: engine.set_status(name, status, now))

    async def mint(self, instrument: str, size: Decimal) -> None:
        """Turn `size` quote into `size` shares of each outcome."""
        name = self._id(instrument)
        await self._carried_out(lambda engine, now: engine.mint(name, size, now))

    async def merge(self, instrument: str, size: Decimal) -> None:
        """Turn `size` shares of each outcome into `size` quote."""
        name = self._id(instrument)
        await self._carried_out(lambda engine, now: engine.merge(name, size, now))

    async def resolve(self, instrument: str, payout: Decimal) -> None:
        """End a two-outcome market: each share pays `payout`, of its complement 1 - `payout`."""
        name = self._id(instrument)
        await self._carried_out(lambda engine, now: engine.resolve(name, payout, now))
