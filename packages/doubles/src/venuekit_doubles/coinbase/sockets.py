"""The WebSocket interface: subscriptions, tokens, sequence numbers a connection, heartbeats, and every channel."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import WSMsgType, web

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Channel,
    Event,
    InstrumentEvent,
    OrderEvent,
    TickerEvent,
    TradeEvent,
    Unavailable,
    VenuekitError,
    iso,
)
from venuekit_doubles.coinbase import words
from venuekit_doubles.coinbase.auth import Doorkeeper, NotAuthorized
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.faults import StreamFault

#: Channel on the wire → the exchange's.
_CHANNELS = {
    "ticker": Channel.TICKER,
    "ticker_batch": Channel.TICKER,
    "level2": Channel.BOOK,
    "market_trades": Channel.TRADES,
    "status": Channel.STATUS,
    "user": Channel.OWN_ORDERS,
}
_SILENT = ("heartbeats", "candles", "futures_balance_summary")
_NEEDS_KEY = ("user", "futures_balance_summary")
#: A connection that has not subscribed by then is closed (venue's documents, 2026-11).
_SECONDS_TO_SUBSCRIBE = 5.0


class Sockets:
    """Every open connection."""

    def __init__(self, backing: Backing, door: Doorkeeper, *, heartbeat_seconds: float, with_client_id: bool) -> None:
        self._backing = backing
        self._door = door
        self._heartbeat_seconds = heartbeat_seconds
        self._with_client_id = with_client_id
        self._open: set[Connection] = set()
        #: Connections that were ever made.
        self.made = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends."""
        socket = web.WebSocketResponse(max_msg_size=1_000_000)
        await socket.prepare(request)
        connection = Connection(
            socket, self._backing, self._door, self._heartbeat_seconds, with_client_id=self._with_client_id
        )
        self._open.add(connection)
        self.made += 1
        try:
            await connection.live()
        finally:
            self._open.discard(connection)
        return socket

    async def fail(self, fault: StreamFault) -> None:
        """Let every open connection fail in this way."""
        for connection in list(self._open):
            await connection.fail(fault)

    @property
    def count(self) -> int:
        """Connections that are open."""
        return len(self._open)

    async def close(self) -> None:
        """End every connection."""
        await self.fail(StreamFault.CLOSE_1001)


class Connection:
    """One client's connection."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        backing: Backing,
        door: Doorkeeper,
        heartbeat_seconds: float,
        *,
        with_client_id: bool,
    ) -> None:
        self._socket = socket
        self._backing = backing
        self._venue = backing.venue
        self._door = door
        self._heartbeat_seconds = heartbeat_seconds
        self._with_client_id = with_client_id
        self._sequence = 0
        self._beats = 0
        self._subscribed: dict[str, list[str]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._silent = False
        self._channels_silent = False
        self._twice = False

    async def live(self) -> None:
        """Read what the client asks for, until it goes or is sent away."""
        waiting = asyncio.ensure_future(self._or_leave())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._asked(message.data)
        finally:
            waiting.cancel()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(waiting, *self._tasks.values(), return_exceptions=True)

    async def _or_leave(self) -> None:
        await asyncio.sleep(_SECONDS_TO_SUBSCRIBE)
        if not self._subscribed:
            await self._socket.close(code=1000, message=b"no subscription")

    # -- what is asked

    async def _asked(self, data: str) -> None:
        try:
            message = json.loads(data)
            channel, names = str(message["channel"]), [str(n) for n in message.get("product_ids") or []]
            wanted = message["type"]
        except (ValueError, KeyError, TypeError):
            await self._error("malformed message")
            return
        if channel not in _CHANNELS and channel not in _SILENT:
            await self._error(f"channel {channel[:40]} is not valid")
            return
        if not await self._may(channel, message):
            return
        if wanted == "unsubscribe":
            self._subscribed.pop(channel, None)
            task = self._tasks.pop(channel, None)
            if task is not None:
                task.cancel()
            await self._acknowledge()
            return
        if wanted != "subscribe":
            await self._error("type is not valid")
            return
        await self._subscribe(channel, names)

    async def _may(self, channel: str, message: dict[str, Any]) -> bool:
        token = message.get("jwt")
        if token is None and channel not in _NEEDS_KEY:
            return True
        try:
            self._door.message(str(token or ""))
        except NotAuthorized:
            await self._error("authentication failure")
            return False
        return True

    async def _subscribe(self, channel: str, names: Sequence[str]) -> None:
        known = {i.id for i in await self._backing.instruments()}
        unknown = [n for n in names if n not in known]
        if unknown:
            await self._error(f"product {unknown[0][:40]} is not valid")
            return
        listed = self._subscribed.setdefault(channel, [])
        fresh = [n for n in names if n not in listed]
        listed += fresh
        if channel == "heartbeats":
            self._subscribed[channel] = ["heartbeats"]
        await self._acknowledge()
        key = f"{channel} {','.join(fresh)}" if fresh else channel
        if key in self._tasks:
            return
        if channel == "heartbeats":
            self._tasks[key] = asyncio.ensure_future(self._beat())
        elif channel in _CHANNELS:
            self._tasks[key] = asyncio.ensure_future(self._stream(channel, fresh))

    async def _acknowledge(self) -> None:
        shown = {c: n or [c] for c, n in self._subscribed.items()}
        await self._send("subscriptions", [{"subscriptions": shown}])

    async def _error(self, message: str) -> None:
        await self._socket.send_str(json.dumps({"type": "error", "message": message}))

    # -- what is told

    async def _send(self, channel: str, events: Sequence[Any]) -> None:
        if self._silent or (self._channels_silent and channel not in ("heartbeats", "subscriptions")):
            return
        frame: dict[str, Any] = {
            "channel": channel,
            "timestamp": iso(self._backing.now_ns()),
            "sequence_num": self._sequence,
            "events": list(events),
        }
        if self._with_client_id:
            frame["client_id"] = ""
        self._sequence += 1
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._socket.send_str(json.dumps(frame))
            if self._twice:
                self._twice = False
                await self._socket.send_str(json.dumps(frame))

    async def _beat(self) -> None:
        while True:
            self._beats += 1
            now = iso(self._backing.now_ns())
            await self._send("heartbeats", [{"current_time": now, "heartbeat_counter": self._beats}])
            await asyncio.sleep(self._heartbeat_seconds)

    async def _stream(self, channel: str, names: Sequence[str]) -> None:
        upstream = self._venue.subscribe(_CHANNELS[channel], names)
        try:
            await self._first(channel, names)
            async for event in upstream:
                await self._event(channel, event)
        except Unavailable:
            await self._socket.close(code=1001)
        except VenuekitError as error:
            await self._error(error.message)

    async def _first(self, channel: str, names: Sequence[str]) -> None:
        if channel in ("ticker", "ticker_batch"):
            tickers = [words.ticker(t) for t in await self._venue.tickers(names)]
            await self._send(channel, [{"type": "snapshot", "tickers": tickers}])
        elif channel == "market_trades":
            for name in names:
                recent = [words.trade(t) for t in await self._venue.trades(name, limit=50)]
                await self._send(channel, [{"type": "snapshot", "trades": recent}])
        elif channel == "status":
            products = [_status(words.product(i, None)) for i in await self._backing.instruments()]
            await self._send(channel, [{"type": "snapshot", "products": products}])
        elif channel == "user":
            orders = [await self._order(o) for o in await self._venue.open_orders()]
            await self._send(channel, [{"type": "snapshot", "orders": orders, "positions": {}}])

    async def _order(self, order: Any) -> dict[str, Any]:
        return words.frame_order(order, len(await self._backing.fills_of(order)))

    async def _event(self, channel: str, event: Event) -> None:
        if isinstance(event, TickerEvent):
            await self._send(channel, [{"type": "update", "tickers": [words.ticker(event.ticker)]}])
        elif isinstance(event, TradeEvent):
            await self._send(channel, [{"type": "update", "trades": [words.trade(event.trade)]}])
        elif isinstance(event, BookSnapshot):
            await self._book("snapshot", event.instrument or "", event.book.bids, event.book.asks)
        elif isinstance(event, BookDelta):
            await self._book("update", event.instrument or "", event.bids, event.asks)
        elif isinstance(event, OrderEvent):
            await self._send(channel, [{"type": "update", "orders": [await self._order(event.order)]}])
        elif isinstance(event, InstrumentEvent):
            row = _status(words.product(event.changed, None))
            await self._send(channel, [{"type": "update", "products": [row]}])

    async def _book(self, kind: str, name: str, bids: Sequence[Any], asks: Sequence[Any]) -> None:
        at = iso(self._backing.now_ns())
        updates = [
            {"side": side, "event_time": at, "price_level": level["price"], "new_quantity": level["size"]}
            for side, levels in (("bid", bids), ("offer", asks))
            for level in words.levels(list(levels))
        ]
        await self._send("l2_data", [{"type": kind, "product_id": name, "updates": updates}])

    # -- what goes wrong

    async def fail(self, fault: StreamFault) -> None:
        """Fail in this way from now on, or at once."""
        if fault is StreamFault.CLOSE_1000:
            await self._socket.close(code=1000)
        elif fault is StreamFault.CLOSE_1001:
            await self._socket.close(code=1001)
        elif fault is StreamFault.ABORT:
            transport = self._socket.get_extra_info("transport")
            if transport is not None:
                transport.abort()
        elif fault is StreamFault.GAP:
            self._sequence += 1
        elif fault is StreamFault.SILENCE:
            self._silent = True
        elif fault is StreamFault.CHANNEL_SILENCE:
            self._channels_silent = True
        elif fault is StreamFault.DUPLICATE:
            self._twice = True
        else:
            await self._socket.send_str("{not json")


def _status(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "product_type": product["product_type"],
        "id": product["product_id"],
        "base_currency": product["base_currency_id"],
        "quote_currency": product["quote_currency_id"],
        "base_increment": product["base_increment"],
        "quote_increment": product["quote_increment"],
        "display_name": product["display_name"],
        "status": "online" if not product["is_disabled"] else "offline",
        "status_message": "",
        "min_market_funds": product["quote_min_size"],
    }
