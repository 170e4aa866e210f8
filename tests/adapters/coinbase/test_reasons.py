"""Every reason of a refusal becomes one of our errors with what to do; one that is not known stays word for word."""

from __future__ import annotations

import pytest
from documented_reasons import DOCUMENTED, NO_REASON

from venuekit.adapter import InsufficientFunds, PostOnlyWouldCross, Rejected, UsageError, VenuekitError
from venuekit_coinbase.errors import reason_in, refusal
from venuekit_coinbase.reasons import _TABLE, REASONS


@pytest.mark.parametrize("prefix", ["", "PREVIEW_"])
@pytest.mark.parametrize("reason", REASONS)
def test_a_documented_reason_has_its_error_and_is_named(reason: str, prefix: str) -> None:
    kind, field, fix = REASONS[reason]
    error = refusal({"error": prefix + reason, "message": "words"}, what="the order")
    assert type(error) is kind
    assert error.field == field
    assert error.details["venue_code"] == reason
    assert reason in error.message
    assert "(words)" in error.message
    assert error.fix
    assert not fix or error.fix == fix
    assert isinstance(error, Rejected | UsageError)


@pytest.mark.parametrize("request_", DOCUMENTED)
def test_every_reason_that_the_venue_documents_has_its_error(request_: str) -> None:
    assert [reason for reason in DOCUMENTED[request_] if reason not in REASONS] == []


def test_a_reason_has_one_meaning() -> None:
    named = [reason for *_, reasons in _TABLE for reason in reasons.split()]
    assert len(named) == len(set(named)) == len(REASONS)


@pytest.mark.parametrize("word", NO_REASON.split())
def test_words_that_say_that_there_is_no_reason_are_none(word: str) -> None:
    for name in ("new_order_failure_reason", "error", "preview_failure_reason", "failure_reason"):
        assert reason_in({name: word}) == ""


@pytest.mark.parametrize("name", ["new_order_failure_reason", "error", "preview_failure_reason", "edit_failure_reason"])
def test_the_reason_is_found_wherever_it_stands(name: str) -> None:
    body = {"failure_reason": "UNKNOWN_FAILURE_REASON", "error": "UNKNOWN_FAILURE_REASON", name: "INSUFFICIENT_FUND"}
    assert isinstance(refusal(body, what="the order"), InsufficientFunds)


def test_post_only_is_told_from_other_prices() -> None:
    assert isinstance(
        refusal({"preview_failure_reason": "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"}, what="it"), PostOnlyWouldCross
    )


def test_an_unknown_reason_is_kept_word_for_word() -> None:
    error = refusal({"error": "THE_MOON_IS_FULL", "error_details": "come back"}, what="the order")
    assert type(error) is Rejected
    assert error.details["venue_code"] == "THE_MOON_IS_FULL"
    assert error.message == "Coinbase refused the order: THE_MOON_IS_FULL (come back)."


@pytest.mark.parametrize(
    "body", [{}, {"error": None, "message": None}, {"error": "UNKNOWN_FAILURE_REASON"}, {"error": 7}]
)
def test_a_refusal_without_a_reason_is_one_still(body: dict[str, object]) -> None:
    assert isinstance(refusal(body, what="the order"), VenuekitError)
    assert reason_in({}) == ""


def test_text_is_bounded_and_tokens_and_keys_are_taken_out() -> None:
    token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJrIn0.c2lnbmF0dXJl"
    pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
    error = refusal({"error": f"BAD_{token}", "message": f"{token} {pem} " + "x" * 5000}, what="the order")
    assert "eyJ" not in str(error.details) + error.message
    assert "MHcCAQEE" not in error.message
    assert len(error.message) < 800
