"""The paper exchange behind the wire: one account for each key, on the same books."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from venuekit.adapter import (
    NANOS,
    Clock,
    Fill,
    FillQuery,
    HistoryQuery,
    Instrument,
    InstrumentKind,
    Order,
    OrderRef,
    UnknownInstrument,
    UnknownOrder,
    VenueContext,
)
from venuekit_paper import factory
from venuekit_paper.adapter import PaperVenue

_KINDS = (InstrumentKind.SPOT, InstrumentKind.PERPETUAL)
#: More fills than one order has here.
_MOST = 500


class Backing:
    """A paper venue, and what the wire needs besides it."""

    def __init__(self, clock: Clock, folder: Path, options: Mapping[str, Any]) -> None:
        context = VenueContext(clock=clock, data_dir=folder, account="double", options={"persist": False, **options})
        venue = factory.create(context)
        assert isinstance(venue, PaperVenue)
        self.venue = venue
        self._counts: dict[str, int] = {}

    async def open(self) -> None:
        """Open the exchange."""
        await self.venue.connect()

    async def close(self) -> None:
        """Close it."""
        await self.venue.close()

    async def instruments(self) -> list[Instrument]:
        """Spot and perpetuals; Coinbase has no outcomes."""
        return [i for i in await self.venue.instruments() if i.kind in _KINDS]

    async def instrument(self, name: str) -> Instrument:
        """One of them. Raises UnknownInstrument."""
        found = await self.venue.instrument(name)
        if found.id != name or found.kind not in _KINDS:
            raise UnknownInstrument(f"No product {name[:60]!r}.", field="product_id")
        return found

    async def order(self, number: str | None = None, client_id: str | None = None) -> Order | None:
        """An order, if there is one."""
        try:
            return await self.venue.order(OrderRef(venue_order_id=number, client_order_id=client_id))
        except UnknownOrder:
            return None

    async def fills_of(self, order: Order) -> list[Fill]:
        """An order's fills, oldest first."""
        if order.filled_size == 0:
            return []
        page = await self.venue.fills(FillQuery(order_id=order.venue_order_id, limit=_MOST))
        return list(reversed(page.items))

    async def all_orders(self) -> list[Order]:
        """Every order, newest first."""
        found: list[Order] = []
        cursor: str | None = None
        while True:
            page = await self.venue.order_history(HistoryQuery(limit=_MOST, cursor=cursor))
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def all_fills(self, order_number: str | None = None) -> list[Fill]:
        """Every fill, newest first."""
        found: list[Fill] = []
        cursor: str | None = None
        while True:
            page = await self.venue.fills(FillQuery(order_id=order_number, limit=_MOST, cursor=cursor))
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def advance(self, seconds: float) -> None:
        """Let the market move by that much time, and what it moved be told."""
        await self.venue.advance(seconds)
        await asyncio.sleep(0)

    def now_ns(self) -> int:
        """The exchange's time."""
        return self.venue.now_ns()

    def now_seconds(self) -> int:
        """The exchange's time in whole seconds."""
        return self.now_ns() // NANOS
