"""Subscriptions for clients that can only ask: a bounded ring of events each, read with a cursor."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from venuekit.errors import InvalidCursor, InvalidValue, RateLimited
from venuekit.model.events import Channel, Event
from venuekit_mcp.wire import wire

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk
    from venuekit.desk.streams import Subscription

#: Events that a subscription keeps for its reader, and subscriptions that one agent may have open.
RING = 1000
MOST_SUBSCRIPTIONS = 20


class Ring:
    """One agent's subscription and its newest events, numbered from 1."""

    def __init__(self, subscription: Subscription, agent_id: str, size: int = RING) -> None:
        self.subscription = subscription
        self.agent_id = agent_id
        self._events: deque[Event] = deque(maxlen=size)
        self._last = 0
        self._arrived = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._fill())

    async def _fill(self) -> None:
        async for event in self.subscription:
            self._events.append(event)
            self._last += 1
            self._arrived.set()

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
        oldest = self._last - len(self._events)
        lost = max(0, oldest - number)
        start = max(number, oldest) - oldest
        end = min(start + limit, len(self._events))
        return [wire(self._events[i]) for i in range(start, end)], oldest + end, lost

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

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rings: dict[str, Ring] = {}

    def of(self, agent_id: str) -> list[Ring]:
        """The agent's own."""
        return [r for r in self._rings.values() if r.agent_id == agent_id]

    def get(self, subscription: str, agent_id: str) -> Ring:
        """One of the agent's own. Raises InvalidValue."""
        ring = self._rings.get(subscription)
        if ring is None or ring.agent_id != agent_id:
            raise InvalidValue(
                f"subscription: {subscription[:40]!r} is not open.",
                fix="Subscribe first, and pass the subscription that subscribe returned.",
                field="subscription",
                details={"accepted": [r.subscription.id for r in self.of(agent_id)]},
            )
        return ring

    async def open(self, channel: Channel, instruments: Sequence[str], agent_id: str) -> Ring:
        """A new subscription of the agent's. Raises Unsupported, UnknownInstrument, RateLimited."""
        if len(self.of(agent_id)) >= MOST_SUBSCRIPTIONS:
            raise RateLimited(
                f"{agent_id} has {MOST_SUBSCRIPTIONS} subscriptions open.",
                retry_after=0.0,
                fix="Unsubscribe from one that is no longer needed.",
            )
        ring = Ring(await self._desk.subscribe(channel, instruments), agent_id)
        self._rings[ring.subscription.id] = ring
        return ring

    async def end(self, subscription: str, agent_id: str) -> Ring:
        """Close one of the agent's own."""
        ring = self.get(subscription, agent_id)
        del self._rings[subscription]
        await ring.close()
        return ring

    async def close(self) -> None:
        """Close all."""
        rings, self._rings = list(self._rings.values()), {}
        for ring in rings:
            with contextlib.suppress(asyncio.CancelledError):
                await ring.close()
