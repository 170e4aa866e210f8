"""A session with Polymarket: who it is, its parts, opening and closing it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from venuekit.adapter import OrderBook, Unsupported, VenueContext
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import CAPABILITIES, MAX_DEPTH, VENUE, WITHOUT_KEY
from venuekit_polymarket.conditions import Conditions
from venuekit_polymarket.config import CA_FILE, PolymarketOptions, read_options
from venuekit_polymarket.heartbeat import Heartbeat
from venuekit_polymarket.instruments import Instruments
from venuekit_polymarket.market import Market
from venuekit_polymarket.own_account import OwnAccount
from venuekit_polymarket.pairs import Pairs
from venuekit_polymarket.relayer_keys import keys_of
from venuekit_polymarket.signing import Credentials
from venuekit_polymarket.socket import SocketSettings
from venuekit_polymarket.statuses import Outcome
from venuekit_polymarket.streams import Market as StreamedMarket
from venuekit_polymarket.streams import Own as StreamedOwn
from venuekit_polymarket.streams import Streams, StreamSettings
from venuekit_polymarket.transport import Transport
from venuekit_wire.certificates import shared

if TYPE_CHECKING:  # the SDK behind it is large
    from venuekit_polymarket.client import Signer

_WANTS_KEY, _SET_KEY = "This needs a private key, and none is configured.", "Set POLYMARKET_PRIVATE_KEY."


class PolymarketSession:
    """One wallet, which the key owns; without a key, public data."""

    name = VENUE

    def __init__(self, context: VenueContext) -> None:
        """Raises ConfigError when the options cannot be right."""
        self.options = options = read_options(context.options)
        clock = context.clock
        self.clock = clock
        #: The account, by the user's name for it.
        self.account = context.account
        #: ``production``, or ``sandbox`` where the configuration says so.
        self.environment = options.environment
        #: What this session can do: without a key, public data only.
        self.capabilities = CAPABILITIES if options.has_key else WITHOUT_KEY
        self.signer = signer = _signer(options, context)
        self._transport = Transport(options, context.pace, clock)
        given = Credentials(key=options.api_key, secret=options.api_secret, passphrase=options.api_passphrase)
        self.api = api = Api(
            self._transport,
            signer,
            Conditions(clock),
            given if options.api_key else None,
            may_create=options.create_api_key,
            relayer_keys=keys_of(options),
        )
        self.listings = Instruments(api, clock, ttl_seconds=options.markets_ttl_seconds, listed=options.listed_markets)
        self.market = Market(api, self.listings, clock, options)
        self._own = own = self._account_of(context) if options.has_key else None
        self._pairs = None if own is None else Pairs(api, self.listings, own, clock, options)
        self.heartbeat = Heartbeat(api, clock)
        self.streams = Streams(
            stream_settings(options),
            StreamedMarket(
                find=self.listings.one,
                known=self.listings,
                ask_book=self.market.asked_book,
                refresh=self._outcomes,
                interesting=tuple if own is None else own.interesting,
                told=self.market.told,
            ),
            None if own is None else StreamedOwn(auth=self._stream_auth, read=own.orders.from_frame, ledger=own.ledger),
            clock,
        )
        self.market.live = self.streams.live_book
        if own is not None:
            own.finder.on_missing = self.streams.doubt

    def _account_of(self, context: VenueContext) -> OwnAccount:
        def book(token: str) -> Awaitable[OrderBook]:
            return self.market.book(token, MAX_DEPTH)

        reach = Decimal(str(self.options.market_order_reach))
        return OwnAccount(context, self.environment, self.api, self.listings, book, reach)

    async def _stream_auth(self) -> Mapping[str, str]:
        known = await self.api.credentials()
        return {"apiKey": known.key, "secret": known.secret, "passphrase": known.passphrase}

    # -- who we are

    @property
    def own(self) -> OwnAccount:
        """Orders, fills and balances of the wallet. Raises Unsupported without a private key."""
        if self._own is None:
            raise Unsupported(_WANTS_KEY, fix=_SET_KEY)
        return self._own

    @property
    def pairs(self) -> Pairs:
        """Splitting, merging and redeeming. Raises Unsupported without a private key."""
        if self._pairs is None:
            raise Unsupported(_WANTS_KEY, fix=_SET_KEY)
        return self._pairs

    # -- life

    async def open(self) -> None:
        """Be ready to ask; nothing is asked yet."""
        await self._transport.open()

    async def connect(self) -> None:
        """Be ready, and see that the venue answers and takes the key; safe to call twice.

        Raises:
            Unavailable: it cannot be reached. VenuePermission: it does not take the key, or does not serve this place.
        """
        await self.open()
        try:
            await self.market.server_time_ns()
            if self._own is not None:
                await self._own.open()
        except BaseException:
            if self._own is not None:
                self._own.close()
            await self._transport.close()
            raise
        self.streams.begin()
        if self._own is not None and self.options.heartbeat:
            self.heartbeat.begin()

    async def close(self) -> None:
        """Close every connection; orders are left as they are, unless the configuration says otherwise.

        Safe to call twice.
        """
        await self.heartbeat.close()
        if self._own is not None:
            if self.options.cancel_on_close:
                await self._own.cancel_what_was_placed()
            self._own.close()
        await self.streams.close()
        await self.market.close()
        await self._transport.close()
        await self.listings.close()

    async def server_time_ns(self) -> int:
        """The venue's clock, to the second."""
        return await self.market.server_time_ns()

    async def drop_connections(self) -> None:
        """Lose every stream, as a network does; for tests of what listens."""
        await self.streams.drop()

    async def _outcomes(self, tokens: Sequence[str]) -> list[Outcome]:
        return [Outcome(instrument, paid) for instrument, paid in await self.listings.refresh(tokens)]


def stream_settings(options: PolymarketOptions) -> StreamSettings:
    """The streams as configured. Raises ConfigError when the certificates cannot be read."""
    tls = shared(options.ca_file, field=CA_FILE) if options.ca_file else None

    def socket(url: str) -> SocketSettings:
        return SocketSettings(
            url=url,
            tls=tls,
            connect_seconds=options.connect_timeout_seconds,
            ping_seconds=options.ping_seconds,
            pong_seconds=options.pong_timeout_seconds,
        )

    return StreamSettings(
        market=socket(options.ws_market_url),
        user=socket(options.ws_user_url),
        assets_per_socket=options.assets_per_socket,
        check_seconds=options.stream_check_seconds,
        resolution_poll_seconds=options.resolution_poll_seconds,
    )


def _signer(options: PolymarketOptions, context: VenueContext) -> Signer | None:
    if not options.has_key:
        return None
    from venuekit_polymarket.client import Signer  # noqa: PLC0415  (public data needs no SDK, which is large)

    return Signer(options, context.clock)
