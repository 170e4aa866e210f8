"""From a request to amounts: what trades at once is measured on the book, and goes no further than it must."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from venuekit.adapter import (
    Instrument,
    InstrumentKind,
    InvalidPrice,
    InvalidSize,
    Level,
    LimitOrder,
    MarketOrder,
    NoLiquidity,
    OrderBook,
    OrderRequest,
    Side,
    TimeInForce,
    Unsupported,
)
from venuekit_polymarket.amounts import Amounts
from venuekit_polymarket.plan import amounts_of

pytestmark = pytest.mark.anyio
D = Decimal
TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"


def _instrument(tick: str = "0.01") -> Instrument:
    return Instrument(
        id=TOKEN,
        venue="polymarket",
        kind=InstrumentKind.BINARY_OUTCOME,
        base=TOKEN,
        quote="pUSD",
        tick_size=D(tick),
        lot_size=D("0.01"),
        min_size=D(5),
    )


def _levels(text: str) -> list[Level]:
    pairs = [pair.split("x") for pair in text.split()]
    return [Level(D(price), D(size)) for price, size in pairs]


async def plan(
    request: OrderRequest, *, asks: str = "", bids: str = "", tick: str = "0.01", reach: str = "0.05"
) -> Amounts:
    async def book(_: str) -> OrderBook:
        return OrderBook(
            venue="polymarket", instrument=TOKEN, bids=_levels(bids), asks=_levels(asks), time_ns=1, sequence=None
        )

    return await amounts_of(request, _instrument(tick), book, D(reach))


def limit(side: Side, size: str, price: str, tif: TimeInForce = TimeInForce.IOC, **more: Any) -> LimitOrder:
    return LimitOrder(instrument=TOKEN, side=side, size=D(size), price=D(price), time_in_force=tif, **more)


def market(side: Side, tif: TimeInForce = TimeInForce.IOC, **size: str) -> MarketOrder:
    return MarketOrder(
        instrument=TOKEN,
        side=side,
        time_in_force=tif,
        **{k: D(v) for k, v in size.items()},  # type: ignore[arg-type]
    )


async def test_a_purchase_at_once_spends_what_its_shares_cost_and_not_what_its_limit_would_allow() -> None:
    """The venue spends an amount: 100 shares at a limit of 0.99 would become 198 at 0.50."""
    amounts = await plan(limit(Side.BUY, "100", "0.99"), asks="0.50x1000")
    assert amounts.maker == 50_000_000
    assert D(amounts.maker) / D("0.5") == 100_000_000


async def test_a_purchase_at_once_takes_several_levels_and_none_beyond_its_limit() -> None:
    amounts = await plan(limit(Side.BUY, "30", "0.52"), asks="0.50x10 0.52x10 0.53x100")
    assert amounts.maker == 10_200_000, "10 at 0.50 and 10 at 0.52: the rest is not there"


async def test_a_purchase_that_finds_nobody_within_its_limit_is_not_sent() -> None:
    with pytest.raises(NoLiquidity):
        await plan(limit(Side.BUY, "30", "0.49"), asks="0.50x10")


async def test_a_fraction_of_a_cent_is_left_of_what_is_filled_at_once() -> None:
    amounts = await plan(limit(Side.BUY, "10.01", "0.57"), asks="0.57x100")
    assert amounts.maker == 5_700_000


async def test_all_or_nothing_that_cannot_be_all_names_the_nearest_sizes() -> None:
    with pytest.raises(InvalidSize) as caught:
        await plan(limit(Side.BUY, "10.01", "0.57", TimeInForce.FOK), asks="0.57x100")
    assert caught.value.details["nearest"] == ["10", "11"]


async def test_all_or_nothing_with_too_little_there_is_not_sent() -> None:
    with pytest.raises(NoLiquidity):
        await plan(limit(Side.BUY, "30", "0.60", TimeInForce.FOK), asks="0.50x10 0.61x100")


async def test_all_or_nothing_goes_no_deeper_than_the_book_that_was_seen() -> None:
    amounts = await plan(limit(Side.BUY, "20", "0.60", TimeInForce.FOK), asks="0.50x10 0.51x100")
    assert (amounts.maker, amounts.taker) == (10_100_000, 19_803_900), "at a limit of 0.51, not of 0.60"


async def test_less_than_a_dollar_at_once_is_refused_with_the_rule() -> None:
    for request in (limit(Side.BUY, "1.5", "0.5"), market(Side.BUY, size="1.5"), market(Side.BUY, quote_size="0.99")):
        with pytest.raises(InvalidSize) as caught:
            await plan(request, asks="0.50x100")
        assert caught.value.details["min_notional"] == "1"


async def test_a_sale_of_less_than_a_dollar_is_no_purchase_and_goes() -> None:
    assert await plan(limit(Side.SELL, "1.5", "0.5"), bids="0.5x100") == Amounts(maker=1_500_000, taker=750_000)


async def test_a_market_order_by_money_reaches_the_level_that_it_needs() -> None:
    amounts = await plan(market(Side.BUY, quote_size="10"), asks="0.50x10 0.52x100")
    assert (amounts.maker, amounts.taker) == (10_000_000, 19_230_700), "10 at a limit of 0.52"


async def test_a_market_order_does_not_go_through_a_hole_in_the_book() -> None:
    amounts = await plan(market(Side.BUY, size="100"), asks="0.50x10 0.90x1000")
    assert amounts.maker == 5_000_000, "what is 0.40 beyond the best price is not bought"
    with pytest.raises(NoLiquidity):
        await plan(market(Side.BUY, TimeInForce.FOK, quote_size="10"), asks="0.50x10 0.90x1000")


async def test_a_market_sale_is_for_exactly_its_shares() -> None:
    amounts = await plan(market(Side.SELL, size="20"), bids="0.48x5 0.47x50")
    assert (amounts.maker, amounts.taker) == (20_000_000, 9_400_000)


async def test_a_market_order_on_an_empty_book_is_not_sent() -> None:
    for request in (market(Side.BUY, quote_size="5"), market(Side.SELL, size="5")):
        with pytest.raises(NoLiquidity):
            await plan(request)


async def test_money_is_no_size_of_a_sale_and_cents_are_the_smallest_money() -> None:
    with pytest.raises(Unsupported) as unsupported:
        await plan(market(Side.SELL, quote_size="5"), bids="0.5x100")
    assert unsupported.value.field == "quote_size"
    with pytest.raises(InvalidSize) as caught:
        await plan(market(Side.BUY, quote_size="5.001"), asks="0.5x100")
    assert caught.value.details["nearest"] == ["5", "5.01"]


async def test_a_purchase_at_once_may_still_trade_at_its_limit_when_the_book_has_moved() -> None:
    amounts = await plan(limit(Side.BUY, "10", "0.60"), asks="0.50x1000")
    assert (amounts.maker, amounts.taker) == (5_000_000, 8_333_300), "5.00 at a limit of 0.60"


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
async def test_a_purchase_at_once_between_two_ticks_is_refused_however_it_would_be_priced(tif: TimeInForce) -> None:
    with pytest.raises(InvalidPrice):
        await plan(limit(Side.BUY, "10", "0.605", tif), asks="0.50x1000")


async def test_what_is_exactly_as_far_as_a_market_order_reaches_is_within_it() -> None:
    bought = await plan(market(Side.BUY, size="20"), asks="0.50x10 0.55x10 0.5501x100", tick="0.0001")
    assert (bought.maker, bought.taker) == (10_500_000, 19_090_900)
    sold = await plan(market(Side.SELL, size="20"), bids="0.50x10 0.45x10 0.4499x100", tick="0.0001")
    assert (sold.maker, sold.taker) == (20_000_000, 9_000_000)


async def test_levels_from_before_the_tick_became_coarser_are_reached_from_the_tick_beyond() -> None:
    bought = await plan(market(Side.BUY, quote_size="2"), asks="0.455x100")
    assert (bought.maker, bought.taker) == (2_000_000, 4_347_800), "2.00 at 0.46"
    sold = await plan(market(Side.SELL, size="10"), bids="0.455x100")
    assert (sold.maker, sold.taker) == (10_000_000, 4_500_000), "10 at 0.45"


async def test_no_limit_leaves_the_prices_that_there_are() -> None:
    bought = await plan(market(Side.BUY, quote_size="2"), asks="0.995x100")
    assert bought == Amounts(maker=2_000_000, taker=2_020_200), "at 0.99, and not at 1"
    sold = await plan(market(Side.SELL, size="100"), bids="0.005x100")
    assert sold == Amounts(maker=100_000_000, taker=1_000_000), "at 0.01, and not for nothing"


async def test_exactly_a_dollar_is_enough() -> None:
    for request in (market(Side.BUY, quote_size="1"), market(Side.BUY, size="2"), limit(Side.BUY, "2", "0.5")):
        assert (await plan(request, asks="0.50x100")).maker == 1_000_000


async def test_a_level_that_is_not_needed_is_not_reached_for() -> None:
    for request in (market(Side.BUY, quote_size="5"), market(Side.BUY, size="10")):
        amounts = await plan(request, asks="0.50x10 0.52x100")
        assert (amounts.maker, amounts.taker) == (5_000_000, 10_000_000), "at a limit of 0.50"


async def test_no_size_is_named_that_the_book_does_not_have() -> None:
    with pytest.raises(InvalidSize) as caught:
        await plan(limit(Side.BUY, "10.99", "0.57", TimeInForce.FOK), asks="0.57x10.99")
    assert caught.value.details["nearest"] == ["10"]
