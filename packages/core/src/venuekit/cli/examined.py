"""What the doctor finds at a venue: by what the venue's adapter looks at itself, or else by connecting."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs

from venuekit.cli.place import Place
from venuekit.errors import StoreInUse, VenuekitError
from venuekit.model.finding import Finding, State, found_clock, found_failed
from venuekit.protocols.venue import Examines, VenueContext, VenueFactory
from venuekit.registry import load_factory
from venuekit.watch.clock import SystemClock
from venuekit.watch.redact import redact_text


async def examined(place: Place, name: str) -> list[Finding]:
    """Findings at the venue `name`, in a folder of their own where the venue's own is in use. Nothing is ordered."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            factory = load_factory(name)
            context = VenueContext(
                clock=SystemClock(),
                data_dir=Path(folder),
                account=place.config.desk.account,
                options=place.options_of(factory),
            )
            if isinstance(factory, Examines):
                found: Sequence[Finding] = await factory.examine(context)
            else:
                found = await _connected(factory, context)
        except StoreInUse as error:
            return [Finding("connection", State.WARNING, error.message, "A desk is open there; that is fine.")]
        except VenuekitError as error:
            found = [found_failed("connection", error)]
    return [
        attrs.evolve(
            f,
            message=redact_text(f.message, keep_wallets=True),
            fix=redact_text(f.fix, keep_wallets=True),
        )
        for f in found
    ]


async def _connected(factory: VenueFactory, context: VenueContext) -> list[Finding]:
    venue = factory.create(context)
    await venue.connect()
    try:
        before = context.clock.now_ns()
        theirs = await venue.server_time_ns()
        clock = found_clock(theirs, before, context.clock.now_ns())
        profile = await venue.profile()
    finally:
        await venue.close()
    permissions = ", ".join(p.value for p in profile.permissions)
    message = f"{profile.environment}, account {profile.account}, may {permissions}"
    return [Finding("connection", State.OK, message), clock]
