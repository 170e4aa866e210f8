"""What the desk needs of live data: subscriptions, without knowing who keeps them alive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from venuekit.desk.views import StreamStatus
from venuekit.model.events import Channel, Event


class Subscription(Protocol):
    """Live data of one channel. Iterate it for events; it survives reconnects, and ends when it is closed."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def channel(self) -> Channel:
        """What it carries."""
        ...

    @property
    def instruments(self) -> Sequence[str]:
        """For what; empty for own channels."""
        ...

    def __aiter__(self) -> AsyncIterator[Event]:
        """Events, oldest first."""
        ...

    async def __anext__(self) -> Event:
        """The next event."""
        ...

    def status(self) -> StreamStatus:
        """Its counts."""
        ...

    async def close(self) -> None:
        """End it; safe to call twice."""
        ...


class StreamHub(Protocol):
    """Keeps subscriptions alive."""

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> Subscription:
        """A new subscription. Raises Unsupported."""
        ...

    def subscriptions(self) -> Sequence[Subscription]:
        """Every open one."""
        ...
