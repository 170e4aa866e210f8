"""What is on the chain: collateral, shares and allowances of every wallet, and what matched trades will move."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import attrs

from venuekit_doubles.polymarket.contracts import SPENDERS
from venuekit_doubles.polymarket.listings import PRICE_ONE, Listed
from venuekit_paper.accounts import Holding

#: The asset that is not a token.
CASH = ""
UNLIMITED = 2**256 - 1


class NotEnough(Exception):
    """A wallet has less than what is to be moved."""


@attrs.frozen
class Move:
    """Millionths of an asset (`CASH` or a token id) that come to a wallet, or go when negative.

    `cost` is what was paid for shares, or got for them.
    """

    wallet: str
    asset: str
    amount: int
    cost: int = 0


@attrs.frozen
class Changed:
    """A pair of shares that was made, undone or paid out: ``SPLIT``, ``MERGE`` or ``REDEEM``."""

    kind: str
    wallet: str
    market: Listed
    #: Collateral.
    amount: int
    time_ns: int
    #: The hash of the transaction that did it, where one did.
    transaction: str = ""


class Ledger:
    """Balances in millionths. A trade's moves are promised when it is matched, and made when it is mined."""

    def __init__(self) -> None:
        self._balances: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._promised: defaultdict[tuple[str, str], int] = defaultdict(int)
        #: What wallets let contracts take: collateral by amount, shares altogether.
        self.collateral_allowed: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.shares_allowed: defaultdict[str, set[str]] = defaultdict(set)
        #: What was paid and earned, by wallet and token.
        self.holdings: defaultdict[tuple[str, str], Holding] = defaultdict(Holding)
        self.changes: list[Changed] = []

    # -- what there is

    def balance(self, wallet: str, asset: str = CASH) -> int:
        """What is on the chain."""
        return self._balances[wallet, asset]

    def free(self, wallet: str, asset: str = CASH) -> int:
        """What is on the chain and was not promised by a trade that is yet to be mined."""
        return self._balances[wallet, asset] - self._promised[wallet, asset]

    def promised(self, wallet: str, asset: str = CASH) -> int:
        """What trades that are yet to be mined will take."""
        return self._promised[wallet, asset]

    def held(self, wallet: str) -> dict[str, int]:
        """Shares by token, those of size zero left out."""
        return {asset: n for (owner, asset), n in self._balances.items() if owner == wallet and asset != CASH and n}

    def holders(self, token: str) -> dict[str, int]:
        """Shares of a token by wallet."""
        return {owner: n for (owner, asset), n in self._balances.items() if asset == token and n > 0}

    def supply(self, asset: str) -> int:
        """All there is of an asset."""
        return sum(n for (_, known), n in self._balances.items() if known == asset)

    # -- what moves

    @contextmanager
    def whole(self, *, keep: bool = True) -> Iterator[None]:
        """Changes that are made together: none of them when one raises, or when they are only tried."""
        before = (
            copy.copy(self._balances),
            copy.deepcopy(self.holdings),
            copy.deepcopy(self.collateral_allowed),
            copy.deepcopy(self.shares_allowed),
            list(self.changes),
        )
        done = False
        try:
            yield
            done = keep
        finally:
            if not done:
                (
                    self._balances,
                    self.holdings,
                    self.collateral_allowed,
                    self.shares_allowed,
                    self.changes,
                ) = before

    def give(self, wallet: str, asset: str, amount: int) -> None:
        """Let a wallet have more of an asset, from nowhere."""
        self._balances[wallet, asset] += amount
        if asset != CASH:
            self.holdings[wallet, asset].add(amount, amount // 2)

    def promise(self, moves: Iterable[Move]) -> None:
        """A trade was matched."""
        for move in moves:
            self._promised[move.wallet, move.asset] += max(0, -move.amount)

    def withdraw(self, moves: Iterable[Move]) -> None:
        """It is mined or has failed, and promises nothing any more."""
        for move in moves:
            self._promised[move.wallet, move.asset] -= max(0, -move.amount)

    def make(self, moves: Iterable[Move]) -> None:
        """It is mined: move what it moves."""
        for move in moves:
            self._balances[move.wallet, move.asset] += move.amount
            if move.asset != CASH:
                self.holdings[move.wallet, move.asset].add(move.amount, move.cost)

    # -- pairs of shares

    def split(self, wallet: str, market: Listed, amount: int, time_ns: int, transaction: str = "") -> None:
        """Collateral becomes as many shares of each outcome. Raises NotEnough."""
        self._need(wallet, CASH, amount)
        halves = (amount - amount // 2, amount // 2)
        shares = [Move(wallet, t, amount, half) for t, half in zip(market.tokens, halves, strict=True)]
        self.make([Move(wallet, CASH, -amount), *shares])
        self.changes.append(Changed("SPLIT", wallet, market, amount, time_ns, transaction))

    def merge(self, wallet: str, market: Listed, amount: int, time_ns: int, transaction: str = "") -> None:
        """A share of each outcome becomes collateral. Raises NotEnough."""
        for token in market.tokens:
            self._need(wallet, token, amount)
        halves = (amount - amount // 2, amount // 2)
        shares = [Move(wallet, t, -amount, -half) for t, half in zip(market.tokens, halves, strict=True)]
        self.make([*shares, Move(wallet, CASH, amount)])
        self.changes.append(Changed("MERGE", wallet, market, amount, time_ns, transaction))

    def redeem(
        self, wallet: str, market: Listed, time_ns: int, transaction: str = "", amounts: tuple[int, int] | None = None
    ) -> int:
        """Turn shares of a resolved market into what they pay: all there are, or so many of each outcome.

        Raises NotEnough when it is not resolved, or when there are not so many.
        """
        if market.payouts is None:
            raise NotEnough("result for condition not received yet")
        paid = 0
        for index, (token, payout) in enumerate(zip(market.tokens, market.payouts, strict=True)):
            shares = self.balance(wallet, token) if amounts is None else amounts[index]
            if not shares:
                continue
            self._need(wallet, token, shares)
            worth = shares * int(payout * PRICE_ONE) // PRICE_ONE
            self.make([Move(wallet, token, -shares, -worth)])
            paid += worth
        self.make([Move(wallet, CASH, paid)])
        self.changes.append(Changed("REDEEM", wallet, market, paid, time_ns, transaction))
        return paid

    def _need(self, wallet: str, asset: str, amount: int) -> None:
        if amount <= 0 or self.free(wallet, asset) < amount:
            raise NotEnough(
                "ERC1155: insufficient balance for transfer" if asset else "transfer amount exceeds balance"
            )

    # -- allowances

    def allow_everything(self, wallet: str) -> None:
        """Let every contract of the venue take what it needs."""
        self.collateral_allowed[wallet] = dict.fromkeys(SPENDERS, UNLIMITED)
        self.shares_allowed[wallet] = set(SPENDERS)

    def allowance(self, wallet: str, asset: str, spender: str) -> int:
        """How much of an asset a contract may take from a wallet."""
        if asset == CASH:
            return self.collateral_allowed[wallet].get(spender, 0)
        return UNLIMITED if spender in self.shares_allowed[wallet] else 0

    def take_allowed(self, wallet: str, spender: str, amount: int) -> None:
        """Let a contract use what it may take of a wallet's collateral. Raises NotEnough."""
        allowed = self.allowance(wallet, CASH, spender)
        if allowed < amount:
            raise NotEnough("transfer amount exceeds allowance")
        if allowed != UNLIMITED:
            self.collateral_allowed[wallet][spender] = allowed - amount
