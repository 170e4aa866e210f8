"""A live venue's public data, and the shadow account instead of its private half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import attrs

from venuekit.adapter import (
    FULL,
    NANOS,
    AccountProfile,
    Balance,
    CancelResult,
    Candle,
    Capabilities,
    Channel,
    Clock,
    Declared,
    Event,
    Feature,
    Fill,
    FillQuery,
    Granularity,
    HistoryQuery,
    Instrument,
    InvalidValue,
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
    Unavailable,
    Unsupported,
    Venue,
    positive_amount,
    validate,
)
from venuekit_paper.candles import Candles
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.latency import Latency
from venuekit_paper.reading import fills, known, order_history, page_limit
from venuekit_paper.shadow.engine import ShadowEngine
from venuekit_paper.shadow.feed import Feed
from venuekit_paper.shadow.options import ShadowOptions
from venuekit_paper.streams import StreamHub

T = TypeVar("T")
#: What the shadow account does by itself, whatever the live session may do without a key.
_OWN = frozenset(
    {
        Feature.SUBMIT,
        Feature.CANCEL,
        Feature.CANCEL_ALL,
        Feature.AMEND,
        Feature.OPEN_ORDERS,
        Feature.ORDER_HISTORY,
        Feature.ORDER_BY_CLIENT_ID,
        Feature.IDEMPOTENT_SUBMIT,
        Feature.FILLS,
        Feature.BALANCES,
        Feature.POSITIONS,
        Feature.PROFILE,
        Feature.TRANSFERS,
    }
)
#: How often orders whose time is over are looked for while nothing else happens.
_TICK_SECONDS = 1.0


def _own(declared: Declared) -> Declared:
    """How the shadow account does what the venue declares so."""
    return FULL if declared.usable else declared


class ShadowVenue:
    """One shadow account on one live venue. Of the live venue only public methods are ever called."""

    #: Orders go nowhere, whatever the venue.
    environment = "paper"

    def __init__(
        self,
        live: Venue,
        declared: Capabilities,
        options: ShadowOptions,
        fees: FeeSchedule,
        *,
        account: str,
        folder: Path,
        clock: Clock,
    ) -> None:
        """`declared` is what the venue can do with a key: a shadow order may be of the same kinds, and of no others."""
        self._live = live
        self._options = options
        self._fees = fees
        self._clock = clock
        self._path = folder / f"{account.replace(':', '%3A')}.shadow.sqlite3" if options.persist else None
        self.account = f"{account}.shadow"
        self._declared = declared
        self._latency = Latency(clock, options.latency_ms)
        self._engine: ShadowEngine | None = None
        self._hub: StreamHub | None = None
        self._feeds: dict[str, Feed] = {}
        self._ticking: asyncio.Task[None] | None = None

    # -- who we are

    @property
    def behind(self) -> Venue:
        """The venue whose public data this is, without any key."""
        return self._live

    @property
    def name(self) -> str:
        """The live venue's name."""
        return self._live.name

    @property
    def capabilities(self) -> Capabilities:
        """The live venue's public data as this session has it, and orders as the venue takes them."""
        public, declared = self._live.capabilities, self._declared
        features = {f: _own(declared.of(f)) if f in _OWN else public.of(f) for f in Feature}
        for option in (Feature.POST_ONLY, Feature.REDUCE_ONLY, Feature.QUOTE_SIZE):
            features[option] = declared.of(option)
        channels = {c: FULL if c.is_own else public.of(c) for c in Channel}
        return attrs.evolve(
            public,
            features=features,
            order_types=declared.order_types,
            times_in_force=declared.times_in_force,
            channels=channels,
        )

    @property
    def engine(self) -> ShadowEngine:
        """The shadow exchange. Raises NotConnected before `connect` and after `close`."""
        if self._engine is None:
            raise NotConnected("The shadow session is not open.", fix="Call connect first.")
        return self._engine

    # -- life

    async def connect(self) -> None:
        """Connect to the venue's public data, and open the account or go on with it; safe to call twice.

        Raises:
            Unavailable: the venue cannot be reached. StoreInUse: another process has the account open.
        """
        if self._engine is not None:
            return
        await self._live.connect()
        instruments = await self._live.instruments()
        now = self._clock.now_ns()
        engine = ShadowEngine(
            self._options,
            self._fees,
            venue=self._live.name,
            account=self.account,
            instruments=instruments,
            path=self._path,
            now_ns=now,
        )
        self._hub = StreamHub(engine.exchange, Candles(self._live.name, 0), self.account)
        self._engine = engine
        for instrument in engine.busy():
            self._feed(instrument)
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def close(self) -> None:
        """Follow nothing any more, keep the account, and leave the venue; safe to call twice."""
        engine, hub, self._engine, self._hub = self._engine, self._hub, None, None
        feeds, self._feeds = list(self._feeds.values()), {}
        ticking, self._ticking = self._ticking, None
        if hub is not None:
            hub.drop("The shadow session was closed.")
        if ticking is not None:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
        for feed in feeds:
            await feed.close()
        if engine is not None:
            engine.close()
        await self._live.close()

    def drop_connections(self) -> None:
        """Lose every stream of the shadow account, as a network does; for tests of what listens."""
        if self._hub is not None:
            self._hub.drop("The connection was lost.")

    async def server_time_ns(self) -> int:
        """The live venue's clock."""
        return await self._live.server_time_ns()

    def _feed(self, instrument: str) -> Feed:
        feed = self._feeds.get(instrument)
        if feed is None:
            feed = self._feeds[instrument] = Feed(self._live, self.engine, instrument, self._clock, self._publish)
        return feed

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(_TICK_SECONDS)
            self.engine.pass_time(self._clock.now_ns())
            self._publish()
            await self._leave_idle()

    async def _leave_idle(self) -> None:
        """Follow no more what nobody has traded for a while."""
        idle = self._clock.monotonic_ns() - int(self._options.keep_seconds * NANOS)
        busy = self.engine.busy()
        for name in [n for n, f in self._feeds.items() if n not in busy and f.wanted_ns < idle]:
            feed = self._feeds.pop(name)
            await feed.close()
            self.engine.lost(name, self._clock.now_ns())

    def _publish(self) -> None:
        if self._hub is not None:
            self._hub.publish(self._clock.now_ns())

    # -- market data: the live venue's

    async def instruments(self) -> Sequence[Instrument]:
        """Every instrument, sorted by id."""
        return await self._live.instruments()

    async def instrument(self, instrument: str) -> Instrument:
        """One instrument, by id or alias."""
        return await self._live.instrument(instrument)

    async def search(self, text: str, *, limit: int = 20) -> Sequence[Instrument]:
        """Instruments that match, best first."""
        return await self._live.search(text, limit=limit)

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        return await self._live.tickers(instruments)

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        """The live book."""
        return await self._live.order_book(instrument, depth=depth)

    async def trades(self, instrument: str, *, limit: int = 100) -> Sequence[Trade]:
        """The latest live trades."""
        return await self._live.trades(instrument, limit=limit)

    async def candles(
        self,
        instrument: str,
        granularity: Granularity,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 300,
    ) -> Sequence[Candle]:
        """Live candles."""
        return await self._live.candles(instrument, granularity, start_ns=start_ns, end_ns=end_ns, limit=limit)

    # -- orders: the shadow account's

    async def submit(self, request: OrderRequest) -> Order:
        """Place a shadow order, once the live book of its instrument is mirrored and the latency has passed.

        Raises:
            Unavailable: the live book does not come. And what the paper exchange refuses.
        """
        instrument = await self._live.instrument(request.instrument)
        if instrument.id != request.instrument:
            request = attrs.evolve(request, instrument=instrument.id)
        request = validate(request, instrument, self.capabilities, now_ns=self._clock.now_ns())
        await self._list(instrument)
        await self._feed(instrument.id).synced(self._options.sync_seconds)
        return await self._arrived(lambda engine, now: engine.place(request, now))

    async def _list(self, instrument: Instrument) -> None:
        """Take an instrument as the venue has it now; it may list too many to name them all before they are traded."""
        pair = [instrument]
        if instrument.id not in self.engine.exchange.markets and instrument.complement is not None:
            pair.append(await self._live.instrument(instrument.complement))
        for one in pair:
            self.engine.renew(one)

    async def cancel(self, order: OrderRef) -> Order:
        """Cancel a shadow order."""
        ref = known(order)
        return await self._arrived(lambda engine, now: engine.cancel(ref, now))

    async def cancel_all(self, instrument: str | None = None) -> Sequence[CancelResult]:
        """Cancel every shadow order, or every one of an instrument."""
        name = None if instrument is None else (await self._live.instrument(instrument)).id
        return await self._arrived(lambda engine, now: engine.cancel_all(name, now))

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change what is given of a shadow order. Raises Unsupported where the venue cannot."""
        declared = self.capabilities.of(Feature.AMEND)
        if not declared.usable:
            raise Unsupported(f"Orders cannot be amended here ({declared.reason}).")
        given = [(f, v) for f, v in (("size", size), ("price", price), ("stop_price", stop_price)) if v is not None]
        if not given:
            raise InvalidValue("Nothing is to be changed.", fix="Give size, price or stop_price.", field="size")
        for field, value in given:
            positive_amount(value, field=field)
        ref = known(order)
        return await self._arrived(lambda engine, now: engine.amend(ref, size, price, stop_price, now))

    async def _arrived(self, command: Callable[[ShadowEngine, int], T]) -> T:
        await self._latency()
        engine = self.engine
        try:
            return command(engine, self._clock.now_ns())
        finally:
            self._publish()

    async def order(self, order: OrderRef) -> Order:
        """One shadow order, open or done."""
        return self.engine.exchange.order(self.account, known(order))

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every open shadow order, conditional ones too."""
        return self.engine.exchange.open_orders(self.account, instrument)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Shadow orders of any state, newest first."""
        return order_history(self.engine.exchange, self.account, query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Shadow executions, newest first."""
        return fills(self.engine.exchange, self.account, query)

    # -- portfolio: the shadow account's

    async def balances(self) -> Sequence[Balance]:
        """What the shadow account has."""
        return self.engine.exchange.balances(self.account)

    async def positions(self) -> Sequence[Position]:
        """What the shadow account holds, valued at the live market."""
        exchange = self.engine.exchange
        account = exchange.accounts[self.account]
        quiet = [m for m, h in account.holdings.items() if h.lots and not self.engine.synced(m)]
        for name in quiet:
            await self._value(name)
        return exchange.positions(self.account)

    async def _value(self, instrument: str) -> None:
        """Take the live price of what is held and not followed."""
        try:
            [ticker] = await self._live.tickers([instrument])
        except Unavailable:
            return  # it keeps the price that was seen last
        price = ticker.mark or ticker.mid or ticker.last
        if price is not None:
            self.engine.exchange.set_mark(instrument, price, self._clock.now_ns())

    async def profile(self) -> AccountProfile:
        """The shadow account and the fees it pays."""
        return AccountProfile(
            venue=self.name,
            account=self.account,
            environment=self.environment,
            permissions=(KeyPermission.VIEW, KeyPermission.TRADE),
            maker_fee_rate=self._fees.maker,
            taker_fee_rate=self._fees.taker,
            fee_tier="shadow",
        )

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """What the shadow account began with."""
        return self.engine.exchange.history.transfers(self.account, page_limit(limit), cursor)

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Live events of a public channel; of an own one, the shadow account's."""
        if not channel.is_own:
            return self._live.subscribe(channel, instruments)
        if self._hub is None:
            raise NotConnected("The shadow session is not open.", fix="Call connect first.")
        return self._hub.subscribe(channel, (), self._clock.now_ns())
