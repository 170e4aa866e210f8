"""The venue as everyone but the dispatcher sees it: data and portfolio, paced, and no way to send an order."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.desk.serving import served
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

    async def _slot(self, call: str) -> Venue:
        """The venue, for one call of this name, once there is a slot for it."""
        await self._limiter.take(READS[call], call=call, agent_id=served() or self._agent_id)
        return self._venue

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        return await (await self._slot("instruments")).instruments()

    async def instrument(self, instrument: InstrumentId) -> Instrument:
        """One instrument, by id or alias. Raises `UnknownInstrument` with near matches."""
        return await (await self._slot("instrument")).instrument(instrument)

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first."""
        return await (await self._slot("search")).search(text, limit=bounded(limit, "limit"))

    async def ticker(self, instrument: InstrumentId) -> Ticker:
        """One ticker."""
        return (await self.tickers([instrument]))[0]

    async def tickers(self, instruments: Sequence[InstrumentId]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        return await (await self._slot("tickers")).tickers(instruments)

    async def order_book(self, instrument: InstrumentId, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side."""
        return await (await self._slot("order_book")).order_book(instrument, depth=bounded(depth, "depth"))

    async def trades(self, instrument: InstrumentId, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first."""
        return await (await self._slot("trades")).trades(instrument, limit=bounded(limit, "limit"))

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
        return await (await self._slot("candles")).candles(
            instrument, granularity, start_ns=start_ns, end_ns=end_ns, limit=bounded(limit, "limit")
        )

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero."""
        return await (await self._slot("balances")).balances()

    async def positions(self) -> Sequence[Position]:
        """Positions as the venue counts them."""
        return await (await self._slot("positions")).positions()

    async def profile(self) -> AccountProfile:
        """Who we are at the venue."""
        return await (await self._slot("profile")).profile()

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, withdrawals, funding and settlements, newest first."""
        return await (await self._slot("transfers")).transfers(limit=bounded(limit, "limit"), cursor=cursor)

    async def order(self, order: OrderRef) -> Order:
        """One order as the venue has it now. Raises `UnknownOrder`."""
        return await (await self._slot("order")).order(order)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first."""
        bounded(query.limit, "limit")
        return await (await self._slot("order_history")).order_history(query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        bounded(query.limit, "limit")
        return await (await self._slot("fills")).fills(query)

    async def server_time_ns(self) -> int:
        """The venue's clock, UTC nanoseconds."""
        return await (await self._slot("server_time_ns")).server_time_ns()
