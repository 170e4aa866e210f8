"""Which watched addresses a desk's event concerns, and the streams that make prices arrive."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from venuekit.errors import VenuekitError
from venuekit.model.events import (
    BalanceEvent,
    Channel,
    ConnectionEvent,
    DeskEvent,
    Event,
    FillEvent,
    InstrumentEvent,
    OrderEvent,
    OrderEventKind,
    PositionEvent,
)

if TYPE_CHECKING:
    from venuekit.desk.bus import EventFeed
    from venuekit.desk.desk import Desk

Changed = Callable[..., None]
_PRICES = {
    "market://ticker/": Channel.TICKER,
    "market://orderbook/": Channel.BOOK,
    "market://candles/": Channel.CANDLES,
}
_MONEY = ("account://positions", "account://balances")
_RISK = ("risk://state", "risk://limits")


def concerned(event: Event) -> Sequence[str]:
    """The addresses (without their query) whose bodies `event` may have changed."""
    if isinstance(event, OrderEvent):
        found = ["order://active", "order://history", f"order://status/{event.order.id}", *_RISK, "audit://recent"]
        if event.order.venue_order_id:
            found.append(f"order://status/{event.order.venue_order_id}")
        if event.fill is not None:
            found += ["history://fills", *_MONEY]
        if event.kind in (OrderEventKind.PENDING_APPROVAL, OrderEventKind.APPROVED, OrderEventKind.DENIED):
            found.append("approvals://pending")
        return found
    if isinstance(event, FillEvent):
        return ("history://fills", *_MONEY, *_RISK)
    if isinstance(event, BalanceEvent):
        return ("account://balances", *_RISK)
    if isinstance(event, PositionEvent):
        return ("account://positions", *_RISK)
    if isinstance(event, DeskEvent):
        return (*_RISK, "approvals://pending", "audit://recent", "stream://status")
    if isinstance(event, ConnectionEvent):
        return ("stream://status",)
    if isinstance(event, InstrumentEvent):
        return ("market://instruments",)
    return ()


class Watching:
    """Follows the desk while somebody watches something."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._changed: Changed | None = None
        self._by_base: dict[str, set[str]] = {}
        self._same: dict[str, str] = {}
        self._feed: EventFeed | None = None
        self._follower: asyncio.Task[None] | None = None
        self._streams: dict[str, asyncio.Task[None]] = {}

    def same(self, uri: str, core: str) -> None:
        """Whatever concerns `core` concerns `uri`."""
        self._same[uri] = core

    def streams_moved(self) -> None:
        """A subscription of an agent has something to read."""
        for uri in self._by_base.get("stream://status", ()):
            self._tell(uri, price=True)

    def _base(self, uri: str) -> str:
        base = unquote(uri.partition("?")[0])
        return self._same.get(base, base)

    async def add(self, uri: str, changed: Changed) -> None:
        """Call ``changed(uri)`` from now on when something concerns `uri`."""
        self._changed = changed
        base = self._base(uri)
        self._by_base.setdefault(base, set()).add(uri)
        for prefix, channel in _PRICES.items():
            if base.startswith(prefix) and self._desk.capabilities.can(channel):
                self._streams[uri] = asyncio.create_task(self._prices(uri, channel, base.removeprefix(prefix)))
        if self._follower is None:
            self._feed = self._desk.listen(wanted=lambda event: bool(concerned(event)))
            self._follower = asyncio.create_task(self._follow(self._feed))

    async def remove(self, uri: str) -> None:
        """Nobody watches `uri` any more."""
        base = self._base(uri)
        uris = self._by_base.get(base, set())
        uris.discard(uri)
        if not uris:
            self._by_base.pop(base, None)
        await _stopped(self._streams.pop(uri, None))
        if not self._by_base:
            await self._unfollow()

    async def _follow(self, feed: EventFeed) -> None:
        async for event in feed:
            for base in concerned(event):
                for uri in self._by_base.get(base, ()):
                    self._tell(uri)

    def _tell(self, uri: str, *, price: bool = False) -> None:
        if self._changed is not None:
            self._changed(uri, price=price)

    async def _prices(self, uri: str, channel: Channel, instrument: str) -> None:
        try:
            subscription = await self._desk.subscribe(channel, [instrument])
        except VenuekitError as error:
            sys.stderr.write(f"venuekit-mcp: {uri} cannot be followed: {error}\n")
            return
        try:
            async for _ in subscription:
                self._tell(uri, price=True)
        finally:
            await subscription.close()

    async def _unfollow(self) -> None:
        if self._feed is not None:
            self._feed.close()
        await _stopped(self._follower)
        self._feed = self._follower = None

    async def close(self) -> None:
        """Stop following everything."""
        for task in list(self._streams.values()):
            await _stopped(task)
        self._streams.clear()
        self._by_base.clear()
        await self._unfollow()


async def _stopped(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
