"""Everything behind the wire, put together on one event loop: the operator, its doors, its channels, its time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs
from aiohttp import web
from eth_utils.crypto import keccak

from venuekit.adapter import NANOS, Clock, Side, plain
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.books import STEP_SECONDS
from venuekit_doubles.polymarket.chain import Chain
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.execution import Execution
from venuekit_doubles.polymarket.faults import Faults
from venuekit_doubles.polymarket.gamma import Gamma
from venuekit_doubles.polymarket.heartbeats import Heartbeats
from venuekit_doubles.polymarket.keys import Doorkeeper
from venuekit_doubles.polymarket.ledger import CASH, Ledger
from venuekit_doubles.polymarket.listings import MILLION, PRICE_ONE, Listed, Listing
from venuekit_doubles.polymarket.market_channel import MarketChannel
from venuekit_doubles.polymarket.portfolio import Portfolio
from venuekit_doubles.polymarket.records import OrderRecord
from venuekit_doubles.polymarket.relayer import Relayer
from venuekit_doubles.polymarket.relayer_keys import RelayerKeys
from venuekit_doubles.polymarket.rest_account import Account as AccountRoutes
from venuekit_doubles.polymarket.rest_books import BookData
from venuekit_doubles.polymarket.rest_orders import Orders
from venuekit_doubles.polymarket.service import Service
from venuekit_doubles.polymarket.transactions import Transactions
from venuekit_doubles.polymarket.user_channel import UserChannel
from venuekit_doubles.polymarket.wire import Asked, Route
from venuekit_doubles.record import Record


@attrs.frozen(kw_only=True)
class Pace:
    """How long things take, in seconds; None is until a test says so."""

    #: Between two states of a trade or a transaction.
    settle: float | None = 0.05
    #: How long an order of a market with a delay waits.
    delay: float | None = 0.2
    #: A connection without a PING for that long is dropped.
    ping: float = 15.0
    #: A key whose heartbeat was armed has that long for the next one.
    heartbeat: float = 15.0
    #: Whether the market moves by itself, and not only by `advance`.
    moving: bool = True


class Venue:
    """Used on the double's event loop only."""

    def __init__(
        self,
        listings: Sequence[Listing],
        clock: Clock,
        pace: Pace,
        *,
        seed: int,
        window: int,
        page: int,
        faults: Faults,
        record: Record[Asked],
    ) -> None:
        self._clock = clock
        self._pace = pace
        self._timers: set[asyncio.TimerHandle] = set()
        self._moving: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._owed_ns = 0
        self.faults = faults
        self.ledger = Ledger()
        self.clob = Clob(
            {listing.slug: Listed(listing) for listing in listings},
            self.ledger,
            clock,
            self._later,
            seed=seed,
            settle_seconds=pace.settle,
            delay_seconds=pace.delay,
            faults=self.faults,
        )
        self.transactions = Transactions(Execution(self.clob), pace.settle, self._later, self.clob.now_ns)
        self.doorkeeper = Doorkeeper(clock, window)
        self.relayer_keys = RelayerKeys(clock, window)
        self.relayer = Relayer(self.clob, self.transactions, self.relayer_keys)
        self.service = Service(self.clob, self.doorkeeper, self.faults, record)
        self.heartbeats = Heartbeats(self._later, pace.heartbeat, self._silenced)
        self.orders = Orders(self.clob, self.heartbeats)
        self.gamma = Gamma(self.clob)
        self.market_channel = MarketChannel(
            self.clob, pace.ping, self.gamma.named, lambda: self.faults.telling("market")
        )
        self.user_channel = UserChannel(self.clob, pace.ping, self.doorkeeper, lambda: self.faults.telling("user"))
        self._page = page

    def routes(self) -> list[Route]:
        """Every endpoint."""
        account = AccountRoutes(self.clob, self.doorkeeper, self.orders, self._page)
        chain = Chain(self.clob, self.service, self.transactions)
        rooms = (BookData(self.clob), self.orders, account, self.gamma, Portfolio(self.clob), chain, self.relayer)
        return [route for room in rooms for route in room.routes()]

    def app(self) -> web.Application:
        """The web application."""
        app = web.Application()
        for route in self.routes():
            app.router.add_route(route.method, route.path, self.service.served(route))
        app.router.add_get("/ws/market", self.market_channel.sockets.handle)
        app.router.add_get("/ws/user", self.user_channel.sockets.handle)
        return app

    # -- time

    def start(self) -> None:
        """Let the market move, where it does so by itself."""
        if self._pace.moving:
            self._moving = asyncio.ensure_future(self._move())

    async def _move(self) -> None:
        while True:
            await asyncio.sleep(STEP_SECONDS)
            self.clob.step(self.clob.now_ns())

    def stop(self) -> None:
        """Let nothing happen any more, and end every connection."""
        if self._moving is not None:
            self._moving.cancel()
        for timer in self._timers:
            timer.cancel()
        self.market_channel.sockets.close()
        self.user_channel.sockets.close()

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            work()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    async def advance(self, seconds: float) -> None:
        """Let the market make the moves of that much time."""
        step = int(STEP_SECONDS * NANOS)
        moves, self._owed_ns = divmod(self._owed_ns + int(seconds * NANOS), step)
        now = self.clob.now_ns()
        for left in range(moves - 1, -1, -1):
            # A clock that was moved ahead by as much has the moves spread over that time.
            self.clob.step(now - left * step)
            await asyncio.sleep(0)

    def _silenced(self, owner: str) -> None:
        for order in [o for o in self.clob.open_orders() if o.owner == owner]:
            self.clob.cancel(order)

    # -- people

    def open_account(self, account: Account, cash: Decimal, *, approved: bool = True) -> None:
        """Let an account in, with so much pUSD in its wallet."""
        self.doorkeeper.add(account.credentials)
        self.relayer_keys.add(account.address)
        self.ledger.give(account.wallet, CASH, int(cash * MILLION))
        if approved:
            self.ledger.allow_everything(account.wallet)

    def order(self, account: Account, token: str, side: Side, price: Decimal, size: Decimal, kind: str = "GTC") -> str:
        """An account's order without a signature, for the other side of a test; its id. Raises Refusal."""
        market, index = self.clob.admission.market_of(token)
        number = next(self._numbers)
        order = OrderRecord(
            id=f"0x{keccak(f'unsigned order {number}'.encode()).hex()}",
            owner=account.address,
            api_key=account.credentials.key,
            wallet=account.wallet,
            market=market,
            token=index,
            side=side,
            price=int(price * PRICE_ONE),
            size=int(size * MILLION),
            money=None,
            type=kind,
            expiration=0,
            post_only=False,
            created_ns=self.clob.now_ns(),
        )
        return self.clob.submit(order).id

    # -- markets

    def market(self, slug: str) -> Listed:
        """A market by its slug. Raises KeyError."""
        return self.clob.markets[slug]

    def set_tick(self, slug: str, tick: Decimal) -> None:
        """Give a market another tick size."""
        market = self.market(slug)
        before, market.tick = market.tick, tick
        self.clob.books.set_tick(market, tick)
        for listener in self.clob.listeners:
            listener.ticked(market, plain(before))

    def resolve(self, slug: str, payout: Decimal) -> None:
        """The outcome is known: a share of the first one pays `payout`, of the second the rest of a dollar."""
        market = self.market(slug)
        self.clob.close(market, (payout, 1 - payout))

    def announce(self, slug: str) -> None:
        """Tell the market channel of a market as of a new one."""
        self.market_channel.listed(self.market(slug))
