"""The way to a venue inside this process: one session that all lives share, and a network that is played."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from venuekit.model.order import Order
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue, VenueContext
from venuekit.runtime.pace import Pace
from venuekit.testing.contract.profile import settled
from venuekit.testing.contract.subject import Subject
from venuekit.testing.faults.blind import Blind
from venuekit.testing.faults.network import Network, PointedVenue
from venuekit.testing.faults.points import Life
from venuekit.testing.faults.schedule import Schedule
from venuekit.testing.faults.sending import Sending


class Embedded:
    """A `Site` of a venue that simulates, such as paper: its faults are at the protocols."""

    truth: Venue
    secrets: Sequence[str] = ()
    on_a_wire = False
    unnoticed: Collection[str] = ()
    quiet_seconds = 0.0
    forgets_unfilled = False
    complaints: Sequence[str] = ()

    def __init__(
        self, subject: Subject, schedule: Schedule, sending: Sending, *, folder: Path, clock: Clock, account: str
    ) -> None:
        self._subject = subject
        self._schedule = schedule
        self._sending = sending
        self._folder = folder
        self._clock = clock
        self._account = account
        self._network = Network(schedule.seed, slowest=schedule.slowest)

    def sent(self, orders: Sequence[Order]) -> None:
        """See `Site.sent`; a venue that simulates keeps our ids."""

    async def open(self) -> None:
        """See `Site.open`."""
        profile, persist = self._subject.profile, self._schedule.persist
        options: Mapping[str, Any] = {**self._subject.options, **profile.fault_options, "persist": persist}
        context = VenueContext(clock=self._clock, data_dir=self._folder, account=self._account, options=options)
        self.truth = self._subject.factory.create(context)
        await self.truth.connect()

    async def line(self, life: Life, clock: Clock, pace: Pace) -> Venue:  # noqa: ARG002 - the session is there already
        """See `Site.line`."""
        blind = Blind() if self._schedule.blind else None
        return PointedVenue(self.truth, life, self._network, blind, self._sending)

    async def hang_up(self) -> None:
        """See `Site.hang_up`; the session outlives every desk."""

    async def cut_streams(self, pick: int) -> str:  # noqa: ARG002 - there is one way
        """See `Site.cut_streams`."""
        if self._subject.profile.drop_connections is not None:
            await settled(self._subject.profile.drop_connections(self.truth))
        return ""

    async def restart(self, seconds: float) -> None:
        """See `Site.restart`."""
        await self.truth.close()
        await asyncio.sleep(seconds)
        await self.truth.connect()

    async def close(self) -> None:
        """See `Site.close`."""
        await self._network.close()
        await self.truth.close()
