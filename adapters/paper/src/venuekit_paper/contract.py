"""How the contract kit exercises the paper exchange: it lives by the kit's clock, and drops connections on command."""

from __future__ import annotations

from decimal import Decimal

from venuekit.adapter import Venue
from venuekit_paper.adapter import PaperVenue

#: Enough to move the market.
options = {"initial_balances": {"USD": Decimal(10_000_000), "BTC": Decimal(100), "ETH": Decimal(10)}}
fault_options = {"tick_interval_ms": 1000}
simulated_time = True
settle_seconds = 0.25
patience_seconds = 2.0


def too_many(venue: Venue) -> None:
    """Refuse the next order, as a venue does that is asked too often."""
    assert isinstance(venue, PaperVenue)
    venue.limits.refuse("orders", 1, 0.2)


async def drop_connections(venue: Venue) -> None:
    """End every subscription as a lost connection does."""
    assert isinstance(venue, PaperVenue)
    venue.drop_connections()
