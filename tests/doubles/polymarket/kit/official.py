"""The official client against the double, and streams as any client has them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import aiohttp
from polymarket import AsyncSecureClient
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.auth import ApiKey

from venuekit_doubles.polymarket import Account, PolymarketDouble


@contextlib.asynccontextmanager
async def client(
    double: PolymarketDouble, account: Account | None = None, *, key: ApiKey | None = None
) -> AsyncIterator[AsyncSecureClient]:
    """The client of an account, with a key of the relayer's where one is given."""
    who = account or double.account
    config = dataclasses.replace(PRODUCTION_CONFIG, relayer_poll_frequency_ms=10, **dict[str, Any](double.urls))
    made = await AsyncSecureClient.create(
        private_key=who.private_key,
        wallet=who.wallet,
        environment=create_environment(name="loopback", config=config),
        api_key=key,
    )
    try:
        yield made
    finally:
        await made.close()


async def everything(paginator: Any) -> list[Any]:
    """All entries of all pages."""
    return [item async for page in paginator for item in page.items]


class Stream:
    """A subscription, read frame by frame."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._read: list[dict[str, Any]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def market(cls, double: PolymarketDouble, *assets: str, custom: bool = True) -> AsyncIterator[Self]:
        """The market channel of these assets, its first books read."""
        async with cls._opened(f"{double.ws_url}/ws/market") as stream:
            wanted = {"type": "market", "assets_ids": list(assets), "custom_feature_enabled": custom}
            await stream.socket.send_json(wanted)
            await double.subscribed(assets=len(assets))
            yield stream

    @classmethod
    @contextlib.asynccontextmanager
    async def user(cls, double: PolymarketDouble, account: Account | None = None) -> AsyncIterator[Self]:
        """The user channel of an account."""
        key = (account or double.account).credentials
        async with cls._opened(f"{double.ws_url}/ws/user") as stream:
            await stream.socket.send_json({"type": "user", "auth": key.answer(), "markets": []})
            await double.subscribed(users=1)
            yield stream

    @classmethod
    @contextlib.asynccontextmanager
    async def _opened(cls, url: str) -> AsyncIterator[Self]:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            yield cls(socket)

    async def text(self) -> str:
        """The next frame as it came."""
        return str(await self.socket.receive_str(timeout=60))

    async def next(self, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next event that is wanted."""
        while True:
            while self._read:
                event = self._read.pop(0)
                if wanted(event):
                    return event
            frame = json.loads(await self.text())
            self._read += frame if isinstance(frame, list) else [frame]

    async def kind(self, name: str) -> dict[str, Any]:
        """The next event of a kind."""
        return await self.next(lambda event: event["event_type"] == name)
