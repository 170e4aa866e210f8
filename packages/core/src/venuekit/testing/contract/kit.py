"""One session at the venue under test, with orders that fit its rules and its market."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from anyio.abc import TaskGroup

from venuekit.adapter import (
    NANOS,
    ZERO,
    Balance,
    Capabilities,
    Channel,
    Clock,
    Event,
    Feature,
    Fill,
    FillQuery,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    Level,
    LimitOrder,
    Order,
    OrderAlreadyDone,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderType,
    Side,
    TimeInForce,
    UnknownOrder,
    Venue,
    VenueContext,
    VenuekitError,
    ceil_to,
    floor_to,
    times,
)
from venuekit.testing.contract.catalogue import Need
from venuekit.testing.contract.profile import Profile
from venuekit.testing.contract.recording import Recording
from venuekit.testing.contract.subject import ACCOUNT, Subject

T = TypeVar("T")
_COUNT = itertools.count(1)
_RUN = secrets.token_hex(4)
_STEP_SECONDS = 0.05
#: The environment in which nothing is ordered unless somebody said so.
PRODUCTION = "production"
#: The first wait between two looks at a venue that takes its own time to answer; it doubles up to the step.
_FIRST_WAIT = 0.001
#: Those that need no margin first: a small account can trade them.
_KINDS = (InstrumentKind.SPOT, InstrumentKind.BINARY_OUTCOME, InstrumentKind.PERPETUAL, InstrumentKind.FUTURE)
#: A venue lists thousands of instruments, and each look is a call.
_MOST_LOOKED_AT = 40


class Kit:
    """A session and its market. Orders are the smallest that the rules allow, times what a test asks for."""

    venue: Venue
    #: The instrument to trade, and its book when the session began.
    instrument: Instrument
    book: OrderBook

    def __init__(self, subject: Subject, data_dir: Path) -> None:
        self.subject = subject
        self.profile: Profile = subject.profile
        self.clock: Clock = subject.profile.make_clock()
        self.capabilities: Capabilities = subject.capabilities
        self._data_dir = data_dir
        self._placed: list[OrderRef] = []

    def create(self, **options: Any) -> Venue:
        """A session that is not connected yet, over the same account and folder."""
        context = VenueContext(
            clock=self.clock,
            data_dir=self._data_dir,
            account=ACCOUNT,
            options={**self.subject.options, **options},
        )
        return self.subject.create(context)

    async def open(self) -> None:
        """Connect, and choose the instrument."""
        self.venue = self.create()
        if self.venue.environment == PRODUCTION != self.subject.environment:
            pytest.fail(f"the session says that its money is real; {self.subject.environment} was announced")
        await self.venue.connect()
        self.instrument, self.book = (await self.tradable(1))[0]

    async def reopen(self) -> None:
        """Close the session and connect a new one to the same account."""
        await self.venue.close()
        self.venue = self.create()
        await self.venue.connect()

    async def finish(self) -> None:
        """Cancel what is still open of this test's orders, and close."""
        for ref in self._placed:
            try:
                await self.venue.cancel(ref)
            except (UnknownOrder, OrderAlreadyDone):
                continue
            except VenuekitError:
                break
        await self.venue.close()

    async def tradable(self, most: int = _MOST_LOOKED_AT) -> list[tuple[Instrument, OrderBook]]:
        """At most so many instruments that trade and have a two-sided market, with it; fully funded ones first."""
        chosen = [await self.venue.instrument(name) for name in self.profile.instruments]
        listed = chosen or sorted(await self.venue.instruments(), key=lambda i: _KINDS.index(i.kind))[:_MOST_LOOKED_AT]
        found: list[tuple[Instrument, OrderBook]] = []
        for instrument in listed:
            if len(found) < most and instrument.status is InstrumentStatus.TRADING:
                book = await self.market_of(instrument)
                if book.bids and book.asks:
                    found.append((instrument, book))
        assert found, "no instrument is trading and has a two-sided market"
        return found

    async def market_of(self, instrument: Instrument) -> OrderBook:
        """Its book, or where the venue shows none, the best prices of its ticker."""
        if self.can(Feature.ORDER_BOOK):
            return await self.venue.order_book(instrument.id)
        [ticker] = await self.venue.tickers([instrument.id])
        bids, asks = ([Level(best, instrument.min_size)] if best else [] for best in (ticker.bid, ticker.ask))
        return OrderBook(venue=self.venue.name, instrument=instrument.id, time_ns=ticker.time_ns, bids=bids, asks=asks)

    async def trade_in(self, wanted: Callable[[Instrument], bool], otherwise: str) -> None:
        """Turn to the first tradable instrument that is as wanted; skip the test when there is none."""
        found = [(i, b) for i, b in await self.tradable() if wanted(i)]
        if not found:
            pytest.skip(otherwise)
        self.instrument, self.book = found[0]

    def can(self, *needs: Need) -> bool:
        """Whether the venue declares all of them usable."""
        return all(self.capabilities.can(need) for need in needs)

    @property
    def time_is_cheap(self) -> bool:
        """Whether the kit moves the venue's time itself, so that minutes cost nothing."""
        return self.profile.time_is_cheap

    async def pause(self, seconds: float | None = None) -> None:
        """Let time pass at the venue; without a figure, as long as a subscription needs to take hold."""
        await self.profile.pass_time(
            self.venue, self.clock, self.profile.settle_seconds if seconds is None else seconds
        )

    async def eventually(self, look: Callable[[], Awaitable[T]], want: Callable[[T], bool]) -> T:
        """Look until it is as wanted or patience ends; returns the last look, for the test to assert on."""
        ends = self.clock.monotonic_ns() + round(self.profile.patience_seconds * NANOS)
        wait = _FIRST_WAIT
        seen = await look()
        while not want(seen) and self.clock.monotonic_ns() < ends:
            await self.pause(_STEP_SECONDS)
            if self.profile.moves_by_hand:
                # What its market just did is on its way through a network, which nobody can hurry.
                await self.clock.sleep(wait)
                wait = min(2 * wait, _STEP_SECONDS)
            seen = await look()
        return seen

    def new_id(self) -> str:
        """A client order id that this account has not seen."""
        return f"vk-{_RUN}-{next(_COUNT)}"

    def size(self, price: Decimal, *, units: int = 1) -> Decimal:
        """`units` times the smallest size that an order at `price` may have."""
        rules = self.instrument
        smallest = max(rules.min_size, rules.lot_size)
        if rules.min_notional is not None:
            smallest = max(smallest, rules.min_notional / times(price, rules.contract_size))
        return times(ceil_to(smallest, rules.lot_size), Decimal(units))

    def away(self, side: Side, share: str = "0.2") -> Decimal:
        """A price on the tick, that share away from the market, where nothing trades."""
        rules, gap = self.instrument, Decimal(share)
        if side is Side.BUY:
            return max(floor_to(times(self.book.best_bid.price, 1 - gap), rules.tick_size), rules.tick_size)
        price = ceil_to(times(self.book.best_ask.price, 1 + gap), rules.tick_size)
        return price if rules.max_price is None else min(price, rules.max_price)

    def through(self, side: Side) -> Decimal:
        """A price on the tick that trades at once, a little through the market."""
        rules = self.instrument
        if side is Side.BUY:
            price = ceil_to(times(self.book.best_ask.price, Decimal("1.02")), rules.tick_size)
            return price if rules.max_price is None else min(price, rules.max_price)
        return max(floor_to(times(self.book.best_bid.price, Decimal("0.98")), rules.tick_size), rules.tick_size)

    def resting(self, side: Side = Side.BUY, *, units: int = 1, **changes: Any) -> LimitOrder:
        """A limit order that will rest. A sale needs holdings: `buy` some first."""
        price = changes.pop("price", self.away(side))
        fields: dict[str, Any] = {
            "instrument": self.instrument.id,
            "side": side,
            "size": self.size(self.away(Side.BUY), units=units),
            "price": price,
            "client_order_id": self.new_id(),
            **changes,
        }
        return LimitOrder(**fields)

    def taking(self, side: Side = Side.BUY, *, units: int = 1, **changes: Any) -> LimitOrder:
        """An IOC limit order that will trade at once."""
        price = self.through(side)
        fields = {"price": price, "time_in_force": TimeInForce.IOC, "size": self.size(price, units=units), **changes}
        return self.resting(side, **fields)

    @property
    def may_trade(self) -> bool:
        """Whether orders may be sent: always where the money is not real."""
        return self.venue.environment != PRODUCTION or self.subject.production_orders

    def ref(self, venue_order_id: str) -> OrderRef:
        """A reference to an order of the traded instrument."""
        return OrderRef(venue_order_id=venue_order_id, instrument=self.instrument.id)

    async def submit(self, request: OrderRequest) -> Order:
        """Send an order, and remember it for the cleaning up."""
        if not self.may_trade:
            pytest.skip("real money: --allow-production-orders was not given")
        placed = len(self._placed)
        self._placed.append(OrderRef(client_order_id=request.client_order_id, instrument=request.instrument))
        order = await self.venue.submit(request)
        self._placed[placed] = OrderRef.of(order)
        return order

    async def order(self, order: Order) -> Order:
        """The order as it is now."""
        return await self.venue.order(OrderRef.of(order))

    async def look_up(self, request: OrderRequest) -> Order | None:
        """The order of that request's client order id; None when the venue has none."""
        try:
            return await self.venue.order(
                OrderRef(client_order_id=request.client_order_id, instrument=request.instrument)
            )
        except UnknownOrder:
            return None

    async def open_ids(self) -> list[str | None]:
        """Client order ids of this run's open orders, in the order listed."""
        prefix = f"vk-{_RUN}-"
        if not self.can(Feature.OPEN_ORDERS):
            return []
        return [
            o.client_order_id for o in await self.venue.open_orders() if (o.client_order_id or "").startswith(prefix)
        ]

    async def done(self, order: Order) -> Order:
        """The order once it is done."""
        return await self.eventually(lambda: self.order(order), lambda seen: seen.is_done)

    async def fills_of(self, order: Order) -> list[Fill]:
        """All fills of an order, once they add up to its filled size."""

        async def look() -> list[Fill]:
            page = await self.venue.fills(FillQuery(instrument=order.instrument, order_id=order.venue_order_id))
            return [fill for fill in page.items if fill.venue_order_id == order.venue_order_id]

        return await self.eventually(look, lambda fills: sum((f.size for f in fills), ZERO) >= order.filled_size)

    async def bought(self, *, units: int = 1) -> Order:
        """Buy at the market; returns the done order, which has filled at least in part."""
        order = await self.done(await self.submit(self.taking(units=units)))
        assert order.filled_size > 0, f"an IOC order through the market did not trade: {order}"
        return order

    async def trade_a_little(self) -> None:
        """Leave an open order and a fill, where that is possible, so that there is something to read."""
        if self.may_trade and self.can(Feature.SUBMIT, OrderType.LIMIT, TimeInForce.IOC, TimeInForce.GTC):
            await self.submit(self.taking())
            await self.submit(self.resting())

    async def balance(self, asset: str) -> Balance:
        """One asset's balance; zero when it is not listed."""
        for balance in await self.venue.balances():
            if balance.asset == asset:
                return balance
        name, account = self.venue.name, self.venue.account
        return Balance(venue=name, account=account, asset=asset, total=ZERO, available=ZERO, held=ZERO)

    @asynccontextmanager
    async def recording(self, channel: Channel, instruments: Sequence[str] = ()) -> AsyncIterator[Recording]:
        """What a subscription delivers while the block runs."""
        recording = Recording(self.venue.subscribe(channel, instruments))
        failure: BaseException | None = None
        async with anyio.create_task_group() as group:
            try:
                await self._begin(recording, channel, instruments, group)
                yield recording
            except BaseException as error:  # noqa: BLE001 - raised again below, bare instead of in a group
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _begin(
        self, recording: Recording, channel: Channel, instruments: Sequence[str], group: TaskGroup
    ) -> None:
        """Start reading, and return when the venue's side has the subscription, or it has ended already."""
        subscribing = self.profile.subscribing
        if subscribing is None or (self.subject.shadow and channel.is_own):
            group.start_soon(recording.run)
            await self.pause()
            return
        live = False
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(recording.end, waiting.cancel_scope)
            with anyio.move_on_after(self.profile.patience_seconds):
                async with subscribing(self.venue, channel, tuple(instruments)):
                    group.start_soon(recording.run)
                live = True
            waiting.cancel_scope.cancel()
        assert live or recording.over, f"the venue's side has had no subscription to {channel.value}"

    async def refuses_to_stream(self, error: type[VenuekitError], channel: Channel, instrument: str) -> None:
        """Assert that subscribing raises that error, at once or when the first event is asked for."""
        try:
            with anyio.move_on_after(self.profile.patience_seconds):
                await anext(self.venue.subscribe(channel, [instrument]))
        except error:
            return
        pytest.fail(f"subscribing to {channel.value} raised no {error.__name__}")

    async def wait_for(self, recording: Recording, want: Callable[[list[Event]], bool]) -> list[Event]:
        """The events of a recording once they are as wanted, or when patience ends."""

        async def look() -> list[Event]:
            return list(recording.events)

        return await self.eventually(look, lambda events: recording.error is not None or want(events))

    async def venue_time(self) -> int:
        """The time at the venue, or ours where it does not tell, UTC nanoseconds."""
        if self.can(Feature.SERVER_TIME):
            return await self.venue.server_time_ns()
        return self.clock.now_ns()
