"""How the contract kit exercises the paper exchange: time moves by hand, connections drop on command."""

from __future__ import annotations

from decimal import Decimal

from venuekit.adapter import Clock, Venue
from venuekit_paper.adapter import PaperVenue

#: A market that stands still between two steps, and enough money to move it.
options = {
    "pace": "manual",
    "persist": True,
    "initial_balances": {"USD": Decimal(10_000_000), "BTC": Decimal(1), "ETH": Decimal(10)},
}
settle_seconds = 0.25
patience_seconds = 5.0


async def advance(venue: Venue, _clock: Clock, seconds: float) -> None:
    """Let the simulated market run that long."""
    assert isinstance(venue, PaperVenue)
    await venue.advance(seconds)


async def drop_connections(venue: Venue) -> None:
    """End every subscription as a lost connection does."""
    assert isinstance(venue, PaperVenue)
    venue.drop_connections()
