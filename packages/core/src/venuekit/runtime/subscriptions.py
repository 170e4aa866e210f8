"""The supervisor of live data: one upstream for all who want the same, kept alive, with bounded buffers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from venuekit.desk.views import StreamStatus
from venuekit.errors import NotConnected, Unavailable, Unsupported, VenuekitError
from venuekit.model.events import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    FillEvent,
    GapEvent,
    OrderEvent,
    TickerEvent,
)
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue
from venuekit.runtime.reconnect import Backoff
from venuekit.settings.schema import StreamSettings

_KEPT = (OrderEvent, FillEvent, GapEvent, ConnectionEvent)
Sink = Callable[[Event], Awaitable[None]]


class LiveSubscription:
    """One reader's view of a channel. Slow readers of prices see the newest; own orders are never dropped."""

    def __init__(
        self, number: int, channel: Channel, instruments: Sequence[str], limit: int, hub: Subscriptions
    ) -> None:
        self.id = f"sub-{number}"
        self.channel = channel
        self.instruments = tuple(instruments)
        self.state = ConnectionState.CONNECTING
        self._limit = limit
        self._hub = hub
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._open = True
        self._stale_book: set[str] = set()
        self.received = self.delivered = self.conflated = self.reconnects = self.gaps = 0
        self.lag_ns: int | None = None

    def offer(self, event: Event, now_ns: int) -> None:
        """For the supervisor: take an event in, conflating when the buffer is full."""
        if isinstance(event, ConnectionEvent):
            if event.state is ConnectionState.CONNECTED and self.state is ConnectionState.DISCONNECTED:
                self.reconnects += 1
            self.state = event.state
        elif isinstance(event, GapEvent):
            self.gaps += 1
        else:
            self.received += 1
            self.lag_ns = max(0, now_ns - event.time_ns)
        if len(self._events) >= self._limit and not isinstance(event, _KEPT):
            self._conflate(event)
            return
        self._events.append(event)
        self._ready.set()

    def _conflate(self, event: Event) -> None:
        """Make room: a newer ticker replaces the older; of books and trades the oldest go, and a gap is marked."""
        self.conflated += 1
        if isinstance(event, TickerEvent):
            for n, old in enumerate(self._events):
                if isinstance(old, TickerEvent) and old.instrument == event.instrument:
                    del self._events[n]
                    self._events.append(event)
                    return
        if isinstance(event, BookDelta) and event.instrument is not None:
            self._stale_book.add(event.instrument)
            return  # the reader gets a fresh snapshot once it has caught up
        droppable = next((n for n, old in enumerate(self._events) if not isinstance(old, _KEPT)), None)
        if droppable is not None:
            del self._events[droppable]
        self._events.append(event)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._stale_book:
                return await self._fresh_book()
            if not self._open:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        self.delivered += 1
        return self._events.popleft()

    async def _fresh_book(self) -> Event:
        instrument = self._stale_book.pop()
        self.gaps += 1
        book = await self._hub.book(instrument)
        self.delivered += 1
        return book

    def take_now(self) -> list[Event]:
        """What is waiting, without waiting; for frontends that poll."""
        taken = list(self._events)
        self._events.clear()
        self.delivered += len(taken)
        return taken

    def status(self) -> StreamStatus:
        """Its counts."""
        return StreamStatus(
            id=self.id,
            channel=self.channel.value,
            instruments=self.instruments,
            state=self.state.value if self._open else "closed",
            received=self.received,
            delivered=self.delivered,
            conflated=self.conflated,
            reconnects=self.reconnects,
            gaps=self.gaps,
            lag_ns=self.lag_ns,
        )

    async def close(self) -> None:
        """End it; what is buffered can still be read."""
        if self._open:
            self._open = False
            self._ready.set()
            await self._hub.release(self)


class _Upstream:
    """One connection's worth of a channel, shared by its readers."""

    def __init__(self, channel: Channel, instruments: tuple[str, ...]) -> None:
        self.channel = channel
        self.instruments = instruments
        self.readers: list[LiveSubscription] = []
        self.task: asyncio.Task[None] | None = None
        self.sequence: dict[str, int] = {}


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
        #: Called after a connection was lost and made again.
        self.on_reconnect: Callable[[Channel], Awaitable[None]] | None = None

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> LiveSubscription:
        """A new subscription; raises Unsupported when the venue has no such channel."""
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
        reader = LiveSubscription(next(self._numbers), channel, names, self._settings.buffer, self)
        self._open[reader.id] = reader
        key = (channel, names)
        upstream = self._upstreams.get(key)
        if upstream is None:
            upstream = self._upstreams[key] = _Upstream(channel, names)
            upstream.task = asyncio.get_running_loop().create_task(self._keep(upstream))
        elif channel is Channel.BOOK:
            reader._stale_book.update(names)  # noqa: SLF001 - a late reader begins with a snapshot of its own
        upstream.readers.append(reader)
        return reader

    def subscriptions(self) -> list[LiveSubscription]:
        """Every open subscription."""
        return list(self._open.values())

    async def book(self, instrument: str) -> BookSnapshot:
        """A fresh snapshot, for a reader that fell behind."""
        book = await self._venue.order_book(instrument)
        return BookSnapshot(
            venue=self._venue.name, instrument=instrument, time_ns=book.time_ns, sequence=book.sequence, book=book
        )

    async def release(self, reader: LiveSubscription) -> None:
        """Forget a reader; the last one of an upstream ends it."""
        self._open.pop(reader.id, None)
        key = (reader.channel, reader.instruments)
        upstream = self._upstreams.get(key)
        if upstream is None or reader not in upstream.readers:
            return
        upstream.readers.remove(reader)
        if not upstream.readers:
            del self._upstreams[key]
            await self._end(upstream)

    @staticmethod
    async def _end(upstream: _Upstream) -> None:
        if upstream.task is not None:
            upstream.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upstream.task

    async def close(self) -> None:
        """End everything."""
        for reader in self.subscriptions():
            await reader.close()
        for upstream in list(self._upstreams.values()):
            await self._end(upstream)
        self._upstreams.clear()

    async def _keep(self, upstream: _Upstream) -> None:
        backoff = Backoff(self._settings, self._seed + hash(upstream.channel.value) % 1000)
        first = True
        while True:
            detail = await self._once(upstream, backoff, first=first)
            first = False
            await self._tell(upstream, self._connection(ConnectionState.DISCONNECTED, detail))
            await self._clock.sleep(backoff.next_seconds())

    async def _once(self, upstream: _Upstream, backoff: Backoff, *, first: bool) -> str:
        """One connection's life; returns why it ended."""
        stream = self._venue.subscribe(upstream.channel, upstream.instruments)
        upstream.sequence.clear()
        connected = False
        try:
            while True:
                event = await self._next(stream, upstream.channel)
                if not connected:
                    connected = True
                    backoff.reset()
                    await self._tell(upstream, self._connection(ConnectionState.CONNECTED, ""))
                    if not first and self.on_reconnect is not None:
                        await self.on_reconnect(upstream.channel)
                await self._pass_on(upstream, event)
        except StopAsyncIteration:
            return "the venue ended the stream"
        except VenuekitError as error:
            return error.message
        finally:
            closer = getattr(stream, "aclose", None)
            if closer is not None:
                await closer()

    async def _next(self, stream: AsyncIterator[Event], channel: Channel) -> Event:
        """The next event, or NotConnected when a price stream is silent for too long."""
        if channel.is_own or channel is Channel.STATUS:
            return await stream.__anext__()
        waiting = asyncio.ensure_future(stream.__anext__())
        silence = asyncio.ensure_future(self._clock.sleep(self._settings.stale_after_seconds))
        try:
            await asyncio.wait({waiting, silence}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise NotConnected(f"Nothing came for {self._settings.stale_after_seconds:g} s.")
        finally:
            for task in (waiting, silence):
                if not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, Unavailable):
                        await task

    async def _pass_on(self, upstream: _Upstream, event: Event) -> None:
        if isinstance(event, BookSnapshot) and event.instrument is not None and event.sequence is not None:
            upstream.sequence[event.instrument] = event.sequence
        if isinstance(event, BookDelta) and event.instrument is not None and event.sequence is not None:
            last = upstream.sequence.get(event.instrument)
            if last is not None and event.sequence <= last:
                return  # the snapshot has it already
            if last is not None and event.sequence != last + 1:
                await self._resynchronize(upstream, event, last)
                return
            upstream.sequence[event.instrument] = event.sequence
        await self._tell(upstream, event)

    async def _resynchronize(self, upstream: _Upstream, event: BookDelta, last: int) -> None:
        assert event.instrument is not None
        gap = GapEvent(
            venue=self._venue.name,
            instrument=event.instrument,
            time_ns=event.time_ns,
            channel=upstream.channel,
            expected=last + 1,
            received=event.sequence,
        )
        await self._tell(upstream, gap)
        snapshot = await self.book(event.instrument)
        if snapshot.sequence is not None:
            upstream.sequence[event.instrument] = snapshot.sequence
        else:
            upstream.sequence.pop(event.instrument, None)
        await self._tell(upstream, snapshot)

    async def _tell(self, upstream: _Upstream, event: Event) -> None:
        if self.sink is not None:
            await self.sink(event)
        now = self._clock.now_ns()
        for reader in list(upstream.readers):
            reader.offer(event, now)

    def _connection(self, state: ConnectionState, detail: str) -> ConnectionEvent:
        return ConnectionEvent(venue=self._venue.name, time_ns=self._clock.now_ns(), state=state, detail=detail)
