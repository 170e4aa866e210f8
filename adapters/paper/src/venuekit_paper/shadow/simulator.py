"""What the entry point ``venuekit.simulators: paper`` names: it makes a shadow of any venue."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import Charges, Venue, VenueContext, VenueFactory
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.shadow.options import BALANCES, ShadowOptions, read_options
from venuekit_paper.shadow.venue import ShadowVenue

#: What an order costs where neither the configuration nor the adapter says: more than most venues take.
_FEES = (Decimal("0.006"), Decimal("0.012"))


class PaperSimulator:
    """Puts the paper engine in front of a live venue's public data."""

    @property
    def options(self) -> type[ShadowOptions]:
        """The class of the ``[shadow]`` table."""
        return ShadowOptions

    def shadow(self, live: Venue, factory: VenueFactory, context: VenueContext, table: Mapping[str, Any]) -> Venue:
        """A shadow of `live`, which is not connected yet. Raises ConfigError."""
        options = read_options(table, getattr(factory, "shadow_balances", BALANCES))
        maker, taker = getattr(factory, "shadow_fees", _FEES)
        configured = options.maker_fee is not None or options.taker_fee is not None
        return ShadowVenue(
            live,
            factory.capabilities,
            options,
            FeeSchedule(
                maker=maker if options.maker_fee is None else options.maker_fee,
                taker=taker if options.taker_fee is None else options.taker_fee,
                charge=factory.fee if isinstance(factory, Charges) and not configured else None,
            ),
            account=context.account,
            folder=context.data_dir,
            clock=context.clock,
        )


simulator = PaperSimulator()
