"""One WebSocket of Polymarket: the first message, the venue's own PING, and every frame until it is lost."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from decimal import Decimal

import aiohttp
import attrs
import msgspec

from venuekit.adapter import Clock, NotConnected
from venuekit_polymarket.frame_values import Frame

log = logging.getLogger("venuekit.polymarket.streams")

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder().encode
#: The largest message that is taken: the books of a whole socket's assets.
_MOST_BYTES = 64_000_000
#: How often, and how long apart, it is looked whether a closed connection is gone.
_GOODBYES, _GOODBYE_SECONDS = 100, 0.01
_TEXT = aiohttp.WSMsgType.TEXT
#: What the venue says when it does not do what it was told: it would send nothing, for ever.
_REFUSED = "INVALID OPERATION"


@attrs.frozen(kw_only=True)
class SocketSettings:
    """Where a socket goes, and what it takes for dead. Seconds are the given clock's, but those of connecting."""

    url: str
    tls: ssl.SSLContext | None = None
    connect_seconds: float = 5.0
    #: The venue drops a connection that sends no PING for about ten seconds.
    ping_seconds: float = 10.0
    #: How long the answer may take; at most until the next one is asked.
    pong_seconds: float = 10.0


class Socket:
    """A connection, from its first message to its end; it is not made again."""

    def __init__(self, settings: SocketSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._limit: asyncio.Timeout | None = None
        self._over = ""
        self._heard = True
        #: Called with every answer to PING, and with every message that is neither that nor a frame.
        self.on_pong: Callable[[], None] = lambda: None
        self.on_strange: Callable[[], None] = lambda: None

    async def open(self, first: Frame) -> None:
        """Connect and send the first message, which says what the connection is for.

        Raises:
            NotConnected: it did not work.
        """
        self._check()
        settings = self._settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=settings.tls if settings.tls is not None else True),
            timeout=aiohttp.ClientTimeout(total=None, connect=settings.connect_seconds),
        )
        try:
            async with asyncio.timeout(settings.connect_seconds):
                self._socket = await self._session.ws_connect(settings.url, max_msg_size=_MOST_BYTES)
                self._check()
                await self.send(first)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotConnected(f"The stream could not be opened: {_short(error)}.") from error

    def _check(self) -> None:
        if self._over:
            raise NotConnected(self._over)

    async def send(self, message: Frame) -> None:
        """Send one message. Raises NotConnected."""
        await self._say(_encode(message).decode())

    async def ping(self) -> None:
        """Ask for an answer, which tells that all that was sent before has arrived. Raises NotConnected."""
        await self._say("PING")

    async def _say(self, words: str) -> None:
        socket = self._socket
        if socket is None:
            raise NotConnected(self._over or "The stream is not open.")
        try:
            await socket.send_str(words)
        except (aiohttp.ClientError, OSError) as error:
            raise NotConnected(f"The stream broke: {_short(error)}.") from error

    async def run(self, take: Callable[[Frame], None]) -> None:
        """Give `take` every frame in order, one at a time also where they come in lists. Never returns.

        Raises:
            NotConnected: it was closed, does not answer, or the venue refused what it was told.
        """
        pinging = asyncio.ensure_future(self._ping())
        try:
            async with asyncio.timeout(None) as self._limit:
                while True:
                    await self._next(take)
        except TimeoutError as error:
            raise NotConnected(self._over) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotConnected(f"The stream broke: {_short(error)}.") from error
        finally:
            self._limit = None
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)

    async def _next(self, take: Callable[[Frame], None]) -> None:
        socket = self._socket
        if socket is None:
            raise NotConnected(self._over or "The stream is not open.")
        message = await socket.receive()
        if message.type is not _TEXT:
            code = socket.close_code
            raise NotConnected(self._over or f"Polymarket ended the stream{f' ({code})' if code else ''}.")
        self._heard = True
        data = message.data
        if data == "PONG":
            self.on_pong()
        elif data[:1] in ("{", "["):
            self._frames(data, take)
        elif data:
            self._words(data)

    def _frames(self, data: str, take: Callable[[Frame], None]) -> None:
        try:
            body = _decode(data)
        except msgspec.DecodeError:
            self._strange(data)
            return
        for frame in body if isinstance(body, list) else (body,):
            if isinstance(frame, Mapping):
                take(frame)
            else:
                self._strange(data)

    def _words(self, data: str) -> None:
        self._strange(data)
        if data.strip().upper().startswith(_REFUSED):
            raise NotConnected(f"Polymarket refused what the stream asked for: {data[:80]!r}.")

    def _strange(self, data: str) -> None:
        self.on_strange()
        log.warning("A message of Polymarket's stream was not understood: %r", data[:200])

    async def _ping(self) -> None:
        """The venue's own PING, a text; one at once."""
        every = self._settings.ping_seconds
        patience = min(self._settings.pong_seconds, every)
        while True:
            self._heard = False
            try:
                await self.ping()
            except NotConnected as error:
                self.fail(error.message)
                return
            await self._clock.sleep(patience)
            if not self._heard:
                self.fail(f"The stream did not answer for {patience:g} s.")
                return
            await self._clock.sleep(every - patience)

    def fail(self, why: str) -> None:
        """Give the connection up: `run` raises NotConnected with this reason."""
        self._over = self._over or why
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Close the connection, or keep it from being made; safe to call twice."""
        self.fail("The stream was closed.")
        socket, self._socket = self._socket, None
        session, self._session = self._session, None
        raw = None if socket is None else socket.get_extra_info("socket")
        try:
            if socket is not None and not socket.closed:
                async with asyncio.timeout(1):
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


def _short(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
