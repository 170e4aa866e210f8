"""How a request is served: its fault if there is one, who it is, the engine's state, the handler, and the log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from venuekit_doubles.broken import NO_ANSWER, aborted, broken, page
from venuekit_doubles.polymarket import refusals
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.faults import EngineState, Fault, Faults
from venuekit_doubles.polymarket.keys import Doorkeeper, NotAuthorized
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.wire import KEY, Asked, Door, Route, body_of
from venuekit_doubles.record import Record

_HTML = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body><h1>Sorry, you have been blocked</h1></body></html>"
)
_LIMIT_HEADERS = {
    "Retry-After": "1",
    "Poly-RateLimit-Remaining": "0",
    "Poly-RateLimit-Reset": "1",
    "Poly-RateLimit-Tier": "standard",
}


class Service:
    """Serves every endpoint in the same way."""

    def __init__(self, clob: Clob, doorkeeper: Doorkeeper, faults: Faults, record: Record[Asked]) -> None:
        self._clob = clob
        self._doorkeeper = doorkeeper
        self._faults = faults
        self.state = EngineState.RUNNING
        #: For how long only post-only orders are taken, as the venue tells.
        self.post_only_seconds = 79
        #: A country that the venue does not let trade; its requests get the gateway's page.
        self.blocked_country = ""
        self._record = record

    def served(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a route."""

        async def serve(request: web.Request) -> web.StreamResponse:
            status = None  # nobody waited for the answer
            asked = route.name
            try:
                asked = await route.asked(request)
                response = await self._answer(request, route, asked)
                status = response.status
            finally:
                self._remember(request, route, asked, status)
            return response

        return serve

    def _remember(self, request: web.Request, route: Route, asked: str, status: int | None) -> None:
        self._record.requests.append(
            Asked(
                endpoint=route.name,
                method=request.method,
                path=request.path,
                query=request.query_string,
                authorized=KEY in request,
                signed=route.trades == "orders",
                private=route.door is not Door.ANYBODY,
                mutating=route.mutates(asked),
                status=None if status == NO_ANSWER else status,
            )
        )

    async def _answer(self, request: web.Request, route: Route, asked: str) -> web.StreamResponse:
        try:
            await request.read()
        except ConnectionError:
            return web.Response(status=NO_ANSWER)  # the client left before it had sent all of it
        fault = self._faults.next(asked) if asked != route.name else None
        fault = fault or await self._faults.arrived(route.name)
        if fault is not None and not fault.is_after:
            return await self._instead(request, fault)
        status, body = await self._carried_out(request, route)
        await self._faults.answering(route.name)
        return await _after(request, status, body, fault)

    async def _carried_out(self, request: web.Request, route: Route) -> tuple[int, Any]:
        """The status and the body of the answer; a refusal without a body is the gateway's page."""
        try:
            await self._admit(request, route)
            self._clob.pass_time()
            return 200, await route.handler(request)
        except NotAuthorized as why:
            self._record.refused.append(str(why))
            error = refusals.BAD_LOGIN if route.door is Door.LOGIN else refusals.UNAUTHORIZED
            return 401, {"error": error}
        except Refusal as refusal:
            gateways = refusal.status == 403 and refusal.body is None
            return refusal.status, None if gateways else refusal.answer

    async def _admit(self, request: web.Request, route: Route) -> None:
        """Raises NotAuthorized, Refusal."""
        if self.blocked_country and route.trades == "orders":
            raise Refusal(403, "blocked")
        if route.door is Door.KEY:
            text = await request.text()
            request[KEY] = self._doorkeeper.request(request.headers, request.method, request.path, text)
        if not route.trades or self.state is EngineState.RUNNING:
            return
        if self.state is EngineState.RESTARTING:
            raise refusals.RESTARTING
        if route.trades == "cancels":
            return
        if self.state is EngineState.DISABLED:
            raise refusals.DISABLED
        if self.state is EngineState.CANCEL_ONLY:
            raise refusals.CANCEL_ONLY
        body = await body_of(request)
        if not all(
            isinstance(leg, dict) and leg.get("postOnly") for leg in (body if isinstance(body, list) else [body])
        ):
            raise refusals.post_only_mode(self.post_only_seconds)

    async def _instead(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        """The answer to a request that is not carried out."""
        if fault is Fault.RATE_LIMITED:
            return web.json_response({"error": "Too Many Requests"}, status=429, headers=_LIMIT_HEADERS)
        if fault is Fault.SERVER_ERROR:
            return web.json_response({"error": "could not insert order"}, status=500)
        if fault is Fault.POST_ONLY or fault in _STATES:
            refusal = _STATES.get(fault) or refusals.post_only_mode(self.post_only_seconds)
            return web.json_response(refusal.answer, status=refusal.status)
        if fault is Fault.UNAUTHORIZED:
            return web.json_response({"error": refusals.UNAUTHORIZED}, status=401)
        return await broken(request, fault, _HTML) or aborted(request)


_STATES = {
    Fault.RESTARTING: refusals.RESTARTING,
    Fault.DISABLED: refusals.DISABLED,
    Fault.CANCEL_ONLY: refusals.CANCEL_ONLY,
}


async def _after(request: web.Request, status: int, body: Any, fault: Fault | None) -> web.StreamResponse:
    """The answer to a request that was carried out, or refused."""
    if fault is Fault.AFTER_SERVER_ERROR:
        return web.json_response({"error": "order timed out"}, status=500)
    if fault is Fault.AFTER_THIN:
        return web.json_response({"success": True} if isinstance(body, dict) else [])
    if status == 403 and body is None:
        return page(_HTML, status)
    text = json.dumps(body)
    answer = web.Response(status=status, text=text, content_type="application/json")
    return await broken(request, fault, _HTML, text) or answer
