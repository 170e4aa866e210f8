"""The double as a running server: every host of the venue on one loopback port, with faults on demand."""

from __future__ import annotations

import atexit
import datetime as dt
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import web

from venuekit.adapter import NANOS, Clock
from venuekit_doubles import tls
from venuekit_doubles.clock import WallClock
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.levers import FUNDS, Levers
from venuekit_doubles.polymarket.listings import Listing, default_listings
from venuekit_doubles.polymarket.venue import Pace, Venue
from venuekit_doubles.polymarket.wallets import WalletKind
from venuekit_doubles.polymarket.wire import DATA, GAMMA, RELAYER, RPC
from venuekit_doubles.thread import LoopThread, Underway

T = TypeVar("T")
D = Decimal


class PolymarketDouble(Levers):
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
    ) -> None:
        self._secure = secure
        self._port = port
        self._clock = clock or WallClock()
        self._cash = cash
        self._listings = default_listings() if listings is None else list(listings)
        self._pace = pace or Pace()
        self._seed = seed
        self._window = window_seconds
        self._page = page
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._thread: LoopThread | None = None
        self._runner: web.AppRunner | None = None
        self.account = Account.named("trader", kind)
        self.other = Account.named("counterparty")
        self.ca_file = ""

    # -- life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the venue and listen. What was begun is undone if that fails."""
        self._folder = tempfile.TemporaryDirectory(prefix="venuekit-double-")
        self._thread = LoopThread("polymarket double")
        atexit.register(self.stop)
        try:
            self._thread.call(self._start(Path(self._folder.name)))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every connection and the venue; safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.call(self._stop())
            thread.stop()
        if self._folder is not None:
            self._folder.cleanup()
        atexit.unregister(self.stop)

    async def _start(self, folder: Path) -> None:
        self.venue = Venue(
            self._listings, self._clock, self._pace, seed=self._seed, window=self._window, page=self._page
        )
        for account in (self.account, self.other):
            self.venue.open_account(account, self._cash)
        self._runner = web.AppRunner(self.venue.app(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        context = None
        if self._secure:
            now = dt.datetime.fromtimestamp(self._clock.now_ns() / NANOS, dt.UTC)
            ca, context = tls.make(folder, now)
            self.ca_file = str(ca)
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=context).start()
        self._port = self._runner.addresses[0][1]
        self.venue.start()

    async def _stop(self) -> None:
        if self._runner is None:
            return
        self.venue.stop()
        for connection in self._runner.server.connections if self._runner.server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()
        await self._runner.cleanup()

    # -- for clients

    @property
    def url(self) -> str:
        """The CLOB's address."""
        return f"http{'s' if self._secure else ''}://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        """The streams' address, before ``/ws/market`` and ``/ws/user``."""
        return f"ws{'s' if self._secure else ''}://127.0.0.1:{self._port}"

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

    def begin(self, work: Coroutine[Any, Any, T]) -> Underway[T]:
        """Run a coroutine on the double's event loop: `await` its result, or `wait` for it."""
        if self._thread is None:
            work.close()
            raise RuntimeError("The double does not run.")
        return self._thread.begin(work)

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
            **urls,
            "ws_market_url": market,
            "ws_user_url": user,
            "geoblock_url": self.geoblock_url,
            "ca_file": self.ca_file,
        }
