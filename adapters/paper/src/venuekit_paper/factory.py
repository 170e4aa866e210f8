"""What the entry point names: the paper exchange, described without opening it."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.adapter import Capabilities, Extra, Venue, VenueContext
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.capabilities import CAPABILITIES
from venuekit_paper.config import PaperOptions
from venuekit_paper.extras import EXTRAS
from venuekit_paper.instruments import VENUE


class PaperFactory:
    """Makes paper venues."""

    #: Where the contract kit finds how to exercise it; imported by the kit alone.
    contract_profile = "venuekit_paper.contract"

    @property
    def name(self) -> str:
        """``paper``."""
        return VENUE

    @property
    def title(self) -> str:
        """For people."""
        return CAPABILITIES.title

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return CAPABILITIES

    @property
    def options(self) -> type[PaperOptions]:
        """The class of its configuration table."""
        return PaperOptions

    @property
    def environment(self) -> str:
        """``paper``."""
        return "paper"

    @property
    def extras(self) -> Sequence[Extra]:
        """Its own tools."""
        return EXTRAS

    def create(self, context: VenueContext) -> Venue:
        """A venue that is not open yet. Raises ConfigError."""
        return PaperVenue(context)
