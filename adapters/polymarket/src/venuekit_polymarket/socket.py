"""One WebSocket of Polymarket: the first message, the venue's own PING, and every frame until it is lost."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Mapping

import attrs
import msgspec

from venuekit.adapter import Clock, NotConnected
from venuekit_polymarket.answers import TITLE
from venuekit_polymarket.frame_values import Frame
from venuekit_wire.answers import decode, encode
from venuekit_wire.websocket import WebSocket, WebSocketSettings

log = logging.getLogger("venuekit.polymarket.streams")

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
        self._socket = WebSocket(
            WebSocketSettings(venue=TITLE, url=settings.url, tls=settings.tls, connect_seconds=settings.connect_seconds)
        )
        self._heard = True
        #: Called with every answer to PING, and with every message that is neither that nor a frame.
        self.on_pong: Callable[[], None] = lambda: None
        self.on_strange: Callable[[], None] = lambda: None

    async def open(self, first: Frame) -> None:
        """Connect and send the first message, which says what the connection is for.

        Raises:
            NotConnected: it did not work.
        """
        await self._socket.open(lambda: self.send(first), within=self._settings.connect_seconds)

    async def send(self, message: Frame) -> None:
        """Send one message. Raises NotConnected."""
        await self._socket.send(encode(message).decode())

    async def ping(self) -> None:
        """Ask for an answer, which tells that all that was sent before has arrived. Raises NotConnected."""
        await self._socket.send("PING")

    async def run(self, take: Callable[[Frame], None]) -> None:
        """Give `take` every frame in order, one at a time also where they come in lists. Never returns.

        Raises:
            NotConnected: it was closed, does not answer, or the venue refused what it was told.
        """

        def hear(data: str) -> None:
            self._heard = True
            if data == "PONG":
                self.on_pong()
            elif data[:1] in ("{", "["):
                self._frames(data, take)
            elif data:
                self._words(data)

        await self._socket.run(hear, self._ping)

    def _frames(self, data: str, take: Callable[[Frame], None]) -> None:
        try:
            body = decode(data)
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
        self._socket.fail(why)

    async def close(self) -> None:
        """Close the connection, or keep it from being made; safe to call twice."""
        await self._socket.close()
