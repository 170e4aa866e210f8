"""One WebSocket of Coinbase: subscribed, watched by its heartbeat, given up when a frame is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from venuekit.adapter import NotConnected, VenuePace, VenuePermission
from venuekit_coinbase.capabilities import STREAMS
from venuekit_coinbase.client import Signer
from venuekit_coinbase.config import CA_FILE, CoinbaseOptions
from venuekit_coinbase.reading import text
from venuekit_wire.certificates import shared

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder().encode
#: The largest frame that is taken: the snapshot of a deep book.
_MOST_BYTES = 64_000_000
#: Products of one message, which keeps messages small.
_PRODUCTS = 100
#: How long a connection may take to be ended politely.
_SECONDS_TO_CLOSE = 1.0
#: How often, and how long apart, it is looked whether a closed connection is gone.
_GOODBYES, _GOODBYE_SECONDS = 100, 0.01
_TEXT = aiohttp.WSMsgType.TEXT


class Socket:
    """A connection with one channel, and the heartbeat beside it."""

    def __init__(self, options: CoinbaseOptions, signer: Signer | None, pace: VenuePace, *, own: bool) -> None:
        self._options = options
        self._signer = signer
        self._url = options.ws_user_url if own else options.ws_url
        self._own = own
        self._pace = pace
        self._session: aiohttp.ClientSession | None = None
        self._connecting: asyncio.Task[aiohttp.ClientWebSocketResponse] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._next: int | None = None
        self._over = False

    async def open(self, channel: str, products: Sequence[str]) -> None:
        """Connect, and subscribe to the heartbeat and to `channel`.

        Raises:
            NotConnected: it did not work. VenuePermission: there is no key for a channel that needs one.
        """
        if self._own and self._signer is None:
            raise VenuePermission(
                "The stream of own orders needs a key.", fix="Set COINBASE_API_KEY and COINBASE_API_SECRET."
            )
        self._check()
        secure = urlsplit(self._url).scheme == "wss"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=shared(self._options.ca_file, field=CA_FILE) if secure else True),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._options.connect_timeout_seconds),
        )
        try:
            async with asyncio.timeout(self._options.connect_timeout_seconds + self._options.timeout_seconds):
                self._connecting = asyncio.create_task(self._connect(self._session))
                self._socket = await asyncio.shield(self._connecting)
                self._check()
                await self._subscribe("heartbeats", ())
                for start in range(0, max(len(products), 1), _PRODUCTS):
                    await self._subscribe(channel, products[start : start + _PRODUCTS])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotConnected(f"The stream could not be opened: {_short(error)}.") from error

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        return await session.ws_connect(self._url, max_msg_size=_MOST_BYTES, autoping=True)

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

    def _check(self) -> None:
        if self._over:
            raise NotConnected("The stream was closed.")

    async def _subscribe(self, channel: str, products: Sequence[str]) -> None:
        await self._pace.take(STREAMS)
        if self._socket is None:
            raise NotConnected("The stream was closed.")
        message: dict[str, Any] = {"type": "subscribe", "channel": channel}
        if products:
            message["product_ids"] = list(products)
        if self._signer is not None:
            message["jwt"] = self._signer.for_socket()
        await self._socket.send_str(_encode(message).decode())

    async def frames(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every frame in order, heartbeats too (one a second), until the connection is lost.

        Raises:
            NotConnected: it was closed, fell silent, or a frame is missing. VenuePermission: the key was not taken.
        """
        socket = self._socket
        if socket is None:
            raise NotConnected("The stream was closed.")
        while True:
            try:
                message = await socket.receive(timeout=self._options.heartbeat_timeout_seconds)
            except TimeoutError as error:
                raise NotConnected("The stream fell silent.") from error
            except (aiohttp.ClientError, OSError) as error:
                raise NotConnected(f"The stream broke: {_short(error)}.") from error
            if message.type is not _TEXT:
                code = socket.close_code
                raise NotConnected(f"Coinbase ended the stream{f' ({code})' if code else ''}.")
            yield self._read(message.data)

    def _read(self, data: str) -> Mapping[str, Any]:
        try:
            frame = _decode(data)
        except msgspec.DecodeError as error:
            raise NotConnected("The stream brought a frame that is no JSON.") from error
        if not isinstance(frame, dict):
            raise NotConnected("The stream brought a frame that is no object.")
        if frame.get("type") == "error":
            said = text(frame, "message")[:200]
            if "auth" in said.lower():
                raise VenuePermission(
                    f"Coinbase does not take the key for its stream ({said}).",
                    fix="Check the key and this machine's clock.",
                )
            raise NotConnected(f"Coinbase refused the stream: {said}.")
        self._in_sequence(frame)
        return frame

    def _in_sequence(self, frame: Mapping[str, Any]) -> None:
        """Numbers count frames of the connection, over all of its channels, without a gap."""
        number = frame.get("sequence_num")
        if not isinstance(number, int):
            return
        if self._next is not None and number != self._next:
            raise NotConnected(f"The stream lost frames: {self._next} was due, and {number} came.")
        self._next = number + 1

    async def close(self) -> None:
        """Close the connection, or keep it from being made."""
        self._over = True
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


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
