"""The WebSocket interface: every open connection, and which subscriptions are live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from venuekit_doubles.broken import aborted
from venuekit_doubles.coinbase.connection import CHANNELS, Connection, House
from venuekit_doubles.faults import StreamFault

#: A client that does not answer a close within that time is left.
_SECONDS_TO_CLOSE = 0.3
#: Turns of the event loop in which everything is read that clients did before.
_TURNS = 20


class Sockets:
    """Every open connection."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._open: dict[Connection, None] = {}
        #: Connections that were ever made.
        self.made = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends."""
        socket = web.WebSocketResponse(max_msg_size=1_000_000, timeout=_SECONDS_TO_CLOSE)
        try:
            await socket.prepare(request)
        except ConnectionError:
            return aborted(request)  # the client has gone
        connection = Connection(socket, request, self._house)
        self._open[connection] = None
        self.made += 1
        try:
            await connection.serve()
        finally:
            del self._open[connection]
        return socket

    def live(self, channel: str, product: str | None = None) -> int:
        """How many subscriptions to a channel are live: of any product, or of one."""
        return sum(connection.live(channel, product) for connection in self._open)

    async def subscribed(self, channel: str, count: int, product: str | None, within: float) -> None:
        """Wait until so many are. Raises ValueError, TimeoutError."""
        _known(channel)
        for _ in range(_TURNS):  # connections that were closed before are gone then
            await asyncio.sleep(0)
        what = f"{channel} of {product}" if product else channel
        await self._until(lambda: self.live(channel, product), count, f"live subscriptions to {what}", within)

    def begun(self, channel: str) -> int:
        """How many subscriptions to a channel ever became live. Raises ValueError."""
        _known(channel)
        return self._house.begun[channel]

    async def begins(self, channel: str, count: int, within: float) -> None:
        """Wait until so many ever were. Raises TimeoutError."""
        await self._until(lambda: self.begun(channel), count, f"subscriptions to {channel} that began", within)

    async def _until(self, found: Callable[[], int], count: int, what: str, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                while found() < count:
                    self._house.news.clear()
                    await self._house.news.wait()
        except TimeoutError as error:
            raise TimeoutError(f"{count} {what} within {within} s: there are {found()}.") from error

    async def fail(self, fault: StreamFault, channel: str | None = None) -> None:
        """Let every open connection fail in this way; `channel` is the one that falls silent, None is all."""
        await asyncio.gather(*(connection.fail(fault, channel) for connection in list(self._open)))

    @property
    def count(self) -> int:
        """Connections that are open."""
        return len(self._open)

    async def close(self) -> None:
        """End every connection."""
        await self.fail(StreamFault.CLOSE_1001)


def _known(channel: str) -> None:
    if channel not in CHANNELS:
        raise ValueError(f"No channel {channel!r}; there are: {', '.join(CHANNELS)}.")
