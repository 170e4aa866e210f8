"""The venue's own tools that change something on the chain: splitting, merging and redeeming shares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.adapter import Explained, Extra, Untrusted
from venuekit_polymarket.discovery_rows import doc
from venuekit_polymarket.transactions import Act

if TYPE_CHECKING:  # aiohttp behind it is large
    from venuekit_polymarket.adapter import PolymarketVenue
    from venuekit_polymarket.pairs import Done

_MARKET = "A slug or condition id, or one of the market's outcomes."
#: Beyond what a transaction is waited for: asking before and after it.
_PATIENCE = 180.0


@attrs.frozen(kw_only=True)
class SplitPosition:
    """How much collateral."""

    market: str = attrs.field(metadata=doc(_MARKET))
    amount: Decimal = attrs.field(
        metadata=doc("pUSD, 6 decimal places at most: it becomes as many shares of each outcome.")
    )


@attrs.frozen(kw_only=True)
class MergePositions:
    """How many shares."""

    market: str = attrs.field(metadata=doc(_MARKET))
    amount: Decimal = attrs.field(
        metadata=doc("Shares of each outcome, 6 decimal places at most: they become as much pUSD.")
    )


@attrs.frozen(kw_only=True)
class RedeemPositions:
    """Of which market: all shares go."""

    market: str = attrs.field(metadata=doc(f"{_MARKET} It must be resolved."))


@attrs.frozen(kw_only=True)
class AssetChange:
    """What happened to one asset of the wallet."""

    asset: str = attrs.field(metadata=doc("pUSD, or an outcome's token id."))
    outcome: Untrusted | None = attrs.field(metadata=doc("The outcome's label; null for pUSD."))
    change: Decimal | None = attrs.field(metadata=doc("What came, or went when negative; null if it cannot be read."))
    balance: Decimal | None = attrs.field(metadata=doc("What there is now; null if it cannot be read."))


@attrs.frozen(kw_only=True)
class Transaction:
    """A transaction that the chain has confirmed."""

    state: str = attrs.field(metadata=doc("CONFIRMED."))
    market: str = attrs.field(metadata=doc("The market's slug."))
    transaction_hash: str = attrs.field(metadata=doc("Its hash on Polygon."))
    relayer_id: str = attrs.field(metadata=doc("The relayer's id of it; empty where the key's own address sent it."))
    changes: Sequence[AssetChange] = attrs.field(metadata=doc("pUSD, and both outcomes."))


def _told(done: Done) -> Transaction:
    return Transaction(
        state="CONFIRMED",
        market=done.market,
        transaction_hash=done.sent.hash,
        relayer_id=done.sent.relayer_id,
        changes=[
            AssetChange(
                asset=change.asset,
                outcome=Untrusted(change.outcome, 60) if change.outcome else None,
                change=change.amount,
                balance=change.balance,
            )
            for change in done.changes
        ],
    )


def _amount(asked: Any) -> Decimal | None:
    return getattr(asked, "amount", None)


def _explain(act: Act) -> Callable[[PolymarketVenue, Any], Awaitable[Explained]]:
    async def explain(venue: PolymarketVenue, asked: Any) -> Explained:
        return await venue.pairs.explain(act, asked.market, _amount(asked))

    return explain


def _prepare(act: Act) -> Callable[[PolymarketVenue, Any, str], Awaitable[Mapping[str, str]]]:
    async def prepare(venue: PolymarketVenue, asked: Any, action_id: str) -> Mapping[str, str]:
        return await venue.pairs.prepare(act, asked.market, _amount(asked), action_id)

    return prepare


async def _call(venue: PolymarketVenue, _: Any, reference: Mapping[str, str]) -> Transaction:
    return _told(await venue.pairs.do(reference))


async def _find_out(venue: PolymarketVenue, _: Any, reference: Mapping[str, str]) -> Transaction | None:
    done = await venue.pairs.find_out(reference)
    return None if done is None else _told(done)


def _extra(act: Act, name: str, title: str, description: str, arguments: type[Any]) -> Extra:
    return Extra(
        name=name,
        toolset="positions",
        title=title,
        description=description,
        arguments=arguments,
        result=Transaction,
        call=_call,
        mutates=True,
        explain=_explain(act),
        prepare=_prepare(act),
        find_out=_find_out,
        patience_seconds=_PATIENCE,
    )


PAIR_EXTRAS = (
    _extra(
        Act.SPLIT,
        "split_position",
        "Split collateral",
        "Turn pUSD into as many shares of each outcome of a market, on the chain.",
        SplitPosition,
    ),
    _extra(
        Act.MERGE,
        "merge_positions",
        "Merge shares",
        "Turn as many shares of each outcome of a market into pUSD, on the chain. Only settled shares that are in no "
        "open order count.",
        MergePositions,
    ),
    _extra(
        Act.REDEEM,
        "redeem_positions",
        "Redeem shares",
        "Turn every share of a resolved market into what it pays, on the chain; those that pay nothing are gone.",
        RedeemPositions,
    ),
)
