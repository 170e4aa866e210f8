"""Amounts: exact for every tick, never worse than the limit, and never another order than was asked for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.adapter import InvalidPrice, InvalidSize, Side, VenuekitError, is_multiple
from venuekit_polymarket.amounts import FINEST, TICKS, Amounts, bottom, buying, reach, resting, selling

D = Decimal
MILLION = D(1_000_000)
#: Decimals of the money of an order that rests, by its tick: the venue takes no more (official client 0.14).
MONEY_DECIMALS = {D("0.1"): 3, D("0.01"): 4, D("0.005"): 5, D("0.0025"): 6, D("0.001"): 5, D("0.0001"): 6}


@st.composite
def on_tick(draw: st.DrawFn) -> tuple[Decimal, Decimal]:
    """A tick, and a price on it."""
    tick = draw(st.sampled_from(TICKS))
    return tick, tick * draw(st.integers(1, int(1 / tick) - 1))


hundredths = st.integers(1, 100_000_000).map(lambda n: D(n).scaleb(-2))


@given(on_tick(), hundredths, st.sampled_from(Side))
def test_a_resting_order_is_for_its_shares_at_its_price_to_the_last_digit(
    at: tuple[Decimal, Decimal], size: Decimal, side: Side
) -> None:
    tick, price = at
    amounts = resting(side, price, size, tick)
    money, shares = (amounts.maker, amounts.taker) if side is Side.BUY else (amounts.taker, amounts.maker)
    assert D(shares) / MILLION == size
    assert D(money) / MILLION == price * size
    assert is_multiple(D(money) / MILLION, D(1).scaleb(-MONEY_DECIMALS[tick])), "more decimals than the venue takes"


def _cents(amounts: Amounts) -> None:
    assert amounts.maker % 10_000 == 0, "what is given has more than two decimals"
    assert amounts.taker % 100 == 0, "what is got has more than four decimals"


@given(on_tick(), hundredths)
def test_a_purchase_at_once_lets_an_ask_at_its_limit_match_and_none_above(
    at: tuple[Decimal, Decimal], spend: Decimal
) -> None:
    tick, limit = at
    try:
        amounts = buying(spend, limit, tick)
    except InvalidSize as error:
        [nearest] = error.details["nearest"]  # type: ignore[misc]
        amounts = buying(spend := D(str(nearest)), limit, tick)
    _cents(amounts)
    spent, least = D(amounts.maker) / MILLION, D(amounts.taker) / MILLION
    assert spent == spend
    assert spent / least >= limit, "an ask at the limit could not be bought"
    assert spent < least * (limit + FINEST), "an ask above the limit could be bought"
    assert reach(spent, least) == limit


@given(on_tick(), hundredths)
def test_a_sale_at_once_lets_a_bid_at_its_limit_match_and_none_below(
    at: tuple[Decimal, Decimal], size: Decimal
) -> None:
    tick, limit = at
    try:
        amounts = selling(size, limit, tick)
    except InvalidSize as error:
        [nearest] = error.details["nearest"]  # type: ignore[misc]
        amounts = selling(size := D(str(nearest)), limit, tick)
    _cents(amounts)
    sold, least = D(amounts.maker) / MILLION, D(amounts.taker) / MILLION
    assert sold == size
    assert least / sold <= limit, "a bid at the limit could not be sold to"
    assert least > sold * (limit - FINEST), "a bid below the limit could be sold to"
    assert bottom(sold, least) == limit


def test_a_sale_on_the_finest_tick_is_not_refused_for_digits_that_nobody_counts() -> None:
    """0.5610 for 1.01 shares are 0.55544 each: no price of the venue lies between that and the limit."""
    amounts = selling(D("1.01"), D("0.5555"), D("0.0001"))
    assert amounts == Amounts(maker=1_010_000, taker=561_000)


def test_a_sale_that_brings_nothing_that_can_be_counted_names_one_that_does() -> None:
    with pytest.raises(InvalidSize) as caught:
        selling(D("0.01"), D("0.0001"), D("0.0001"))
    assert caught.value.details["nearest"] == ["1.00"]


@pytest.mark.parametrize("size", ["0", "-1"])
def test_nothing_is_no_size(size: str) -> None:
    with pytest.raises(InvalidSize) as caught:
        resting(Side.BUY, D("0.5"), D(size), D("0.01"))
    assert caught.value.details["nearest"] == ["0.01"]


def test_the_purchase_that_was_never_filled_for_a_month_reaches_its_ask() -> None:
    """One dollar at 0.07: shares rounded up make the limit 0.069996, and two orders of three were killed."""
    amounts = buying(D(1), D("0.07"), D("0.01"))
    assert amounts == Amounts(maker=1_000_000, taker=14_285_700)


def test_money_on_a_fine_tick_gets_no_more_than_four_decimals() -> None:
    assert buying(D("9.98"), D("0.985"), D("0.001")).taker == 10_131_900


@pytest.mark.parametrize(
    ("size", "nearest"), [("10.019", ["10.01", "10.02"]), ("0.001", ["0.01"]), ("5.000001", ["5", "5.01"])]
)
def test_a_size_that_the_venue_cannot_count_names_its_neighbours_instead_of_being_rounded(
    size: str, nearest: list[str]
) -> None:
    with pytest.raises(InvalidSize) as caught:
        resting(Side.BUY, D("0.5"), D(size), D("0.01"))
    assert [D(str(n)) for n in caught.value.details["nearest"]] == [D(n) for n in nearest]  # type: ignore[union-attr]
    assert caught.value.field == "size"


@pytest.mark.parametrize(
    ("tick", "price", "nearest"),
    [
        ("0.01", "0.565", ["0.56", "0.57"]),
        ("0.0025", "0.5", None),
        ("0.005", "0.0025", ["0.005"]),
        ("0.1", "0.95", ["0.9"]),
        ("0.001", "1", ["0.999"]),
        ("0.0001", "0.99995", ["0.9999"]),
    ],
)
def test_prices_go_from_one_tick_to_one_less_a_tick(tick: str, price: str, nearest: list[str] | None) -> None:
    if nearest is None:
        assert resting(Side.SELL, D(price), D(1), D(tick)) == Amounts(maker=1_000_000, taker=500_000)
        return
    with pytest.raises(InvalidPrice) as caught:
        resting(Side.SELL, D(price), D(1), D(tick))
    assert (caught.value.details["nearest"], caught.value.field) == (nearest, "price")


@given(st.sampled_from(TICKS), st.decimals(D("0.0001"), D("0.9999"), places=6), hundredths)
def test_no_price_is_moved_unannounced(tick: Decimal, price: Decimal, size: Decimal) -> None:
    try:
        amounts = resting(Side.BUY, price, size, tick)
    except VenuekitError:
        return
    assert D(amounts.maker) / D(amounts.taker) == price
