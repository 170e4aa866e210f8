"""What a schedule's desk trades on: the venue itself, which outlives every desk, and each desk's way to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from venuekit.model.account import Balance, FillQuery, HistoryQuery, Page, Position
from venuekit.model.instrument import Instrument
from venuekit.model.market import Ticker
from venuekit.model.order import CancelResult, Fill, Order
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue
from venuekit.runtime.pace import Pace
from venuekit.testing.faults.points import Life


class Truth(Protocol):
    """What the venue has, asked past every fault. Ids are those that a desk is told."""

    async def instruments(self) -> Sequence[Instrument]:
        """See `MarketData.instruments`."""
        ...

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """See `MarketData.tickers`."""
        ...

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """See `OrderEntry.order_history`."""
        ...

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """See `OrderEntry.fills`."""
        ...

    async def cancel_all(self) -> Sequence[CancelResult]:
        """See `OrderEntry.cancel_all`."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """See `Portfolio.balances`."""
        ...

    async def positions(self) -> Sequence[Position]:
        """See `Portfolio.positions`; those of size zero may be left out."""
        ...


class Site(Protocol):
    """A venue, and the way to it."""

    @property
    def truth(self) -> Truth:
        """What the venue has; there from `open` on."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """Text that must be in no row of the journal."""
        ...

    @property
    def on_a_wire(self) -> bool:
        """Whether the desk reaches it over sockets, and with a clock that has to be right."""
        ...

    @property
    def unnoticed(self) -> Collection[str]:
        """Faults of streams after which nobody can know that there is anything to ask for."""
        ...

    @property
    def forgets_unfilled(self) -> bool:
        """Whether an order that ended with nothing filled is, for who asks, one that never came."""
        ...

    @property
    def quiet_seconds(self) -> float:
        """How long the way to the venue may take until all is known that has happened there."""
        ...

    @property
    def complaints(self) -> Sequence[str]:
        """What was asked of the venue that nobody should ask."""
        ...

    def sent(self, orders: Sequence[Order]) -> None:
        """The orders that were to be sent, as they were written down before: the venue may keep no ids of ours."""
        ...

    async def open(self) -> None:
        """Begin."""
        ...

    async def line(self, life: Life, clock: Clock, pace: Pace) -> Venue:
        """The way to the venue for one life of a desk, connected. Raises what the adapter's `connect` raises."""
        ...

    async def hang_up(self) -> None:
        """A life has ended: nothing of its way to the venue is left open."""
        ...

    async def cut_streams(self, pick: int) -> str:
        """Lose every live connection, in one of the ways that there are; returns which, empty for the usual one."""
        ...

    async def restart(self, seconds: float) -> None:
        """The venue is away for a while, and loses every connection."""
        ...

    async def close(self) -> None:
        """End everything, whatever is still on its way."""
        ...


class Exchange(Protocol):
    """A venue's server on this machine, run on the schedule's own event loop; a profile's `exchange` makes it.

    It asks the `Gate` that it is given about every request and every frame.
    """

    #: Options of the adapter: addresses, keys, and timeouts that are short.
    options: Mapping[str, Any]
    truth: Truth
    #: Text that must be in no row of the journal, such as the key.
    secrets: Sequence[str]
    #: What was asked of it that nobody should ask.
    complaints: Sequence[str]

    def sent(self, orders: Sequence[Order]) -> None:
        """The orders that were to be sent, as they were written down before, for a venue that keeps no ids of ours."""
        ...

    async def open(self) -> None:
        """Begin to serve."""
        ...

    async def close(self) -> None:
        """End."""
        ...

    async def vanish(self) -> None:
        """Serve no more, and break every connection; what the venue has stays."""
        ...

    async def come_back(self) -> None:
        """Serve again, at the same address."""
        ...

    async def strike(self, fault: str) -> None:
        """Let every open stream fail in this way."""
        ...
