"""Reading a subscription in the background."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio

from venuekit.adapter import ConnectionEvent, Event, VenuekitError


class Recording:
    """The events that a subscription delivered, and the error that ended it."""

    def __init__(self, source: AsyncIterator[Event]) -> None:
        self._source = source
        self._over = anyio.Event()
        #: What it is about; news of the connection itself is left out.
        self.events: list[Event] = []
        self.error: VenuekitError | None = None
        self.ended = False

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self._over.is_set()

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
            self._over.set()
            close = getattr(self._source, "aclose", None)
            if close is not None:
                await close()

    async def end(self, scope: anyio.CancelScope) -> None:
        """Cancel what waits for a subscription that has ended."""
        await self._over.wait()
        scope.cancel()
