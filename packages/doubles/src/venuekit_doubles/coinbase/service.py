"""How a request is served: its fault if there is one, token, rate, handler, and errors in the venue's form."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from venuekit.adapter import Clock, InvalidValue, UnknownInstrument, VenuekitError
from venuekit_doubles.broken import NO_ANSWER, aborted, broken
from venuekit_doubles.coinbase.auth import Doorkeeper, NotAuthorized
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.limits import Counter, Limits
from venuekit_doubles.coinbase.quirks import with_nulls
from venuekit_doubles.coinbase.record import Asked, Record
from venuekit_doubles.coinbase.wire import FAULT, KEY, RATE, Refusal, Route, invalid
from venuekit_doubles.faults import Fault, Faults

_HTML = "<html><body><h1>Sorry</h1>The page is not available.</body></html>"
_INTERNAL = Refusal(500, "INTERNAL", "internal error")


class TooMany(Refusal):
    """The answer to one request too many."""

    def __init__(self) -> None:
        super().__init__(429, "rate_limit_exceeded", "Rate limit exceeded")
        self.body = {"errors": [{"id": "rate_limit_exceeded", "message": "Rate limit exceeded"}]}


class Service:
    """Serves every endpoint in the same way."""

    def __init__(
        self,
        backing: Backing,
        door: Doorkeeper,
        faults: Faults,
        limits: Limits,
        clock: Clock,
        record: Record,
        *,
        nulls: bool,
    ) -> None:
        self._backing = backing
        self._door = door
        self._faults = faults
        self._limits = limits
        self._counter = Counter(clock)
        self._record = record
        self._nulls = nulls

    def served(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a route."""

        async def serve(request: web.Request) -> web.StreamResponse:
            authorized = "Authorization" in request.headers
            asked = Asked(
                endpoint=route.name,
                method=request.method,
                path=request.path,
                authorized=authorized,
                private=authorized or not route.public,
                mutating=route.trades,
            )
            self._record.requests.append(asked)
            response = await self._answer(request, route)
            asked.status = None if response.status == NO_ANSWER else response.status
            response.headers.update(request.get(RATE, {}))
            return response

        return serve

    async def _answer(self, request: web.Request, route: Route) -> web.StreamResponse:
        try:
            await request.read()
        except ConnectionError:
            return web.Response(status=NO_ANSWER)  # the client left before it had sent all of it
        fault = await self._faults.arrived(route.name)
        if fault is not None and not fault.is_after:
            return await _instead(request, fault)
        if fault is not None:
            request[FAULT] = fault
        try:
            self._admit(request, route)
            await self._backing.catch_up(changes=request.method != "GET")
            body = await route.handler(request)
        except NotAuthorized as why:
            self._record.refused.append(str(why))
            return web.Response(status=401, text="Unauthorized")
        except VenuekitError as error:
            return _refusal(_of_exchange(error), request)
        except Refusal as refusal:
            return _refusal(refusal, request)
        await self._faults.answering(route.name)
        return await _after(request, with_nulls(body) if self._nulls else body)

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """The handler of every address that there is not."""
        authorized, changes = "Authorization" in request.headers, request.method not in ("GET", "HEAD")
        self._record.requests.append(
            Asked(
                endpoint="",
                method=request.method,
                path=request.path,
                authorized=authorized,
                private=authorized,
                mutating=changes,
                status=404,
            )
        )
        return _refusal(Refusal(404, "NOT_FOUND", f"the double has no {request.method} {request.path}"), request)

    def _admit(self, request: web.Request, route: Route) -> None:
        """Let the request in, and note how many more may come. Raises NotAuthorized, Refusal."""
        authorization = request.headers.get("Authorization")
        most, who = self._limits.public, f"address {request.remote}"
        if authorization is not None or not route.public:
            host = request.headers.get("Host", "")
            key = self._door.request(authorization or "", request.method, host, request.path)
            request[KEY] = key
            most, who = self._limits.private, f"key {key.name}"
            if route.trades and not key.can_trade:
                raise Refusal(403, "PERMISSION_DENIED", "Missing required scopes")
        if most is None:
            return
        left = self._counter.left(who, most)
        told = {"limit": str(most), "remaining": str(max(0, left)), "reset": "1"}
        request[RATE] = {f"x-ratelimit-{name}": value for name, value in told.items()}
        if left < 0:
            raise TooMany


def _of_exchange(error: VenuekitError) -> Refusal:
    """What the exchange did not do, where the endpoint has no words of its own for it."""
    if isinstance(error, UnknownInstrument):
        return Refusal(404, "NOT_FOUND", error.message)
    if isinstance(error, InvalidValue):
        return invalid(error.message)
    return Refusal(500, "INTERNAL", error.message)


def _refusal(refusal: Refusal, request: web.Request) -> web.Response:
    body = refusal.older if request.path.startswith("/v2/") else refusal.body
    headers = {"Retry-After": "1"} if refusal.status == 429 else None
    return web.json_response(body, status=refusal.status, headers=headers)


async def _instead(request: web.Request, fault: Fault) -> web.StreamResponse:
    """The answer to a request that is not carried out."""
    if fault is Fault.RATE_LIMITED:
        return _refusal(TooMany(), request)
    if fault is Fault.SERVER_ERROR:
        return _refusal(_INTERNAL, request)
    if fault is Fault.UNAUTHORIZED_ONCE:
        return web.Response(status=401, text="Unauthorized")
    return await broken(request, fault, _HTML) or aborted(request)


async def _after(request: web.Request, body: Any) -> web.StreamResponse:
    """The answer to a request that was carried out."""
    fault, text = request.get(FAULT), json.dumps(body)
    if fault is Fault.AFTER_SERVER_ERROR:
        return _refusal(_INTERNAL, request)
    answer = web.Response(text=text, content_type="application/json")
    return await broken(request, fault, _HTML, text) or answer
