"""What every endpoint has: its address, its handler, its name for faults, and how its body and query are read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any, TypeVar

import attrs
from aiohttp import web

from venuekit_doubles import record
from venuekit_doubles.polymarket.keys import ApiKey
from venuekit_doubles.polymarket.refusals import Refusal, bad

Handler = Callable[[web.Request], Awaitable[Any]]
T = TypeVar("T")
#: Where a request keeps whose it is.
KEY: web.RequestKey[ApiKey] = web.RequestKey("key", ApiKey)
END = "LTE="
#: Hosts of the venue, as the paths under which the double has them; the CLOB is at the root.
GAMMA, DATA, RELAYER, RPC = "/gamma", "/data-api", "/relayer", "/rpc"
#: What sends a transaction to the chain, and wants no key of the venue's.
_TRANSACTIONS = ("relayer_submit", "eth_sendRawTransaction")


class Door(Enum):
    """Who is let in to an endpoint."""

    ANYBODY = "anybody"
    #: Who signs a log-in.
    LOGIN = "login"
    #: Who has an API key.
    KEY = "key"


@attrs.frozen
class Route:
    """One endpoint. `trades`: what the engine's state refuses; ``orders`` or ``cancels``.

    Where an endpoint does several things, `parts` are their names, and `part` is the one that a body asks for.
    """

    method: str
    path: str
    handler: Handler
    name: str
    door: Door = Door.ANYBODY
    trades: str = ""
    part: Callable[[str], str] | None = None
    parts: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """What faults may be asked for by: the endpoint, and each of its parts."""
        return [self.name, *self.parts]

    async def asked(self, request: web.Request) -> str:
        """What a request asks for: the endpoint, or a part of it."""
        named = "" if self.part is None else self.part(await request.text())
        return named if named in self.parts else self.name

    def mutates(self, asked: str) -> bool:
        """Whether what is asked for can change something: anybody's POST is a question, but for a transaction."""
        return self.method != "GET" and (self.door is not Door.ANYBODY or asked in _TRANSACTIONS)


@attrs.define(kw_only=True)
class Asked(record.Asked):
    """A request as it was answered; `authorized`: its headers were right."""

    query: str
    #: Whether it had a signed order in it.
    signed: bool


async def body_of(request: web.Request) -> Any:
    """The JSON that was sent, None when nothing was."""
    text = await request.text()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise bad("Invalid payload") from error


def whole(request: web.Request, name: str, default: int, most: int) -> int:
    """A whole number of the query from 0 to `most`."""
    given = request.query.get(name, str(default))
    if not (given.isascii() and given.isdigit() and int(given) <= most):
        raise bad(f"invalid {name}")
    return int(given)


def needed(request: web.Request, name: str) -> str:
    """A word of the query that must be there."""
    given = request.query.get(name, "")
    if not given:
        raise bad(f"{name} is required")
    return given


def listed(request: web.Request, name: str) -> list[str]:
    """The values of a list in the query, repeated or with commas."""
    return [word for value in request.query.getall(name, []) for word in value.split(",") if word]


def cursor(place: int) -> str:
    """A place in a list as the CLOB writes it."""
    return base64.b64encode(str(place).encode()).decode()


def place(request: web.Request) -> int:
    """The place that a request goes on from."""
    given = request.query.get("next_cursor") or cursor(0)
    if given == END:
        raise bad("Next item should be greater than or equal to 0")
    try:
        found = int(base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError) as error:
        raise bad("invalid next_cursor") from error
    if found < 0:
        raise bad("invalid next_cursor")
    return found


def paged(request: web.Request, found: Sequence[T], limit: int) -> dict[str, Any]:
    """A page of a list as the CLOB has it."""
    start = place(request)
    page = found[start : start + limit]
    after = start + len(page)
    return {
        "data": page,
        "next_cursor": cursor(after) if after < len(found) else END,
        "limit": limit,
        "count": len(page),
    }


__all__ = [
    "DATA",
    "END",
    "GAMMA",
    "KEY",
    "RELAYER",
    "RPC",
    "Asked",
    "Door",
    "Handler",
    "Refusal",
    "Route",
    "body_of",
    "cursor",
    "listed",
    "needed",
    "paged",
    "place",
    "whole",
]
