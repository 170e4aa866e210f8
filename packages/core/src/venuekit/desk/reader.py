"""The venue as everyone but the dispatcher sees it: data and portfolio, paced, and no way to send an order."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from venuekit.desk.serving import Serving, served
from venuekit.errors import InvalidValue
from venuekit.model.account import AccountProfile, Balance, FillQuery, HistoryQuery, Page, Position, Transfer
from venuekit.model.capability import Capabilities
from venuekit.model.identity import AgentId, InstrumentId
from venuekit.model.instrument import Instrument
from venuekit.model.market import Candle, Granularity, OrderBook, Ticker, Trade
from venuekit.model.order import Fill, Order, OrderRef
from venuekit.protocols.limiter import READS, Limiter
from venuekit.protocols.venue import Venue

_MOST = 5_000


def bounded(value: object, field: str, most: int = _MOST) -> int:
    """`value` if it is a whole number from 1 to `most`.

    Raises:
        InvalidValue: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidValue(
            f"{field} must be a whole number from 1 to {most}.", field=field, details={"accepted": f"1 to {most}"}
        )
    return value


class _Slot:
    """A block around one call to the venue: begun when there is a slot for it, and made for who took that.

    The adapter's own budgets are waited for inside, so they too know whose patience it is.
    """

    __slots__ = ("_agent_id", "_call", "_limiter", "_serving", "_venue")

    def __init__(self, venue: Venue, limiter: Limiter, call: str, agent_id: AgentId) -> None:
        self._venue = venue
        self._limiter = limiter
        self._call = call
        self._agent_id = agent_id
        self._serving = Serving(agent_id)

    async def __aenter__(self) -> Venue:
        await self._limiter.take(READS[self._call], call=self._call, agent_id=self._agent_id)
        self._serving.__enter__()
        return self._venue

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.__exit__(kind, error, trace)


class VenueReader:
    """Market data and portfolio of the desk's venue."""

    def __init__(self, venue: Venue, limiter: Limiter, agent_id: AgentId) -> None:
        self._venue = venue
        self._limiter = limiter
        #: Whose turn it takes when no agent is served: the program's own.
        self._agent_id = agent_id

    @property
    def name(self) -> str:
        """The adapter's name."""
        return self._venue.name

    @property
    def account(self) -> str:
        """Which account."""
        return self._venue.account

    @property
    def environment(self) -> str:
        """``paper``, ``sandbox`` or ``production``."""
        return self._venue.environment

    @property
    def capabilities(self) -> Capabilities:
        """What the venue can do."""
        return self._venue.capabilities

    def _slot(self, call: str) -> _Slot:
        """The venue, for one call of this name, once there is a slot for it."""
        return _Slot(self._venue, self._limiter, call, served() or self._agent_id)

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        async with self._slot("instruments") as venue:
            return await venue.instruments()

    async def instrument(self, instrument: InstrumentId) -> Instrument:
        """One instrument, by id or alias. Raises `UnknownInstrument` with near matches."""
        async with self._slot("instrument") as venue:
            return await venue.instrument(instrument)

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first."""
        async with self._slot("search") as venue:
            return await venue.search(text, limit=bounded(limit, "limit"))

    async def ticker(self, instrument: InstrumentId) -> Ticker:
        """One ticker."""
        return (await self.tickers([instrument]))[0]

    async def tickers(self, instruments: Sequence[InstrumentId]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        async with self._slot("tickers") as venue:
            return await venue.tickers(instruments)

    async def order_book(self, instrument: InstrumentId, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side."""
        async with self._slot("order_book") as venue:
            return await venue.order_book(instrument, depth=bounded(depth, "depth"))

    async def trades(self, instrument: InstrumentId, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first."""
        async with self._slot("trades") as venue:
            return await venue.trades(instrument, limit=bounded(limit, "limit"))

    async def candles(
        self,
        instrument: InstrumentId,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Candles, oldest first."""
        async with self._slot("candles") as venue:
            return await venue.candles(
                instrument, granularity, start_ns=start_ns, end_ns=end_ns, limit=bounded(limit, "limit")
            )

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero."""
        async with self._slot("balances") as venue:
            return await venue.balances()

    async def positions(self) -> Sequence[Position]:
        """Positions as the venue counts them."""
        async with self._slot("positions") as venue:
            return await venue.positions()

    async def profile(self) -> AccountProfile:
        """Who we are at the venue."""
        async with self._slot("profile") as venue:
            return await venue.profile()

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, withdrawals, funding and settlements, newest first."""
        async with self._slot("transfers") as venue:
            return await venue.transfers(limit=bounded(limit, "limit"), cursor=cursor)

    async def order(self, order: OrderRef) -> Order:
        """One order as the venue has it now. Raises `UnknownOrder`."""
        async with self._slot("order") as venue:
            return await venue.order(order)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first."""
        bounded(query.limit, "limit")
        async with self._slot("order_history") as venue:
            return await venue.order_history(query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        bounded(query.limit, "limit")
        async with self._slot("fills") as venue:
            return await venue.fills(query)

    async def server_time_ns(self) -> int:
        """The venue's clock, UTC nanoseconds."""
        async with self._slot("server_time_ns") as venue:
            return await venue.server_time_ns()
