"""A few answers of Polymarket's on this machine, for what needs no whole double; and nobody's keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import msgspec
from aiohttp import web

from venuekit.adapter import Clock
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.config import PolymarketOptions, read_options

#: The well-known first account of test networks.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#: Recorded answers, where the checkout lies beside them.
RECORDED = next(
    (folder for p in Path(__file__).resolve().parents if (folder := p / "shared/data/polymarket").is_dir()), None
)
NOW_NS = 1_800_000_000 * 10**9

Handler = Callable[[web.Request], Awaitable[web.Response] | web.Response]


@attrs.define
class Loopback:
    """Serves what `routes` says: ``"GET /book"`` → an answer's JSON, a response, or a function of the request."""

    url: str = ""
    routes: dict[str, Any] = attrs.Factory(dict)
    asked: list[str] = attrs.Factory(list)
    headers: list[Mapping[str, str]] = attrs.Factory(list)
    bodies: list[bytes] = attrs.Factory(list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path}"
        self.asked.append(f"{name}?{request.query_string}" if request.query_string else name)
        self.headers.append(request.headers)
        self.bodies.append(await request.read())
        found = self.routes.get(name)
        if found is None:
            return web.json_response({"error": "not found"}, status=404)
        if callable(found):
            found = found(request)
            if hasattr(found, "__await__"):
                found = await found
        if isinstance(found, web.StreamResponse):
            return found
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    def table(self, **more: Any) -> dict[str, Any]:
        """A configuration whose every address is here."""
        socket = self.url.replace("http", "ws", 1)
        return {
            **dict.fromkeys(("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url", "geoblock_url"), self.url),
            "ws_market_url": f"{socket}/ws/market",
            "ws_user_url": f"{socket}/ws/user",
            "environment": "sandbox",
            **more,
        }

    def options(self, **more: Any) -> PolymarketOptions:
        """The same, read."""
        return read_options(self.table(**more))


@asynccontextmanager
async def loopback(routes: Mapping[str, Any] | None = None) -> AsyncIterator[Loopback]:
    """A server on a free port."""
    here = Loopback(routes=dict(routes or {}))
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", here.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield here
    finally:
        await runner.cleanup()


def clock() -> Clock:
    """A clock that stands."""
    return SimulatedClock(NOW_NS)


def page(
    text: str = "<!DOCTYPE html><html><body>Sorry, you have been blocked</body></html>", status: int = 403
) -> web.Response:
    """An answer that is a web page."""
    return web.Response(text=text, status=status, content_type="text/html")


def refused(status: int, body: Any, **headers: str) -> web.Response:
    """An answer that refuses."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers)
