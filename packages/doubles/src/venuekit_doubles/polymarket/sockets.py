"""WebSocket connections: what both channels have in common, and what goes wrong with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import WSMsgType, web

from venuekit_doubles.broken import aborted
from venuekit_doubles.polymarket.faults import StreamFault

#: A client that does not answer a close within that time is left.
_SECONDS_TO_CLOSE = 0.3
#: A frame that is to be overtaken waits that long for another one.
_SECONDS_TO_OVERTAKE = 0.5
_INVALID = "INVALID OPERATION"
_CLOSE = object()


class BadOperation(Exception):
    """A message that means nothing here."""


class Connection(ABC):
    """One client's connection. Whatever is told is queued at once, and sent in that order."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        seconds_to_ping: float,
        begun: Counter[str],
        telling: Callable[[], StreamFault | None],
    ) -> None:
        self._telling = telling
        self._request = request
        self._socket = socket
        self._seconds_to_ping = seconds_to_ping
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._begun = begun
        self._pinged = True
        self._stalled = self._silent = self._closing = False
        self._next: StreamFault | None = None
        self._kept: str | None = None
        #: Messages of the client, as they came.
        self.heard: list[str] = []

    @property
    @abstractmethod
    def subscriptions(self) -> set[str]:
        """What it is subscribed to by now: assets, or an account's address."""

    @abstractmethod
    def asked(self, message: dict[str, Any]) -> None:
        """Do what a message asks for. Raises BadOperation."""

    async def live(self) -> None:
        """Serve the client, until it goes or is sent away."""
        tasks = [asyncio.ensure_future(self._send_queued()), asyncio.ensure_future(self._watch())]
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(message.data)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _heard(self, text: str) -> None:
        self.heard.append(text)
        if text == "PING":
            self._pinged = True
            if not self._silent:
                self._queue.put_nowait("PONG")
            return
        try:
            message = json.loads(text)
            self.asked(message if isinstance(message, dict) else {})
        except (ValueError, BadOperation):
            self._queue.put_nowait(_INVALID)

    async def _send_queued(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._queue.get()
                if item is _CLOSE:
                    await self._socket.close()
                    return
                await self._socket.send_str(item)

    async def _watch(self) -> None:
        """Drop a client that sends no PING."""
        while self._pinged:
            self._pinged = False
            await asyncio.sleep(self._seconds_to_ping)
        self.close()

    # -- telling

    def begin(self, names: Iterable[str]) -> None:
        """Note that subscriptions are live: whatever happens from now on is told."""
        self._begun.update(names)

    def tell(self, frame: object) -> None:
        """Send a frame: an event, or a list of them."""
        text, meanwhile = json.dumps(frame), self._telling()
        if meanwhile is StreamFault.GARBAGE:
            text = text[: len(text) // 2]
        elif meanwhile is not None:
            self.fail(meanwhile)
        if not self.tells:
            return
        fault, self._next = self._next, None
        if fault is StreamFault.LOSE:
            return
        if fault is StreamFault.REORDER and self._kept is None:
            self._kept = text
            asyncio.get_running_loop().call_later(_SECONDS_TO_OVERTAKE, self._tell_kept)
            return
        self._queue.put_nowait(text)
        if fault is StreamFault.DUPLICATE:
            self._queue.put_nowait(text)
        self._tell_kept()

    def _tell_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None and self.tells:
            self._queue.put_nowait(kept)

    @property
    def tells(self) -> bool:
        """Whether what it is told now goes to the client."""
        transport = self._request.transport
        return not (self._stalled or self._silent or self._closing or transport is None or transport.is_closing())

    def close(self) -> None:
        """End it politely, after what is queued."""
        self._closing = True
        self._queue.put_nowait(_CLOSE)

    def fail(self, fault: StreamFault) -> None:
        """Fail in this way from now on, or once."""
        if fault is StreamFault.DROP:
            if self._request.transport is not None:
                self._request.transport.abort()
        elif fault is StreamFault.CLOSE:
            self.close()
        elif fault is StreamFault.STALL:
            self._stalled = True
        elif fault is StreamFault.SILENCE:
            self._silent = True
        elif fault is StreamFault.GARBAGE:
            self._queue.put_nowait("{not json")
        elif fault is StreamFault.UNKNOWN:
            self._queue.put_nowait(json.dumps({"event_type": "moon_phase", "market": "0x00", "phase": "full"}))
        else:
            self._next = fault


class Sockets:
    """Every open connection of a channel, and who waits for subscriptions."""

    def __init__(self, made: Callable[[web.Request, web.WebSocketResponse, Counter[str]], Connection]) -> None:
        self._made = made
        self.open: list[Connection] = []
        #: Connections that were ever made, and how often each subscription was.
        self.count = 0
        self.begun: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends."""
        socket = web.WebSocketResponse(max_msg_size=4_000_000, timeout=_SECONDS_TO_CLOSE)
        try:
            await socket.prepare(request)
        except ConnectionError:
            return aborted(request)  # the client has gone
        connection = self._made(request, socket, self.begun)
        self.open.append(connection)
        self.count += 1
        try:
            await connection.live()
        finally:
            self.open.remove(connection)
        return socket

    @property
    def subscriptions(self) -> list[str]:
        """Subscriptions of all open connections."""
        return [name for connection in self.open for name in connection.subscriptions]

    def fail(self, fault: StreamFault) -> None:
        """Let every open connection fail in this way."""
        for connection in list(self.open):
            connection.fail(fault)

    def close(self) -> None:
        """End every connection."""
        for connection in list(self.open):
            connection.close()
