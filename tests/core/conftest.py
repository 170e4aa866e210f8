"""A venue that does what a test's script says, and desks on it that need no network and no waiting."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from venuekit import registry
from venuekit.desk.desk import Desk
from venuekit.errors import OrderAlreadyDone, UnknownInstrument, UnknownOrder
from venuekit.model.account import AccountProfile, Balance, KeyPermission, Page
from venuekit.model.capability import FULL, Capabilities, Feature
from venuekit.model.events import Channel, FillEvent, OrderEvent
from venuekit.model.instrument import Instrument, InstrumentKind
from venuekit.model.intent import OrderType, TimeInForce
from venuekit.model.market import Level, OrderBook, Ticker
from venuekit.model.order import CancelResult, Fill, Liquidity, Order, OrderRef, OrderStatus
from venuekit.runtime.session import open_desk
from venuekit.settings.schema import DeskConfig, DeskSettings
from venuekit.testing.clock import SimulatedClock

D = Decimal


@attrs.define
class Options:
    pass


class ScriptedVenue:
    """An exchange in a dictionary. `faults[call]` holds exceptions, or coroutines functions, for the next calls."""

    name, account = "scripted", "default"

    def __init__(self, clock: SimulatedClock, environment: str = "paper") -> None:
        self.clock = clock
        self.environment = environment
        self.capabilities = Capabilities(
            venue=self.name,
            title="Scripted",
            kinds=(InstrumentKind.SPOT,),
            features=dict.fromkeys(Feature, FULL),
            order_types=dict.fromkeys(OrderType, FULL),
            times_in_force=dict.fromkeys(TimeInForce, FULL),
            channels=dict.fromkeys(Channel, FULL),
        )
        self.listed = {
            name: Instrument(
                id=name,
                venue=self.name,
                kind=InstrumentKind.SPOT,
                base=name.split("-")[0],
                quote="USD",
                tick_size=D("0.01"),
                lot_size=D("0.001"),
                min_size=D("0.001"),
                max_size=D(1000),
                min_notional=D(1),
                alias=f"{name} alias",
            )
            for name in ("BTC-USD", "ETH-USD")
        }
        self.bid, self.ask = D(99), D(100)
        self.orders: dict[str, Order] = {}
        self.executions: list[Fill] = []
        self.cash = {"USD": D(1_000_000), "BTC": D(10)}
        self.faults: dict[str, list[Any]] = defaultdict(list)
        self.calls: list[tuple[str, Any]] = []
        self.queues: list[tuple[Channel, tuple[str, ...], asyncio.Queue[Any]]] = []
        self.tell = True
        self.skew_ns = 0
        self.sequence = 10
        self.page_size = 100

    async def _call(self, what: str, arg: Any = None) -> None:
        self.calls.append((what, arg))
        if self.faults[what]:
            fault = self.faults[what].pop(0)
            if isinstance(fault, BaseException):
                raise fault
            await fault()

    def sent(self) -> list[Any]:
        return [arg for what, arg in self.calls if what == "submit"]

    # sessions

    async def connect(self) -> None:
        await self._call("connect")

    async def close(self) -> None:
        await self._call("close")

    async def server_time_ns(self) -> int:
        await self._call("server_time_ns")
        return self.clock.now_ns() + self.skew_ns

    # market data

    async def instruments(self) -> list[Instrument]:
        return list(self.listed.values())

    async def instrument(self, instrument: str) -> Instrument:
        await self._call("instrument", instrument)
        for known in self.listed.values():
            if instrument in (known.id, known.alias):
                return known
        raise UnknownInstrument(
            f"No {instrument}.", field="instrument", details={"near": ["BTC-USD"] if "BTC" in instrument else []}
        )

    async def search(self, text: str, *, limit: int = 20) -> list[Instrument]:
        return [i for i in self.listed.values() if text in i.id][:limit]

    async def tickers(self, instruments: list[str]) -> list[Ticker]:
        await self._call("tickers", instruments)
        return [
            Ticker(
                venue=self.name,
                instrument=i,
                time_ns=self.clock.now_ns(),
                bid=self.bid,
                bid_size=D(5),
                ask=self.ask,
                ask_size=D(5),
                last=self.ask,
            )
            for i in instruments
        ]

    async def order_book(self, instrument: str, *, depth: int = 50) -> OrderBook:
        await self._call("order_book", instrument)
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

    # orders

    def accept(self, request: Any) -> Order:
        order = Order(
            venue=self.name,
            account=self.account,
            instrument=request.instrument,
            side=request.side,
            type=request.type,
            status=OrderStatus.OPEN,
            time_in_force=request.time_in_force,
            created_ns=self.clock.now_ns(),
            updated_ns=self.clock.now_ns(),
            size=request.size,
            quote_size=getattr(request, "quote_size", None),
            price=getattr(request, "price", None),
            stop_price=getattr(request, "stop_price", None),
            expires_at_ns=getattr(request, "expires_at_ns", None),
            post_only=getattr(request, "post_only", False),
            reduce_only=request.reduce_only,
            client_order_id=request.client_order_id,
            venue_order_id=f"v{len(self.orders) + 1}",
            fee_asset="USD",
        )
        self._set(order)
        if request.type is OrderType.MARKET:
            self.fill(order.id, request.size or D(1), self.ask, tell=False)
        return self.orders[order.id]

    def _set(self, order: Order, fill: Fill | None = None, *, tell: bool | None = None) -> None:
        self.orders[order.id] = order
        if self.tell if tell is None else tell:
            self.push(Channel.OWN_ORDERS, self.event(order))
            if fill is not None:
                self.push(
                    Channel.OWN_FILLS,
                    FillEvent(venue=self.name, instrument=fill.instrument, time_ns=fill.time_ns, fill=fill),
                )

    def event(self, order: Order) -> OrderEvent:
        from venuekit.model.events import OrderEventKind

        return OrderEvent(
            venue=self.name,
            instrument=order.instrument,
            time_ns=order.updated_ns,
            kind=OrderEventKind.ACCEPTED,
            order=order,
        )

    def fill(self, order_id: str, size: Decimal, price: Decimal, *, tell: bool | None = None) -> Fill:
        order = self.orders[order_id]
        fill = Fill(
            id=f"f{len(self.executions) + 1}",
            venue=self.name,
            account=self.account,
            instrument=order.instrument,
            venue_order_id=order.venue_order_id or "",
            client_order_id=order.client_order_id,
            side=order.side,
            price=price,
            size=size,
            fee=D(0),
            fee_asset="USD",
            liquidity=Liquidity.MAKER,
            time_ns=self.clock.now_ns(),
        )
        self.executions.append(fill)
        base, quote = order.instrument.split("-")
        self.cash[base] = self.cash.get(base, D(0)) + size * order.side.sign
        self.cash[quote] -= size * price * order.side.sign
        filled = order.filled_size + size
        done = order.size is None or filled >= order.size
        self._set(
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

    async def submit(self, request: Any) -> Order:
        await self._call("submit", request)
        return self.orders.get(request.client_order_id) or self.accept(request)

    def _find(self, ref: OrderRef) -> Order:
        for order in self.orders.values():
            if (ref.client_order_id and order.client_order_id == ref.client_order_id) or (
                ref.venue_order_id and order.venue_order_id == ref.venue_order_id
            ):
                return order
        raise UnknownOrder("No such order.", field="order_id")

    async def cancel(self, ref: OrderRef) -> Order:
        await self._call("cancel", ref)
        order = self._find(ref)
        if order.is_done:
            raise OrderAlreadyDone(f"It is {order.status.value}.")
        self._set(order.but(status=OrderStatus.CANCELED, updated_ns=self.clock.now_ns()))
        return self.orders[order.id]

    async def cancel_all(self, instrument: str | None = None) -> list[CancelResult]:
        await self._call("cancel_all", instrument)
        gone = [o for o in self.orders.values() if not o.is_done and instrument in (None, o.instrument)]
        for order in gone:
            self._set(order.but(status=OrderStatus.CANCELED))
        return [CancelResult(OrderRef.of(o)) for o in gone]

    async def amend(self, ref: OrderRef, *, size: Any = None, price: Any = None, stop_price: Any = None) -> Order:
        await self._call("amend", (size, price, stop_price))
        order = self._find(ref)
        self._set(order.but(size=size or order.size, price=price or order.price, updated_ns=self.clock.now_ns()))
        return self.orders[order.id]

    async def order(self, ref: OrderRef) -> Order:
        await self._call("order", ref)
        return self._find(ref)

    async def open_orders(self, instrument: str | None = None) -> list[Order]:
        await self._call("open_orders")
        return [o for o in self.orders.values() if not o.is_done]

    async def order_history(self, query: Any) -> Page[Order]:
        return Page(tuple(self.orders.values()))

    async def fills(self, query: Any) -> Page[Fill]:
        await self._call("fills", query)
        found = [
            f
            for f in reversed(self.executions)
            if f.time_ns >= (query.start_ns or 0) and query.order_id in (None, f.venue_order_id)
        ]
        start, most = int(query.cursor or 0), min(query.limit, self.page_size)
        more = str(start + most) if start + most < len(found) else None
        return Page(tuple(found[start : start + most]), more)

    # portfolio

    async def balances(self) -> list[Balance]:
        await self._call("balances")
        return [
            Balance(venue=self.name, account=self.account, asset=a, total=n, available=n, held=D(0))
            for a, n in sorted(self.cash.items())
        ]

    async def positions(self) -> list[Any]:
        from venuekit.model.account import Position

        await self._call("positions")
        sizes: dict[str, Decimal] = {}
        for f in self.executions:
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

    # streams

    def subscribe(self, channel: Channel, instruments: Any) -> AsyncIterator[Any]:
        self.calls.append(("subscribe", channel))
        return self._stream(channel, tuple(instruments))

    async def _stream(self, channel: Channel, instruments: tuple[str, ...]) -> AsyncIterator[Any]:
        if self.faults[f"subscribe {channel.value}"]:
            raise self.faults[f"subscribe {channel.value}"].pop(0)
        queue: asyncio.Queue[Any] = asyncio.Queue()
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

    def push(self, channel: Channel, item: Any) -> None:
        for c, _, queue in list(self.queues):
            if c is channel:
                queue.put_nowait(item)


class ScriptedFactory:
    name, title, options, extras, environment = "scripted", "Scripted", Options, (), "paper"

    def __init__(self, venue: ScriptedVenue) -> None:
        self.venue = venue
        self.capabilities = venue.capabilities

    def create(self, context: Any) -> ScriptedVenue:
        return self.venue


class Bench:
    """One venue, one folder, and as many desks on them as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(settle_rounds=40)
        self.venue = ScriptedVenue(self.clock)
        self.folder = folder
        self._crashes = 0

    def config(self, **tables: Any) -> DeskConfig:
        desk = tables.pop("desk", {})
        settings = DeskSettings(venue="scripted", data_dir=str(self.folder), **desk)
        return DeskConfig(desk=settings, **tables)

    @contextlib.asynccontextmanager
    async def open(self, config: DeskConfig | None = None, **options: Any) -> AsyncIterator[Desk]:
        async with open_desk(config or self.config(), clock=self.clock, environ={}, **options) as desk:
            await self.clock.settle()
            yield desk

    def after_crash(self) -> DeskConfig:
        """What a desk finds after `kill -9` at this moment: the files as they are now, in another folder."""
        self._crashes += 1
        copy = self.folder.with_name(f"{self.folder.name}-crash-{self._crashes}")
        shutil.copytree(self.folder, copy)
        return DeskConfig(desk=DeskSettings(venue="scripted", data_dir=str(copy)))


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    made = Bench(tmp_path)
    registry.register(ScriptedFactory(made.venue))
    yield made
    registry.unregister("scripted")


@pytest.fixture
def limit() -> Callable[..., Any]:
    from venuekit.model.intent import LimitOrder, Side

    def make(**changes: Any) -> LimitOrder:
        return LimitOrder(**{"instrument": "BTC-USD", "side": Side.BUY, "size": D(1), "price": D(98), **changes})

    return make


@pytest.fixture
def rows() -> Callable[..., Any]:
    from venuekit.protocols.journal import EntryKind, RowQuery

    def read(desk: Desk, *kinds: EntryKind, **query: Any) -> list[Any]:
        found = desk.store.rows(RowQuery(desk=desk.name, kinds=kinds, newest_first=False, limit=1000, **query))
        return list(found)

    return read
