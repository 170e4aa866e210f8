"""The venue's words for orders, and ours: types, times that have a minute more, and states in a dozen spellings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import NANOS, MarketOrder, OrderStatus, Side, TimeInForce
from venuekit_polymarket.order_words import expiration, expires_at_ns, state, time_in_force, venue_type

D = Decimal
S = OrderStatus


@pytest.mark.parametrize(
    ("ends_ns", "told"), [(None, 0), (1, 61), (NANOS, 61), (NANOS + 1, 62), (90 * NANOS, 150), (90 * NANOS - 1, 150)]
)
def test_an_end_is_told_in_whole_seconds_never_too_early_and_a_minute_later(ends_ns: int | None, told: int) -> None:
    assert expiration(ends_ns) == told


@pytest.mark.parametrize(
    ("written", "ends_ns"),
    [
        ("1700000060", 1_700_000_000 * NANOS),
        (1700000060, 1_700_000_000 * NANOS),
        ("1700000060000", 1_700_000_000 * NANOS),
        ("0", None),
        ("", None),
        (None, None),
    ],
)
def test_an_end_is_read_in_seconds_or_milliseconds_and_is_a_minute_earlier(
    written: object, ends_ns: int | None
) -> None:
    assert expires_at_ns({"expiration": written}) == ends_ns


@pytest.mark.parametrize(("tif", "word"), [(TimeInForce.IOC, "FAK"), (TimeInForce.FOK, "FOK")])
def test_what_takes_what_there_is_and_what_takes_all_or_nothing_are_two_words(tif: TimeInForce, word: str) -> None:
    assert venue_type(MarketOrder(instrument="1", side=Side.BUY, quote_size=D(1), time_in_force=tif)) == word
    assert time_in_force(word.lower()) is tif


@pytest.mark.parametrize(
    ("word", "filled", "status", "code"),
    [
        ("LIVE", "0", S.OPEN, None),
        ("ORDER_STATUS_LIVE", "3", S.PARTIALLY_FILLED, None),
        ("MATCHED", "10", S.FILLED, None),
        ("matched", "3", S.PARTIALLY_FILLED, None),
        ("DELAYED", "0", S.OPEN, "DELAYED"),
        ("UNMATCHED", "0", S.OPEN, None),
        ("CANCELED", "3", S.CANCELED, None),
        ("CANCELLED", "0", S.CANCELED, None),
        ("CANCELED_EXPIRED_ORDER", "0", S.EXPIRED, "EXPIRED_ORDER"),
        ("CANCELED_ORDER_TIMED_OUT", "0", S.EXPIRED, "ORDER_TIMED_OUT"),
        ("CANCELED_NOT_ENOUGH_BALANCE", "0", S.CANCELED, "NOT_ENOUGH_BALANCE"),
        ("CANCELED_order couldn't be fully filled", "0", S.CANCELED, "NO_LIQUIDITY"),
        ("INVALID", "0", S.REJECTED, "INVALID"),
        ("INVALID", "3", S.CANCELED, "INVALID"),
        ("SOMETHING_NEW", "0", S.OPEN, None),
    ],
)
def test_a_word_is_a_state_and_one_that_nobody_knows_ends_nothing(
    word: str, filled: str, status: OrderStatus, code: str | None
) -> None:
    found = state(word, D(filled), D(10))
    assert (found.status, found.code) == (status, code)
