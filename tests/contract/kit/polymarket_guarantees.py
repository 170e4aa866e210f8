"""Copies of the Polymarket adapter, each with one guarantee removed that matters at that venue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import attrs
import wired_guarantees as wired

from venuekit.adapter import (
    NANOS,
    BookSnapshot,
    CancelResult,
    Channel,
    Event,
    LimitOrder,
    Order,
    OrderBook,
    OrderRequest,
    Venue,
    VenueContext,
    floor_to,
)
from venuekit_polymarket.adapter import PolymarketVenue
from venuekit_polymarket.factory import PolymarketFactory


class TakesTheFirstForTheBest(PolymarketVenue):
    """The venue's arrays end with the best; this hands them on as they come."""

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        book = await super().order_book(instrument, depth=500)
        return attrs.evolve(book, bids=book.bids[::-1][:depth], asks=book.asks[::-1][:depth])


class CancelsWithAnEmptyFilter(PolymarketVenue):
    """To the venue, a filter without a market means every order."""

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        return await super().cancel_all(None)


class EndsAMinuteEarly(PolymarketVenue):
    """The venue ends an order a minute before the time that it is told."""

    async def submit(self, request: OrderRequest) -> Order:
        if isinstance(request, LimitOrder) and request.expires_at_ns is not None:
            early = attrs.evolve(request, expires_at_ns=request.expires_at_ns - 60 * NANOS)
            return (await super().submit(early)).but(expires_at_ns=request.expires_at_ns)
        return await super().submit(request)


class RoundsUnannounced(PolymarketVenue):
    """As the official client does: what is finer than a hundredth of a share is dropped."""

    async def submit(self, request: OrderRequest) -> Order:
        if isinstance(request, LimitOrder):
            request = attrs.evolve(request, size=floor_to(request.size, Decimal("0.01")))
        return await super().submit(request)


class GoesOnAsIfNothingWasMissed(PolymarketVenue):
    """Of the second connection it takes changes for its book, which is the first one's."""

    _connections = 0

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        events = super().subscribe(channel, instruments)
        if channel is not Channel.BOOK:
            return events
        self._connections += 1
        return self._without_snapshots(events) if self._connections > 1 else events

    async def _without_snapshots(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            if not isinstance(event, BookSnapshot):
                yield event


class Factory(PolymarketFactory):
    """Makes sessions of a broken class, on the double."""

    contract_profile = "venuekit_doubles.polymarket.contract"

    def __init__(self, kind: type[PolymarketVenue]) -> None:
        self._kind = kind

    def create(self, context: VenueContext) -> Venue:
        return self._kind(context)


#: Which checks see that a guarantee is gone: these and no others.
GUARANTEES: dict[type[PolymarketVenue], str] = {
    **wired.of(PolymarketVenue),
    TakesTheFirstForTheBest: "CXL-09 MKT-08 ORD-23 STR-02 STR-17",
    CancelsWithAnEmptyFilter: "CXL-07",
    EndsAMinuteEarly: "ORD-08",
    RoundsUnannounced: "ERR-02",
    GoesOnAsIfNothingWasMissed: "STR-09",
}
