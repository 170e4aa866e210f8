"""Telling clients that a resource changed: listen streams of the new era, subscriptions of the old one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import mcp_types as mt
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError

from venuekit_mcp.host import Host
from venuekit_mcp.wire import clean

_Context = ServerRequestContext[Any, Any]
#: Updates of one price at most this far apart, in seconds.
PRICE_INTERVAL = 0.25
#: Addresses that one request, and one server, may watch.
MOST_URIS = 64
MOST_LEGACY = 1024
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, ConnectionError, RuntimeError, MCPError)


class Live:
    """One server's publisher. Prices are coalesced; orders and fills go at once."""

    def __init__(self, host: Host, may_watch: Callable[[str], bool], *, lists_change: bool) -> None:
        self._host = host
        self._may_watch = may_watch
        self._lists_change = lists_change
        self._bus = InMemorySubscriptionBus()
        self._listen = ListenHandler(self._bus, max_subscriptions=256)
        self._watched: Counter[str] = Counter()
        # A session object lives for one request only; what lasts as long as the connection is its client_params.
        self._legacy: dict[tuple[int, str], tuple[Any, ServerSession]] = {}
        self._urgent: set[str] = set()
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._opened = 0

    # -- publishing

    def changed(self, uri: str, *, price: bool = False) -> None:
        """The body of `uri` may be different; never waits. Does nothing if nobody watches."""
        if self._watched[uri]:
            (self._dirty if price else self._urgent).add(uri)
            self._wake.set()

    async def resource_updated(self, uri: str) -> None:
        """Tell everybody who watches `uri`, now."""
        await self._bus.publish(ResourceUpdated(uri=uri))
        for key, (_, session) in list(self._legacy.items()):
            if key[1] == uri:
                try:
                    await session.send_resource_updated(uri)
                except _GONE:
                    await self._drop(key)

    async def tools_changed(self) -> None:
        """The list of tools changed."""
        await self._announce(ToolsListChanged())

    async def prompts_changed(self) -> None:
        """The list of prompts changed."""
        await self._announce(PromptsListChanged())

    async def resources_changed(self) -> None:
        """The list of resources changed."""
        await self._announce(ResourcesListChanged())

    async def _announce(self, event: ServerEvent) -> None:
        await self._bus.publish(event)

    async def _publish(self) -> None:
        """Send what is urgent whenever there is some, and wake the price timer."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._dirty and (self._ticker is None or self._ticker.done()):
                self._ticker = asyncio.create_task(self._prices())
            while self._urgent:
                await self.resource_updated(self._urgent.pop())

    async def _prices(self) -> None:
        """The first change goes at once, those of the next interval together at its end."""
        while self._dirty:
            due, self._dirty = self._dirty, set()
            for uri in due:
                await self.resource_updated(uri)
            await self._host.sleep(PRICE_INTERVAL)

    # -- who watches

    async def _watch(self, uri: str) -> None:
        self._watched[uri] += 1
        if self._watched[uri] == 1:
            await self._host.watch(uri, self.changed)

    async def _unwatch(self, uri: str) -> None:
        self._watched[uri] -= 1
        if self._watched[uri] <= 0:
            del self._watched[uri]
            await self._host.unwatch(uri)

    async def _drop(self, key: tuple[int, str]) -> None:
        if self._legacy.pop(key, None) is not None:
            await self._unwatch(key[1])

    async def listen(self, ctx: _Context, params: mt.SubscriptionsListenRequestParams) -> mt.SubscriptionsListenResult:
        """A listen stream. Only what the caller may read is honored; the acknowledgement says what that is."""
        asked = params.notifications
        uris = [str(uri) for uri in asked.resource_subscriptions or ()][:MOST_URIS]
        honored = [uri for uri in dict.fromkeys(uris) if self._may_watch(uri)]
        lists = self._lists_change
        allowed = params.model_copy(
            update={
                "notifications": mt.SubscriptionFilter(
                    tools_list_changed=asked.tools_list_changed if lists else None,
                    prompts_list_changed=asked.prompts_list_changed if lists else None,
                    resources_list_changed=asked.resources_list_changed if lists else None,
                    resource_subscriptions=honored or None,
                )
            }
        )
        for uri in honored:
            await self._watch(uri)
        try:
            return await self._listen(ctx, allowed)
        finally:
            for uri in honored:
                await asyncio.shield(self._unwatch(uri))

    async def subscribe(self, ctx: _Context, params: mt.SubscribeRequestParams) -> mt.EmptyResult:
        """Watch one resource, on a connection of the handshake revisions."""
        uri = str(params.uri)
        if not self._may_watch(uri):
            raise MCPError(mt.INVALID_PARAMS, "Resource not found", data={"uri": clean(uri, 200)})
        if len(self._legacy) >= MOST_LEGACY:
            await self._drop(next(iter(self._legacy)))
        connection = ctx.session.client_params
        key = (id(connection), uri)
        if key not in self._legacy:
            self._legacy[key] = (connection, ctx.session)
            await self._watch(uri)
        return mt.EmptyResult()

    async def unsubscribe(self, ctx: _Context, params: mt.UnsubscribeRequestParams) -> mt.EmptyResult:
        """Stop watching; unknown addresses are accepted."""
        await self._drop((id(ctx.session.client_params), str(params.uri)))
        return mt.EmptyResult()

    # -- life

    async def open(self) -> None:
        """Start publishing; called once a connection or once a process."""
        self._opened += 1
        if self._task is None:
            self._task = asyncio.create_task(self._publish())

    async def close(self) -> None:
        """Stop, when as often closed as opened; open streams end with their last frame."""
        self._opened -= 1
        if self._opened or self._task is None:
            return
        self._listen.close()
        for key in list(self._legacy):
            await self._drop(key)
        tasks = [t for t in (self._task, self._ticker) if t is not None]
        self._task = self._ticker = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
