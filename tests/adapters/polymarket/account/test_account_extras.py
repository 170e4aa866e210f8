"""The tools for one's own account: redeemable shares, activity, allowances; all of them only read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from polymarket_doubled import connected
from polymarket_trader import FED

from venuekit.adapter import InvalidValue
from venuekit_doubles.polymarket import PolymarketDouble
from venuekit_polymarket.account_extras import ACCOUNT_EXTRAS, ListActivity, ListAllowances, ListPositions
from venuekit_polymarket.adapter import PolymarketVenue

pytestmark = pytest.mark.anyio
D = Decimal
CALLS = {extra.name: extra.call for extra in ACCOUNT_EXTRAS}


async def _positions(venue: PolymarketVenue, **asked: bool):
    return await CALLS["list_outcome_positions"](venue, ListPositions(**asked))


async def test_shares_of_a_resolved_market_are_told_as_redeemable_with_what_they_bring(
    double: PolymarketDouble,
) -> None:
    wallet, market = double.account.wallet, double.market(FED)
    for token in market.tokens:
        double.give(wallet, "10", token)
    async with connected(double, double.account) as venue:
        open_ = await _positions(venue)
        assert [(p.redeemable, p.mergeable) for p in open_.positions] == [(False, True), (False, True)]
        assert open_.redeemable_value == 0
        double.resolve(FED, "1")
        resolved = await _positions(venue, redeemable_only=True)
        assert resolved.redeemable_value == 10
        assert [(str(p.outcome.text), p.current_price, p.redeemable) for p in resolved.positions] == [
            ("Yes", D(1), True),
            ("No", D(0), True),
        ]


async def test_allowances_are_told_by_contract_in_pusd(double: PolymarketDouble) -> None:
    async with connected(double, double.account) as venue:
        told = await CALLS["list_allowances"](venue, ListAllowances())
    assert (told.wallet, told.balance) == (double.account.wallet, D(100_000))
    assert {row.contract for row in told.allowances} >= {"exchange", "negative-risk exchange", "exchange v3"}
    assert all(row.allowance is None for row in told.allowances), "the largest number stands for any amount"


async def test_activity_is_told_newest_first_within_its_limit(double: PolymarketDouble) -> None:
    wallet, market, ledger = double.account.wallet, double.market(FED), double.venue.clob.ledger
    for number in range(3):
        double.do(lambda n=number: ledger.split(wallet, market, 1_000_000 * (n + 1), (1_800_000_000 + n) * 10**9))
    async with connected(double, double.account) as venue:
        told = await CALLS["list_activity"](venue, ListActivity(limit=2))
        assert [(row.kind, row.amount) for row in told.activity] == [("SPLIT", D(3)), ("SPLIT", D(2))]
        for limit in (0, 101):
            with pytest.raises(InvalidValue):
                await CALLS["list_activity"](venue, ListActivity(limit=limit))


def test_no_tool_of_the_account_changes_anything() -> None:
    assert not any(extra.mutates for extra in ACCOUNT_EXTRAS)
