"""A venue of the same name and abilities that connects to nothing: a server can be surveyed without keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    AccountProfile,
    Balance,
    CancelResult,
    Candle,
    Capabilities,
    Channel,
    Clock,
    Event,
    Extra,
    Fill,
    FillQuery,
    Granularity,
    HistoryQuery,
    Instrument,
    NotConnected,
    Order,
    OrderBook,
    OrderRef,
    OrderRequest,
    Page,
    Position,
    Ticker,
    Trade,
    Transfer,
    UnknownInstrument,
    UnknownOrder,
    VenueContext,
    VenueFactory,
)


@attrs.frozen
class NoOptions:
    """An idle venue has no settings."""


class IdleFactory:
    """Stands in for `real`: same name, title, capabilities and extras, no connection."""

    options: type[Any] = NoOptions

    def __init__(self, real: VenueFactory) -> None:
        self.name: str = real.name
        self.title: str = real.title
        self.capabilities: Capabilities = real.capabilities
        self.environment: str = real.environment
        self.extras: Sequence[Extra] = real.extras

    def create(self, context: VenueContext) -> IdleVenue:
        """A venue that answers that it has nothing."""
        return IdleVenue(self, context.account, context.clock)


class IdleVenue:
    """Empty: no instruments, no orders, no balances, and streams that never say anything."""

    def __init__(self, factory: IdleFactory, account: str, clock: Clock) -> None:
        self.name = factory.name
        self.account = account
        self.environment = factory.environment
        self.capabilities = factory.capabilities
        self._clock = clock

    async def connect(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to close."""

    async def server_time_ns(self) -> int:
        """The desk's own time."""
        return self._clock.now_ns()

    async def instruments(self) -> Sequence[Instrument]:
        """None."""
        return []

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """None."""
        del text, limit
        return []

    async def instrument(self, instrument: str) -> Instrument:
        """There is none."""
        raise UnknownInstrument(f"No instrument {instrument[:60]!r}: this venue is idle.", field="instrument")

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """None."""
        del instruments
        return []

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        """There is none."""
        del depth
        raise await self._none(instrument)

    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        """There are none."""
        del limit
        raise await self._none(instrument)

    async def candles(
        self,
        instrument: str,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """There are none."""
        del granularity, start_ns, end_ns, limit
        raise await self._none(instrument)

    async def submit(self, request: OrderRequest) -> Order:
        """Takes no orders."""
        raise NotConnected(f"This venue is idle and takes no order for {request.instrument}.")

    async def cancel(self, order: OrderRef) -> Order:
        """There are none."""
        raise await self._no_order(order)

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """There are none."""
        del instrument
        return []

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """There are none."""
        del size, price, stop_price
        raise await self._no_order(order)

    async def order(self, order: OrderRef) -> Order:
        """There are none."""
        raise await self._no_order(order)

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """None."""
        del instrument
        return []

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """None."""
        del query
        return Page(items=())

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """None."""
        del query
        return Page(items=())

    async def balances(self) -> Sequence[Balance]:
        """None."""
        return []

    async def positions(self) -> Sequence[Position]:
        """None."""
        return []

    async def profile(self) -> AccountProfile:
        """Nobody's."""
        return AccountProfile(venue=self.name, account=self.account, environment=self.environment, permissions=())

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """None."""
        del limit, cursor
        return Page(items=())

    async def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Stays open and silent."""
        del channel, instruments
        await asyncio.Event().wait()
        silence: tuple[Event, ...] = ()
        for event in silence:
            yield event

    async def _none(self, instrument: str) -> UnknownInstrument:
        return UnknownInstrument(f"No instrument {instrument[:60]!r}: this venue is idle.", field="instrument")

    async def _no_order(self, order: OrderRef) -> UnknownOrder:
        return UnknownOrder(f"No order {order.client_order_id or order.venue_order_id}: this venue is idle.")
