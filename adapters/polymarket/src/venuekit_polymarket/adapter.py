"""Polymarket as a venue: the protocols, wired to its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from venuekit.adapter import (
    Candle,
    Channel,
    Event,
    Granularity,
    Instrument,
    OrderBook,
    PartialVenue,
    Ticker,
    Trade,
)
from venuekit_polymarket.session import PolymarketSession


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

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Live events of a channel."""
        return self.streams.subscribe(channel, instruments)
