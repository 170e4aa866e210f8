"""The paper exchange as a venue: the protocols, wired to the engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

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
    KeyPermission,
    NotConnected,
    Order,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderStatus,
    Page,
    Position,
    StoreInUse,
    Ticker,
    Trade,
    Transfer,
    Unavailable,
    VenueContext,
)
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.config import read_options
from venuekit_paper.engine import Engine
from venuekit_paper.feed import Feed, Stream
from venuekit_paper.instruments import VENUE
from venuekit_paper.searching import search

log = logging.getLogger("venuekit.paper")

_ACCOUNTS_TRIED = 20


class PaperVenue:
    """One account of the embedded exchange. With `pace` realtime a task of its own moves the market."""

    def __init__(self, context: VenueContext) -> None:
        self._context = context
        self._clock = context.clock
        self.options = read_options(context.options)
        self._account = context.account
        self._engine: Engine | None = None
        self._feed: Feed | None = None
        self._task: asyncio.Task[None] | None = None

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
    def feed(self) -> Feed:
        """Its live events."""
        if self._feed is None:
            raise NotConnected("The paper exchange is not open.", fix="Call connect first.")
        return self._feed

    @property
    def journal_hash(self) -> str:
        """Digest over every command and outcome so far: the same inputs give the same digest."""
        return self.engine.journal_hash

    # -- life

    async def connect(self) -> None:
        """Open the exchange, or go on where it was left. Raises StoreInUse when another process has it."""
        if self._engine is not None:
            return
        begin = self._clock.now_ns()
        if self.options.pace == "manual" and self.options.start_time_ns:
            begin = self.options.start_time_ns
        self._engine = self._open(begin)
        self._feed = Feed(self._engine, self._account)
        if self.options.pace == "realtime":
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _open(self, begin_ns: int) -> Engine:
        if not self.options.persist:
            return Engine(self.options, self._account, None, begin_ns)
        first = self._account
        for number in range(1, _ACCOUNTS_TRIED + 1):
            name = first if number == 1 else f"{first}-{number}"
            try:
                engine = Engine(self.options, name, self._file(name), begin_ns)
            except StoreInUse:
                if self.options.on_locked == "refuse" or number == _ACCOUNTS_TRIED:
                    raise
                continue
            if name != first:
                log.warning("Account %s is open in another process; using %s.", first, name)
            self._account = name
            return engine
        raise AssertionError("the loop returns or raises")

    def _file(self, account: str) -> Path:
        self._context.data_dir.mkdir(parents=True, exist_ok=True)
        return self._context.data_dir / f"{account}.sqlite3"

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(self.options.tick_interval_ms / 1000)
            self.engine.tick(self._clock.now_ns())
            self.feed.moved()

    async def close(self) -> None:
        """Stop the market and keep everything; safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._engine is not None:
            self.feed.drop("The paper exchange was closed.")
            engine, self._engine, self._feed = self._engine, None, None
            engine.close()

    async def advance(self, seconds: float) -> int:
        """Move the market by that much time (in manual pace, its only motion). Returns the number of moves."""
        moves = self.engine.advance(seconds)
        self.feed.moved()
        return moves

    def drop_connections(self) -> None:
        """Lose every stream at once, as a venue does; for tests of what listens."""
        self.feed.drop("The connection was lost.")

    def now_ns(self) -> int:
        """The exchange's time."""
        if self.options.pace == "manual":
            return self.engine.exchange.now_ns
        return self._clock.now_ns()

    async def server_time_ns(self) -> int:
        """The exchange's clock, UTC nanoseconds; in manual pace the desk's own, since simulated time has no skew."""
        return self._clock.now_ns()

    async def _arrive(self) -> int:
        if self.options.latency_ms:
            await self._clock.sleep(self.options.latency_ms / 1000)
        return self.now_ns()

    # -- market data

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        markets = self.engine.exchange.markets
        return [markets[name].scale.instrument for name in sorted(markets)]

    async def instrument(self, instrument: str) -> Instrument:
        """One instrument. Raises UnknownInstrument with near matches."""
        return self.engine.exchange.market(instrument).scale.instrument

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first."""
        return search(await self.instruments(), text, limit)

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        return [self.engine.exchange.ticker(i) for i in instruments]

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side, 100 at most."""
        return self.engine.exchange.book(instrument, min(depth, 100))

    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        """The latest public trades, newest first, 1,000 at most."""
        return self.engine.exchange.trades(instrument, limit)

    async def candles(
        self,
        instrument: str,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Candles, oldest first."""
        scale = self.engine.exchange.market(instrument).scale
        return self.engine.candles.candles(scale, granularity, start_ns, end_ns, limit, self.now_ns())

    # -- orders

    async def submit(self, request: OrderRequest) -> Order:
        """Place an order; durable before this returns."""
        now = await self._arrive()
        try:
            return self.engine.place(request, now)
        finally:
            self.feed.moved()

    async def cancel(self, order: OrderRef) -> Order:
        """Cancel an order."""
        return self.engine.cancel(order, await self._arrive())

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """Cancel every open order."""
        return self.engine.cancel_all(instrument, await self._arrive())

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change an order."""
        return self.engine.amend(order, size, price, stop_price, await self._arrive())

    async def order(self, order: OrderRef) -> Order:
        """One order, open or done."""
        return self.engine.exchange.order(self._account, order)

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every open order, conditional ones too."""
        return self.engine.exchange.open_orders(self._account, instrument)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first; open ones come first, on the first page."""
        past = self.engine.exchange.history.orders(self._account, query)
        if query.cursor is not None:
            return past
        current = [o for o in reversed(await self.open_orders(query.instrument)) if _wanted(o, query)]
        return Page((*current, *past.items), past.next_cursor)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first."""
        return self.engine.exchange.history.fills(self._account, query)

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
        return self.engine.exchange.history.transfers(self._account, limit, cursor)

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Stream:
        """Live events; an unknown instrument raises UnknownInstrument at once."""
        exchange = self.engine.exchange
        names = [exchange.market(i).scale.instrument.id for i in instruments]
        if not names and channel in (Channel.TICKER, Channel.BOOK, Channel.TRADES, Channel.CANDLES):
            raise Unavailable(f"Channel {channel.value} needs at least one instrument.")
        return self.feed.subscribe(channel, names)


def _wanted(order: Order, query: HistoryQuery) -> bool:
    return (
        (not query.statuses or order.status in query.statuses)
        and (query.side is None or order.side is query.side)
        and (query.type is None or order.type is query.type)
        and (query.start_ns is None or order.created_ns >= query.start_ns)
        and (query.end_ns is None or order.created_ns < query.end_ns)
        and order.status is not OrderStatus.REJECTED
    )
