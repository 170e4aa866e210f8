"""A session with Coinbase: who it is, its parts, opening and closing it."""

from __future__ import annotations

import re
from pathlib import Path

from venuekit.adapter import (
    Feature,
    VenueContext,
)
from venuekit_coinbase.api import Api
from venuekit_coinbase.capabilities import CAPABILITIES
from venuekit_coinbase.client import Requests, Signer
from venuekit_coinbase.config import CoinbaseOptions, read_options
from venuekit_coinbase.history import History
from venuekit_coinbase.holdings import Holdings
from venuekit_coinbase.instruments import VENUE, Instruments
from venuekit_coinbase.market import Market
from venuekit_coinbase.orders import Orders
from venuekit_coinbase.own_frames import OwnFrames
from venuekit_coinbase.portfolio import Portfolio
from venuekit_coinbase.streams import Streams
from venuekit_coinbase.threads import SdkTransport
from venuekit_coinbase.trading import Trading
from venuekit_coinbase.transport import HttpTransport, Transport

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
#: A portfolio's id, as far as it may name a file.
_PORTFOLIO = re.compile(r"[0-9A-Za-z-]{1,64}")
_NO_KEY = "no key is configured: set COINBASE_API_KEY and COINBASE_API_SECRET"


def _kept(context: VenueContext, options: CoinbaseOptions, portfolio: str) -> Path | None:
    """Where holdings of a portfolio are kept; nowhere for a test server, which may forget its fills by tomorrow."""
    if options.environment != "production" or not _PORTFOLIO.fullmatch(portfolio):
        return None
    return context.data_dir / f"holdings-{portfolio}.json"


class CoinbaseSession:
    """One portfolio, which the key is bound to; without a key, public data."""

    name = VENUE

    def __init__(self, context: VenueContext) -> None:
        """Raises ConfigError when the options cannot be right."""
        self.options = options = read_options(context.options)
        clock = context.clock
        #: The account, by the user's name for it.
        self.account = context.account
        #: ``production``, or ``sandbox`` where the configuration says so.
        self.environment = options.environment
        signer = Signer(options.api_key, options.api_secret, clock) if options.has_key else None
        #: What this session can do: without a key, public data only.
        self.capabilities = CAPABILITIES if options.has_key else CAPABILITIES.without_key(_PUBLIC, _NO_KEY)
        self._transport: Transport = (
            SdkTransport(options, context.pace, clock)
            if options.transport == "sdk"
            else HttpTransport(options, signer, context.pace, clock)
        )
        self.api = api = Api(self._transport)
        self.products = Instruments(lambda: _products(api), clock, options.products_ttl_seconds)
        orders = Orders(context.account, self.products)
        self.history = History(api, orders, self.products, clock)
        self.market = Market(api, self.products, clock, options)
        self.trading = Trading(api, orders, self.history, self.products, clock)
        self.portfolio = Portfolio(
            api,
            context.account,
            self.environment,
            history=self.history,
            instruments=self.products,
            market=self.market,
            holdings=lambda portfolio: Holdings(_kept(context, options, portfolio)),
            clock=clock,
        )
        self.streams = Streams(
            options,
            signer,
            api=api,
            market=self.market,
            instruments=self.products,
            own=lambda strange, fills: OwnFrames(orders, self.history, clock, strange, fills=fills),
            pace=context.pace,
            clock=clock,
        )

    # -- life

    async def open(self) -> None:
        """Be ready to ask; nothing is asked yet."""
        await self._transport.open()

    async def connect(self) -> None:
        """Be ready, and see that the venue answers and takes the key; safe to call twice.

        Raises:
            Unavailable: it cannot be reached. VenuePermission: it does not take the key.
        """
        await self.open()
        try:
            await self.products.all()
            if self.options.has_key:
                await self.portfolio.begin()
        except BaseException:
            await self._transport.close()
            raise
        self.streams.begin()

    async def close(self) -> None:
        """Close every connection; orders are left as they are. Safe to call twice."""
        await self.streams.close()
        await self.market.close()
        await self.history.close()
        await self._transport.close()
        self.products.forget()

    async def server_time_ns(self) -> int:
        """The venue's clock."""
        return await self.market.server_time_ns()

    async def drop_connections(self) -> None:
        """Lose every stream, as a network does; for tests of what listens."""
        await self.streams.drop()


async def _products(api: Api) -> dict[str, object]:
    """Spot and futures, which are listed apart."""
    sdk: Requests = api.sdk
    found: list[object] = []
    for kind in ("SPOT", "FUTURE"):
        body = await api.ask(sdk.get_public_products, product_type=kind)
        listed = body.get("products")
        found += listed if isinstance(listed, list) else []
    return {"products": found}
