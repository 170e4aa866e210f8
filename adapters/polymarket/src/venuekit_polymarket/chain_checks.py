"""Whether a wallet can split, merge or redeem now, and what to do where it cannot; it only reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.adapter import (
    ZERO,
    ConfigError,
    InstrumentNotTrading,
    InstrumentStatus,
    InsufficientFunds,
    InvalidSize,
    Rejected,
    Unavailable,
    VenuePermission,
    minus,
    normal,
    plain,
    plus,
    positive_amount,
    times,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.config import PLACE
from venuekit_polymarket.errors import NOT_APPROVED, NOT_DEPLOYED
from venuekit_polymarket.holdings import Holdings
from venuekit_polymarket.market_terms import QUOTE, MarketTerms
from venuekit_polymarket.node import Node, allowance, approved, balance, shares
from venuekit_polymarket.relayer import NEEDS_KEY, Relayer
from venuekit_polymarket.signing import WalletKind
from venuekit_polymarket.transactions import Act, Step

DECIMALS = 6
_APPROVE = (
    "Approve it at the venue's site; nothing here ever approves unasked. `venuekit doctor polymarket` lists what is "
    "missing."
)
_CANCEL = "Make it smaller, or cancel the orders first."


def millionths(amount: Decimal) -> int:
    """An amount as the chain counts it. Raises InvalidSize: it is not one, or has more decimal places."""
    exact = positive_amount(amount, field="amount")
    scaled = exact.scaleb(DECIMALS)
    if scaled != scaled.to_integral_value():
        near = [plain(units(n)) for n in (int(scaled), int(scaled) + 1) if n]
        raise InvalidSize(
            f"amount {plain(exact)} has more than {DECIMALS} decimal places, which do not exist on the chain.",
            fix=f"Use {' or '.join(near)}.",
            field="amount",
            details={"accepted": near},
        )
    return int(scaled)


def units(amount: int) -> Decimal:
    """Millionths as pUSD, or as shares."""
    return normal(Decimal(amount).scaleb(-DECIMALS))


@attrs.frozen(kw_only=True)
class Found:
    """What is on the chain, in millionths."""

    collateral: int
    allowed: int
    shares: tuple[int, int]
    approved: bool


class ChainChecks:
    """Looks before anybody is asked, and once more before anything is sent."""

    def __init__(self, api: Api, holdings: Holdings, node: Node, relayer: Relayer) -> None:
        self._api = api
        self._holdings = holdings
        self._node = node
        self._relayer = relayer
        #: What does not change any more: that it is the right chain, and that the wallet is on it.
        self._right_chain = self._deployed = False

    # -- whether this wallet can send anything

    async def check_wallet(self) -> None:
        """Raises VenuePermission, Rejected, ConfigError: this wallet can send nothing from here. Unavailable."""
        wallet = self._api.key.wallet
        if wallet.kind is not WalletKind.EOA and not self._api.opens_relayer:
            raise VenuePermission(
                f"{wallet.kind.title.capitalize()} sends transactions through the venue's relayer, which needs a key.",
                fix=NEEDS_KEY,
            )
        if not self._right_chain:
            chain, wanted = await self._node.chain_id(), self._api.key.contracts.chain_id
            if chain != wanted:
                raise ConfigError(
                    f"{PLACE}.rpc_url is a node of chain {chain}; Polymarket is on Polygon, chain {wanted}.",
                    fix="Name a node of the Polygon network.",
                    field=f"{PLACE}.rpc_url",
                )
            self._right_chain = True
        if wallet.kind is not WalletKind.EOA and not self._deployed:
            self._deployed = await self._relayer.deployed()
            if not self._deployed:
                raise Rejected(
                    f"The wallet {wallet.address} is not on the chain yet.",
                    fix="Log in at the venue's site once, which makes it; nothing here ever does.",
                    details={"venue_code": NOT_DEPLOYED},
                )

    # -- whether it can do this

    async def look(self, terms: MarketTerms) -> Found:
        """What the wallet has in a market. Raises Unavailable."""
        key = self._api.key
        wallet, collateral = key.wallet.address, key.contracts.collateral
        newer = key.is_newer(terms.tokens[0])
        target = key.chain.target(newer=newer, neg_risk=terms.neg_risk)
        kept = key.chain.shares_contract(newer=newer)
        money, allowed, first, second, may = await self._node.read(
            [
                balance(collateral, wallet),
                allowance(collateral, wallet, target),
                shares(kept, wallet, terms.tokens[0]),
                shares(kept, wallet, terms.tokens[1]),
                approved(kept, wallet, target),
            ]
        )
        return Found(collateral=money, allowed=allowed, shares=(first, second), approved=bool(may))

    def step(self, act: Act, terms: MarketTerms, amounts: tuple[int, int]) -> Step:
        """A step in a market."""
        newer = self._api.key.is_newer(terms.tokens[0])
        return Step(act=act, condition_id=terms.condition_id, newer=newer, neg_risk=terms.neg_risk, amounts=amounts)

    async def try_out(self, step: Step) -> None:
        """Raises Rejected: the chain would not let it through, in the contract's words. Unavailable."""
        key = self._api.key
        await self._node.try_out(key.wallet.address, key.chain.calls(step))

    def check_split(self, terms: MarketTerms, found: Found, amount: int) -> None:
        """Raises InstrumentNotTrading, InsufficientFunds."""
        if terms.status is InstrumentStatus.RESOLVED:
            raise InstrumentNotTrading(f"{terms.slug} is resolved: its shares are only redeemed now.", field="market")
        going = self._holdings.in_flight().get(QUOTE)
        owed = ZERO if going is None else going.going
        held = self._holdings.committed()
        free = normal(max(ZERO, minus(minus(units(found.collateral), owed), held)))
        if units(amount) > free:
            why = (
                f", of which open orders and trades on their way need {plain(normal(plus(owed, held)))}"
                if owed + held
                else ""
            )
            has, takes = plain(units(found.collateral)), plain(units(amount))
            raise InsufficientFunds(
                f"The wallet has {has} {QUOTE}{why}; the split takes {takes}.",
                fix=_CANCEL if held else f"Make it smaller, or deposit: the venue counts {QUOTE}, not USDC.e.",
                field="amount",
                details={"asset": QUOTE, "required": takes, "available": plain(free)},
            )
        if found.allowed < amount:
            raise self._not_allowed(terms, f"{plain(units(found.allowed))} {QUOTE}")

    def check_merge(self, terms: MarketTerms, found: Found, amount: int) -> None:
        """Raises InsufficientFunds: too few shares are settled and in no order, or the contract may not take them."""
        for token, label, there in zip(terms.tokens, terms.outcomes, found.shares, strict=True):
            moving = self._holdings.in_flight().get(token)
            free = normal(self._holdings.sellable(token, units(there)))
            if units(amount) <= free:
                continue
            coming = ZERO if moving is None else moving.coming
            selling = self._holdings.on_sale(token)
            why = f"; {plain(coming)} more are bought, and not settled yet" if coming else ""
            why += f"; {plain(selling)} are for sale in open orders" if selling else ""
            raise InsufficientFunds(
                f"{plain(free)} shares of {label[:40]} can be merged now{why}; the merge takes {plain(units(amount))}.",
                fix=_CANCEL if selling else "Make it smaller: it takes as many of each outcome.",
                field="amount",
                details={
                    "asset": token,
                    "required": plain(units(amount)),
                    "available": plain(free),
                    "unsettled": plain(coming),
                },
            )
        self._check_approved(terms, found)

    def check_redeem(self, terms: MarketTerms, found: Found) -> tuple[Decimal, Decimal]:
        """What a share of each outcome pays.

        Raises:
            InstrumentNotTrading: the market is not resolved. InsufficientFunds: there is nothing to redeem, or the
            contract may not take it. Unavailable: trades of it are not settled.
        """
        if terms.payouts is None:
            raise InstrumentNotTrading(
                f"{terms.slug} is not resolved: there is nothing to redeem yet.",
                fix="Wait until it is; both outcomes together can be merged meanwhile, and each can be sold.",
                field="market",
            )
        if not any(shares * paid for shares, paid in zip(found.shares, terms.payouts, strict=True)):
            had = any(found.shares)
            raise InsufficientFunds(
                f"The shares of {terms.slug} that the wallet has pay nothing."
                if had
                else f"The wallet has no shares of {terms.slug}.",
                field="market",
                details={"asset": terms.condition_id, "required": "0.000001", "available": "0"},
            )
        flight = self._holdings.in_flight()
        if any(token in flight for token in terms.tokens):
            raise Unavailable(
                f"Trades of {terms.slug} are not settled yet, and a redemption takes every share that is there.",
                fix="Try again in a minute.",
            )
        self._check_approved(terms, found)
        return terms.payouts

    def _check_approved(self, terms: MarketTerms, found: Found) -> None:
        if not found.approved:
            raise self._not_allowed(terms, "no shares")

    def _not_allowed(self, terms: MarketTerms, what: str) -> InsufficientFunds:
        key = self._api.key
        target = key.chain.target(newer=key.is_newer(terms.tokens[0]), neg_risk=terms.neg_risk)
        name = key.contracts.names.get(target.lower(), "contract")
        return InsufficientFunds(
            f"The {name} {target} may take {what} of the wallet {key.wallet.address}.",
            fix=_APPROVE,
            details={"spender": target, "venue_code": NOT_APPROVED},
        )


def worth(amounts: Sequence[int], payouts: Sequence[Decimal]) -> Decimal:
    """What shares pay, in pUSD."""
    return normal(sum((times(units(n), paid) for n, paid in zip(amounts, payouts, strict=True)), ZERO))
