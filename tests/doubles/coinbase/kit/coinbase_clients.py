"""Clients of the Coinbase double: the official SDK as it comes, a plain one that signs for itself, and streams of both."""

from __future__ import annotations

import asyncio
import json
import queue
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import jwt
import requests
from coinbase.rest import RESTClient
from coinbase.websocket import WSClient, WSUserClient

from venuekit_doubles.coinbase import CoinbaseDouble, Key

D = Decimal
API = "/api/v3/brokerage"
#: A busy machine may take long; who hangs is ended by this.
PATIENCE = 60.0


@contextmanager
def a_double(**named: Any) -> Iterator[CoinbaseDouble]:
    """A double whose market stands still until it is told to move."""
    exchange = {
        "pace": "manual",
        "start_time_ns": 0,
        "initial_balances": {"USD": D(1_000_000), "BTC": D(10), "ETH": D(10)},
        **named.pop("exchange", {}),
    }
    with CoinbaseDouble(**{"heartbeat_seconds": 0.05, "batch_seconds": 0.05, "exchange": exchange, **named}) as double:
        yield double


class Official:
    """Makes official clients, not changed: each is told its address, and the environment whom to trust."""

    def __init__(self, trust: Callable[[str], None]) -> None:
        self._trust = trust
        self._made: list[RESTClient] = []

    def __call__(self, double: CoinbaseDouble, key: Key | None = None, *, signed: bool = True) -> RESTClient:
        self._trust(double.ca_file)
        name, secret = (key.name, key.secret) if key else (double.key, double.secret)
        named = {"api_key": name, "api_secret": secret} if signed else {"api_key": None, "api_secret": None}
        self._made.append(RESTClient(**named, base_url=double.host, timeout=PATIENCE))
        return self._made[-1]

    def close(self) -> None:
        for client in self._made:
            client.session.close()


# -- plain HTTP


def claims_for(key: str, for_: str | None, /, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"sub": key, "iss": "cdp", "nbf": now, "exp": now + 120, "uri": for_, **changed}
    return {name: value for name, value in claims.items() if value is not None}


class Plain:
    """Requests with tokens of its own, so that each part of a token can be wrong."""

    def __init__(self, double: CoinbaseDouble) -> None:
        self.double = double
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = double.ca_file or True

    def token(self, method: str, path: str, *, secret: str = "", algorithm: str = "ES256", **changed: Any) -> str:
        headers = {"kid": self.double.key, "nonce": secrets.token_hex(16), **changed.pop("headers", {})}
        claims = claims_for(self.double.key, f"{method} {self.double.host}{path}", **changed)
        headers = {name: value for name, value in headers.items() if value is not None}
        return jwt.encode(claims, secret or self.double.secret, algorithm=algorithm, headers=headers)

    def ask(
        self, method: str, path: str, *, token: str | None = None, body: Any = None, **query: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(method, path) if token is None else token}"}
        url = f"{self.double.rest_url}{path}"
        return self.http.request(
            method, url, headers=headers if token != "" else {}, params=query, json=body, timeout=PATIENCE
        )

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.ask("POST", path, body=body)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()


def order(client_id: str, **changed: Any) -> dict[str, Any]:
    """The body of a bid that rests far below the market."""
    terms = {"base_size": "0.01", "limit_price": "1000", "post_only": True}
    configuration = {"limit_limit_gtc": {**terms, **changed.pop("terms", {})}}
    return {
        "client_order_id": client_id,
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": configuration,
        **changed,
    }


# -- the official streams


class Heard:
    """Frames of the official stream, in order."""

    def __init__(self) -> None:
        self._queue: queue.Queue[dict[str, Any]] = queue.Queue()
        self.seen: list[dict[str, Any]] = []

    def __call__(self, message: str) -> None:
        self._queue.put(json.loads(message))

    def until(self, wanted: Callable[[dict[str, Any]], bool], within: float = PATIENCE) -> dict[str, Any]:
        """The next frame that is wanted."""
        end = time.monotonic() + within
        while True:
            frame = self._queue.get(timeout=max(0.01, end - time.monotonic()))
            self.seen.append(frame)
            if wanted(frame):
                return frame

    def anywhere(self, name: str) -> dict[str, Any]:
        """A frame of a channel: one that was seen, or the next."""
        seen = (frame for frame in self.seen if frame.get("channel") == name)
        return next(seen, None) or self.until(lambda f: f.get("channel") == name)

    def channel(self, name: str) -> dict[str, Any]:
        """The next frame of a channel: its first event."""
        event: dict[str, Any] = self.until(lambda f: f.get("channel") == name)["events"][0]
        return event


@contextmanager
def official_stream(
    double: CoinbaseDouble, kind: type[WSClient | WSUserClient] = WSClient, *, key: Key | None = None
) -> Iterator[tuple[Any, Heard]]:
    heard = Heard()
    name, secret = (key.name, key.secret) if key else (double.key, double.secret)
    client = kind(
        api_key=name, api_secret=secret, base_url=double.ws_url, on_message=heard, timeout=PATIENCE, retry=False
    )
    client.open()
    try:
        yield client, heard
    finally:
        client.close()


# -- a plain stream


class Stream:
    """A connection that shows each frame."""

    def __init__(self, double: CoinbaseDouble, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.double = double
        self.socket = socket

    def token(self, key: Key | None = None, **changed: Any) -> str:
        name, secret = (key.name, key.secret) if key else (self.double.key, self.double.secret)
        headers = {"kid": name, "nonce": secrets.token_hex(16)}
        return jwt.encode(claims_for(name, None, **changed), secret, algorithm="ES256", headers=headers)

    async def say(self, channel: str, *names: str, kind: str = "subscribe", **more: Any) -> None:
        await self.socket.send_json({"type": kind, "channel": channel, "product_ids": list(names), **more})

    async def frame_of_error(self) -> dict[str, Any]:
        """The next frame that says that something went wrong."""
        while (frame := await self.frame()).get("type") != "error":
            pass
        return frame

    async def frame(self) -> dict[str, Any]:
        """The next frame."""
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        body: dict[str, Any] = json.loads(message.data)
        return body

    async def until(self, channel: str, *, times: int = 1) -> dict[str, Any]:
        """The event of the next frame of a channel, or of the one so many later."""
        while True:
            frame = await self.frame()
            assert "message" not in frame, frame
            if frame["channel"] == channel:
                times -= 1
                if times == 0:
                    event: dict[str, Any] = frame["events"][0]
                    return event

    async def closed(self) -> int | None:
        """Read to the end: the code that the server closed with."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return self.socket.close_code


@asynccontextmanager
async def a_stream(double: CoinbaseDouble) -> AsyncIterator[Stream]:
    trust = ssl.create_default_context(cafile=double.ca_file) if double.ca_file else None
    raw = None
    try:
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(double.ws_url, ssl=trust or True)
            raw = socket.get_extra_info("socket")
            try:
                yield Stream(double, socket)
            finally:
                await socket.close()
    finally:
        async with asyncio.timeout(PATIENCE):
            while raw is not None and raw.fileno() != -1:  # noqa: ASYNC110 - TLS says goodbye after the session has
                await asyncio.sleep(0)
