"""What every endpoint has: its address, its handler, its name for faults; and answers with a status of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from aiohttp import web

PREFIX = "/api/v3/brokerage"
Handler = Callable[[web.Request], Awaitable[Any]]


@attrs.frozen
class Route:
    """One endpoint. A public one needs no token, and takes one."""

    method: str
    path: str
    handler: Handler
    name: str
    public: bool = False


class Refusal(Exception):
    """An answer with an HTTP status of its own."""

    def __init__(self, status: int, error: str, message: str) -> None:
        self.status = status
        self.body = {"error": error, "error_details": message, "message": message, "code": status, "details": []}
        super().__init__(message)
