"""The venue's sentences as errors with the next step, and what of them may be shown."""

from __future__ import annotations

import pytest

from venuekit.adapter import (
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    NoLiquidity,
    PostOnlyWouldCross,
    Rejected,
    UnknownInstrument,
    UnknownOrder,
    VenuekitError,
    VenuePermission,
)
from venuekit_polymarket.errors import MEANINGS, refusal, text_of

#: As the venue writes them (its error page, and clients' threads).
SENTENCES: list[tuple[str, type[VenuekitError], str]] = [
    ("Invalid order payload", Rejected, "PAYLOAD"),
    ("the order owner has to be the owner of the API KEY", VenuePermission, "WRONG_OWNER"),
    ("the order signer address has to be the address of the API KEY", VenuePermission, "WRONG_SIGNER"),
    ("'0x5a66f4Cb7A60f7F3f2E5D2a3B9c0b1f0e0d0c0b0' address banned", VenuePermission, "BANNED"),
    ("'0x5a66f4Cb7A60f7F3f2E5D2a3B9c0b1f0e0d0c0b0' address in closed only mode", VenuePermission, "CLOSED_ONLY"),
    ("invalid signature", VenuePermission, "INVALID_SIGNATURE"),
    ("invalid POLY_PROXY signature", VenuePermission, "INVALID_SIGNATURE"),
    ("order 0x12 is invalid. Price (0.505) breaks minimum tick size rule: 0.01", InvalidPrice, "TICK_SIZE"),
    ("order 0x12 is invalid. Size (1) lower than the minimum: 5", InvalidSize, "MIN_SIZE"),
    ("order 0x12 is invalid. Duplicated.", Rejected, "DUPLICATED"),
    ("order 0x12 crosses the book", PostOnlyWouldCross, "POST_ONLY_CROSSES"),
    ("invalid post-only order: order crosses book", PostOnlyWouldCross, "POST_ONLY_CROSSES"),
    ("not enough balance / allowance", InsufficientFunds, "NOT_ENOUGH_BALANCE_OR_ALLOWANCE"),
    (
        "not enough balance / allowance: the balance is not enough -> balance: 0, order amount: 5000000",
        InsufficientFunds,
        "NOT_ENOUGH_BALANCE_OR_ALLOWANCE",
    ),
    ("invalid expiration", InvalidValue, "EXPIRATION"),
    ("invalid nonce", Rejected, "NONCE"),
    ("order couldn't be fully filled. FOK orders are fully filled or killed.", NoLiquidity, "FOK_NOT_FILLED"),
    ("no orders found to match with FAK order. FAK orders are partially filled or killed", NoLiquidity, "NO_MATCH"),
    ("the market is not yet ready to process new orders", InstrumentNotTrading, "NOT_READY"),
    (
        "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals",
        InvalidSize,
        "AMOUNT_DECIMALS",
    ),
    ("the trade contains rounding issues", InvalidSize, "AMOUNT_DECIMALS"),
    ("invalid amount for a marketable BUY order ($0.5), min size: $1", InvalidSize, "MIN_NOTIONAL"),
    ("Too many orders in payload: 16, max allowed: 15", InvalidValue, "BATCH_SIZE"),
    ("Invalid orderID", UnknownOrder, "UNKNOWN_ORDER"),
    ("Invalid token id", UnknownInstrument, "UNKNOWN_TOKEN"),
    ("No orderbook exists for the requested token id", UnknownInstrument, "UNKNOWN_TOKEN"),
    ("market not found", UnknownInstrument, "UNKNOWN_TOKEN"),
    ("Unauthorized/Invalid api key", VenuePermission, "INVALID_KEY"),
    ("Invalid L1 Request headers", VenuePermission, "INVALID_KEY"),
    ("invalid order version, please use the latest clob-client", Rejected, "ORDER_VERSION_MISMATCH"),
    ("order_version_mismatch", Rejected, "ORDER_VERSION_MISMATCH"),
    ("Trading is currently disabled. Please try again later", InstrumentNotTrading, "TRADING_DISABLED"),
    ("Trading is currently cancel-only. New orders are not accepted", InstrumentNotTrading, "CANCEL_ONLY_MODE"),
]


@pytest.mark.parametrize(("words", "kind", "code"), SENTENCES)
def test_a_sentence_is_an_error_with_the_next_step(words: str, kind: type[VenuekitError], code: str) -> None:
    for body in ({"error": words}, {"errorMsg": words, "success": True}, {"error_msg": words}, words):
        error = refusal(body, what="the order")
        assert type(error) is kind
        assert error.details["venue_code"] == code
        assert words.rstrip(".") in error.message
        assert error.fix or code == "PAYLOAD"


def test_every_meaning_has_a_sentence() -> None:
    assert {code for _, _, code in SENTENCES} | {"POST_ONLY_MODE", "PRICE_BOUNDS"} == {m.code for m in MEANINGS}


def test_what_is_not_known_is_kept_word_for_word_and_bounded() -> None:
    error = refusal({"error": "something\nnew " + "x" * 900}, what="the order")
    assert type(error) is Rejected
    assert "something new" in error.message
    assert len(error.message) < 400
    assert refusal({}, what="the order", status=400).details["venue_code"] == "UNKNOWN"
    assert "HTTP 400" in refusal(None, what="the order", status=400).message


@pytest.mark.parametrize("secret", ["0x" + "ab" * 65, "3Qp9ykqHhXnD8bC1xYzVtR4wLmKjF7sA2eGhUiOpQrE=", "_" * 43 + "="])
def test_what_looks_like_a_signature_or_a_secret_is_not_repeated(secret: str) -> None:
    assert secret not in text_of({"error": f"bad signature {secret} for it"})
    order = "0x" + "cd" * 32
    assert order in text_of({"error": f"order {order} is invalid"})


def test_a_401_in_other_words_is_about_the_key_and_a_code_says_what_words_do_not() -> None:
    error = refusal({"error": "who are you"}, what="the order", status=401)
    assert type(error) is VenuePermission
    assert error.details["venue_code"] == "INVALID_KEY"
    waits = refusal({"code": "post_only_mode", "retry_after_seconds": 79}, what="the order", status=503)
    assert (type(waits), waits.details["venue_code"]) == (InstrumentNotTrading, "POST_ONLY_MODE")
