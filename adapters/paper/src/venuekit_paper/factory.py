"""What the entry point names: the paper exchange, described without opening it."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.adapter import Extra, Venue, VenueContext
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.config import PaperOptions
from venuekit_paper.extras import EXTRAS
from venuekit_paper.instruments import VENUE


class PaperFactory:
    """Makes paper venues."""

    #: Where the contract kit finds how to exercise it; imported by the kit alone.
    contract_profile = "venuekit_paper.contract"

    name, title, environment = VENUE, CAPABILITIES.title, "paper"
    capabilities, options = CAPABILITIES, PaperOptions
    extras: Sequence[Extra] = EXTRAS

    def create(self, context: VenueContext) -> Venue:
        """A venue that is not open yet. Raises ConfigError."""
        return PaperVenue(context)
