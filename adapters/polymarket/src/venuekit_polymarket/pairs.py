"""Splitting, merging and redeeming in a market: what it would do, and doing it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal

import attrs

from venuekit.adapter import Clock, Explained, InvalidSize, VenuekitError, plain
from venuekit_polymarket.api import Api
from venuekit_polymarket.chain_checks import ChainChecks, Found, millionths, units, worth
from venuekit_polymarket.config import PolymarketOptions
from venuekit_polymarket.conversion import Conversion
from venuekit_polymarket.errors import clean
from venuekit_polymarket.instruments import Instruments
from venuekit_polymarket.market_terms import QUOTE, MarketTerms
from venuekit_polymarket.node import Node, balance, shares
from venuekit_polymarket.outcomes import Sent
from venuekit_polymarket.own_account import OwnAccount
from venuekit_polymarket.receipts import COLLATERAL
from venuekit_polymarket.relayer import Relayer
from venuekit_polymarket.signing import WalletKind
from venuekit_polymarket.transactions import Act, Step

log = logging.getLogger("venuekit.polymarket")


@attrs.frozen(kw_only=True)
class Change:
    """What a transaction did to one asset: `QUOTE`, or a token. `amount` is None where it could not be read."""

    asset: str
    outcome: str
    amount: Decimal | None
    balance: Decimal | None


@attrs.frozen(kw_only=True)
class Done:
    """A transaction that is on the chain for good."""

    sent: Sent
    market: str
    changes: tuple[Change, ...]


class Pairs:
    """The shares of both outcomes together, of one wallet."""

    def __init__(
        self, api: Api, listings: Instruments, own: OwnAccount, clock: Clock, options: PolymarketOptions
    ) -> None:
        self._api = api
        self._listings = listings
        self._own = own
        self._clock = clock
        self._node = node = Node(api)
        relayer = Relayer(api)
        self._checks = ChainChecks(api, own.holdings, node, relayer)
        self._conversion = Conversion(api, node, relayer, clock, options)

    # -- what it would do

    async def explain(self, act: Act, market: str, amount: Decimal | None = None) -> Explained:
        """What a split or a merge of so much, or a redemption, would do.

        Raises:
            UsageError, Rejected: it cannot be done, and why. Unavailable: that cannot be said now.
        """
        terms, step, found = await self._planned(act, market, amount)
        name, (first, second) = clean(terms.slug)[:120], [clean(label)[:40] for label in terms.outcomes]
        if act is Act.REDEEM:
            assert terms.payouts is not None
            pays = worth(step.amounts, terms.payouts)
            burned = [f"{plain(units(n))} {label}" for n, label in zip(step.amounts, (first, second), strict=True) if n]
            every = "every share" if step.amounts == found.shares else "the shares that pay most"
            return Explained(
                sentence=f"Redeem {every} of {name}: burn {' and '.join(burned)}, for {plain(pays)} {QUOTE}",
                worth=pays,
                currency=QUOTE,
                instruments=terms.tokens,
                reduces=True,
            )
        money = units(step.amounts[0])
        pair = f"{plain(money)} {first} and {plain(money)} {second} of {name}"
        sentence = (
            f"Split {plain(money)} {QUOTE} into {pair}"
            if act is Act.SPLIT
            else f"Merge {pair} into {plain(money)} {QUOTE}"
        )
        return Explained(
            sentence=sentence,
            worth=money,
            currency=QUOTE,
            instruments=terms.tokens,
            reduces=act is Act.MERGE,
        )

    async def _planned(self, act: Act, market: str, amount: Decimal | None) -> tuple[MarketTerms, Step, Found]:
        wanted = None if act is Act.REDEEM else millionths(_given(amount))
        terms = await self._listings.market(market)
        if act is not Act.MERGE and terms.payouts is None:
            await self._listings.refresh(terms.tokens)  # it may have been resolved since it was asked for
            terms = await self._listings.market(terms.condition_id)
        await self._checks.check_wallet()
        await self._own.ledger.cover(self._clock.now_ns())
        found = await self._checks.look(terms)
        if wanted is None:
            amounts = self._redeemed(terms, found)
        else:
            amounts = (wanted, wanted)
            check = self._checks.check_split if act is Act.SPLIT else self._checks.check_merge
            check(terms, found, wanted)
        step = self._checks.step(act, terms, amounts)
        await self._checks.try_out(step)
        return terms, step, found

    def _redeemed(self, terms: MarketTerms, found: Found) -> tuple[int, int]:
        """How many shares of each outcome go: all of them, but where that would take two transactions."""
        payouts = self._checks.check_redeem(terms, found)
        first, second = found.shares
        one_call = self._api.key.wallet.kind is WalletKind.EOA and self._api.key.is_newer(terms.tokens[0])
        if not (one_call and first and second):
            return found.shares
        return (first, 0) if first * payouts[0] >= second * payouts[1] else (0, second)

    # -- doing it

    async def prepare(self, act: Act, market: str, amount: Decimal | None, action_id: str) -> dict[str, str]:
        """What the transaction will be known by. Raises as `explain`."""
        terms, step, _ = await self._planned(act, market, amount)
        return await self._conversion.prepare(step, terms.tokens, f"venuekit {action_id}"[:200])

    async def do(self, reference: Mapping[str, str]) -> Done:
        """Send what was prepared. Raises as `Conversion.send`."""
        return await self._done(await self._conversion.send(reference))

    async def find_out(self, reference: Mapping[str, str]) -> Done | None:
        """What became of it. Raises Rejected: it was not done."""
        sent = await self._conversion.find_out(reference)
        return None if sent is None else await self._done(sent)

    async def _done(self, sent: Sent) -> Done:
        slug, outcomes = await self._names(sent)
        balances = await self._balances(sent)
        self._own.portfolio.moved(sent.tokens)
        assets = zip((COLLATERAL, *sent.tokens), (QUOTE, *sent.tokens), ("", *outcomes), balances, strict=True)
        changes = tuple(
            Change(
                asset=asset,
                outcome=outcome,
                amount=None if sent.moved is None else units(sent.moved.get(key, 0)),
                balance=there,
            )
            for key, asset, outcome, there in assets
        )
        return Done(sent=sent, market=slug, changes=changes)

    async def _names(self, sent: Sent) -> tuple[str, tuple[str, str]]:
        """Slug and labels of the market, where it can be asked for."""
        try:
            terms = await self._listings.market(sent.step.condition_id)
        except VenuekitError:
            return sent.step.condition_id, ("", "")
        return terms.slug, terms.outcomes

    async def _balances(self, sent: Sent) -> list[Decimal | None]:
        """What the wallet has now; the order book is told to look, too, since orders count on it."""
        key = self._api.key
        wallet, kept = key.wallet.address, key.chain.shares_contract(newer=sent.step.newer)
        try:
            asked = [balance(key.contracts.collateral, wallet), *(shares(kept, wallet, t) for t in sent.tokens)]
            found: list[Decimal | None] = [units(n) for n in await self._node.read(asked)]
            await self._own.holdings.collateral(fresh=True)
            for token in sent.tokens:
                await self._own.holdings.shares(token, fresh=True)
        except VenuekitError as error:
            log.info("Balances after %s could not be read: %s", sent.hash, error)
            return [None, None, None]
        return found


def _given(amount: Decimal | None) -> Decimal:
    if amount is None:
        raise InvalidSize("amount is missing.", field="amount")
    return amount
