"""The paper exchange as a venue: the protocols, wired to the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from venuekit.adapter import (
    AccountProfile,
    Balance,
    CancelResult,
    Candle,
    Capabilities,
    Channel,
    Fill,
    FillQuery,
    Granularity,
    HistoryQuery,
    Instrument,
    InstrumentStatus,
    KeyPermission,
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
    VenueContext,
    positive_amount,
)
from venuekit_paper.capabilities import CAPABILITIES, MAX_DEPTH
from venuekit_paper.config import read_options
from venuekit_paper.engine import Engine
from venuekit_paper.instruments import VENUE
from venuekit_paper.latency import Latency
from venuekit_paper.motion import Motion
from venuekit_paper.opening import open_engine
from venuekit_paper.reading import at_least_one, fills, order_history, page_limit
from venuekit_paper.search import search
from venuekit_paper.streams import StreamHub
from venuekit_paper.subscription import Subscription

T = TypeVar("T")


class PaperVenue:
    """One account of the embedded exchange. In realtime pace a task of its own moves the market."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._clock = context.clock
        self.options = read_options(context.options)
        self._account = context.account
        self._engine: Engine | None = None
        self._hub: StreamHub | None = None
        self._latency = Latency(self._clock, self.options.latency_ms)
        self._motion = Motion(self.options, self._clock, self._move)

    # -- who we are

    @property
    def name(self) -> str:
        """``paper``."""
        return VENUE

    @property
    def account(self) -> str:
        """The account that is open."""
        return self._account

    @property
    def environment(self) -> str:
        """``paper``."""
        return "paper"

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return CAPABILITIES

    @property
    def engine(self) -> Engine:
        """The exchange underneath. Raises NotConnected before `connect` and after `close`."""
        if self._engine is None:
            raise NotConnected("The paper exchange is not open.", fix="Call connect first.")
        return self._engine

    @property
    def streams(self) -> StreamHub:
        """Its live events. Raises NotConnected as `engine` does."""
        if self._hub is None:
            raise NotConnected("The paper exchange is not open.", fix="Call connect first.")
        return self._hub

    @property
    def journal_hash(self) -> str:
        """Digest over every command and outcome so far: the same inputs give the same digest."""
        return self.engine.journal_hash

    # -- life

    async def connect(self) -> None:
        """Open the exchange, or go on where it was left; safe to call twice.

        Raises:
            StoreInUse: another process has the account open.
            Unavailable: its file cannot be read or written.
        """
        if self._engine is not None:
            return
        begin = self._clock.now_ns()
        if self.options.pace == "manual" and self.options.start_time_ns:
            begin = self.options.start_time_ns
        self._engine = open_engine(self.options, self._context.data_dir, self._context.account, begin)
        self._account = self._engine.account
        self._hub = StreamHub(self._engine.exchange, self._engine.candles, self._account)
        self._motion.start()

    def _move(self, time_ns: int) -> None:
        self.engine.tick(time_ns)
        self.streams.publish(self.engine.exchange.now_ns)

    async def close(self) -> None:
        """Stop the market, end every stream, and keep everything; safe to call twice."""
        engine, hub, self._engine, self._hub = self._engine, self._hub, None, None
        try:
            await self._motion.stop()
        finally:  # also for a caller that is canceled meanwhile
            if engine is not None and hub is not None:
                hub.drop("The paper exchange was closed.")
                engine.close()

    async def advance(self, seconds: float) -> int:
        """Let the market make the moves of that much time; returns their number.

        In manual pace this is the market's only motion, and its time goes along. In realtime the moves are made at
        once, all at the time that it is. Time too short for a move is kept for the next call.

        Raises:
            InvalidValue: not a finite number of seconds, 0 or more.
        """
        return await self._motion.advance(seconds, lambda: self.engine.tick_ns)

    def drop_connections(self) -> None:
        """Lose every stream at once, as a network does; for tests of what listens."""
        self.streams.drop("The connection was lost.")

    def stall_connections(self) -> None:
        """Let every open stream fall silent without an error; for tests of what listens."""
        self.streams.stall()

    def now_ns(self) -> int:
        """The exchange's time."""
        if self.options.pace == "manual":
            return self.engine.exchange.now_ns
        return self._clock.now_ns()

    async def server_time_ns(self) -> int:
        """The exchange's clock, UTC nanoseconds; in manual pace the desk's own, since simulated time has no skew."""
        return self._clock.now_ns()

    async def _carried_out(self, command: Callable[[Engine, int], T]) -> T:
        """A command's answer, once the request has arrived, was carried out, is durable and was published."""
        await self._latency()
        engine = self.engine
        try:
            return command(engine, self.now_ns())
        finally:
            self.streams.publish(engine.exchange.now_ns)

    # -- market data

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        markets = self.engine.exchange.markets
        return [markets[name].scale.instrument for name in sorted(markets)]

    async def instrument(self, instrument: str) -> Instrument:
        """One instrument. Raises UnknownInstrument with near matches."""
        return self.engine.exchange.market(instrument).scale.instrument

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first. Raises InvalidValue for a limit below 1."""
        return search(await self.instruments(), text, at_least_one(limit))

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        exchange = self.engine.exchange
        return [self.streams.ticker(exchange.market(i).scale.instrument.id) for i in instruments]

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side, 500 at most. Raises InvalidValue for a depth below 1."""
        name = self.engine.exchange.market(instrument).scale.instrument.id
        return self.streams.book(name, min(at_least_one(depth, "depth"), MAX_DEPTH))

    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first, 1,000 at most. Raises InvalidValue for a limit below 1."""
        return self.engine.exchange.trades(instrument, at_least_one(limit))

    async def candles(
        self,
        instrument: str,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Candles, oldest first, 500 at most. Ten days before the exchange's first day are invented."""
        scale = self.engine.exchange.market(instrument).scale
        return self.engine.candles.candles(scale, granularity, start_ns, end_ns, page_limit(limit), self.now_ns())

    # -- orders

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order; durable before this returns."""
        return await self._carried_out(lambda engine, now: engine.place(request, now))

    async def cancel(self, order: OrderRef) -> Order:
        """Cancel an order."""
        return await self._carried_out(lambda engine, now: engine.cancel(order, now))

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """Cancel every open order."""
        return await self._carried_out(lambda engine, now: engine.cancel_all(instrument, now))

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change what is given of an order. Raises InvalidValue naming what is not an amount above zero."""
        for field, value in (("size", size), ("price", price), ("stop_price", stop_price)):
            if value is not None:
                positive_amount(value, field=field)
        return await self._carried_out(lambda engine, now: engine.amend(order, size, price, stop_price, now))

    async def order(self, order: OrderRef) -> Order:
        """One order, open or done."""
        return self.engine.exchange.order(self._account, order)

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every open order, conditional ones too."""
        return self.engine.exchange.open_orders(self._account, instrument)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first."""
        return order_history(self.engine.exchange, self._account, query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        return fills(self.engine.exchange, self._account, query)

    # -- portfolio

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero."""
        return self.engine.exchange.balances(self._account)

    async def positions(self) -> Sequence[Position]:
        """Positions, valued at the mark."""
        return self.engine.exchange.positions(self._account)

    async def profile(self) -> AccountProfile:
        """The account and its fees."""
        return AccountProfile(
            venue=VENUE,
            account=self._account,
            environment=self.environment,
            permissions=(KeyPermission.VIEW, KeyPermission.TRADE),
            maker_fee_rate=self.options.maker_fee,
            taker_fee_rate=self.options.taker_fee,
        )

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, mints, merges and settlements, newest first."""
        return self.engine.exchange.history.transfers(self._account, page_limit(limit), cursor)

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Subscription:
        """Live events; without instruments, of all. An unknown one raises UnknownInstrument at once."""
        exchange = self.engine.exchange
        names = () if channel.is_own else [exchange.market(i).scale.instrument.id for i in instruments]
        return self.streams.subscribe(channel, names, exchange.now_ns)

    # -- the simulation's own levers

    async def set_status(self, instrument: str, status: InstrumentStatus) -> None:
        """Open, close or halt a market."""
        await self._carried_out(lambda engine, now: engine.set_status(instrument, status, now))

    async def mint(self, instrument: str, size: Decimal) -> None:
        """Turn `size` quote into `size` shares of each outcome."""
        await self._carried_out(lambda engine, now: engine.mint(instrument, size, now))

    async def merge(self, instrument: str, size: Decimal) -> None:
        """Turn `size` shares of each outcome into `size` quote."""
        await self._carried_out(lambda engine, now: engine.merge(instrument, size, now))

    async def resolve(self, instrument: str, payout: Decimal) -> None:
        """End a two-outcome market: each share pays `payout`, of its complement 1 - `payout`."""
        await self._carried_out(lambda engine, now: engine.resolve(instrument, payout, now))
