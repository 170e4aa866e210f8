"""The way to the venue: every call passes named points, takes its time, and may be lost, doubled or late."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from venuekit.errors import NotConnected, OutcomeUnknown, RateLimited, Unavailable, VenueDown
from venuekit.model.events import Channel, Event
from venuekit.protocols.venue import Venue
from venuekit.testing.faults.blind import Blind
from venuekit.testing.faults.points import CHANGES, READS, Action, Fault, Life

if TYPE_CHECKING:
    from venuekit.testing.faults.sending import Sending

#: The life of a desk that a task belongs to; tasks of the network and of the venue belong to none.
LIFE: contextvars.ContextVar[Life | None] = contextvars.ContextVar("life", default=None)
#: Calls of a venue that pass points.
CALLS = frozenset((*CHANGES, *READS))
#: After these it is certain, also for the desk, that nothing was sent.
_NOT_SENT = (Action.LOSE_REQUEST, Action.DOWN, Action.TOO_MANY)
#: How long an event that is overtaken waits for the one that overtakes it.
_OVERTAKEN_SECONDS = 0.2


class Network:
    """What lies between all lives of a desk and the one venue: it goes on when a desk ends."""

    def __init__(self, seed: int, *, slowest: float) -> None:
        self._random = random.Random(seed)
        self._slowest = slowest
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def delay(self) -> float:
        """How long the next message is on its way, in seconds."""
        return self._random.uniform(0, self._slowest) if self._slowest else 0.0

    def carry(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in a task that no end of a desk can stop."""
        token = LIFE.set(None)
        try:
            task = asyncio.get_running_loop().create_task(work)
        finally:
            LIFE.reset(token)
        self._tasks[task] = None
        task.add_done_callback(self._arrived)
        return task

    def _arrived(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled():
            task.exception()  # who asked may be gone

    async def close(self) -> None:
        """Lose what is still on its way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class PointedVenue:
    """A `Venue` for one life of a desk. `sending` is told of every order that goes, and of one that did not."""

    def __init__(self, inner: Venue, life: Life, network: Network, blind: Blind | None, sending: Sending) -> None:
        self._inner = inner
        self._life = life
        self._network = network
        self._blind = blind
        self._sending = sending

    def __getattr__(self, name: str) -> Any:
        """The venue's own member; a call passes its points."""
        self._life.check()
        member = getattr(self._inner, name)
        if name not in CALLS:
            return member
        if self._blind is not None:
            member = self._blind.call(name, member)

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._call(name, member, args, kwargs)

        return call

    async def _call(self, name: str, member: Any, args: Any, kwargs: Any) -> Any:
        detail = getattr(args[0], "client_order_id", None) or "" if args else ""
        if name == "submit":
            self._sending.check(args[0])
        fault = self._life.reach(f"venue.{name}.before", detail)
        late = 0.0
        if fault is not None:
            late = fault.seconds if fault.action is Action.LATE else 0.0
            if name == "submit" and fault.action in _NOT_SENT:
                self._sending.not_sent(detail)
            _fail_before(fault, name)
        answer = self._network.carry(self._travel(member, args, kwargs, late))
        if fault is not None and fault.action is Action.LATE:
            raise OutcomeUnknown(f"{name}: the connection was lost.")
        if fault is not None and fault.action is Action.NO_REPLY:
            await asyncio.Event().wait()
        try:
            result = await asyncio.shield(answer)
        except Unavailable:
            if name == "submit":
                self._sending.not_sent(detail)  # the venue itself says that it took nothing
            raise
        fault = self._life.reach(f"venue.{name}.after", detail)
        if fault is not None and fault.action is Action.NO_REPLY:
            await asyncio.Event().wait()
        if fault is not None and fault.action is Action.LOSE_REPLY:
            lost = OutcomeUnknown if name in CHANGES else Unavailable
            raise lost(f"{name}: the connection was lost before the answer came.")
        if fault is not None and fault.action is Action.BUG:
            raise ValueError(f"{name}: the answer could not be read")
        return result

    async def _travel(self, member: Any, args: Any, kwargs: Any, late: float) -> Any:
        there, back = self._network.delay() + late, self._network.delay()
        if there:
            await asyncio.sleep(there)
        try:
            return await member(*args, **kwargs)
        finally:
            if back:
                await asyncio.sleep(back)

    # -- streams

    async def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """The venue's events, in the disorder that was ordered."""
        queue: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._life.check()
        pump = self._network.carry(self._pump(self._inner.subscribe(channel, instruments), queue))
        try:
            while True:
                for event in await self._next(queue, channel):
                    yield event
                    self._life.reach("stream.taken", channel.value)
        finally:
            pump.cancel()

    async def _pump(self, stream: AsyncIterator[Event], queue: asyncio.Queue[Event | BaseException]) -> None:
        try:
            async for event in stream:
                if delay := self._network.delay():
                    await asyncio.sleep(delay)
                queue.put_nowait(event if self._blind is None else self._blind.event(event))
        except Exception as error:  # noqa: BLE001 - it is raised to the reader
            queue.put_nowait(error)
        finally:
            closer = getattr(stream, "aclose", None)
            if closer is not None:
                await closer()

    async def _next(self, queue: asyncio.Queue[Event | BaseException], channel: Channel) -> list[Event]:
        event = await queue.get()
        if isinstance(event, BaseException):
            raise event
        fault = self._life.reach("stream.received", channel.value)
        if fault is None:
            return [event]
        if fault.action is Action.DUPLICATE:
            return [event, event]
        if fault.action is Action.CUT:
            raise NotConnected("The connection was lost.")
        if fault.action is Action.SWAP:
            await asyncio.sleep(_OVERTAKEN_SECONDS)
            overtaking = None if queue.empty() else queue.get_nowait()
            if isinstance(overtaking, BaseException):
                raise overtaking
            return [event] if overtaking is None else [overtaking, event]
        return [event]


def _fail_before(fault: Fault, name: str) -> None:
    """The faults after which certainly nothing was sent."""
    if fault.action is Action.LOSE_REQUEST:
        raise NotConnected(f"{name}: the connection was lost before the request was sent.")
    if fault.action is Action.DOWN:
        raise VenueDown(f"{name}: the venue is down.")
    if fault.action is Action.TOO_MANY:
        raise RateLimited(f"{name}: too many requests.", retry_after=1.0)
    if fault.action is Action.BUG:
        raise ValueError(f"{name}: a bug in the adapter")
