"""The double as a running server: every host of the venue on one loopback port, with faults on demand."""

from __future__ import annotations

import asyncio
import atexit
import datetime as dt
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import web

from venuekit.adapter import NANOS, Clock, Side
from venuekit_doubles import tls
from venuekit_doubles.clock import WallClock
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.faults import EngineState, Fault, StreamFault
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.listings import MILLION, Listed, Listing, default_listings
from venuekit_doubles.polymarket.records import TradeState
from venuekit_doubles.polymarket.venue import Pace, Venue
from venuekit_doubles.polymarket.wallets import WalletKind
from venuekit_doubles.polymarket.wire import DATA, GAMMA, RELAYER, RPC, Asked
from venuekit_doubles.thread import LoopThread, Underway

T = TypeVar("T")
D = Decimal
FUNDS = D(100_000)
_POLL_SECONDS = 0.005
#: How long a client has to make a new subscription before one that it has already will do.
SHARED_SECONDS = 0.3


class PolymarketDouble:
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

    def market(self, slug: str) -> Listed:
        """A market by its slug: its condition id, its tokens, its rules. Raises KeyError."""
        return self.venue.market(slug)

    @property
    def markets(self) -> list[Listed]:
        """Every market."""
        return list(self.venue.clob.markets.values())

    # -- for tests: the thread's door

    def begin(self, work: Coroutine[Any, Any, T]) -> Underway[T]:
        """Run a coroutine on the double's event loop: `await` its result, or `wait` for it."""
        if self._thread is None:
            work.close()
            raise RuntimeError("The double does not run.")
        return self._thread.begin(work)

    def do(self, work: Callable[[], T]) -> T:
        """Call something on the double's event loop, and wait for its result."""

        async def call() -> T:
            return work()

        return self.begin(call()).wait()

    # -- for tests: people and markets

    def add_account(self, account: Account, cash: Decimal = FUNDS, *, approved: bool = True) -> Account:
        """Let another account in. Without `approved` its wallet has allowed no contract anything."""
        self.do(lambda: self.venue.open_account(account, cash, approved=approved))
        return account

    def order(
        self, token: str, side: Side, price: str, size: str, kind: str = "GTC", account: Account | None = None
    ) -> str:
        """Place an order of `other`, or of another account, without a signature; its id. Raises Refusal."""
        who = account or self.other
        return self.do(lambda: self.venue.order(who, token, side, D(price), D(size), kind))

    def give(self, wallet: str, amount: str, token: str = CASH) -> None:
        """Put pUSD or shares into a wallet; a negative amount takes them."""
        self.do(lambda: self.venue.ledger.give(wallet, token, int(D(amount) * MILLION)))

    def balance(self, wallet: str, token: str = CASH) -> Decimal:
        """What a wallet has on the chain."""
        return D(self.do(lambda: self.venue.ledger.balance(wallet, token))) / MILLION

    def advance(self, seconds: float) -> Underway[None]:
        """Let the market make the moves of that much time. `await` it, or `wait` for it."""
        return self.begin(self.venue.advance(seconds))

    def set_tick(self, slug: str, tick: str) -> None:
        """Give a market another tick size."""
        self.do(lambda: self.venue.set_tick(slug, D(tick)))

    def resolve(self, slug: str, payout: str = "1") -> None:
        """End a market: a share of its first outcome pays `payout`, of the second the rest of a dollar."""
        self.do(lambda: self.venue.resolve(slug, D(payout)))

    def announce(self, slug: str) -> None:
        """Tell the market channel of a market as of a new one."""
        self.do(lambda: self.venue.announce(slug))

    # -- for tests: trades and delays by hand

    def settle(self) -> None:
        """Let every trade get one step further on the chain."""
        self.do(self.venue.clob.settlement.step_all)

    def release_delayed(self) -> None:
        """Let every delayed order be entered now."""
        self.do(self.venue.clob.release_all)

    def fail_settlements(self, *states: TradeState) -> None:
        """What becomes of the next trades instead of being mined: RETRYING (and then mined) or FAILED."""
        self.do(lambda: self.venue.clob.settlement.misfortunes.extend(states))

    # -- for tests: what goes wrong

    @property
    def endpoints(self) -> list[str]:
        """The names of the REST endpoints."""
        return sorted({route.name for route in self.venue.routes()})

    def fail(self, endpoint: str, *faults: Fault) -> None:
        """Let the next requests to an endpoint fail, one after the other.

        Args:
            endpoint: Its name, as in `endpoints`, or ``*`` for any.
            faults: What goes wrong with each.

        Raises:
            ValueError: there is no such endpoint.
        """
        if endpoint != "*" and endpoint not in self.endpoints:
            raise ValueError(f"No endpoint {endpoint!r}; there are: {', '.join(self.endpoints)}.")
        self.do(lambda: self.venue.faults.add(endpoint, *faults))

    def fail_streams(self, fault: StreamFault, channel: str = "") -> None:
        """Let every open stream fail, or those of one channel: ``market`` or ``user``."""

        def fail() -> None:
            if channel in ("", "market"):
                self.venue.market_channel.sockets.fail(fault)
            if channel in ("", "user"):
                self.venue.user_channel.sockets.fail(fault)

        self.do(fail)

    def set_state(self, state: EngineState) -> None:
        """What the matching engine takes from now on."""
        self.do(lambda: setattr(self.venue.service, "state", state))

    def block_country(self, country: str) -> None:
        """Treat everybody as coming from a country that may not trade; an empty one lets them in again."""
        self.do(lambda: setattr(self.venue.service, "blocked_country", country))

    def close_only(self, address: str) -> None:
        """Let an address only sell what it has."""
        self.do(lambda: self.venue.orders.closed_only.add(address))

    def ban(self, address: str) -> None:
        """Let an address do nothing."""
        self.do(lambda: self.venue.orders.banned.add(address))

    # -- for tests: what was asked, and who listens

    @property
    def requests(self) -> deque[Asked]:
        """The latest requests, oldest first."""
        return self.venue.service.requests

    @property
    def refused_headers(self) -> deque[str]:
        """Why the latest requests were not let in, which the venue does not tell."""
        return self.venue.service.refused

    @property
    def connections(self) -> tuple[int, int]:
        """Connections that were ever made, to the market and the user channel."""
        return self.venue.market_channel.sockets.count, self.venue.user_channel.sockets.count

    def subscribed(self, assets: int = 0, users: int = 0) -> Underway[None]:
        """Wait until so many assets and accounts are subscribed to. `await` it, or `wait` for it."""
        venue = self.venue

        def there() -> bool:
            found = venue.market_channel.sockets.subscriptions, venue.user_channel.sockets.subscriptions
            return len(found[0]) >= assets and len(found[1]) >= users

        return self.begin(_until(there))

    @asynccontextmanager
    async def subscribing(self, names: Iterable[str] = (), *, within: float = 5.0) -> AsyncGenerator[None]:
        """Around the making of a subscription: it ends when the double has it.

        Args:
            names: Token ids of the market channel; none is `account` on the user channel.
            within: The longest wait, in seconds. A client that has a subscription already need not ask again: that is
                taken for granted after `SHARED_SECONDS`.

        Raises:
            TimeoutError: it is not there in time.
        """
        wanted = list(names)
        channel = self.venue.market_channel if wanted else self.venue.user_channel
        wanted = wanted or [self.account.address]
        before = {name: channel.sockets.begun[name] for name in wanted}
        yield
        try:
            async with asyncio.timeout(min(SHARED_SECONDS, within)):
                await self.until(lambda: all(channel.sockets.begun[name] > n for name, n in before.items()))
        except TimeoutError:
            async with asyncio.timeout(within):
                await self.until(lambda: set(channel.sockets.subscriptions).issuperset(wanted))

    def until(self, there: Callable[[], bool]) -> Underway[None]:
        """Wait until something is so on the double's event loop."""
        return self.begin(_until(there))


async def _until(there: Callable[[], bool]) -> None:
    while not there():  # noqa: ASYNC110 - nothing that happens there is an event of its own
        await asyncio.sleep(_POLL_SECONDS)
