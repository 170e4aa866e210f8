"""The double as a running server: every host of the venue on one loopback port, with faults on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from venuekit.adapter import Clock
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.faults import Fault, Faults
from venuekit_doubles.polymarket.levers import FUNDS, Levers
from venuekit_doubles.polymarket.listings import Listing, default_listings
from venuekit_doubles.polymarket.venue import Pace, Venue
from venuekit_doubles.polymarket.wallets import WalletKind
from venuekit_doubles.polymarket.wire import DATA, GAMMA, RELAYER, RPC, Asked
from venuekit_doubles.record import Record
from venuekit_doubles.running import Double

D = Decimal


class PolymarketDouble(Double[Asked, Fault], Levers):
    """Polymarket on this machine: a context manager, and everything of it runs in a thread of its own.

    `account` trades, with `other` on the same books. Clients need its addresses (`urls`) and, with TLS, to trust
    `ca_file`, which is there while it runs.

    Args:
        secure: TLS; without, ``http`` and ``ws``.
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        clock: The venue's time; the machine's by default.
        kind: The kind of `account`'s wallet.
        cash: pUSD of each account.
        listings: What is listed; a market of every kind by default.
        pace: How long trades, delays and heartbeats take, and whether the market moves by itself.
        seed: The market's random seed.
        window_seconds: How far the time of signed headers may be from the venue's.
        page: Entries on a page of orders and trades.
        faults: Says what goes wrong; by default what `fail`, `fail_streams` and `fail_settlements` have said does.

    Raises:
        OSError: on `start`, the port is taken.
    """

    def __init__(
        self,
        *,
        secure: bool = False,
        port: int = 0,
        clock: Clock | None = None,
        kind: WalletKind = WalletKind.EOA,
        cash: Decimal = FUNDS,
        listings: Sequence[Listing] | None = None,
        pace: Pace | None = None,
        seed: int = 7,
        window_seconds: int = 60,
        page: int = 100,
        faults: Faults | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self._record: Record[Asked] = Record()
        super().__init__(
            thread="polymarket double",
            secure=secure,
            port=port,
            clock=clock,
            record=self._record,
            faults=self.faults,
        )
        self._cash = cash
        self._listings = default_listings() if listings is None else list(listings)
        self._pace = pace or Pace()
        self._seed = seed
        self._window = window_seconds
        self._page = page
        self.account = Account.named("trader", kind)
        self.other = Account.named("counterparty")

    # -- life

    async def _open(self, folder: Path) -> web.Application:  # noqa: ARG002 - it keeps no file
        self.venue = Venue(
            self._listings,
            self._clock,
            self._pace,
            seed=self._seed,
            window=self._window,
            page=self._page,
            faults=self.faults,
            record=self._record,
        )
        for account in (self.account, self.other):
            self.venue.open_account(account, self._cash)
        self._endpoints.update(name for route in self.venue.routes() for name in route.names)
        self.venue.start()
        return self.venue.app()

    async def _quiet(self) -> None:
        self.venue.stop()

    # -- what was asked

    @property
    def private(self) -> list[Asked]:
        """Requests that were an account's: empty proves that nothing private was asked."""
        return self._record.private_requests

    @property
    def refused_headers(self) -> deque[str]:
        """Why the latest requests were not let in, which the venue does not tell."""
        return self._record.refused

    # -- for clients

    @property
    def url(self) -> str:
        """The CLOB's address."""
        return self.rest_url

    @property
    def urls(self) -> Mapping[str, str]:
        """Every address, by the official client's names for them."""
        return {
            "clob_url": self.url,
            "gamma_url": self.url + GAMMA,
            "data_url": self.url + DATA,
            "relayer_url": self.url + RELAYER,
            "rpc_url": self.url + RPC,
            "clob_market_ws_url": f"{self.ws_url}/ws/market",
            "clob_user_ws_url": f"{self.ws_url}/ws/user",
        }

    @property
    def geoblock_url(self) -> str:
        """Where a client asks whether it may trade."""
        return f"{self.url}/api/geoblock"

    def desk_options(self, account: Account | None = None) -> dict[str, str]:
        """The ``[venues.polymarket]`` table of a venuekit desk that trades here."""
        who = account or self.account
        urls = dict(self.urls)
        market, user = urls.pop("clob_market_ws_url"), urls.pop("clob_user_ws_url")
        return {
            "environment": "sandbox",
            "private_key": who.private_key,
            "funder": who.wallet,
            "api_key": who.credentials.key,
            "api_secret": who.credentials.secret,
            "api_passphrase": who.credentials.passphrase,
            "relayer_api_key": who.relayer_key.key,
            **urls,
            "ws_market_url": market,
            "ws_user_url": user,
            "geoblock_url": self.geoblock_url,
            "ca_file": self.ca_file,
        }
