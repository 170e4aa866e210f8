"""A server that answers as a test says, and a desk's budgets that write down what they hear."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """The address of a server on this machine that answers every request with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Budgets:
    """Gives every slot at once."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    async def take(self, name: str) -> None:
        self.told.append((name, 0))

    def too_many(self, name: str, retry_after: float) -> None:
        self.told.append((name, retry_after))

    def quota(self, name: str, remaining: int, resets_seconds: float | None = None) -> None:
        self.told.append((name, remaining))
