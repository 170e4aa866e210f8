"""Coinbase Advanced Trade as a venue: the protocols, wired to its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from venuekit.adapter import (
    AccountProfile,
    Balance,
    CancelResult,
    Candle,
    Channel,
    Event,
    Fill,
    FillQuery,
    Granularity,
    HistoryQuery,
    Instrument,
    Order,
    OrderBook,
    OrderRef,
    OrderRequest,
    Page,
    Position,
    Ticker,
    Trade,
    Transfer,
)
from venuekit_coinbase.session import CoinbaseSession


class CoinbaseVenue(CoinbaseSession):
    """One portfolio at Coinbase, as the protocols see it."""

    # -- market data

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        return await self.products.all()

    async def instrument(self, instrument: str) -> Instrument:
        """One instrument. Raises UnknownInstrument with near matches."""
        return await self.products.one(instrument)

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first."""
        return await self.market.search(text, limit)

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        return await self.market.tickers(instruments)

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side."""
        return await self.market.book(instrument, depth)

    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first."""
        return await self.market.trades(instrument, limit)

    async def candles(
        self,
        instrument: str,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Candles, oldest first; ranges longer than the venue gives at once are stitched."""
        return await self.market.candles(instrument, granularity, start_ns, end_ns, limit)

    # -- orders

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order."""
        return await self.trading.submit(request)

    async def cancel(self, order: OrderRef) -> Order:
        """Ask to cancel an order."""
        return await self.trading.cancel(order)

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """Ask to cancel every open order, or every one of an instrument."""
        name = None if instrument is None else (await self.products.one(instrument)).id
        return await self.trading.cancel_all(name)

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change what is given of an order."""
        return await self.trading.amend(order, size, price, stop_price)

    async def order(self, order: OrderRef) -> Order:
        """One order, open or done."""
        return await self.trading.find(order)

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every order that may still trade, pending, queued and conditional ones too."""
        name = None if instrument is None else (await self.products.one(instrument)).id
        return [order async for order in self.history.live(name)]

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first."""
        return await self.history.orders(query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        return await self.history.fills(query)

    # -- portfolio

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero."""
        return await self.portfolio.balances()

    async def positions(self) -> Sequence[Position]:
        """Positions, valued at the market."""
        return await self.portfolio.positions()

    async def profile(self) -> AccountProfile:
        """What the key may do, and which fees are paid."""
        return await self.portfolio.profile()

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits and withdrawals, newest first."""
        return await self.portfolio.transfers(limit, cursor)

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Live events of a channel."""
        return self.streams.subscribe(channel, instruments)
