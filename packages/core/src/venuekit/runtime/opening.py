"""Making the venue of a desk: the live one, or in shadow mode its public data with orders that go nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from venuekit.errors import ConfigError
from venuekit.model.account import KeyPermission
from venuekit.model.capability import Feature
from venuekit.model.identity import PAPER
from venuekit.model.table import is_secret
from venuekit.protocols.approver import Mode
from venuekit.protocols.venue import Venue, VenueContext, VenueFactory
from venuekit.registry import load_simulator
from venuekit.runtime.discreet import discreet


async def check_key(venue: Venue, mode: Mode, *, allowed: bool) -> None:
    """Refuse to trade live with a key that may move money out, unless that is `allowed`.

    Raises:
        ConfigError: the venue says that the key may. Unavailable: the venue does not answer, so it is not known.
    """
    if mode is not Mode.LIVE or allowed or not venue.capabilities.can(Feature.PROFILE):
        return
    if KeyPermission.TRANSFER in (await venue.profile()).permissions:
        raise ConfigError(
            f"The key of {venue.name} may move money out, which no order needs.",
            fix="Make a key that may only view and trade; or set [desk] allow_transfer_key = true.",
            field="desk.allow_transfer_key",
        )


def make_venue(
    factory: VenueFactory,
    context: VenueContext,
    mode: Mode | None,
    *,
    shadow: Mapping[str, Any],
    secrets: frozenset[str] = frozenset(),
) -> Venue:
    """The venue that a desk in `mode` has, not connected yet, behind a door that lets no secret out.

    In shadow mode at a venue that does not simulate by itself, the venue is made without its keys, so that nothing of
    it could be traded with, and put behind a simulator with the table `shadow`.

    Raises:
        ConfigError: an option cannot be right, or shadow mode has no simulator.
    """
    if mode is not Mode.SHADOW or factory.environment == PAPER:
        return discreet(factory.create(context), secrets)
    simulator = load_simulator()
    keyless = {name: value for name, value in context.options.items() if not is_secret(name)}
    live = discreet(factory.create(attrs.evolve(context, options=keyless)), secrets)
    return simulator.shadow(live, factory, context, shadow)
