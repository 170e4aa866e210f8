"""What every endpoint has: its address, its handler, its name for faults; its query read, and its refusals."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
from aiohttp import web

from venuekit.adapter import parse_iso
from venuekit_doubles.coinbase.auth import Key
from venuekit_doubles.faults import Fault

PREFIX = "/api/v3/brokerage"
Handler = Callable[[web.Request], Awaitable[Any]]
#: Where a request keeps whose it is, and what is to go wrong with it.
KEY: web.RequestKey[Key] = web.RequestKey("key", Key)
FAULT: web.RequestKey[Fault] = web.RequestKey("fault", Fault)
#: The headers that tell how many more requests may come.
RATE: web.RequestKey[dict[str, str]] = web.RequestKey("rate", dict[str, str])
_LARGEST = 10**15


@attrs.frozen
class Route:
    """One endpoint. A public one needs no token, and takes one. `trades`: the key must be allowed to trade."""

    method: str
    path: str
    handler: Handler
    name: str
    public: bool = False
    trades: bool = False


class Refusal(Exception):
    """An answer with an HTTP status of its own."""

    def __init__(self, status: int, error: str, message: str) -> None:
        self.status = status
        self.body = {"error": error, "error_details": message, "message": message, "code": status, "details": []}
        #: The same in the form of the older interface.
        self.older = {"errors": [{"id": error.lower(), "message": message}]}
        super().__init__(message)


def invalid(message: str) -> Refusal:
    """The refusal of a request that says something impossible."""
    return Refusal(400, "INVALID_ARGUMENT", message)


def whole(request: web.Request, name: str, default: int | None = None) -> int:
    """A whole number of the query; without a default it must be there."""
    given = request.query.get(name) or ""
    if not given and default is not None:
        return default
    if not (given.isascii() and given.isdigit() and int(given) <= _LARGEST):
        raise invalid(f"{name} must be a whole number" if given else f"{name} is required")
    return int(given)


def many(request: web.Request, *names: str) -> set[str]:
    """The values of a list in the query, under any of its names; none is no filter."""
    return {value for name in names for value in request.query.getall(name, []) if value}


def moment(request: web.Request, name: str) -> int | None:
    """A time of the query, UTC nanoseconds."""
    given = request.query.get(name)
    return parse_iso(given, field=name) if given else None


async def body_of(request: web.Request) -> Mapping[str, Any]:
    """The object that was posted."""
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise invalid("the body is no JSON") from error
    if not isinstance(body, dict):
        raise invalid("the body is no object")
    return body
