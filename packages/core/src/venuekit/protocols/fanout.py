"""The events of one connection, given to every reader that asked for them."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence

import anyio
import attrs
from anyio.streams.memory import MemoryObjectSendStream

from venuekit.errors import NotConnected
from venuekit.model.events import Channel, Event
from venuekit.model.identity import InstrumentId


@attrs.frozen(eq=False)
class _Reader:
    channel: Channel
    instruments: frozenset[InstrumentId]
    inbox: MemoryObjectSendStream[Event]

    def wants(self, channel: Channel, event: Event) -> bool:
        return channel is self.channel and (channel.is_own or event.instrument in self.instruments)


class Fanout:
    """Publishes events to readers, and ends them all when the connection is lost."""

    def __init__(self) -> None:
        self._readers: list[_Reader] = []

    def publish(self, channel: Channel, event: Event) -> None:
        """Give an event to the readers of its channel and instrument; never waits."""
        for reader in self._readers:
            if reader.wants(channel, event):
                reader.inbox.send_nowait(event)

    def lose(self) -> None:
        """End every reader with `NotConnected`, after the events that it already has."""
        for reader in self._readers:
            reader.inbox.close()
        self._readers.clear()

    async def read(
        self, channel: Channel, instruments: Sequence[InstrumentId] = (), *, first: Sequence[Event] = ()
    ) -> AsyncIterator[Event]:
        """`first`, then what is published, until the iterator is closed.

        Raises:
            NotConnected: the connection was lost.
        """
        inbox, outbox = anyio.create_memory_object_stream[Event](math.inf)
        reader = _Reader(channel, frozenset(instruments), inbox)
        with inbox, outbox:
            self._readers.append(reader)
            try:
                for event in first:
                    yield event
                async for event in outbox:
                    yield event
            finally:
                if reader in self._readers:
                    self._readers.remove(reader)
        raise NotConnected("The connection was lost.")
