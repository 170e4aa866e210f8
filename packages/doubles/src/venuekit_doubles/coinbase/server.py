"""The double as a running server: TLS on loopback, REST and WebSocket on one port, faults on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from venuekit.adapter import Clock
from venuekit_doubles.coinbase.auth import Doorkeeper, Key
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.connection import House, Manners
from venuekit_doubles.coinbase.control import Control
from venuekit_doubles.coinbase.feeds import Feeds, Pace
from venuekit_doubles.coinbase.limits import Counter, Limits
from venuekit_doubles.coinbase.quirks import Quirk
from venuekit_doubles.coinbase.record import Asked, Record, Said
from venuekit_doubles.coinbase.rest_account import Account
from venuekit_doubles.coinbase.rest_convert import Conversions
from venuekit_doubles.coinbase.rest_futures import Futures
from venuekit_doubles.coinbase.rest_history import History
from venuekit_doubles.coinbase.rest_market import MarketData
from venuekit_doubles.coinbase.rest_orders import Orders
from venuekit_doubles.coinbase.service import Service
from venuekit_doubles.coinbase.sockets import Sockets
from venuekit_doubles.coinbase.v2 import V2
from venuekit_doubles.coinbase.v2_accounts import V2Accounts
from venuekit_doubles.coinbase.wire import Route
from venuekit_doubles.faults import Fault, Faults, StreamFault
from venuekit_doubles.running import Double
from venuekit_doubles.thread import Underway


class CoinbaseDouble(Double[Asked, Fault]):
    """Coinbase on this machine: a context manager, and everything of it runs in a thread of its own.

    `key` and `secret` open it. Clients need its address (`rest_url` and `ws_url`, or `host`) and, with TLS, to trust
    `ca_file`, which is there while it runs.

    Args:
        secure: TLS; without, ``http`` and ``ws``.
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        clock: The time that tokens are checked by and that the market moves with; the machine's by default.
        key_kind: The first key's: ``ec``, ``ed`` or ``ed_pem``, as `Key` says.
        exchange: Options of the paper exchange (``[venues.paper]`` in venuekit's reference), such as ``seed``,
            ``initial_balances`` of each account, and ``pace``: ``manual`` moves the market only by `advance`.
        heartbeat_seconds: Time between two heartbeats.
        batch_seconds: Time between two frames of ``ticker_batch``.
        subscribe_seconds: A connection that has not subscribed by then is closed.
        limits: Requests a second before 429; none by default.
        quirks: Ways in which answers differ from the venue's documents.
        single_use_tokens: Refuse a request whose token's nonce was used before, or has none. The venue's documents ask
            for a token a request; it takes one again while it is valid, and clients rely on that.
        faults: Says what goes wrong; by default what `fail` and `fail_streams` have said does.

    Raises:
        OSError: on `start`, the port is taken.
        ConfigError: on `start`, an option of the exchange is wrong.
    """

    def __init__(
        self,
        *,
        secure: bool = True,
        port: int = 0,
        clock: Clock | None = None,
        key_kind: str = "ec",
        exchange: Mapping[str, Any] | None = None,
        heartbeat_seconds: float = 1.0,
        batch_seconds: float = 5.0,
        subscribe_seconds: float = 5.0,
        limits: Limits | None = None,
        quirks: Iterable[Quirk] = (),
        single_use_tokens: bool = False,
        faults: Faults | None = None,
    ) -> None:
        self._record = Record()
        self.faults: Faults = faults or Faults()
        super().__init__(
            thread="coinbase double",
            secure=secure,
            port=port,
            clock=clock,
            record=self._record,
            faults=self.faults,
        )
        self._exchange = dict(exchange or {})
        self._pace = Pace(heartbeats=heartbeat_seconds, ticker_batch=batch_seconds, balance=heartbeat_seconds)
        self._limits = limits or Limits()
        self._quirks = frozenset(quirks)
        self._manners = Manners(subscribe_seconds, Quirk.NO_CLIENT_ID not in self._quirks, self._limits)
        self.door = Doorkeeper(self._clock, single_use=single_use_tokens)
        self._key = self.door.add(Key("organizations/double/apiKeys/1", kind=key_kind))

    # -- life

    async def _open(self, folder: Path) -> web.Application:
        self.backing = Backing(self._clock, folder, self._exchange)
        await self.backing.open()
        return self._app()

    def _app(self) -> web.Application:
        backing, quirks = self.backing, self._quirks
        nulls = Quirk.NULL_FOR_EMPTY in quirks
        service = Service(backing, self.door, self.faults, self._limits, self._clock, self._record, nulls=nulls)
        house = House(
            backing=backing,
            door=self.door,
            feeds=Feeds(backing, self._pace, text_heartbeats=Quirk.TEXT_HEARTBEATS in quirks),
            manners=self._manners,
            counter=Counter(self._clock),
            record=self._record,
            faults=self.faults,
        )
        self.sockets = Sockets(house)
        app = web.Application()
        for route in self._routes():
            self._endpoints.add(route.name)
            for path in (route.path, f"{route.path}/"):  # the venue minds no slash at the end, and clients send it
                app.router.add_route(route.method, path, service.served(route))
        app.router.add_get("/", self.sockets.handle)
        Control(backing, self.sockets, self._record, self.fail).add_to(app)
        app.router.add_route("*", "/{path:.*}", service.nowhere)
        return app

    def _routes(self) -> list[Route]:
        backing, quirks = self.backing, self._quirks
        orders = Orders(backing, edit_errors_object=Quirk.EDIT_ERRORS_OBJECT in quirks)
        history = History(backing, orders.edits, size_in_quote=Quirk.SIZE_IN_QUOTE in quirks)
        account, futures, conversions = Account(backing), Futures(backing), Conversions(backing)
        rooms = (MarketData(backing), orders, history, account, futures, conversions, V2(backing), V2Accounts(backing))
        return [route for room in rooms for route in room.routes()]

    async def _quiet(self) -> None:
        await self.sockets.close()

    async def _close(self) -> None:
        await self.backing.close()

    # -- for clients

    @property
    def key(self) -> str:
        """The first key's name."""
        return self._key.name

    @property
    def secret(self) -> str:
        """The first key's secret."""
        return self._key.secret

    def add_key(self, key: Key) -> Key:
        """Let another key in. One of another account trades with the other accounts on the same books."""
        return self.door.add(key)

    # -- for tests

    def advance(self, seconds: float) -> Underway[None]:
        """Let the exchange's market move, in manual pace. `await` it, or `wait` for it."""
        return self._begun(lambda: self.backing.advance(seconds))

    def fail_streams(self, fault: StreamFault, channel: str | None = None) -> Underway[None]:
        """Let every open stream fail; `channel` is the one that falls silent, None is all. `await` it, or `wait`."""
        return self._begun(lambda: self.sockets.fail(fault, channel))

    def subscribed(
        self, channel: str, count: int = 1, *, product: str | None = None, within: float = 10.0
    ) -> Underway[None]:
        """Be sure that subscriptions are live: what happens afterwards, their clients are told. `await` it, or `wait`.

        Args:
            channel: Its name, as clients subscribe to it.
            count: How many at least. Each product of ticker, level2, market_trades and candles counts; of the
                other channels, each connection that has subscribed.
            product: Count only those that tell of this product.
            within: The longest wait, in seconds.

        Raises:
            ValueError: when awaited, there is no such channel.
            TimeoutError: when awaited, there were not so many in time.
        """
        return self._begun(lambda: self.sockets.subscribed(channel, count, product, within))

    @asynccontextmanager
    async def subscribing(self, channel: str, *, within: float = 10.0) -> AsyncGenerator[None]:
        """Around the making of a subscription: it ends when one more is live, whatever ended meanwhile.

        Args:
            channel: Its name, as clients subscribe to it.
            within: The longest wait, in seconds.

        Raises:
            ValueError: there is no such channel.
            TimeoutError: none became live in time.
        """
        before = self.sockets.begun(channel)
        yield
        await self._begun(lambda: self.sockets.begins(channel, before + 1, within))

    # -- what was asked

    @property
    def messages(self) -> deque[Said]:
        """The latest messages to the streams, oldest first."""
        return self._record.messages

    @property
    def logins(self) -> list[Said]:
        """The messages to streams that carried a token, right or wrong."""
        return self._record.logins

    @property
    def private(self) -> list[Asked | Said]:
        """Requests and messages about an account, or with a token: empty proves that nothing private was asked."""
        return self._record.private

    @property
    def refused_tokens(self) -> deque[str]:
        """Why the latest tokens were refused, which the venue does not tell."""
        return self._record.refused
