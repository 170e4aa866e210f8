"""A session with Polymarket: who it is, its parts, opening and closing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from venuekit.adapter import Capabilities, Declared, Feature, Support, VenueContext
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import CAPABILITIES, VENUE
from venuekit_polymarket.conditions import Conditions
from venuekit_polymarket.config import PolymarketOptions, read_options
from venuekit_polymarket.instruments import Instruments
from venuekit_polymarket.market import Market
from venuekit_polymarket.signing import Credentials
from venuekit_polymarket.transport import Transport

if TYPE_CHECKING:  # the SDK behind it is large
    from venuekit_polymarket.client import Signer

_PUBLIC = frozenset(
    {
        Feature.SEARCH,
        Feature.TICKER,
        Feature.ORDER_BOOK,
        Feature.TRADES,
        Feature.CANDLES,
        Feature.SERVER_TIME,
    }
)
_NO_KEY = Declared(Support.UNSUPPORTED, "no private key is configured: set POLYMARKET_PRIVATE_KEY")


def without_key(capabilities: Capabilities) -> Capabilities:
    """What is left when there is no key: public data."""
    return attrs.evolve(
        capabilities,
        features={f: d if f in _PUBLIC else _NO_KEY for f, d in capabilities.features.items()},
        channels={c: _NO_KEY if c.is_own else d for c, d in capabilities.channels.items()},
    )


class PolymarketSession:
    """One wallet, which the key owns; without a key, public data."""

    def __init__(self, context: VenueContext) -> None:
        """Raises ConfigError when the options cannot be right."""
        self.options = options = read_options(context.options)
        clock = context.clock
        self._account = context.account
        self._capabilities = CAPABILITIES if options.has_key else without_key(CAPABILITIES)
        self.signer = signer = _signer(options, context)
        self._transport = Transport(options, context.pace, clock)
        given = Credentials(key=options.api_key, secret=options.api_secret, passphrase=options.api_passphrase)
        self.api = api = Api(
            self._transport,
            signer,
            Conditions(clock),
            given if options.api_key else None,
            may_create=options.create_api_key,
        )
        self.listings = Instruments(api, clock, ttl_seconds=options.markets_ttl_seconds, listed=options.listed_markets)
        self.market = Market(api, self.listings, clock, options)

    # -- who we are

    @property
    def name(self) -> str:
        """``polymarket``."""
        return VENUE

    @property
    def account(self) -> str:
        """The account, by the user's name for it."""
        return self._account

    @property
    def environment(self) -> str:
        """``production``, or ``sandbox`` where the configuration says so."""
        return self.options.environment

    @property
    def capabilities(self) -> Capabilities:
        """What this session can do: without a key, public data only."""
        return self._capabilities

    # -- life

    async def connect(self) -> None:
        """Be ready, and see that the venue answers and takes the key; safe to call twice.

        Raises:
            Unavailable: it cannot be reached. VenuePermission: it does not take the key, or does not serve this place.
        """
        await self._transport.open()
        try:
            await self.market.server_time_ns()
            if self.options.has_key:
                await self.api.credentials()
        except BaseException:
            await self._transport.close()
            raise

    async def close(self) -> None:
        """Close every connection; orders are left as they are. Safe to call twice."""
        await self.market.close()
        await self._transport.close()
        await self.listings.close()

    async def server_time_ns(self) -> int:
        """The venue's clock, to the second."""
        return await self.market.server_time_ns()


def _signer(options: PolymarketOptions, context: VenueContext) -> Signer | None:
    if not options.has_key:
        return None
    from venuekit_polymarket.client import Signer  # noqa: PLC0415  (public data needs no SDK, which is large)

    return Signer(options, context.clock)
