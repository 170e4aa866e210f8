"""What a test can do to a running double, and what it can know of it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

from venuekit.adapter import Side
from venuekit_doubles.polymarket.accounts import Account
from venuekit_doubles.polymarket.faults import EngineState, StreamFault
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.listings import MILLION, Listed
from venuekit_doubles.polymarket.records import TradeState
from venuekit_doubles.polymarket.venue import Venue
from venuekit_doubles.thread import Underway

T = TypeVar("T")
D = Decimal
FUNDS = D(100_000)
#: POL has 18 decimal places.
WEI = 10**18
_POLL_SECONDS = 0.005
#: How long a client has to make a new subscription before one that it has already will do.
SHARED_SECONDS = 0.3


class Levers(ABC):
    """Everything here may be called from any thread; amounts and prices are decimal text."""

    #: Whose keys a client is given, and who else trades on the same books.
    account: Account
    other: Account
    venue: Venue

    @abstractmethod
    def begin(self, work: Coroutine[Any, Any, T]) -> Underway[T]:
        """Run a coroutine on the double's event loop: `await` its result, or `wait` for it."""

    def do(self, work: Callable[[], T]) -> T:
        """Call something on the double's event loop, and wait for its result."""

        async def call() -> T:
            return work()

        return self.begin(call()).wait()

    # -- people and markets

    def market(self, slug: str) -> Listed:
        """A market by its slug: its condition id, its tokens, its rules. Raises KeyError."""
        return self.venue.market(slug)

    @property
    def markets(self) -> list[Listed]:
        """Every market."""
        return list(self.venue.clob.markets.values())

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

    def split(self, slug: str, amount: str, account: Account | None = None) -> None:
        """Turn an account's collateral into as many shares of each outcome of a market."""
        wallet = (account or self.account).wallet
        self.do(lambda: self.venue.ledger.split(wallet, self.market(slug), int(D(amount) * MILLION), self._now()))

    def merge(self, slug: str, amount: str, account: Account | None = None) -> None:
        """Turn shares of each outcome of a market back into collateral."""
        wallet = (account or self.account).wallet
        self.do(lambda: self.venue.ledger.merge(wallet, self.market(slug), int(D(amount) * MILLION), self._now()))

    def redeem(self, slug: str, account: Account | None = None) -> Decimal:
        """Turn an account's shares of a resolved market into what they pay, pUSD."""
        wallet = (account or self.account).wallet
        return D(self.do(lambda: self.venue.ledger.redeem(wallet, self.market(slug), self._now()))) / MILLION

    def _now(self) -> int:
        return self.venue.clob.now_ns()

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

    # -- trades, transactions and delays by hand

    def settle(self) -> None:
        """Let every trade and every transaction get one step further on the chain."""
        self.do(self._settle)

    def _settle(self) -> None:
        self.venue.clob.settlement.step_all()
        self.venue.transactions.step_all()

    def release_delayed(self) -> None:
        """Let every delayed order be entered now."""
        self.do(self.venue.clob.release_all)

    def fail_settlements(self, *states: TradeState) -> None:
        """What becomes of the next trades instead of being mined: RETRYING (and then mined) or FAILED."""
        self.do(lambda: self.venue.clob.settlement.misfortunes.extend(states))

    def fail_transactions(self, *reasons: str) -> None:
        """Let the chain undo the next transactions instead of mining them, in the contracts' words."""
        self.do(lambda: self.venue.transactions.misfortunes.extend(reasons))

    def allow(self, wallet: str, spender: str, amount: str, *, shares: bool = False) -> None:
        """Let a contract take so much of a wallet's pUSD and, with `shares`, its shares: else not."""

        def allow() -> None:
            ledger = self.venue.ledger
            ledger.collateral_allowed[wallet][spender] = int(D(amount) * MILLION)
            known = ledger.shares_allowed[wallet]
            known.add(spender) if shares else known.discard(spender)

        self.do(allow)

    def undeploy(self, wallet: str) -> None:
        """Let a wallet not be on the chain yet."""
        self.do(lambda: self.venue.relayer.undeployed.add(wallet))

    def give_gas_money(self, address: str, amount: str) -> None:
        """Let an address have so much POL; 10 unless told otherwise."""
        self.do(lambda: self.venue.transactions.gas_money.update({address: int(D(amount) * WEI)}))

    # -- what goes wrong

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

    # -- who listens

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
    async def subscribing(self, names: Iterable[str] = (), *, within: float = 10.0) -> AsyncGenerator[None]:
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
