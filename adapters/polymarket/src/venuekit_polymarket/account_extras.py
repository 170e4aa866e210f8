"""The venue's own tools for one's own account: positions that can be redeemed, what happened, who may spend what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.adapter import Extra, InvalidValue, Untrusted
from venuekit_polymarket.capabilities import DATA
from venuekit_polymarket.discovery_rows import doc
from venuekit_polymarket.reading import flag, number, rows, text, time_ns

if TYPE_CHECKING:  # aiohttp behind it is large
    from venuekit_polymarket.adapter import PolymarketVenue

_MOST = 100


@attrs.frozen(kw_only=True)
class ListPositions:
    """Which positions."""

    redeemable_only: bool = attrs.field(
        default=False, metadata=doc("Only those of resolved markets, whose shares can be turned into what they pay.")
    )


@attrs.frozen(kw_only=True)
class PositionRow:
    """Shares of one outcome."""

    instrument: str = attrs.field(metadata=doc("The outcome's token id."))
    question: Untrusted = attrs.field(metadata=doc("The market's question."))
    outcome: Untrusted = attrs.field(metadata=doc("The outcome's label."))
    size: Decimal = attrs.field(metadata=doc("Shares on the chain."))
    sellable: Decimal = attrs.field(metadata=doc("Shares that can be sold now: settled, and in no open order."))
    average_price: Decimal = attrs.field(metadata=doc("What a share has cost, in pUSD, fees apart."))
    current_price: Decimal = attrs.field(metadata=doc("What a share is worth now; its payout once resolved."))
    value: Decimal = attrs.field(metadata=doc("What they are worth, in pUSD."))
    realized_pnl: Decimal = attrs.field(metadata=doc("Profit of what was sold or redeemed, in pUSD."))
    unrealized_pnl: Decimal = attrs.field(metadata=doc("Profit of what is held, in pUSD."))
    redeemable: bool = attrs.field(metadata=doc("Whether the market is resolved and the shares can be redeemed."))
    mergeable: bool = attrs.field(metadata=doc("Whether shares of both outcomes are held, which merge into pUSD."))
    negative_risk: bool = attrs.field(metadata=doc("Whether it is a market of a negative-risk event."))


@attrs.frozen(kw_only=True)
class PositionList:
    """Positions as the venue lists them, a few seconds late."""

    positions: Sequence[PositionRow] = attrs.field(metadata=doc("The most valuable first."))
    redeemable_value: Decimal = attrs.field(metadata=doc("What redeeming all of them would bring, in pUSD."))


@attrs.frozen(kw_only=True)
class ListActivity:
    """How much of what happened."""

    limit: int = attrs.field(default=20, metadata=doc(f"Entries, newest first; 1 to {_MOST}."))


@attrs.frozen(kw_only=True)
class ActivityRow:
    """One thing that happened."""

    kind: str = attrs.field(metadata=doc("TRADE, SPLIT, MERGE, REDEEM, CONVERSION, REWARD, DEPOSIT, WITHDRAWAL, ..."))
    time_ns: int = attrs.field(metadata=doc("When, UTC nanoseconds."))
    question: Untrusted = attrs.field(metadata=doc("The market's question, where it was about one."))
    side: str = attrs.field(metadata=doc("BUY or SELL, of a trade."))
    shares: Decimal = attrs.field(metadata=doc("Shares, of a trade."))
    amount: Decimal = attrs.field(metadata=doc("In pUSD."))
    transaction: str = attrs.field(metadata=doc("The transaction's hash on Polygon."))


@attrs.frozen(kw_only=True)
class Activity:
    """What the account did on the chain."""

    activity: Sequence[ActivityRow] = attrs.field(metadata=doc("Newest first."))


@attrs.frozen(kw_only=True)
class ListAllowances:
    """Nothing to say: it is this account's."""


@attrs.frozen(kw_only=True)
class AllowanceRow:
    """What one contract may take."""

    spender: str = attrs.field(metadata=doc("The contract's address."))
    contract: str = attrs.field(metadata=doc("What it is."))
    allowance: Decimal | None = attrs.field(metadata=doc("How much pUSD it may take; null for any amount."))


@attrs.frozen(kw_only=True)
class Allowances:
    """Who may spend the account's collateral. Orders need it; this adapter never changes it."""

    wallet: str = attrs.field(metadata=doc("The wallet's address."))
    collateral: str = attrs.field(metadata=doc("The address of pUSD, which counts; USDC.e does not."))
    balance: Decimal = attrs.field(metadata=doc("In pUSD."))
    allowances: Sequence[AllowanceRow] = attrs.field(metadata=doc("By contract."))


async def _positions(venue: PolymarketVenue, asked: ListPositions) -> PositionList:
    more = {"status": "REDEEMABLE"} if asked.redeemable_only else {}
    found = [_position(row, venue.own.sellable) async for row in venue.own.portfolio.listed(**more)]
    held = sorted((row for row in found if row.size), key=lambda row: -row.value)
    redeemable = sum((row.value for row in held if row.redeemable), Decimal(0))
    return PositionList(positions=held[:_MOST], redeemable_value=redeemable)


def _position(row: Mapping[str, Any], sellable: Callable[[str, Decimal], Decimal]) -> PositionRow:
    return PositionRow(
        instrument=text(row, "token_id"),
        question=Untrusted(text(row, "title")),
        outcome=Untrusted(text(row, "outcome")),
        size=number(row, "current_size"),
        sellable=sellable(text(row, "token_id"), number(row, "current_size")),
        average_price=number(row, "avg_price"),
        current_price=number(row, "current_price"),
        value=number(row, "current_value"),
        realized_pnl=number(row, "realized_pnl"),
        unrealized_pnl=number(row, "unrealized_pnl"),
        redeemable=flag(row, "redeemable"),
        mergeable=flag(row, "mergeable"),
        negative_risk=flag(row, "negative_risk"),
    )


async def _activity(venue: PolymarketVenue, asked: ListActivity) -> Activity:
    if not 1 <= asked.limit <= _MOST:
        raise InvalidValue(f"limit must be 1 to {_MOST}.", field="limit", details={"accepted": f"1 to {_MOST}"})
    wallet = venue.api.key.wallet.address
    body = await venue.api.data("/v2/activity", budget=DATA, user=wallet, limit=asked.limit)
    return Activity(
        activity=[
            ActivityRow(
                kind=text(row, "type")[:40],
                time_ns=time_ns(row, "timestamp") or 0,
                question=Untrusted(text(row, "title")),
                side=text(row, "side")[:4],
                shares=number(row, "size"),
                amount=number(row, "usdc_size"),
                transaction=text(row, "transaction_hash")[:80],
            )
            for row in rows(body, "data")[: asked.limit]
        ]
    )


async def _allowances(venue: PolymarketVenue, _: ListAllowances) -> Allowances:
    signer, there = venue.api.key, await venue.own.holdings.collateral()
    names = signer.contracts.names
    return Allowances(
        wallet=signer.wallet.address,
        collateral=signer.contracts.collateral,
        balance=there.balance,
        allowances=[
            AllowanceRow(spender=spender, contract=names.get(spender, "unknown"), allowance=allowed)
            for spender, allowed in sorted(there.allowances.items())
        ],
    )


def _extra(name: str, title: str, description: str, arguments: type[Any], result: type[Any], call: Any) -> Extra:
    return Extra(
        name=name,
        toolset="account",
        title=title,
        description=description,
        arguments=arguments,
        result=result,
        call=call,
    )


ACCOUNT_EXTRAS = (
    _extra(
        "list_outcome_positions",
        "Outcome positions",
        "Own shares with profit, and which can be redeemed or merged.",
        ListPositions,
        PositionList,
        _positions,
    ),
    _extra(
        "list_activity",
        "Activity",
        "What the wallet did on the chain: trades, splits, merges, redemptions, rewards, deposits.",
        ListActivity,
        Activity,
        _activity,
    ),
    _extra(
        "list_allowances",
        "Allowances",
        "Balance of pUSD, and how much of it each of the venue's contracts may take.",
        ListAllowances,
        Allowances,
        _allowances,
    ),
)
