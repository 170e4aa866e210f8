"""One WebSocket of Coinbase: subscribed, watched by its heartbeat, given up when a frame is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from venuekit.adapter import NotConnected, VenuePace, VenuePermission
from venuekit_coinbase.answers import TITLE
from venuekit_coinbase.capabilities import STREAMS
from venuekit_coinbase.client import Signer
from venuekit_coinbase.config import CA_FILE, CoinbaseOptions
from venuekit_coinbase.reading import text
from venuekit_wire.answers import decode, encode
from venuekit_wire.certificates import shared
from venuekit_wire.websocket import WebSocket, WebSocketSettings

#: Products of one message, which keeps messages small.
_PRODUCTS = 100


class Socket:
    """A connection with one channel, and the heartbeat beside it."""

    def __init__(self, options: CoinbaseOptions, signer: Signer | None, pace: VenuePace, *, own: bool) -> None:
        """Raises ConfigError when the certificates cannot be read."""
        self._options = options
        self._signer = signer
        self._own = own
        self._pace = pace
        url = options.ws_user_url if own else options.ws_url
        self._socket = WebSocket(
            WebSocketSettings(
                venue=TITLE,
                url=url,
                tls=shared(options.ca_file, field=CA_FILE) if urlsplit(url).scheme == "wss" else None,
                connect_seconds=options.connect_timeout_seconds,
            )
        )
        self._next: int | None = None

    async def open(self, channel: str, products: Sequence[str]) -> None:
        """Connect, and subscribe to the heartbeat and to `channel`.

        Raises:
            NotConnected: it did not work. VenuePermission: there is no key for a channel that needs one.
        """
        if self._own and self._signer is None:
            raise VenuePermission(
                "The stream of own orders needs a key.", fix="Set COINBASE_API_KEY and COINBASE_API_SECRET."
            )

        async def begin() -> None:
            await self._subscribe("heartbeats", ())
            for start in range(0, max(len(products), 1), _PRODUCTS):
                await self._subscribe(channel, products[start : start + _PRODUCTS])

        patience = self._options.connect_timeout_seconds + self._options.timeout_seconds
        await self._socket.open(begin, within=patience)

    async def _subscribe(self, channel: str, products: Sequence[str]) -> None:
        await self._pace.take(STREAMS)
        message: dict[str, Any] = {"type": "subscribe", "channel": channel}
        if products:
            message["product_ids"] = list(products)
        if self._signer is not None:
            message["jwt"] = self._signer.for_socket()
        await self._socket.send(encode(message).decode())

    async def frames(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every frame in order, heartbeats too (one a second), until the connection is lost.

        Raises:
            NotConnected: it was closed, fell silent, or a frame is missing. VenuePermission: the key was not taken.
        """
        silence = self._options.heartbeat_timeout_seconds
        while True:
            yield self._read(await self._socket.receive(silence))

    def _read(self, data: str) -> Mapping[str, Any]:
        try:
            frame = decode(data)
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
        await self._socket.close()
