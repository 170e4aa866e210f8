"""The supervisor of live data: one upstream for all who want the same, watched, and made again when it is lost."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from venuekit.errors import Unavailable, Unsupported, VenuekitError
from venuekit.model.events import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    GapEvent,
)
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue
from venuekit.runtime.buffers import LiveSubscription
from venuekit.runtime.freshness import Freshness
from venuekit.runtime.reconnect import Backoff
from venuekit.settings.schema import StreamSettings

log = logging.getLogger("venuekit.streams")

#: A connection that has not failed after this long is taken to be made, although nothing has come yet.
QUIET_SECONDS = 1.0
#: So long at least is between two comparisons because of messages that nobody understood.
MISSED_SECONDS = 5.0
#: Channels whose events cannot be asked for again: a reader is told that some are missing.
_MISSABLE = (Channel.BOOK, Channel.TRADES, Channel.CANDLES)

Sink = Callable[[Event], Awaitable[None]]


class _Upstream:
    """One channel of one set of instruments, shared by its readers."""

    def __init__(self, channel: Channel, instruments: tuple[str, ...], backoff: Backoff) -> None:
        self.channel = channel
        self.instruments = instruments
        self.backoff = backoff
        self.readers: list[LiveSubscription] = []
        self.task: asyncio.Task[None] | None = None
        self.sequence: dict[str, int] = {}
        self.state = ConnectionState.CONNECTING
        self.was_lost = False
        #: It was taken to be made again although the venue had said nothing yet.
        self.is_guess = False
        #: Whether what happened before this stream was there has been asked for.
        self.is_whole = False
        #: Messages of this connection that were not understood, as far as they are counted already.
        self.not_understood = 0
        #: Set when there were more of them.
        self.missed = asyncio.Event()

    @property
    def may_be_silent(self) -> bool:
        """Nothing has to happen here for a long time: our own orders, resolutions."""
        return self.channel.is_own or self.channel in (Channel.STATUS, Channel.TRADES)


class Subscriptions:
    """Connect, watch, back off, connect again, resynchronize; every subscription outlives its connections."""

    def __init__(self, venue: Venue, clock: Clock, settings: StreamSettings, *, seed: int = 0) -> None:
        self._venue = venue
        self._clock = clock
        self._settings = settings
        self._seed = seed
        self._numbers = itertools.count(1)
        self._upstreams: dict[tuple[Channel, tuple[str, ...]], _Upstream] = {}
        self._open: dict[str, LiveSubscription] = {}
        #: Called with every event of every upstream, before readers get it.
        self.sink: Sink | None = None
        #: Called after a connection was lost and made again; and of own orders and fills when the venue says for the
        #: first time that it is there, since something may have happened after the comparison at the start.
        self.on_reconnect: Callable[[Channel], Awaitable[None]] | None = None

    def subscribe(self, channel: Channel, instruments: Sequence[str], *, kept: bool = True) -> LiveSubscription:
        """A new subscription; raises Unsupported when the venue has no such channel.

        One that is not `kept` gives a reader nothing; it keeps the channel alive for the sink.
        """
        declared = self._venue.capabilities.of(channel)
        if not declared.usable:
            usable = [c.value for c in Channel if self._venue.capabilities.can(c)]
            raise Unsupported(
                f"{self._venue.capabilities.title} has no channel {channel.value} ({declared.reason}).",
                fix=f"It has: {', '.join(usable)}.",
                field="channel",
                details={"accepted": usable},
            )
        names = () if channel.is_own else tuple(sorted(set(instruments)))
        reader = LiveSubscription(
            next(self._numbers),
            channel,
            names,
            self._settings.buffer,
            book=self.book,
            release=self._release,
            kept=kept,
        )
        self._open[reader.id] = reader
        upstream = self._upstreams.get((channel, names))
        if upstream is None:
            backoff = Backoff(self._settings, self._seed + list(Channel).index(channel))
            upstream = self._upstreams[channel, names] = _Upstream(channel, names, backoff)
            upstream.task = asyncio.get_running_loop().create_task(self._keep(upstream))
        else:
            reader.joined(upstream.state)
        upstream.readers.append(reader)
        return reader

    def subscriptions(self) -> list[LiveSubscription]:
        """Every open subscription."""
        return list(self._open.values())

    def lost(self, channel: Channel) -> bool:
        """Whether a stream of this channel was connected, or tried to, and is not now."""
        bad = (ConnectionState.DISCONNECTED, ConnectionState.STALE)
        return any(u.state in bad for u in self._upstreams.values() if u.channel is channel)

    async def book(self, instrument: str) -> BookSnapshot:
        """A fresh snapshot, asked for until the venue can be reached."""
        backoff = Backoff(self._settings, self._seed)
        while True:
            try:
                book = await self._venue.order_book(instrument)
            except Unavailable:
                await self._clock.sleep(backoff.next_seconds())
                continue
            return BookSnapshot(
                venue=self._venue.name, instrument=instrument, time_ns=book.time_ns, sequence=book.sequence, book=book
            )

    async def _release(self, reader: LiveSubscription) -> None:
        """Forget a reader; the last one of an upstream ends it."""
        self._open.pop(reader.id, None)
        key = (reader.channel, reader.instruments)
        upstream = self._upstreams.get(key)
        if upstream is None or reader not in upstream.readers:
            return
        upstream.readers.remove(reader)
        if not upstream.readers:
            del self._upstreams[key]
            await _canceled(upstream.task)

    async def close(self) -> None:
        """End everything."""
        for reader in self.subscriptions():
            await reader.close()

    # -- one upstream's life

    async def _keep(self, upstream: _Upstream) -> None:
        while True:
            began = self._clock.monotonic_ns()
            state, detail = await self._connection_of(upstream)
            upstream.backoff.lived((self._clock.monotonic_ns() - began) / 1e9)
            upstream.was_lost = True
            upstream.is_guess = False
            await self._state(upstream, state, detail)
            await self._clock.sleep(upstream.backoff.next_seconds())

    async def _connection_of(self, upstream: _Upstream) -> tuple[ConnectionState, str]:
        """One connection's life; returns how and why it ended."""
        upstream.sequence.clear()
        upstream.not_understood = 0
        fresh = Freshness(self._clock, self._settings.stale_after_seconds)
        reading = asyncio.get_running_loop().create_task(self._read(upstream, fresh))
        beside = [asyncio.get_running_loop().create_task(self._quiet(upstream))]
        if upstream.channel.is_own:
            upstream.missed.clear()
            beside.append(asyncio.get_running_loop().create_task(self._ask_for_missed(upstream)))
        if not upstream.may_be_silent:
            beside.append(asyncio.get_running_loop().create_task(fresh.give_up(reading)))
        try:
            await asyncio.wait([reading])
            if fresh.stale:
                return ConnectionState.STALE, f"nothing came for {self._settings.stale_after_seconds:g} s"
            return ConnectionState.DISCONNECTED, _why(reading)
        finally:
            await _canceled(*beside, reading)

    async def _read(self, upstream: _Upstream, fresh: Freshness) -> None:
        stream: AsyncIterator[Event] = self._venue.subscribe(upstream.channel, upstream.instruments)
        try:
            async for event in stream:
                fresh.seen()
                if upstream.state is not ConnectionState.CONNECTED:
                    await self._connected(upstream)
                elif upstream.is_guess:
                    await self._as_guessed(upstream)
                if isinstance(event, ConnectionEvent) and event.state is ConnectionState.CONNECTED:
                    self._count(upstream, event.not_understood)
                    await self._in_force(upstream)
                elif isinstance(event, BookDelta | BookSnapshot):
                    await self._book_event(upstream, event)
                else:
                    await self._tell(upstream, event)
        finally:
            closer = getattr(stream, "aclose", None)
            if closer is not None:
                await closer()

    async def _quiet(self, upstream: _Upstream) -> None:
        await self._clock.sleep(QUIET_SECONDS)
        if upstream.may_be_silent and upstream.state is not ConnectionState.CONNECTED:
            upstream.is_guess = upstream.was_lost
            await self._connected(upstream)

    async def _as_guessed(self, upstream: _Upstream) -> None:
        """The venue speaks: what happened between the guess and now may be missing, so it is asked for once more."""
        upstream.is_guess = False
        if self.on_reconnect is not None:
            await self.on_reconnect(upstream.channel)

    async def _ask_for_missed(self, upstream: _Upstream) -> None:
        """What nobody understood may have been about an order of ours: only a comparison knows."""
        while True:
            await upstream.missed.wait()
            upstream.missed.clear()
            if self.on_reconnect is not None:
                await self.on_reconnect(upstream.channel)
            await self._clock.sleep(MISSED_SECONDS)

    async def _in_force(self, upstream: _Upstream) -> None:
        if upstream.channel.is_own and not upstream.is_whole:
            upstream.is_whole = True
            if self.on_reconnect is not None:
                await self.on_reconnect(upstream.channel)

    def _count(self, upstream: _Upstream, not_understood: int) -> None:
        new = max(0, not_understood - upstream.not_understood)
        upstream.not_understood += new
        if new:
            upstream.missed.set()
        for reader in upstream.readers:
            reader.not_understood += new

    async def _connected(self, upstream: _Upstream) -> None:
        again, upstream.was_lost = upstream.was_lost, False
        upstream.is_whole |= again
        await self._state(upstream, ConnectionState.CONNECTED, "")
        if again and upstream.channel in _MISSABLE:
            for name in upstream.instruments:
                await self._tell(upstream, self._gap(upstream, name, None, None))
        if again and self.on_reconnect is not None:
            await self.on_reconnect(upstream.channel)

    async def _state(self, upstream: _Upstream, state: ConnectionState, detail: str) -> None:
        upstream.state = state
        await self._tell(
            upstream,
            ConnectionEvent(
                venue=self._venue.name,
                time_ns=self._clock.now_ns(),
                state=state,
                detail=f"{upstream.channel.value}: {detail}" if detail else upstream.channel.value,
            ),
        )

    async def _book_event(self, upstream: _Upstream, event: BookDelta | BookSnapshot) -> None:
        name, sequence = event.instrument or "", event.sequence
        if sequence is not None:
            last = upstream.sequence.get(name)
            if isinstance(event, BookDelta) and last is not None:
                if sequence <= last:
                    return  # told already
                if sequence != last + 1:
                    await self._resynchronize(upstream, name, last + 1, sequence)
                    return
            upstream.sequence[name] = sequence
        await self._tell(upstream, event)

    async def _resynchronize(self, upstream: _Upstream, name: str, expected: int, received: int) -> None:
        await self._tell(upstream, self._gap(upstream, name, expected, received))
        snapshot = await self.book(name)
        if snapshot.sequence is not None:
            upstream.sequence[name] = snapshot.sequence
        else:
            upstream.sequence.pop(name, None)
        await self._tell(upstream, snapshot)

    def _gap(self, upstream: _Upstream, name: str, expected: int | None, received: int | None) -> GapEvent:
        return GapEvent(
            venue=self._venue.name,
            instrument=name,
            time_ns=self._clock.now_ns(),
            channel=upstream.channel,
            expected=expected,
            received=received,
        )

    async def _tell(self, upstream: _Upstream, event: Event) -> None:
        if self.sink is not None:
            await self.sink(event)
        now = self._clock.now_ns()
        for reader in list(upstream.readers):
            reader.offer(event, now)


def _why(reading: asyncio.Task[None]) -> str:
    """Why a reader ended. A bug in an adapter ends a connection, never the supervisor."""
    if reading.cancelled():
        return "it was stopped"
    error = reading.exception()
    if error is None:
        return "the venue ended the stream"
    if isinstance(error, VenuekitError):
        return error.message
    log.error("A stream of the adapter failed: %r", error, exc_info=error)
    return f"{type(error).__name__} in the adapter"


async def _canceled(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel tasks and wait until they have ended. A cancellation of the one who waits is not lost in theirs."""
    ending = [task for task in tasks if task is not None]
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending)
    for task in ending:
        if not task.cancelled():
            task.exception()  # it has been told, or does not matter any more
