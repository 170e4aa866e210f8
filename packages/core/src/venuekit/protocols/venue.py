"""A venue: what an adapter implements. Every method may raise the types of `venuekit.errors`, and no other.

A method that could have sent an order and got no trustworthy answer raises `OutcomeUnknown`; one that
certainly sent nothing raises `Unavailable`. Cancellation of the caller's task must not leave half a
request on a connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import attrs

from venuekit.errors import VenuekitError
from venuekit.model.account import AccountProfile, Balance, FillQuery, HistoryQuery, Page, Position, Transfer
from venuekit.model.capability import Capabilities
from venuekit.model.events import Channel, Event
from venuekit.model.finding import Finding
from venuekit.model.identity import AccountId, InstrumentId, VenueName
from venuekit.model.instrument import Instrument
from venuekit.model.intent import OrderRequest
from venuekit.model.market import Candle, Granularity, OrderBook, Ticker, Trade
from venuekit.model.order import CancelResult, Fill, Liquidity, Order, OrderRef
from venuekit.protocols.clock import Clock
from venuekit.protocols.extra import Extra
from venuekit.protocols.limiter import Unpaced, VenuePace


@runtime_checkable
class MarketData(Protocol):
    """Public data. Instruments are found by id or alias; an unknown one raises `UnknownInstrument`."""

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        ...

    async def instrument(self, instrument: InstrumentId) -> Instrument:
        """One instrument, by id or alias."""
        ...

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match `text`, best first."""
        ...

    async def tickers(self, instruments: Sequence[InstrumentId]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        ...

    async def order_book(self, instrument: InstrumentId, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side."""
        ...

    async def trades(self, instrument: InstrumentId, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first."""
        ...

    async def candles(
        self,
        instrument: InstrumentId,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Candles, oldest first, `start_ns` inclusive, `end_ns` exclusive; without a start, the latest `limit`."""
        ...


@runtime_checkable
class OrderEntry(Protocol):
    """Orders. Only the desk's dispatcher calls `submit`."""

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order.

        `request.client_order_id` is always set, and is the idempotency key: the same id with the same order
        returns the existing order, with another raises `ClientOrderIdReused`.
        """
        ...

    async def cancel(self, order: OrderRef) -> Order:
        """Ask to cancel. Returns the order as it is now, which may still be PENDING_CANCEL.

        Raises `UnknownOrder` or `OrderAlreadyDone`.
        """
        ...

    async def cancel_all(self, instrument: InstrumentId | None = None) -> Sequence[CancelResult]:
        """Ask to cancel every open order, conditional ones too, one result each."""
        ...

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change what is given. `size` is the new total size. An order keeps its ids."""
        ...

    async def order(self, order: OrderRef) -> Order:
        """One order by either id, open or done. Raises `UnknownOrder`."""
        ...

    async def open_orders(self, instrument: InstrumentId | None = None) -> Sequence[Order]:
        """Every order that may still trade, conditional ones too."""
        ...

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first."""
        ...

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        ...


@runtime_checkable
class Batches(Protocol):
    """A venue that takes several orders with one request; without it they are sent one after another."""

    @property
    def max_batch(self) -> int:
        """How many at once, at most."""
        ...

    async def submit_many(self, requests: Sequence[OrderRequest]) -> Sequence[Order | VenuekitError]:
        """Place orders as `submit` does, each with a client order id of its own; at most `max_batch`.

        Returns what `submit` would return or raise for each, in their order: an `OutcomeUnknown` for each of which no
        trustworthy answer came, also where that is true of all. What is raised is told of every one of them.
        """
        ...


@runtime_checkable
class Portfolio(Protocol):
    """What the account holds."""

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero, sorted by asset."""
        ...

    async def positions(self) -> Sequence[Position]:
        """Positions with a size other than zero or realized profit, sorted by instrument."""
        ...

    async def profile(self) -> AccountProfile:
        """Who we are, what the key may do, which fees we pay."""
        ...

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, withdrawals, funding and settlements, newest first."""
        ...


@runtime_checkable
class Streams(Protocol):
    """Live events of one connection. Reconnecting is the supervisor's work, not the adapter's."""

    def subscribe(self, channel: Channel, instruments: Sequence[InstrumentId]) -> AsyncIterator[Event]:
        """Events of `channel` for `instruments` (ignored for own channels), until the iterator is closed.

        A book subscription begins with a `BookSnapshot`. The iterator raises `Unavailable` when the
        connection is lost and stops normally never. Candles come as 1m.

        A `ConnectionEvent` that says CONNECTED, as often as the adapter likes, is a sign of life: what was asked for
        is in force, and silence after it is only a quiet market. It also carries how many messages of this
        connection were not understood. A `GapEvent` says that events were missed although the connection is there;
        of a book, a `BookSnapshot` follows.
        """
        ...


@runtime_checkable
class Venue(MarketData, OrderEntry, Portfolio, Streams, Protocol):
    """A connected account at a venue."""

    @property
    def name(self) -> VenueName:
        """The adapter's name, such as ``coinbase``."""
        ...

    @property
    def account(self) -> AccountId:
        """Which account; unique within the venue."""
        ...

    @property
    def environment(self) -> str:
        """``paper``, ``sandbox`` or ``production``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def connect(self) -> None:
        """Open sessions. Raises `Unavailable`, `VenuePermission` or `ConfigError`."""
        ...

    async def close(self) -> None:
        """Close everything; safe to call twice. Orders are left as they are."""
        ...

    async def server_time_ns(self) -> int:
        """The venue's clock, UTC nanoseconds."""
        ...


@attrs.frozen(kw_only=True)
class VenueContext:
    """What the desk gives an adapter, so that nothing is ambient."""

    clock: Clock
    #: A folder of this venue's own, which exists.
    data_dir: Path
    account: AccountId
    #: The ``[venues.NAME]`` table of the configuration, secrets already filled in.
    options: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    #: Budgets of calls that the desk cannot see by itself.
    pace: VenuePace = attrs.field(factory=Unpaced, repr=False)


class VenueFactory(Protocol):
    """What an adapter's entry point in group ``venuekit.venues`` names."""

    @property
    def name(self) -> VenueName:
        """The venue's name, same as the entry point's."""
        ...

    @property
    def title(self) -> str:
        """The venue's name for people."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the venue can do, known without connecting."""
        ...

    @property
    def options(self) -> type[Any]:
        """The attrs class of the ``[venues.NAME]`` table; fields carry ``metadata={"doc": ...}``.

        ``metadata={"env": "NAME"}`` names a variable of the venue's own that counts where nothing else sets the field.
        """
        ...

    @property
    def environment(self) -> str:
        """The environment a session has unless its options say otherwise."""
        ...

    @property
    def extras(self) -> Sequence[Extra]:
        """The venue's own tools."""
        ...

    def create(self, context: VenueContext) -> Venue:
        """A venue that is not connected yet. Raises `ConfigError`."""
        ...


@runtime_checkable
class Examines(Protocol):
    """A factory that can look whether everything is in order at its venue, for ``venuekit doctor NAME``."""

    async def examine(self, context: VenueContext) -> Sequence[Finding]:
        """What was found, with the remedies; what keeps a session from opening is a finding too.

        Nothing is ordered and nothing is changed. Without this method, a session is opened and closed.
        """
        ...


@runtime_checkable
class Charges(Protocol):
    """A factory that knows what its venue takes of a trade, so that a shadow account there pays the same.

    Without this method a shadow account pays a share of what it trades: ``shadow_fees``, maker's and taker's, if the
    factory has them. ``shadow_balances`` are what a new shadow account holds, by asset.
    """

    def fee(self, instrument: Instrument, price: Decimal, size: Decimal, liquidity: Liquidity) -> Decimal:
        """What one trade costs, in the instrument's settlement asset, rounded as the venue does; below 0, a rebate.

        It is asked for every trade and every hold: it asks nobody, and knows the instrument's own parameters from its
        `metadata`.
        """
        ...


class Simulator(Protocol):
    """What an entry point in group ``venuekit.simulators`` names: shadow trading on the public data of any venue."""

    @property
    def options(self) -> type[Any]:
        """The attrs class of the ``[shadow]`` table; fields carry ``metadata={"doc": ...}``."""
        ...

    def shadow(self, live: Venue, factory: VenueFactory, context: VenueContext, table: Mapping[str, Any]) -> Venue:
        """A venue with the public data of `live`, whose orders never leave the process. Raises `ConfigError`.

        Its environment is ``paper``, and its account is not the live one's, so that their journals are apart. `live`
        was made without any key; the venue has it as ``behind``, for the tools of its own that only read.
        """
        ...


def is_embedded(part: object) -> bool:
    """Whether a venue or store is part of this process and says so with ``embedded = True``.

    Its calls use no network, no timeouts and no cancel scopes, so that they may begin in one task and end in another.
    """
    return getattr(part, "embedded", False) is True
