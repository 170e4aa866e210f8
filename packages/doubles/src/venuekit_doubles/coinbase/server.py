"""The double as a running server: TLS on loopback, REST and WebSocket on one port, faults on demand."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from venuekit.adapter import NANOS, Clock, InvalidValue, UnknownInstrument, VenuekitError
from venuekit_doubles import tls
from venuekit_doubles.clock import WallClock
from venuekit_doubles.coinbase.auth import KEY, Doorkeeper, Key, NotAuthorized
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.rest_account import Account
from venuekit_doubles.coinbase.rest_market import MarketData
from venuekit_doubles.coinbase.rest_orders import Orders
from venuekit_doubles.coinbase.sockets import Sockets
from venuekit_doubles.coinbase.v2 import V2
from venuekit_doubles.coinbase.wire import Refusal, Route
from venuekit_doubles.faults import Fault, Faults, StreamFault
from venuekit_doubles.thread import LoopThread

_HTML = "<html><body><h1>Sorry</h1>The page is not available.</body></html>"
_LONGEST_SILENCE = 3600.0


class CoinbaseDouble:
    """Coinbase on this machine. A context manager; everything of it runs in a thread of its own.

    `key` and `secret` open it. Clients need its address (`rest_url`, `ws_url`) and, with TLS, to trust `ca_file`.
    """

    def __init__(
        self,
        *,
        secure: bool = True,
        port: int = 0,
        clock: Clock | None = None,
        heartbeat_seconds: float = 1.0,
        with_client_id: bool = True,
        key_kind: str = "ec",
        exchange: Mapping[str, Any] | None = None,
    ) -> None:
        self._secure = secure
        self._port = port
        self._clock = clock or WallClock()
        self._heartbeat_seconds = heartbeat_seconds
        self._with_client_id = with_client_id
        self._exchange = dict(exchange or {})
        self._folder = tempfile.TemporaryDirectory(prefix="venuekit-double-")
        self._thread: LoopThread | None = None
        self._runner: web.AppRunner | None = None
        self.faults = Faults()
        self.door = Doorkeeper()
        self._key: Key = self.door.add(Key("organizations/double/apiKeys/1", kind=key_kind))
        self.ca_file = ""
        #: Requests by endpoint and HTTP status, in order.
        self.requests: list[tuple[str, int]] = []

    # -- life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the exchange and listen."""
        self._thread = LoopThread("coinbase double")
        self._thread.call(self._start())

    def stop(self) -> None:
        """End every connection and the exchange."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.call(self._stop())
            thread.stop()
        self._folder.cleanup()

    async def _start(self) -> None:
        folder = Path(self._folder.name)
        self.backing = Backing(self._clock, folder, self._exchange)
        await self.backing.open()
        self.sockets = Sockets(
            self.backing,
            self.door,
            heartbeat_seconds=self._heartbeat_seconds,
            with_client_id=self._with_client_id,
        )
        app = web.Application()
        orders = Orders(self.backing, self._null_configuration)
        for room in (MarketData(self.backing), orders, Account(self.backing), V2(self.backing)):
            for route in room.routes():
                app.router.add_route(route.method, route.path, self._served(route))
        app.router.add_get("/", self.sockets.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        context = None
        if self._secure:
            now = dt.datetime.fromtimestamp(self._clock.now_ns() / NANOS, dt.UTC)
            ca, context = tls.make(folder, now)
            self.ca_file = str(ca)
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=context)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.backing.close()

    # -- for clients

    @property
    def key(self) -> str:
        """The key's name."""
        return self._key.name

    @property
    def secret(self) -> str:
        """The key's secret."""
        return self._key.secret

    @property
    def host(self) -> str:
        """Host and port, as the official SDK's ``base_url``."""
        return f"127.0.0.1:{self._port}"

    @property
    def rest_url(self) -> str:
        """The address of the REST interface."""
        return f"http{'s' if self._secure else ''}://{self.host}"

    @property
    def ws_url(self) -> str:
        """The address of both streams."""
        return f"ws{'s' if self._secure else ''}://{self.host}"

    # -- for tests

    def call(self, work: Any) -> Any:
        """Run a coroutine of the exchange's on the double's event loop, and wait for its result."""
        assert self._thread is not None
        return self._thread.call(work)

    async def advance(self, seconds: float) -> None:
        """Let the exchange's market move; for an exchange in manual pace."""
        assert self._thread is not None
        await self._thread.await_(self.backing.advance(seconds))

    def fail(self, endpoint: str, *faults: Fault) -> None:
        """Let the next requests to an endpoint fail: ``create``, ``orders``, ``accounts``, ... or ``*``."""
        self.faults.add(endpoint, *faults)

    async def fail_streams(self, fault: StreamFault) -> None:
        """Let every open stream fail."""
        assert self._thread is not None
        await self._thread.await_(self.sockets.fail(fault))

    # -- requests

    def _null_configuration(self) -> bool:
        return self.faults.next("order_configuration") is Fault.NULL_CONFIGURATION

    def _served(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            response = await self._answer(request, route)
            self.requests.append((route.name, response.status))
            return response

        return serve

    async def _answer(self, request: web.Request, route: Route) -> web.Response:
        fault = self.faults.next(route.name)
        if fault is not None and not fault.name.startswith("AFTER_"):
            early = await self._before(request, fault)
            if early is not None:
                return early
        try:
            authorization = request.headers.get("Authorization")
            if authorization is not None or not route.public:
                request[KEY] = self.door.request(
                    authorization or "", request.method, request.headers.get("Host", ""), request.path
                )
            self._may(request, public=route.public)
            await self.backing.catch_up(changes=request.method != "GET")
            body = await route.handler(request)
        except NotAuthorized:
            return web.Response(status=401, text="Unauthorized")
        except Refusal as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        except UnknownInstrument as error:
            return web.json_response(
                {"error": "NOT_FOUND", "error_details": error.message, "message": error.message}, status=404
            )
        except (InvalidValue, KeyError, ValueError) as error:
            text = str(error)[:200]
            return web.json_response({"error": "INVALID_ARGUMENT", "error_details": text, "message": text}, status=400)
        except VenuekitError as error:
            return web.json_response({"error": "INTERNAL", "message": error.message}, status=500)
        return await self._after(request, body, fault)

    @staticmethod
    def _may(request: web.Request, *, public: bool) -> None:
        key = request.get(KEY)
        if not public and request.method != "GET" and key is not None and not key.can_trade:
            raise Refusal(403, "PERMISSION_DENIED", "Missing required scopes")

    async def _before(self, request: web.Request, fault: Fault) -> web.Response | None:
        if fault is Fault.RATE_LIMITED:
            body = {"errors": [{"id": "rate_limit_exceeded", "message": "Rate limit exceeded"}]}
            return web.json_response(body, status=429, headers={"Retry-After": "1"})
        if fault is Fault.RATE_LIMITED_HTML:
            return web.Response(status=429, text=_HTML, content_type="text/html")
        if fault is Fault.SERVER_ERROR:
            return web.json_response({"error": "INTERNAL", "message": "internal error"}, status=500)
        if fault is Fault.BAD_GATEWAY_HTML:
            return web.Response(status=502, text=_HTML, content_type="text/html")
        if fault is Fault.UNAUTHORIZED_ONCE:
            return web.Response(status=401, text="Unauthorized")
        if fault is Fault.HTML_WITH_200:
            return web.Response(status=200, text=_HTML, content_type="text/html")
        if fault is Fault.SILENCE:
            await asyncio.sleep(_LONGEST_SILENCE)
        if fault is Fault.RESET:
            _abort(request)
        return None

    async def _after(self, request: web.Request, body: Any, fault: Fault | None) -> web.Response:
        if fault is Fault.AFTER_HTML_WITH_200:
            return web.Response(status=200, text=_HTML, content_type="text/html")
        if fault is Fault.AFTER_SERVER_ERROR:
            return web.json_response({"error": "INTERNAL", "message": "internal error"}, status=500)
        if fault is Fault.AFTER_SILENCE:
            await asyncio.sleep(_LONGEST_SILENCE)
        if fault is Fault.AFTER_RESET:
            _abort(request)
        text = json.dumps(body)
        if fault is Fault.AFTER_TRUNCATED:
            return await _truncated(request, text)
        return web.Response(text=text, content_type="application/json")


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _truncated(request: web.Request, text: str) -> web.Response:
    """Half a body, and the connection's end."""
    response = web.StreamResponse(headers={"Content-Length": str(len(text)), "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(text[: len(text) // 2].encode())
    _abort(request)
    return web.Response(status=200)
