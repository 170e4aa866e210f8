"""The double's own addresses, for tests that run elsewhere: faults, time, and what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from aiohttp import web

from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.record import Record
from venuekit_doubles.coinbase.sockets import Sockets
from venuekit_doubles.coinbase.wire import Refusal, body_of, invalid
from venuekit_doubles.faults import Fault, StreamFault

_LONGEST_SECONDS = 86_400


class Control:
    """Handlers of ``/double``. They want no key, are not recorded, and never fail on demand.

    Args:
        backing: The exchange, whose market they move.
        sockets: The connections, which they let fail.
        record: What was asked, which they show.
        fail: Lets the next requests to an endpoint fail; raises ValueError for one that there is not.
    """

    def __init__(self, backing: Backing, sockets: Sockets, record: Record, fail: Callable[..., None]) -> None:
        self._backing = backing
        self._sockets = sockets
        self._record = record
        self._fail = fail

    def add_to(self, app: web.Application) -> None:
        """Serve them."""
        for method, path, handler in (
            ("POST", "/double/fail", self._post_fail),
            ("POST", "/double/fail_streams", self._post_fail_streams),
            ("POST", "/double/advance", self._post_advance),
            ("GET", "/double/asked", self._get_asked),
            ("POST", "/double/forget", self._post_forget),
        ):
            app.router.add_route(method, path, _answered(handler))

    async def _post_fail(self, request: web.Request) -> dict[str, Any]:
        body = await body_of(request)
        faults = body.get("faults")
        if not isinstance(faults, list):
            raise invalid('faults must be a list, such as ["429"]')
        try:
            self._fail(str(body.get("endpoint") or ""), *(Fault(name) for name in faults))
        except ValueError as error:
            raise invalid(str(error)) from error
        return {"next": faults}

    async def _post_fail_streams(self, request: web.Request) -> dict[str, Any]:
        body = await body_of(request)
        channel = body.get("channel")
        try:
            fault = StreamFault(str(body.get("fault")))
        except ValueError as error:
            raise invalid(str(error)) from error
        failing = self._sockets.count
        await self._sockets.fail(fault, str(channel) if channel is not None else None)
        return {"connections": failing}

    async def _post_advance(self, request: web.Request) -> dict[str, Any]:
        seconds = (await body_of(request)).get("seconds")
        if not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST_SECONDS:
            raise invalid(f"seconds must be a number above 0 and up to {_LONGEST_SECONDS}")
        if not self._backing.is_manual:
            raise invalid("the market moves by itself; start the double with --manual")
        await self._backing.advance(seconds)
        return {"now_ns": self._backing.now_ns()}

    async def _get_asked(self, _: web.Request) -> dict[str, Any]:
        messages = [{**attrs.asdict(m), "products": sorted(m.products)} for m in self._record.messages]
        return {
            "requests": [attrs.asdict(asked) for asked in self._record.requests],
            "messages": messages,
            "private": len(self._record.private),
            "mutating": len(self._record.mutating),
            "refused_tokens": list(self._record.refused),
        }

    async def _post_forget(self, _: web.Request) -> dict[str, Any]:
        self._record.forget()
        return {}


def _answered(handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await handler(request))
        except Refusal as refusal:
            return web.json_response(refusal.body, status=refusal.status)

    return answer
