"""Reading a subscription in the background."""

from __future__ import annotations

from collections.abc import AsyncIterator

from venuekit.adapter import ConnectionEvent, Event, VenuekitError


class Recording:
    """The events that a subscription delivered, and the error that ended it."""

    def __init__(self, source: AsyncIterator[Event]) -> None:
        self._source = source
        #: What it is about; news of the connection itself is left out.
        self.events: list[Event] = []
        self.error: VenuekitError | None = None
        self.ended = False

    async def run(self) -> None:
        """Read until the subscription ends; always closes it."""
        try:
            async for event in self._source:
                if not isinstance(event, ConnectionEvent):
                    self.events.append(event)
            self.ended = True
        except VenuekitError as error:
            self.error = error
        finally:
            close = getattr(self._source, "aclose", None)
            if close is not None:
                await close()
