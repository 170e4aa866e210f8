"""The user channel: one socket for everybody who follows own orders or fills; each of them is told each thing once."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from venuekit.adapter import NANOS, Channel, Clock, Event, Fill, FillEvent, FillState, NotConnected, VenuekitError
from venuekit_polymarket.frame_values import Frame
from venuekit_polymarket.inbox import Inbox
from venuekit_polymarket.own_frames import OwnOrders
from venuekit_polymarket.reading import rows, text
from venuekit_polymarket.socket import Socket
from venuekit_wire.endings import Endings

log = logging.getLogger("venuekit.polymarket.streams")

#: An order that the venue took has to be told of within this time, or the channel is taken for dead.
_EXPECTED_NS = 30 * NANOS
_LOOK_SECONDS = 10.0
#: Fills that are remembered, since a frame may come again; and states that no other follows.
_MOST_FILLS = 10_000
_MOST_HEARD = 1_000
_FINAL = (FillState.CONFIRMED, FillState.REVERSED)
_BY_FIELD = (("taker_order_id", "trade"), ("maker_orders", "trade"), ("original_size", "order"))


class Ledger(Protocol):
    """Own fills by trade and order. It may be told of a trade as often as one likes."""

    def told(self, trade: Frame) -> Sequence[Event]:
        """The own fills of a ``trade`` frame of the user channel, known ones too. Raises VenueDown."""
        ...


class _ToldFills:
    """The fills that were told, and how final they were: each state of each is told once, in order."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, FillState] = OrderedDict()

    def is_new(self, fill: Fill) -> bool:
        """Whether this is the first word of a fill, or of its end."""
        before = self._states.get(fill.id)
        if before is fill.state or before in _FINAL:
            return False
        self._states[fill.id] = fill.state
        if len(self._states) > _MOST_FILLS:
            self._states.popitem(last=False)
        return True


class OwnFeed:
    """The socket of the user channel and those who listen; made when the first one comes, closed when the last goes."""

    def __init__(
        self,
        socket: Callable[[], Socket],
        first: Callable[[], Awaitable[Frame]],
        orders: OwnOrders,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._make = socket
        self._first = first
        self._orders = orders
        self._ledger = ledger
        self._clock = clock
        self._inboxes: list[Inbox] = []
        self._order = asyncio.Lock()
        self._connection: _Connection | None = None
        self._endings = Endings()
        self._not_understood = 0
        self._fills = _ToldFills()
        #: Orders that must be told of, by when.
        self._expected: dict[str, int] = {}
        #: Orders that were told of, since the channel is often quicker than the answer to who placed one.
        self._heard: OrderedDict[str, None] = OrderedDict()

    async def follow(self, inbox: Inbox) -> None:
        """Tell `inbox` what happens to own orders, or fills. Raises NotConnected, VenuePermission."""
        self._inboxes.append(inbox)
        async with self._order:
            if self._connection is None:
                first = await self._first()
                connection = _Connection(self._make(), self)
                await connection.open(first)
                self._connection = connection
            else:
                await self._connection.sign()

    async def leave(self, inbox: Inbox) -> None:
        """Tell `inbox` nothing more."""
        if inbox in self._inboxes:
            self._inboxes.remove(inbox)
        if not self._inboxes and self._connection is not None:
            self._drop(self._connection)
        await self._endings.done()

    def expect(self, venue_order_id: str) -> None:
        """The venue took an order: if the channel says nothing of it, the channel is dead though it may answer."""
        if self._inboxes and venue_order_id not in self._heard:
            self._expected[venue_order_id] = self._clock.monotonic_ns() + _EXPECTED_NS

    def doubt(self, venue_order_id: str) -> None:
        """The venue does not list an order, and the channel has not told its end: if it goes on so, it has lost it."""
        if self._inboxes:
            self._expected.setdefault(venue_order_id, self._clock.monotonic_ns() + _EXPECTED_NS)

    # -- from the connection

    def take(self, frame: Frame) -> None:
        """One frame."""
        kind = text(frame, "event_type") or next((k for field, k in _BY_FIELD if field in frame), "")
        try:
            if kind == "order":
                self._hear(text(frame, "id"))
                told = self._orders.event(frame)
                self._give([] if told is None else [told])
            elif kind == "trade":
                makers = rows(frame, "maker_orders")
                self._hear(text(frame, "taker_order_id"), *(text(maker, "order_id") for maker in makers))
                self._give(self._ledger.told(frame))
            else:
                self.strange(f"there is no frame of the kind {kind[:40]!r}")
        except VenuekitError as error:
            self.strange(f"{kind}: {error.message}")

    def _hear(self, *orders: str) -> None:
        for order in orders:
            self._expected.pop(order, None)
            self._heard[order] = None
        while len(self._heard) > _MOST_HEARD:
            self._heard.popitem(last=False)

    def _give(self, events: Sequence[Event]) -> None:
        for event in events:
            wanted = Channel.OWN_FILLS if isinstance(event, FillEvent) else Channel.OWN_ORDERS
            if isinstance(event, FillEvent) and not self._fills.is_new(event.fill):
                continue
            for inbox in self._inboxes:
                if inbox.channel is wanted:
                    inbox.put(event)

    def strange(self, why: str = "") -> None:
        """Count something that was not understood, and let it be known."""
        if why:
            log.warning("A frame of Polymarket's user channel was not understood: %s", why)
        self._not_understood += 1
        self.alive()

    def alive(self) -> None:
        """The connection is there, and what was asked for is in force."""
        for inbox in self._inboxes:
            inbox.alive(self._clock.now_ns(), self._not_understood)

    def overdue(self) -> bool:
        """Whether something was to be told that was not."""
        now = self._clock.monotonic_ns()
        return any(due <= now for due in self._expected.values())

    def lost(self, connection: _Connection, error: Exception) -> None:
        """The connection is over; everybody is told."""
        if connection is self._connection:
            self._drop(connection)
            for inbox in self._inboxes:
                inbox.fail(error)

    def _drop(self, connection: _Connection) -> None:
        self._connection = None
        self._expected.clear()
        self._not_understood = 0
        self._endings.begin(connection.close())

    async def close(self) -> None:
        """Close the socket; everybody who listens gets NotConnected."""
        if self._connection is not None:
            self.lost(self._connection, NotConnected("The stream was closed."))
        await self._endings.done()


class _Connection:
    """One life of the socket."""

    def __init__(self, socket: Socket, feed: OwnFeed) -> None:
        self._socket = socket
        self._feed = feed
        self._owes_sign = True
        self._tasks: list[asyncio.Task[Any]] = []
        socket.on_pong = self._pong
        socket.on_strange = feed.strange

    async def open(self, first: Frame) -> None:
        try:
            await self._socket.open(first)
        except BaseException:
            await asyncio.shield(self._socket.close())
            raise
        self._tasks = [asyncio.ensure_future(self._run())]

    async def _run(self) -> None:
        watching = asyncio.ensure_future(self._watch())
        try:
            await self._socket.run(self._feed.take)
        except Exception as error:  # noqa: BLE001 - a bug too must reach those who wait, who tell it
            self._feed.lost(self, error)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await self._feed._clock.sleep(_LOOK_SECONDS)  # noqa: SLF001 - it is a part of the feed
            if self._feed.overdue():
                self._socket.fail("The stream says nothing of an order that the venue took.")

    def _pong(self) -> None:
        if self._owes_sign:
            self._owes_sign = False
            self._feed.alive()

    async def sign(self) -> None:
        """Let the next answer tell everybody that it lives."""
        self._owes_sign = True
        await self._socket.ping()

    async def close(self) -> None:
        await self._socket.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
