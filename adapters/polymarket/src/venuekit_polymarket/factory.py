"""What the entry point names: Polymarket, described without connecting; its parts are imported when one is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from venuekit.adapter import Extra, Finding, Instrument, Liquidity, Venue, VenueContext
from venuekit_polymarket.account_extras import ACCOUNT_EXTRAS
from venuekit_polymarket.capabilities import CAPABILITIES
from venuekit_polymarket.config import PolymarketOptions
from venuekit_polymarket.discovery import EXTRAS
from venuekit_polymarket.fees import fee, terms_of
from venuekit_polymarket.pair_extras import PAIR_EXTRAS


class PolymarketFactory:
    """Makes Polymarket venues."""

    #: Where the contract kit finds how to exercise it; imported by the kit alone.
    contract_profile = "venuekit_polymarket.contract"
    #: What a shadow's profile tells of fees, as shares of notional: makers pay nothing, takers 3.5 % (a rate of 0.07 at
    #: a price of 0.5) at most where no market takes more. What they pay is `fee`.
    shadow_fees = (Decimal(0), Decimal("0.035"))

    #: What a shadow account begins with unless the configuration says.
    shadow_balances: ClassVar[Mapping[str, Decimal]] = {"pUSD": Decimal(10_000)}

    name, title, environment = CAPABILITIES.venue, CAPABILITIES.title, "production"
    capabilities, options = CAPABILITIES, PolymarketOptions
    extras: Sequence[Extra] = (*EXTRAS, *ACCOUNT_EXTRAS, *PAIR_EXTRAS)

    def fee(self, instrument: Instrument, price: Decimal, size: Decimal, liquidity: Liquidity) -> Decimal:
        """What a trade costs, in pUSD, by the market's own parameters."""
        return fee(terms_of(instrument), price, size, liquidity)

    def create(self, context: VenueContext) -> Venue:
        """A venue that is not connected yet. Raises ConfigError."""
        from venuekit_polymarket.adapter import PolymarketVenue  # noqa: PLC0415  (aiohttp is large, the SDK larger)

        return PolymarketVenue(context)

    async def examine(self, context: VenueContext) -> Sequence[Finding]:
        """What ``venuekit doctor polymarket`` finds: key, wallet, clock, place, credentials, balance, allowances.

        Raises:
            ConfigError: the options cannot be right.
        """
        from venuekit_polymarket.examination import Examination  # noqa: PLC0415  (the same)

        return await Examination(context).findings()
