"""What the entry point names: Coinbase, described without connecting; its parts are imported when a venue is made."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from venuekit.adapter import Extra, Finding, Venue, VenueContext
from venuekit_coinbase.capabilities import CAPABILITIES
from venuekit_coinbase.config import CoinbaseOptions
from venuekit_coinbase.extras import EXTRAS


class CoinbaseFactory:
    """Makes Coinbase venues."""

    #: Where the contract kit finds how to exercise it; imported by the kit alone.
    contract_profile = "venuekit_coinbase.contract"
    #: Maker and taker fee of shadow trading: the highest of the lowest tiers that are told for Advanced Trade. Sources
    #: differ (0.4/0.6 %, 0.6/0.8 % and 0.6/1.2 %, compared 2026-11), and a key's own tier is read from the venue.
    shadow_fees = (Decimal("0.006"), Decimal("0.012"))

    name, title, environment = CAPABILITIES.venue, CAPABILITIES.title, "production"
    capabilities, options = CAPABILITIES, CoinbaseOptions
    extras: Sequence[Extra] = EXTRAS

    def create(self, context: VenueContext) -> Venue:
        """A venue that is not connected yet. Raises ConfigError."""
        from venuekit_coinbase.adapter import CoinbaseVenue  # noqa: PLC0415  (the SDK is large)

        return CoinbaseVenue(context)

    async def examine(self, context: VenueContext) -> Sequence[Finding]:
        """What ``venuekit doctor coinbase`` finds: connection, clock, key, portfolio.

        Raises:
            ConfigError: the options cannot be right.
        """
        from venuekit_coinbase.examination import examine  # noqa: PLC0415  (the same)

        return await examine(context)
