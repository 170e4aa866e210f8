"""A loopback venue for tests of streams: what it hears and says is up to the test, over real sockets."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import anyio
from aiohttp import WSMsgType, web

from venuekit.adapter import (
    Channel,
    Event,
    Instrument,
    InstrumentKind,
    Level,
    OrderBook,
    UnknownInstrument,
    VenueDown,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.socket import SocketSettings
from venuekit_polymarket.statuses import Outcome
from venuekit_polymarket.streams import Market, Own, Streams, StreamSettings

D = Decimal
MARKET = "0x" + "ab" * 32


class Line:
    """One connection, as the venue sees it."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.heard: list[Any] = []
        self.pings = 0
        self.assets: set[str] = set()

    async def say(self, *messages: Any) -> None:
        for message in messages:
            with contextlib.suppress(ConnectionError):
                await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    def reset(self) -> None:
        """Cut it off without a word."""
        transport = self.request.transport
        assert transport is not None
        transport.abort()

    @property
    def is_open(self) -> bool:
        return not self.socket.closed and self.request.transport is not None


class StreamVenue:
    """Market and user sockets that answer PING, and give the first book of an asset that is asked for."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        #: Books by asset, which are given when one is subscribed to, and by REST.
        self.books: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.rest_faults: list[Exception] = []
        self.answers_ping = True
        self.gives_books = True
        self.on_message: Callable[[Line, Any], Any] | None = None
        self.port = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        line = Line(socket, request)
        self.lines.append(line)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._heard(line, message.data)
        return socket

    async def _heard(self, line: Line, data: str) -> None:
        if data == "PING":
            line.pings += 1
            if self.answers_ping:
                await line.say("PONG")
            return
        body = json.loads(data)
        line.heard.append(body)
        if self.on_message is not None:
            await self.on_message(line, body)
        assets = body.get("assets_ids", [])
        if body.get("operation") == "unsubscribe":
            line.assets.difference_update(assets)
            return
        if line.assets & set(assets):
            await line.say("INVALID OPERATION")
        line.assets.update(assets)
        if self.gives_books:
            books = [self.books[a] for a in assets if a in self.books]
            await line.say(books)

    @property
    def open_lines(self) -> list[Line]:
        return [line for line in self.lines if line.is_open]

    async def book(self, asset: str) -> OrderBook:
        """What REST answers."""
        self.asked.append(asset)
        if self.rest_faults:
            raise self.rest_faults.pop(0)
        told = self.books.get(asset)
        if told is None:
            raise UnknownInstrument("No orderbook exists for the requested token id")
        return OrderBook(
            venue="polymarket",
            instrument=asset,
            time_ns=int(told["timestamp"]) * 1_000_000,
            bids=_levels(told["bids"], reverse=True),
            asks=_levels(told["asks"], reverse=False),
        )

    async def all_say(self, *messages: Any) -> None:
        for line in self.open_lines:
            await line.say(*messages)


def _levels(rows: list[dict[str, str]], *, reverse: bool) -> tuple[Level, ...]:
    return tuple(sorted((Level(D(r["price"]), D(r["size"])) for r in rows), key=lambda x: x.price, reverse=reverse))


def book(asset: str, at_ms: int, bids: dict[str, str], asks: dict[str, str], **more: Any) -> dict[str, Any]:
    """A ``book`` frame; arrays are worst first, as the venue sends them."""
    return {
        "event_type": "book",
        "market": MARKET,
        "asset_id": asset,
        "bids": [{"price": p, "size": s} for p, s in sorted(bids.items())],
        "asks": [{"price": p, "size": s} for p, s in sorted(asks.items(), reverse=True)],
        "timestamp": str(at_ms),
        "hash": f"h{at_ms}",
        **more,
    }


def change(at_ms: int, *rows: tuple[str, str, str, str], best: tuple[str, str] | None = None) -> dict[str, Any]:
    """A ``price_change`` frame of (asset, side, price, size)."""
    told = {} if best is None else {"best_bid": best[0], "best_ask": best[1]}
    return {
        "event_type": "price_change",
        "market": MARKET,
        "price_changes": [
            {"asset_id": a, "side": side, "price": p, "size": s, "hash": "0x1", **told} for a, side, p, s in rows
        ],
        "timestamp": str(at_ms),
    }


def trade(asset: str, at_ms: int, price: str = ".51", size: str = "10", **more: Any) -> dict[str, Any]:
    return {
        "event_type": "last_trade_price",
        "market": MARKET,
        "asset_id": asset,
        "price": price,
        "size": size,
        "side": "BUY",
        "fee_rate_bps": "0",
        "timestamp": str(at_ms),
        **more,
    }


class Catalog:
    """The instruments that there are: every asset is one, but those named ``NO…``."""

    def __init__(self) -> None:
        self.now: dict[str, Outcome] = {}
        self.kept: dict[str, Instrument] = {}
        self.polled: list[Sequence[str]] = []
        self.faults: list[Exception] = []
        #: Answers of `refresh` wait for it.
        self.answers = anyio.Event()
        self.answers.set()

    def known(self, name: str) -> Instrument | None:
        return self.kept.get(name)

    def changed(self, instrument: Instrument) -> None:
        self.kept[instrument.id] = instrument

    async def find(self, name: str) -> Instrument:
        if name.startswith("NO"):
            raise UnknownInstrument(f"No instrument {name}.")
        return self.kept.setdefault(name, instrument(name))

    async def refresh(self, names: Sequence[str]) -> list[Outcome]:
        self.polled.append(tuple(names))
        await self.answers.wait()
        if self.faults:
            raise self.faults.pop(0)
        return [self.now.get(name, Outcome(self.kept.setdefault(name, instrument(name)))) for name in names]


def instrument(name: str, **more: Any) -> Instrument:
    return Instrument(
        id=name,
        venue="polymarket",
        kind=InstrumentKind.BINARY_OUTCOME,
        base=name,
        quote="pUSD",
        tick_size=D("0.01"),
        lot_size=D("0.01"),
        min_size=D(5),
        **more,
    )


class Reading:
    """A subscription that is read in the background."""

    def __init__(self, source: AsyncIterator[Event]) -> None:
        self.source = source
        self.events: list[Event] = []
        self.error: BaseException | None = None
        self.ended = anyio.Event()
        self.scope = anyio.CancelScope()

    async def run(self) -> None:
        try:
            with self.scope:
                async for event in self.source:
                    self.events.append(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, a test looks at it
            self.error = error
        finally:
            self.ended.set()

    async def stop(self) -> None:
        """Stop reading in the middle of it, as a caller that is canceled does."""
        self.scope.cancel()
        await self.ended.wait()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Stand:
    """Streams on a loopback venue, in simulated time."""

    def __init__(self, venue: StreamVenue, streams: Streams, clock: SimulatedClock, catalog: Catalog) -> None:
        self.venue = venue
        self.streams = streams
        self.clock = clock
        self.catalog = catalog
        self._group: anyio.abc.TaskGroup | None = None

    def read(self, channel: Channel, *names: str) -> Reading:
        reading = Reading(self.streams.subscribe(channel, names))
        assert self._group is not None
        self._group.start_soon(reading.run)
        return reading

    async def until(self, true: Callable[[], Any]) -> None:
        """Let the sockets work until something is so; the clock stands."""
        with anyio.fail_after(60):
            while not true():
                await self.clock.settle()

    async def quiet(self) -> None:
        """Let the sockets work until nothing more is on its way."""
        for _ in range(6):
            await self.clock.settle()


@asynccontextmanager
async def a_stand(
    own: Own | None = None, interesting: Callable[[], Sequence[str]] = tuple, **settings: Any
) -> AsyncIterator[Stand]:
    venue, catalog, clock = StreamVenue(), Catalog(), SimulatedClock(settle_rounds=40)
    app = web.Application()
    app.router.add_get("/ws/market", venue.serve)
    app.router.add_get("/ws/user", venue.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    venue.port = runner.addresses[0][1]
    base = f"ws://127.0.0.1:{venue.port}/ws"
    streams = Streams(
        StreamSettings(
            market=SocketSettings(url=f"{base}/market"), user=SocketSettings(url=f"{base}/user"), **settings
        ),
        Market(find=catalog.find, known=catalog, ask_book=venue.book, refresh=catalog.refresh, interesting=interesting),
        own,
        clock,
    )
    streams.begin()
    stand = Stand(venue, streams, clock, catalog)
    try:
        async with anyio.create_task_group() as group:
            stand._group = group
            yield stand
            group.cancel_scope.cancel()
    finally:
        await streams.close()
        await runner.cleanup()


def down() -> VenueDown:
    return VenueDown("503")
