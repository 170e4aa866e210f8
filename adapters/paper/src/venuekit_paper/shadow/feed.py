"""The live book and trades of the instruments that matter now, followed for as long as they do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from venuekit.adapter import (
    NANOS,
    BookDelta,
    BookSnapshot,
    Channel,
    Clock,
    TradeEvent,
    Unavailable,
    UsageError,
    Venue,
)
from venuekit_paper.shadow.engine import ShadowEngine

log = logging.getLogger("venuekit.shadow")

#: Waits between attempts to follow an instrument again, in seconds: doubled each time.
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0


class Feed:
    """Follows one instrument of the live venue, and connects again until it is closed."""

    def __init__(
        self, live: Venue, engine: ShadowEngine, instrument: str, clock: Clock, told: Callable[[], None]
    ) -> None:
        self._live = live
        self._engine = engine
        self._instrument = instrument
        self._clock = clock
        self._told = told
        self._synced = asyncio.Event()
        self.wanted_ns = clock.monotonic_ns()
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def synced(self, seconds: float) -> None:
        """Wait until the live book is mirrored.

        Raises:
            Unavailable: it is not within so many seconds.
        """
        self.wanted_ns = self._clock.monotonic_ns()
        if self._engine.synced(self._instrument):
            return
        waiting = [asyncio.ensure_future(self._synced.wait()), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not self._engine.synced(self._instrument):
            raise Unavailable(
                f"The live book of {self._instrument} has not come, so a shadow order would fill at nobody's price.",
                fix="Try again in a moment; see whether the venue can be reached.",
            )

    async def _keep(self) -> None:
        wait = _FIRST_WAIT
        while True:
            began = self._clock.monotonic_ns()
            await self._follow()
            self._synced.clear()
            self._engine.lost(self._instrument, self._clock.now_ns())
            self._told()
            if self._clock.monotonic_ns() - began > _LONGEST_WAIT * NANOS:
                wait = _FIRST_WAIT
            await self._clock.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _follow(self) -> None:
        """Both channels, until either is lost."""
        loop = asyncio.get_running_loop()
        readers = [loop.create_task(self._read(channel)) for channel in (Channel.BOOK, Channel.TRADES)]
        try:
            await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def _read(self, channel: Channel) -> None:
        try:
            stream = self._live.subscribe(channel, [self._instrument])
            async with contextlib.aclosing(stream) as events:  # type: ignore[type-var]  # every adapter's can be closed
                async for event in events:
                    now = self._clock.now_ns()
                    if isinstance(event, BookSnapshot | BookDelta):
                        self._engine.book(event, self._instrument, now)
                        if self._engine.synced(self._instrument):
                            self._synced.set()
                    elif isinstance(event, TradeEvent):
                        self._engine.trade(event.trade, now)
                    self._told()
        except (Unavailable, UsageError) as error:
            log.info("The live %s of %s was lost: %s", channel.value, self._instrument, error)
        except Exception:
            log.exception("The live %s of %s failed in the adapter.", channel.value, self._instrument)

    async def close(self) -> None:
        """Follow it no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
