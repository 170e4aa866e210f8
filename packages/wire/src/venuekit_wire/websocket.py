"""One WebSocket, from its first message to its end: whatever ends it is told, and nothing of it is left open."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import aiohttp
import attrs

from venuekit.adapter import NotConnected
from venuekit_wire.failures import reason

#: The largest message that is taken: the snapshot of a deep book, or of many.
_MOST_BYTES = 64_000_000
#: How long a connection may take to be ended politely.
_SECONDS_TO_CLOSE = 1.0
#: How often, and how long apart, it is looked whether a closed connection is gone.
_GOODBYES, _GOODBYE_SECONDS = 100, 0.01
_CLOSED = "The stream was closed."
_TEXT = aiohttp.WSMsgType.TEXT


@attrs.frozen(kw_only=True)
class WebSocketSettings:
    """Where a connection goes. Seconds are real ones: a network knows no other."""

    #: The venue's name, for people.
    venue: str
    url: str
    #: Whom it trusts, as `venuekit_wire.certificates.shared` says; None is the system.
    tls: ssl.SSLContext | None = None
    connect_seconds: float = 5.0


class WebSocket:
    """A connection that is made once, and not again. Close it, whatever came of it."""

    def __init__(self, settings: WebSocketSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._connecting: asyncio.Task[aiohttp.ClientWebSocketResponse] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._limit: asyncio.Timeout | None = None
        self._over = ""

    async def open(self, begin: Callable[[], Awaitable[None]], *, within: float) -> None:
        """Connect, and let `begin` send what says what the connection is for.

        Args:
            begin: Sends the first messages, with `send`.
            within: How long all of it may take, in seconds.

        Raises:
            NotConnected: it did not work, or it was closed meanwhile.
        """
        self._check()
        given = self._settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=given.tls if given.tls is not None else True),
            timeout=aiohttp.ClientTimeout(total=None, connect=given.connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        try:
            async with asyncio.timeout(within):
                self._connecting = asyncio.ensure_future(self._connect(self._session))
                self._socket = await asyncio.shield(self._connecting)
                self._check()
                await begin()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotConnected(f"The stream could not be opened: {reason(error)}.") from error

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        return await session.ws_connect(self._settings.url, max_msg_size=_MOST_BYTES)

    def _check(self) -> None:
        if self._over:
            raise NotConnected(self._over)

    def _now(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None:
            raise NotConnected(self._over or "The stream is not open.")
        return self._socket

    # -- messages

    async def send(self, text: str) -> None:
        """Send one message. Raises NotConnected."""
        socket = self._now()
        try:
            await socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            raise NotConnected(f"The stream broke: {reason(error)}.") from error

    async def receive(self, within: float | None = None) -> str:
        """The next message.

        Args:
            within: Silence for so many seconds ends the stream; None waits for ever.

        Raises:
            NotConnected: it ended, broke, fell silent, or was closed.
        """
        socket = self._now()
        try:
            message = await socket.receive(timeout=within)
        except TimeoutError as error:
            raise NotConnected("The stream fell silent.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotConnected(f"The stream broke: {reason(error)}.") from error
        if message.type is not _TEXT:
            code = socket.close_code
            venue = self._settings.venue
            raise NotConnected(self._over or f"{venue} ended the stream{f' ({code})' if code else ''}.")
        data: str = message.data
        return data

    async def run(
        self, take: Callable[[str], None], watch: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        """Give `take` every message in order. Never returns.

        Args:
            take: Gets each message, and ends all of it by raising.
            watch: Runs beside it, and gives the connection up with `fail`: a venue's ping, a look for silence. An error
                of it ends all of it, too.

        Raises:
            NotConnected: it ended, broke, was closed, or `fail` gave it up.
        """
        watching = None if watch is None else asyncio.ensure_future(watch())
        if watching is not None:
            watching.add_done_callback(self._watched)
        try:
            async with asyncio.timeout(None) as self._limit:
                self._check()
                while True:
                    take(await self.receive())
        except TimeoutError as error:
            if watching is not None and watching.done():
                await watching  # what ended it may be an error of its own
            raise NotConnected(self._over) from error
        finally:
            self._limit = None
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    # -- the end

    def _watched(self, watching: asyncio.Future[None]) -> None:
        if not watching.cancelled() and watching.exception() is not None:
            self.fail("Nobody watches the stream any more.")

    def fail(self, why: str) -> None:
        """Give the connection up: `run` raises NotConnected with this reason, the first one that is given."""
        self._over = self._over or why
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Close the connection, or keep it from being made; its readers get NotConnected. Safe to call twice."""
        self.fail(_CLOSED)
        socket = self._socket or await self._half_open()
        self._socket = None
        session, self._session = self._session, None
        raw = None if socket is None else socket.get_extra_info("socket")
        try:
            if socket is not None and not socket.closed:
                async with asyncio.timeout(_SECONDS_TO_CLOSE):
                    await socket.close()
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass  # the session's own end closes what is left
        finally:
            if session is not None:
                await session.close()
        # TLS says goodbye in its own time; the connection is only closed when it has.
        for _ in range(_GOODBYES):
            if raw is None or raw.fileno() == -1:
                break
            await asyncio.sleep(_GOODBYE_SECONDS)

    async def _half_open(self) -> aiohttp.ClientWebSocketResponse | None:
        """What is being connected when nobody wants it any more: TLS that is canceled halfway would be left open."""
        if self._connecting is None:
            return None
        _, late = await asyncio.wait([self._connecting], timeout=_SECONDS_TO_CLOSE)
        for task in late:
            task.cancel()
            await asyncio.wait(late)
        if self._connecting.cancelled() or self._connecting.exception() is not None:
            return None
        return self._connecting.result()
