"""Acme's stream: its subscription, its heartbeat, and frames whose numbers leave none out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from venuekit.adapter import NotConnected
from venuekit_wire.answers import decode, encode
from venuekit_wire.websocket import WebSocket, WebSocketSettings


async def frames(url: str, channel: str) -> AsyncIterator[Mapping[str, Any]]:
    """Frames of a channel; Acme sends a heartbeat each second."""
    socket = WebSocket(WebSocketSettings(venue="Acme", url=url))
    subscribe = encode({"op": "subscribe", "channel": channel}).decode()
    expected = None
    try:
        await socket.open(lambda: socket.send(subscribe), within=10)
        while True:
            try:
                frame = decode(await socket.receive(within=5))
            except msgspec.DecodeError as error:
                raise NotConnected("The stream brought a frame that is no JSON.") from error
            if expected not in (None, frame["number"]):
                raise NotConnected("The stream lost frames.")
            expected = frame["number"] + 1
            if frame["kind"] != "heartbeat":
                yield frame
    finally:
        await socket.close()
