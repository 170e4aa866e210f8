"""Subscriptions for clients that can only ask: a bounded ring of events each, read with a cursor."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from venuekit.errors import InvalidCursor, InvalidValue, RateLimited
from venuekit.model.events import Channel, Event
from venuekit_mcp.event_views import View, whole
from venuekit_mcp.wire import wire

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit.desk.streams import Subscription

#: Events that a subscription keeps for its reader, and subscriptions that one agent may have open.
RING = 1000
MOST_SUBSCRIPTIONS = 20

#: Called with every event that a subscription shows, once it can be read.
Tell = Callable[[Event], Awaitable[None]]


class Ring:
    """One agent's subscription and its newest events, numbered from 1.

    Its `view` says what is shown of an event, and which older event a newer one replaces.
    """

    def __init__(
        self,
        subscription: Subscription,
        agent_id: str,
        size: int = RING,
        *,
        view: View = whole,
        tell: Tell | None = None,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.subscription = subscription
        self.agent_id = agent_id
        self._view = view
        self._tell = tell
        self._moved = moved
        self._most = size
        #: By what they replace, else by their number: in the order of their numbers.
        self._events: dict[Hashable, tuple[int, Event]] = {}
        self._last = 0
        #: The newest event that was overwritten for want of room.
        self._overwritten = 0
        self._arrived = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._fill())

    async def _fill(self) -> None:
        async for event in self.subscription:
            for key, shown in self._view(event):
                self._put(key, shown)
                if self._tell is not None:
                    await self._tell(shown)

    def _put(self, key: Hashable | None, event: Event) -> None:
        self._last += 1
        place = self._last if key is None else key
        self._events.pop(place, None)
        self._events[place] = (self._last, event)
        if len(self._events) > self._most:
            oldest = next(iter(self._events))
            self._overwritten, _ = self._events.pop(oldest)
        self._arrived.set()
        self._moved()

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last

    def cursor(self, number: int) -> str:
        """An opaque place: after the event of this number."""
        return base64.urlsafe_b64encode(f"{self.subscription.id}:{number}".encode()).decode("ascii")

    def number(self, cursor: str) -> int:
        """The number that `cursor` stands for. Raises InvalidCursor."""
        try:
            name, _, digits = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").rpartition(":")
        except (binascii.Error, ValueError):
            name, digits = "", ""
        if name != self.subscription.id or not (digits.isascii() and digits.isdigit()) or int(digits) > self._last:
            raise InvalidCursor(f"cursor: {cursor[:40]!r} is not a place in this subscription.", field="cursor")
        return int(digits)

    def after(self, number: int, limit: int) -> tuple[Sequence[Any], int, int]:
        """Events after `number` (at most `limit`), the number of the last one given, and how many were lost before."""
        found = [(n, event) for n, event in self._events.values() if n > number][:limit]
        last = found[-1][0] if found else max(number, self._overwritten)
        return [wire(event) for _, event in found], last, max(0, self._overwritten - number)

    async def wait(self, number: int, sleeping: asyncio.Future[Any]) -> None:
        """Return when there is an event after `number`, or when `sleeping` is done."""
        while self._last <= number and not sleeping.done() and not self._task.done():
            self._arrived.clear()
            arrived = asyncio.ensure_future(self._arrived.wait())
            try:
                await asyncio.wait({arrived, sleeping, self._task}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                arrived.cancel()

    async def close(self) -> None:
        """End it; safe to call twice."""
        await self.subscription.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Rings:
    """Every agent's subscriptions of one server. An agent sees and ends its own only."""

    def __init__(self, desk: Desk, moved: Callable[[], None] = lambda: None) -> None:
        """`moved` is called when an event has come."""
        self._desk = desk
        self._moved = moved
        self._rings: dict[str, Ring] = {}

    def of(self, agent_id: str) -> list[Ring]:
        """The agent's own."""
        return [r for r in self._rings.values() if r.agent_id == agent_id]

    def get(self, subscription: str, agent_id: str, *, field: str = "subscription") -> Ring:
        """One of the agent's own; `field` is the argument that names it. Raises InvalidValue."""
        ring = self._rings.get(subscription)
        if ring is None or ring.agent_id != agent_id:
            raise InvalidValue(
                f"{field}: {subscription[:40]!r} is not open.",
                fix="Subscribe first, and pass the subscription that subscribe returned.",
                field=field,
                details={"accepted": [r.subscription.id for r in self.of(agent_id)]},
            )
        return ring

    async def open(
        self,
        channel: Channel,
        instruments: Sequence[str],
        agent_id: str,
        *,
        view: View = whole,
        tell: Tell | None = None,
    ) -> Ring:
        """A new subscription of the agent's. Raises Unsupported, UnknownInstrument, RateLimited."""
        if len(self.of(agent_id)) >= MOST_SUBSCRIPTIONS:
            raise RateLimited(
                f"{agent_id} has {MOST_SUBSCRIPTIONS} subscriptions open.",
                retry_after=0.0,
                fix="Unsubscribe from one that is no longer needed.",
            )
        subscription = await self._desk.subscribe(channel, instruments)
        ring = Ring(subscription, agent_id, view=view, tell=tell, moved=self._moved)
        self._rings[ring.subscription.id] = ring
        return ring

    async def end(self, subscription: str, agent_id: str, *, field: str = "subscription") -> Ring:
        """Close one of the agent's own."""
        ring = self.get(subscription, agent_id, field=field)
        del self._rings[subscription]
        await ring.close()
        return ring

    async def close(self) -> None:
        """Close all."""
        rings, self._rings = list(self._rings.values()), {}
        for ring in rings:
            with contextlib.suppress(asyncio.CancelledError):
                await ring.close()
