"""The paper exchange behind the wire: its markets, its time, and a seat for each account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from venuekit.adapter import (
    NANOS,
    Clock,
    Event,
    Instrument,
    InstrumentKind,
    Ticker,
    UnknownInstrument,
    VenueContext,
)
from venuekit_doubles.coinbase.ids import MAIN
from venuekit_doubles.coinbase.seat import Seat
from venuekit_paper import factory
from venuekit_paper.adapter import PaperVenue

#: What every account has a wallet of besides what is traded; worth a dollar.
STABLE = "USDC"
_KINDS = (InstrumentKind.SPOT, InstrumentKind.PERPETUAL)
#: The least time between two changes.
_STEP_NS = 1_000_000


class Backing:
    """A paper venue, and what the wire needs besides it. Used on the double's event loop only."""

    def __init__(self, clock: Clock, folder: Path, options: Mapping[str, Any]) -> None:
        context = VenueContext(clock=clock, data_dir=folder, account=MAIN, options={"persist": False, **options})
        venue = factory.create(context)
        assert isinstance(venue, PaperVenue)
        self.venue = venue
        self._clock = clock
        #: Whether the market moves only when it is told to.
        self.is_manual = options.get("pace") == "manual"
        self._seats: dict[str, Seat] = {}

    async def open(self) -> None:
        """Open the exchange."""
        await self.venue.connect()
        self.venue.engine.exchange.reporter.listener = self._heard

    async def close(self) -> None:
        """Close it."""
        await self.venue.close()

    def _heard(self, event: Event) -> None:
        self.venue.streams.collect(event)
        for seat in self._seats.values():
            seat.hear(event)

    def seat(self, account: str) -> Seat:
        """An account's seat. A new account begins with the deposits that the exchange was given."""
        if account not in self._seats:
            self._seats[account] = Seat(self.venue, account, self.venue.options.initial_balances)
        return self._seats[account]

    # -- markets

    async def instruments(self) -> list[Instrument]:
        """Spot and perpetuals; Coinbase has no outcomes."""
        return [i for i in await self.venue.instruments() if i.kind in _KINDS]

    async def instrument(self, name: str) -> Instrument:
        """One of them. Raises UnknownInstrument."""
        found = await self.venue.instrument(name)
        if found.id != name or found.kind not in _KINDS:
            raise UnknownInstrument(f"No product {name[:60]!r}.", field="product_id")
        return found

    async def ticker(self, name: str) -> Ticker:
        """A product's ticker."""
        [found] = await self.venue.tickers([name])
        return found

    async def assets(self) -> list[str]:
        """What there are wallets of."""
        traded = {a for i in await self.instruments() for a in (i.base, i.quote)}
        return sorted({*traded, STABLE})

    async def prices(self) -> dict[str, Decimal]:
        """What one of each asset is worth, USD."""
        found = {"USD": Decimal(1), STABLE: Decimal(1)}
        for instrument in await self.instruments():
            last = (await self.ticker(instrument.id)).last
            if instrument.kind is InstrumentKind.SPOT and last is not None:
                found[instrument.base] = last
        return found

    async def product_type(self, name: str) -> str:
        """The wire's kind of a product."""
        spot = (await self.venue.instrument(name)).kind is InstrumentKind.SPOT
        return "SPOT" if spot else "FUTURE"

    # -- time

    async def catch_up(self, *, changes: bool) -> None:
        """An exchange whose market moves only when told never lags behind the clock; no two changes share a moment."""
        if not self.is_manual:
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
