"""What the exchange has of one account, in the wire's ids and past every fault: to compare clients with."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.adapter import (
    ZERO,
    Balance,
    CancelResult,
    Fill,
    FillQuery,
    HistoryQuery,
    Instrument,
    Order,
    OrderRef,
    Page,
    Position,
    Side,
    Ticker,
    plus,
)
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named, order_id
from venuekit_doubles.coinbase.seat import Seat


class Truth:
    """One account. `instruments` are the ones to look at; no query is obeyed, everything is told."""

    def __init__(self, backing: Backing, account: str, instruments: Sequence[str]) -> None:
        self._backing = backing
        self._account = account
        self._instruments = instruments

    @property
    def _seat(self) -> Seat:
        return self._backing.seat(self._account)

    async def instruments(self) -> list[Instrument]:
        """The ones to look at."""
        return [await self._backing.instrument(name) for name in self._instruments]

    async def tickers(self, instruments: Sequence[str]) -> list[Ticker]:
        """Tickers in the order asked for."""
        return [await self._backing.ticker(name) for name in instruments]

    async def order_history(self, _: HistoryQuery) -> Page[Order]:
        """Every order, newest first."""
        return Page([attrs.evolve(o, venue_order_id=order_id(o.venue_order_id)) for o in self._seat.orders()], None)

    async def fills(self, _: FillQuery) -> Page[Fill]:
        """Every fill, newest first."""
        return Page([self._on_the_wire(fill) for fill in self._seat.fills()], None)

    @staticmethod
    def _on_the_wire(fill: Fill) -> Fill:
        return attrs.evolve(fill, id=named("entry", fill.id), venue_order_id=order_id(fill.venue_order_id))

    async def cancel_all(self) -> list[CancelResult]:
        """Cancel every open order."""
        canceled = [self._seat.cancel(order.venue_order_id or "") for order in self._seat.open_orders()]
        return [CancelResult(OrderRef.of(order)) for order in canceled]

    async def balances(self) -> list[Balance]:
        """What it has, by asset."""
        return [balance for balance in self._seat.balances().values() if balance.total]

    async def positions(self) -> list[Position]:
        """What its fills add up to."""
        sizes: dict[str, Decimal] = {}
        for fill in self._seat.fills():
            signed = fill.size if fill.side is Side.BUY else -fill.size
            sizes[fill.instrument] = plus(sizes.get(fill.instrument, ZERO), signed)
        return [await self._position(name, size) for name, size in sorted(sizes.items()) if size]

    async def _position(self, name: str, size: Decimal) -> Position:
        instrument = await self._backing.instrument(name)
        return Position(
            venue=instrument.venue,
            account=self._account,
            instrument=name,
            quote=instrument.quote,
            size=size,
            average_entry_price=None,
        )
