"""Two-outcome markets: shares, minting and merging pairs, resolution."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, NO, SELL, YES, Opener, again, balance, everything, limit, market

from venuekit.adapter import (
    Channel,
    InstrumentEvent,
    InstrumentNotTrading,
    InstrumentStatus,
    InsufficientFunds,
    InvalidSize,
    InvalidValue,
    NotReducing,
    OrderStatus,
    Position,
    TransferKind,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def shares(venue: PaperVenue) -> dict[str, Position]:
    return {p.instrument: p for p in await venue.positions()}


async def test_shares_are_bought_for_price_and_fee_and_sold_again(venue: PaperVenue) -> None:
    before = (await balance(venue)).total
    bought = await venue.submit(market(BUY, "100", instrument=YES))
    assert bought.average_price is not None
    assert (await balance(venue)).total == before - 100 * bought.average_price - bought.fees
    assert (await shares(venue))[YES].size == 100
    sold = await venue.submit(market(SELL, "100", instrument=YES))
    assert sold.status is OrderStatus.FILLED
    assert (await shares(venue))[YES].size == 0


async def test_shares_that_are_not_owned_cannot_be_sold(venue: PaperVenue) -> None:
    with pytest.raises(InsufficientFunds):
        await venue.submit(market(SELL, "10", instrument=NO))
    with pytest.raises(NotReducing):
        await venue.submit(market(SELL, "10", instrument=NO, reduce_only=True))
    await venue.submit(market(BUY, "10", instrument=NO))
    assert (await venue.submit(market(SELL, "10", instrument=NO, reduce_only=True))).status is OrderStatus.FILLED


async def test_one_unit_of_quote_mints_one_share_of_each_outcome_and_merging_undoes_it(venue: PaperVenue) -> None:
    before = await venue.balances()
    await venue.mint(YES, D(250))
    assert (await balance(venue)).total == 10_000_000 - 250
    assert {name: p.size for name, p in (await shares(venue)).items()} == {YES: 250, NO: 250}
    await venue.merge(NO, D(250))
    assert await venue.balances() == before
    kinds = [t.kind for t in (await venue.transfers(limit=2)).items]
    assert kinds == [TransferKind.MERGE, TransferKind.MINT]


async def test_minting_needs_the_money_and_merging_both_shares(opened: Opener) -> None:
    venue = await opened(initial_balances={"USD": D(100)})
    before = await everything(venue)
    with pytest.raises(InsufficientFunds):
        await venue.mint(YES, D(101))
    with pytest.raises(InsufficientFunds):
        await venue.merge(YES, D(1))
    assert await everything(venue) == before
    await venue.mint(YES, D(100))
    await venue.submit(limit(SELL, "60", "0.9", instrument=NO))
    with pytest.raises(InsufficientFunds):
        await venue.merge(YES, D(50))  # sixty of the NO shares are held by the order
    await venue.merge(YES, D(40))


@pytest.mark.parametrize("size", ["0.001", "0.5", "1000001"])
async def test_pairs_are_whole_lots_within_bounds(venue: PaperVenue, size: str) -> None:
    with pytest.raises(InvalidSize) as caught:
        await venue.mint(YES, D(size))
    assert caught.value.field == "size"


async def test_only_outcomes_are_minted_merged_and_resolved(venue: PaperVenue) -> None:
    for call in (venue.mint(BTC, D(1)), venue.merge(BTC, D(1)), venue.resolve(BTC, D(1))):
        with pytest.raises(InvalidValue) as caught:
            await call
        assert caught.value.field == "instrument"


async def test_resolution_pays_each_share_cancels_orders_and_ends_trading(venue: PaperVenue) -> None:
    await venue.mint(YES, D(100))
    resting = await venue.submit(limit(SELL, "40", "0.9", instrument=YES))
    other = await venue.submit(limit(BUY, "10", "0.1", instrument=NO))
    await venue.resolve(YES, D(1))
    assert (await balance(venue)).total == 10_000_000
    assert (await balance(venue)).held == 0
    for order in (resting, other):
        assert (await again(venue, order)).status is OrderStatus.CANCELED
    paid = [(t.kind, t.instrument, t.amount) for t in (await venue.transfers(limit=2)).items]
    assert (TransferKind.RESOLUTION, YES, D(100)) in paid
    for name in (YES, NO):
        assert (await venue.instrument(name)).status is InstrumentStatus.RESOLVED
        with pytest.raises(InstrumentNotTrading):
            await venue.submit(limit(BUY, "10", "0.5", instrument=name))
    with pytest.raises(InstrumentNotTrading):
        await venue.resolve(NO, D(0))
    with pytest.raises(InstrumentNotTrading):
        await venue.mint(YES, D(1))


async def test_a_resolved_market_stays_still_while_the_others_move(venue: PaperVenue) -> None:
    await venue.resolve(YES, D(0))
    await venue.advance(30)
    assert not (await venue.order_book(YES)).bids
    assert (await venue.order_book(BTC)).bids


async def test_a_split_resolution_pays_both_sides(venue: PaperVenue) -> None:
    await venue.mint(YES, D(100))
    await venue.submit(market(SELL, "100", instrument=NO))
    cash = (await balance(venue)).total
    await venue.resolve(YES, D("0.25"))
    assert (await balance(venue)).total == cash + 25


@pytest.mark.parametrize("payout", ["-0.1", "1.1", "0.00001"])
async def test_a_payout_beyond_a_share_is_refused(venue: PaperVenue, payout: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        await venue.resolve(YES, D(payout))
    assert caught.value.field == "payout"
    assert (await venue.instrument(YES)).status is InstrumentStatus.TRADING


async def test_resolution_is_told_on_the_status_channel_with_its_payout(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.STATUS, [YES, NO])
    await anext(stream)
    await venue.resolve(YES, D(1))
    told = [await anext(stream), await anext(stream)]
    assert [(e.instrument, e.payout) for e in told if isinstance(e, InstrumentEvent)] == [(YES, "1"), (NO, "0")]
    await stream.aclose()


async def test_no_pair_of_quotes_gives_money_away_and_the_two_prices_add_up_to_one(venue: PaperVenue) -> None:
    for _ in range(80):
        await venue.advance(2)
        yes, no = await venue.tickers([YES, NO])
        assert None not in (yes.bid, yes.ask, no.bid, no.ask)
        assert yes.bid + no.bid <= 1 <= yes.ask + no.ask  # type: ignore[operator]
        assert abs(yes.mid + no.mid - 1) <= D("0.02")  # type: ignore[operator]
        assert D("0.01") <= yes.bid < yes.ask <= D("0.99")  # type: ignore[operator]
