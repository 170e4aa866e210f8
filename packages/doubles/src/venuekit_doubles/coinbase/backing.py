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
#: The least time between two changes.
_STEP_NS = 1_000_000
#: More fills than one order has here.
_MOST = 500


class Backing:
    """A paper venue, and what the wire needs besides it."""

    def __init__(self, clock: Clock, folder: Path, options: Mapping[str, Any]) -> None:
        context = VenueContext(clock=clock, data_dir=folder, account="double", options={"persist": False, **options})
        venue = factory.create(context)
        assert isinstance(venue, PaperVenue)
        self.venue = venue
        self._clock = clock
        self._follows = options.get("pace") == "manual"

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

    async def catch_up(self, *, changes: bool) -> None:
        """An exchange whose market moves only when told never lags behind the clock; no two changes share a moment."""
        if not self._follows:
            return
        now = max(self._clock.now_ns(), self.now_ns() + _STEP_NS if changes else 0)
        if now > self.now_ns():
            self._pass(now)

    def _pass(self, time_ns: int) -> None:
        """Let time pass without the market moving, which only `advance` lets it."""
        self.venue.engine.run(["advance", time_ns])
        self.venue.streams.publish(time_ns)

    async def advance(self, seconds: float) -> None:
        """Let the market move by that much time, and what it moved be told."""
        until = self.now_ns() + int(seconds * NANOS)
        await self.venue.advance(seconds)
        if self.now_ns() < until:
            self._pass(until)
        await asyncio.sleep(0)

    def now_ns(self) -> int:
        """The exchange's time."""
        return self.venue.now_ns()

    def now_seconds(self) -> int:
        """The exchange's time in whole seconds."""
        return self.now_ns() // NANOS
