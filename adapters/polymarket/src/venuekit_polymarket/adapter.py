"""Polymarket as a venue: the protocols, wired to its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

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
    PartialVenue,
    Position,
    Ticker,
    Trade,
    Transfer,
    Unsupported,
    VenuekitError,
)
from venuekit_polymarket.session import PolymarketSession
from venuekit_polymarket.trading import MOST_AT_ONCE


class PolymarketVenue(PolymarketSession, PartialVenue):
    """One wallet at Polymarket, as the protocols see it."""

    # -- market data

    async def instruments(self) -> Sequence[Instrument]:
        """Both outcomes of the markets that trade most, sorted by id; any other is found by name or by search."""
        return await self.listings.all()

    async def instrument(self, instrument: str) -> Instrument:
        """One outcome, by token id or by ``slug:OUTCOME``.

        Raises:
            UnknownInstrument: with near matches. AmbiguousInstrument: with the candidates.
        """
        return await self.listings.one(instrument)

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Both outcomes of open markets that match, best first."""
        return await self.listings.search(text, limit)

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
        """Candles of price points, oldest first; ranges longer than the venue gives at once are stitched."""
        return await self.market.candles(instrument, granularity, start_ns, end_ns, limit)

    # -- orders

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order; its id is known, and written down, before it is sent."""
        order = await self.own.trading.submit(request)
        if order.is_working and order.venue_order_id is not None:
            self.streams.expect(order.venue_order_id)
        return order

    max_batch = MOST_AT_ONCE

    async def submit_many(self, requests: Sequence[OrderRequest]) -> Sequence[Order | VenuekitError]:
        """Place up to fifteen orders with one request; each has its own outcome."""
        results = await self.own.trading.submit_many(requests)
        for result in results:
            if isinstance(result, Order) and result.is_working and result.venue_order_id is not None:
                self.streams.expect(result.venue_order_id)
        return results

    async def cancel(self, order: OrderRef) -> Order:
        """Cancel an order."""
        return await self.own.canceling.cancel(order)

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """Cancel every open order, or every one of an outcome."""
        return await self.own.canceling.cancel_all(await self._token(instrument))

    async def order(self, order: OrderRef) -> Order:
        """One order, open or over."""
        return await self.own.finder.find(order)

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every order that may still trade, those that the venue holds back too."""
        return [order async for order in self.own.finder.open(await self._token(instrument))]

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first; of those that are over, the ones that were seen from here."""
        return await self.own.history.orders(query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first, each as final as it is."""
        return await self.own.history.fills(query)

    async def _token(self, instrument: str | None) -> str | None:
        return None if instrument is None else (await self.listings.one(instrument)).id

    # -- portfolio

    async def balances(self) -> Sequence[Balance]:
        """Collateral, and shares by their token."""
        return await self.own.portfolio.balances()

    async def positions(self) -> Sequence[Position]:
        """Shares of outcomes, with profit."""
        return await self.own.portfolio.positions()

    async def profile(self) -> AccountProfile:
        """Who we are, and what the key may do."""
        return await self.own.portfolio.profile()

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, withdrawals, splits, merges, redemptions, rewards; newest first."""
        return await self.own.portfolio.transfers(limit, cursor)

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Live events of a channel. Raises Unsupported for one that is not there."""
        declared = self.capabilities.of(channel)
        if not declared.usable:
            raise Unsupported(f"Polymarket does not stream {channel.value} ({declared.reason}).", field="channel")
        return self.streams.subscribe(channel, instruments)
