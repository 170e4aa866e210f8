"""A venue that does what a test's script says: an exchange in a dictionary, with faults on demand."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.errors import OrderAlreadyDone, UnknownInstrument, UnknownOrder
from venuekit.model.account import AccountProfile, Balance, FillQuery, KeyPermission, Page, Position
from venuekit.model.capability import FULL, Capabilities, Feature
from venuekit.model.events import Channel, Event, FillEvent, OrderEvent, OrderEventKind
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import OrderRequest, OrderType, TimeInForce
from venuekit.model.market import Level, OrderBook, Ticker
from venuekit.model.order import CancelResult, Fill, FillState, Liquidity, Order, OrderRef, OrderStatus
from venuekit.protocols.limiter import Unpaced, VenuePace
from venuekit.testing.clock import SimulatedClock

D = Decimal
Fault = BaseException | Callable[[], Awaitable[object]]


@attrs.define
class Options:
    """The venue takes none."""


def listed(name: str, kind: InstrumentKind, **changes: Any) -> Instrument:
    """An instrument with a cent's tick and a thousandth's lot."""
    fields: dict[str, Any] = {
        "id": name,
        "venue": "scripted",
        "kind": kind,
        "base": name.partition("-")[0] if kind is not InstrumentKind.BINARY_OUTCOME else name,
        "quote": "USD",
        "tick_size": D("0.01"),
        "lot_size": D("0.001"),
        "min_size": D("0.001"),
        "max_size": D(1000),
        "min_notional": D(1),
        "alias": f"{name} alias",
    }
    return Instrument(**{**fields, **changes})


class ScriptedVenue:
    """`faults[call]` holds exceptions, or coroutine functions that run first, for the next calls of that name.

    `calls` has every call in order. With `tell` the own-order streams say what happens, else only answers do.
    """

    name, account = "scripted", "default"

    def __init__(self, clock: SimulatedClock, environment: str = "paper") -> None:
        self.clock = clock
        self.environment = environment
        self.capabilities = Capabilities(
            venue=self.name,
            title="Scripted",
            kinds=tuple(InstrumentKind),
            features=dict.fromkeys(Feature, FULL),
            order_types=dict.fromkeys(OrderType, FULL),
            times_in_force=dict.fromkeys(TimeInForce, FULL),
            channels=dict.fromkeys(Channel, FULL),
        )
        known = (
            listed("BTC-USD", InstrumentKind.SPOT),
            listed("ETH-USD", InstrumentKind.SPOT),
            listed("BTC-PERP", InstrumentKind.PERPETUAL, initial_margin=D("0.1")),
            listed("RAIN-YES", InstrumentKind.BINARY_OUTCOME, max_price=D("0.99")),
        )
        self.listed = {i.id: i for i in known}
        self.bid: Decimal | None = D(99)
        self.ask: Decimal | None = D(100)
        self.orders: dict[str, Order] = {}
        self.executions: list[Fill] = []
        self.cash = {"USD": D(1_000_000), "BTC": D(10)}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.calls: list[tuple[str, Any]] = []
        self.queues: list[tuple[Channel, tuple[str, ...], asyncio.Queue[Event | BaseException]]] = []
        self.tell = True
        self.skew_ns = 0
        self.sequence = 10
        self.page_size = 100
        #: What the desk gave the adapter for budgets of its own.
        self.pace: VenuePace = Unpaced()

    async def _call(self, what: str, arg: Any = None) -> None:
        self.calls.append((what, arg))
        if self.faults[what]:
            fault = self.faults[what].pop(0)
            if isinstance(fault, BaseException):
                raise fault
            await fault()

    def sent(self) -> list[Any]:
        """The requests that were submitted, whatever became of them."""
        return self.made("submit")

    def made(self, what: str) -> list[Any]:
        """The arguments of every call of one name."""
        return [arg for name, arg in self.calls if name == what]

    # -- sessions

    async def connect(self) -> None:
        await self._call("connect")

    async def close(self) -> None:
        await self._call("close")

    async def server_time_ns(self) -> int:
        await self._call("server_time_ns")
        return self.clock.now_ns() + self.skew_ns

    # -- market data

    async def instruments(self) -> list[Instrument]:
        return list(self.listed.values())

    async def instrument(self, instrument: str) -> Instrument:
        await self._call("instrument", instrument)
        for known in self.listed.values():
            if instrument in (known.id, known.alias):
                return known
        near: list[str] = ["BTC-USD"] if "BTC" in instrument else []
        raise UnknownInstrument(f"No {instrument}.", field="instrument", details={"near": near})

    async def search(self, text: str, *, limit: int = 20) -> list[Instrument]:
        return [i for i in self.listed.values() if text in i.id][:limit]

    async def tickers(self, instruments: Sequence[str]) -> list[Ticker]:
        await self._call("tickers", instruments)
        return [self.ticker(i) for i in instruments]

    def ticker(self, instrument: str = "BTC-USD") -> Ticker:
        return Ticker(
            venue=self.name,
            instrument=instrument,
            time_ns=self.clock.now_ns(),
            bid=self.bid,
            bid_size=D(5),
            ask=self.ask,
            ask_size=D(5),
            last=self.ask,
        )

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        await self._call("order_book", instrument)
        assert self.bid is not None
        assert self.ask is not None
        return OrderBook(
            venue=self.name,
            instrument=instrument,
            time_ns=self.clock.now_ns(),
            bids=(Level(self.bid, D(5)),),
            asks=(Level(self.ask, D(5)),),
            sequence=self.sequence,
        )

    async def trades(self, instrument: str, *, limit: int = 100) -> list[Any]:
        return []

    async def candles(self, *_: Any, **__: Any) -> list[Any]:
        return []

    # -- orders

    def accept(self, request: OrderRequest) -> Order:
        """Put an order on the book; a market order fills at once."""
        order = Order.of(
            request,
            venue=self.name,
            account=self.account,
            status=OrderStatus.OPEN,
            at_ns=self.clock.now_ns(),
            reduce_only=request.reduce_only,
            venue_order_id=f"v{len(self.orders) + 1}",
            fee_asset="USD",
        )
        self.set(order)
        if request.type is OrderType.MARKET:
            assert self.ask is not None
            self.fill(order.id, request.size or D(1), self.ask, tell=False)
        return self.orders[order.id]

    def set(self, order: Order, fill: Fill | None = None, *, tell: bool | None = None) -> None:
        """Make an order what it is, and tell the own-order streams."""
        self.orders[order.id] = order
        if self.tell if tell is None else tell:
            self.push(Channel.OWN_ORDERS, self.event(order))
            if fill is not None:
                self.push(Channel.OWN_FILLS, self.fill_event(fill))

    def event(self, order: Order, fill: Fill | None = None) -> OrderEvent:
        kind = OrderEventKind.ACCEPTED
        at = order.updated_ns
        return OrderEvent(venue=self.name, instrument=order.instrument, time_ns=at, kind=kind, order=order, fill=fill)

    def fill_event(self, fill: Fill) -> FillEvent:
        return FillEvent(venue=self.name, instrument=fill.instrument, time_ns=fill.time_ns, fill=fill)

    def execution(self, order: Order, size: Decimal, price: Decimal, **changes: Any) -> Fill:
        """A fill of an order that nobody was told of yet."""
        fields: dict[str, Any] = {
            "id": f"f{len(self.executions) + 1}",
            "venue": self.name,
            "account": self.account,
            "instrument": order.instrument,
            "venue_order_id": order.venue_order_id or "",
            "client_order_id": order.client_order_id,
            "side": order.side,
            "price": price,
            "size": size,
            "fee": D(0),
            "fee_asset": "USD",
            "liquidity": Liquidity.MAKER,
            "time_ns": self.clock.now_ns(),
            "state": FillState.CONFIRMED,
        }
        return Fill(**{**fields, **changes})

    def fill(self, order_id: str, size: Decimal, price: Decimal, *, tell: bool | None = None) -> Fill:
        """Execute a part of an order, move the money, and tell."""
        order = self.orders[order_id]
        fill = self.execution(order, size, price)
        self.executions.append(fill)
        instrument = self.listed[order.instrument]
        if not instrument.is_derivative:
            self.cash[instrument.quote] -= size * price * order.side.sign
            if instrument.kind is InstrumentKind.SPOT:
                self.cash[instrument.base] = self.cash.get(instrument.base, D(0)) + size * order.side.sign
        filled = order.filled_size + size
        done = order.size is None or filled >= order.size
        self.set(
            order.but(
                status=OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED,
                filled_size=filled,
                average_price=price,
                size=order.size or filled,
                updated_ns=self.clock.now_ns(),
            ),
            fill,
            tell=tell,
        )
        return fill

    async def submit(self, request: OrderRequest) -> Order:
        await self._call("submit", request)
        return self.orders.get(request.client_order_id or "") or self.accept(request)

    def _find(self, ref: OrderRef) -> Order:
        for order in self.orders.values():
            if (ref.client_order_id and order.client_order_id == ref.client_order_id) or (
                ref.venue_order_id and order.venue_order_id == ref.venue_order_id
            ):
                return order
        raise UnknownOrder("No such order.", field="order_id")

    async def cancel(self, order: OrderRef) -> Order:
        await self._call("cancel", order)
        found = self._find(order)
        if found.is_done:
            raise OrderAlreadyDone(f"It is {found.status.value}.")
        self.set(found.but(status=OrderStatus.CANCELED, updated_ns=self.clock.now_ns()))
        return self.orders[found.id]

    async def cancel_all(self, instrument: str | None = None) -> list[CancelResult]:
        await self._call("cancel_all", instrument)
        gone = [o for o in self.orders.values() if not o.is_done and instrument in (None, o.instrument)]
        for order in gone:
            self.set(order.but(status=OrderStatus.CANCELED))
        return [CancelResult(OrderRef.of(o)) for o in gone]

    async def amend(
        self,
        order: OrderRef,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        await self._call("amend", (size, price, stop_price))
        found = self._find(order)
        changed = found.but(size=size or found.size, price=price or found.price, updated_ns=self.clock.now_ns())
        self.set(changed)
        return changed

    async def order(self, order: OrderRef) -> Order:
        await self._call("order", order)
        return self._find(order)

    async def open_orders(self, instrument: str | None = None) -> list[Order]:
        await self._call("open_orders")
        return [o for o in self.orders.values() if not o.is_done]

    async def order_history(self, query: Any) -> Page[Order]:
        return Page(tuple(self.orders.values()))

    async def fills(self, query: FillQuery) -> Page[Fill]:
        await self._call("fills", query)
        found = [
            f
            for f in reversed(self.executions)
            if f.time_ns >= (query.start_ns or 0) and query.order_id in (None, f.venue_order_id)
        ]
        start, most = int(query.cursor or 0), min(query.limit, self.page_size)
        more = str(start + most) if start + most < len(found) else None
        return Page(tuple(found[start : start + most]), more)

    # -- portfolio

    async def balances(self) -> list[Balance]:
        await self._call("balances")
        return [
            Balance(venue=self.name, account=self.account, asset=a, total=n, available=n, held=D(0))
            for a, n in sorted(self.cash.items())
        ]

    async def positions(self) -> list[Position]:
        await self._call("positions")
        sizes: dict[str, Decimal] = {}
        for f in self.executions:
            if f.state is FillState.REVERSED:
                continue
            sizes[f.instrument] = sizes.get(f.instrument, D(0)) + f.size * f.side.sign
        return [
            Position(
                venue=self.name, account=self.account, instrument=i, quote="USD", size=n, average_entry_price=D(100)
            )
            for i, n in sorted(sizes.items())
        ]

    async def profile(self) -> AccountProfile:
        return AccountProfile(
            venue=self.name,
            account=self.account,
            environment=self.environment,
            permissions=(KeyPermission.VIEW, KeyPermission.TRADE),
            taker_fee_rate=D("0.001"),
        )

    async def transfers(self, **_: Any) -> Page[Any]:
        return Page(())

    # -- streams

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        self.calls.append(("subscribe", channel))
        return self._stream(channel, tuple(instruments))

    async def _stream(self, channel: Channel, instruments: tuple[str, ...]) -> AsyncIterator[Event]:
        failures = self.faults[f"subscribe {channel.value}"]
        if failures:
            failure = failures.pop(0)
            assert isinstance(failure, BaseException)
            raise failure
        queue: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        entry = (channel, instruments, queue)
        self.queues.append(entry)
        try:
            while True:
                item = await queue.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.queues.remove(entry)

    def push(self, channel: Channel, item: Event | BaseException) -> None:
        """Send an event down every stream of a channel, or break it with an exception."""
        for streamed, _, queue in list(self.queues):
            if streamed is channel:
                queue.put_nowait(item)
