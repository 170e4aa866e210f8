"""The way to a venue over real sockets: an adapter for each life of the desk, and the venue's server beside it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from venuekit.errors import Unavailable, VenuekitError
from venuekit.model.events import Channel, Event
from venuekit.model.order import Order
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue, VenueContext
from venuekit.runtime.pace import Pace
from venuekit.testing.contract.subject import Subject
from venuekit.testing.faults.gate import Gate
from venuekit.testing.faults.network import CALLS, LIFE
from venuekit.testing.faults.points import Crash, Life
from venuekit.testing.faults.schedule import Schedule
from venuekit.testing.faults.sending import Sending
from venuekit.testing.faults.simloop import SimulatedLoop
from venuekit.testing.faults.site import Exchange, Truth
from venuekit.testing.faults.table import table_of


class Wired:
    """A `Site` of a venue that is reached over the network: its faults are on the wire, and the adapter is real."""

    on_a_wire = True

    def __init__(
        self,
        subject: Subject,
        schedule: Schedule,
        sending: Sending,
        loop: SimulatedLoop,
        *,
        folder: Path,
        clock: Clock,
        account: str,
    ) -> None:
        self._subject = subject
        self._sending = sending
        self._folder = folder
        self._account = account
        self._cuts = subject.profile.stream_faults
        self.unnoticed: Collection[str] = subject.profile.unnoticed_faults
        self.quiet_seconds = subject.profile.quiet_seconds
        self.forgets_unfilled = subject.profile.forgets_unfilled
        table = table_of(subject.profile)
        self._gate = Gate(table.points if table else (), schedule.seed, slowest=schedule.slowest)
        assert subject.profile.exchange is not None
        self._exchange: Exchange = subject.profile.exchange(self._gate, clock=clock, seed=schedule.seed)
        self._adapter: Venue | None = None
        self._connections: list[asyncio.Transport] = []
        loop.on_connection = self._connected

    @property
    def truth(self) -> Truth:
        """See `Site.truth`."""
        return self._exchange.truth

    @property
    def secrets(self) -> Sequence[str]:
        """See `Site.secrets`."""
        return self._exchange.secrets

    @property
    def complaints(self) -> Sequence[str]:
        """See `Site.complaints`."""
        return self._exchange.complaints

    def sent(self, orders: Sequence[Order]) -> None:
        """See `Site.sent`."""
        self._exchange.sent(orders)

    async def open(self) -> None:
        """See `Site.open`."""
        await self._exchange.open()

    @property
    def address(self) -> Mapping[str, Any]:
        """Options of an adapter that reaches the server."""
        return self._exchange.options

    def watch(self, life: Life) -> None:
        """Whose faults those of the server are, while no desk lives here."""
        self._gate.life = life

    async def line(self, life: Life, clock: Clock, pace: Pace) -> Venue:
        """See `Site.line`."""
        self._gate.life = life
        life.endings.append(self._cut)
        options = {**self._subject.options, **self._exchange.options}
        context = VenueContext(
            clock=clock, data_dir=self._folder, account=self._account, options=options, pace=pace.door
        )
        self._adapter = self._subject.factory.create(context)
        pace.declare(self._adapter.capabilities.rates)
        await self._adapter.connect()
        return WiredVenue(self._adapter, life, self._sending)

    def _connected(self, transport: asyncio.Transport) -> None:
        """Somebody has made a connection; a desk's end with it."""
        life = LIFE.get()
        if life is None:
            return
        if life.over:
            transport.abort()
            life.check()
        self._connections = [*(t for t in self._connections if not t.is_closing()), transport]

    def _cut(self) -> None:
        """What the system does with the connections of a process that has ended: what was not sent is not sent."""
        for transport in self._connections:
            transport.abort()
        self._connections.clear()

    async def hang_up(self) -> None:
        """See `Site.hang_up`."""
        adapter, self._adapter = self._adapter, None
        if adapter is not None:
            with contextlib.suppress(VenuekitError, Crash):
                await adapter.close()
        self._cut()

    async def cut_streams(self, pick: int) -> str:
        """See `Site.cut_streams`."""
        fault = self._cuts[pick % len(self._cuts)]
        await self._exchange.strike(fault)
        return fault

    async def restart(self, seconds: float) -> None:
        """See `Site.restart`."""
        await self._exchange.vanish()
        await asyncio.sleep(seconds)
        await self._exchange.come_back()

    async def close(self) -> None:
        """See `Site.close`."""
        await self.hang_up()
        await self._exchange.close()


class WiredVenue:
    """An adapter for one life of a desk: its calls pass points, and all else that happens to them is the wire's."""

    def __init__(self, inner: Venue, life: Life, sending: Sending) -> None:
        self._inner = inner
        self._life = life
        self._sending = sending

    def __getattr__(self, name: str) -> Any:
        """The adapter's own member; a call passes its points."""
        self._life.check()
        member = getattr(self._inner, name)
        if name not in CALLS:
            return member

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._call(name, member, args, kwargs)

        return call

    async def _call(self, name: str, member: Any, args: Any, kwargs: Any) -> Any:
        detail = getattr(args[0], "client_order_id", None) or "" if args else ""
        if name == "submit":
            self._sending.check(args[0])
        self._life.reach(f"venue.{name}.before", detail)
        try:
            result = await member(*args, **kwargs)
        except Unavailable:
            if name == "submit":
                self._sending.not_sent(detail)  # so it says
            raise
        except (VenuekitError, asyncio.CancelledError, Crash):
            raise
        except BaseException as error:
            self._sending.found(f"{name} of the adapter raised {type(error).__name__}: {error}")
            raise
        self._life.reach(f"venue.{name}.after", detail)
        return result

    async def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """The adapter's events."""
        self._life.check()
        stream = self._inner.subscribe(channel, instruments)
        try:
            async for event in stream:
                self._life.reach("stream.received", channel.value)
                yield event
                self._life.reach("stream.taken", channel.value)
        finally:
            closer = getattr(stream, "aclose", None)
            if closer is not None:
                await closer()
