"""Answers are exact, and what a venue says about waiting is heeded within reason."""

from __future__ import annotations

from decimal import Decimal
from email.utils import formatdate

import pytest

from venuekit.adapter import NANOS, OutcomeUnknown, RateLimited, VenueDown
from venuekit_wire.answers import Answer, decode, lost, too_many, wait_seconds
from venuekit_wire.calls import Call, segment

NOW = 1_800_000_000 * NANOS


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (formatdate(NOW / NANOS + 30, usegmt=True), 30.0),
        (formatdate(NOW / NANOS - 5, usegmt=True), 0.0),
        ("soon", 1.0),
        ("-3", 1.0),
        ("99999", 300.0),
        ("", 1.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: float) -> None:
    assert wait_seconds({"Retry-After": said}, NOW) == pytest.approx(seconds)
    assert wait_seconds({"x-reset": said}, NOW, "x-reset") == pytest.approx(seconds)
    assert wait_seconds({"x-reset": said}, NOW) == 1.0


def test_retry_after_goes_before_a_venues_own_header() -> None:
    limited = too_many("Acme", {"Retry-After": "4", "x-reset": "9"}, NOW, "x-reset")
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 4


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (Call("GET", "/orders"), VenueDown),
        (Call("POST", "/orders"), OutcomeUnknown),
        (Call("DELETE", "/orders"), OutcomeUnknown),
        (Call("POST", "/books", asks=True), VenueDown),
    ],
)
def test_losing_an_answer_is_doubt_only_where_something_may_have_changed(call: Call, kind: type) -> None:
    assert type(lost("Acme", call, "it took too long")) is kind


def test_numbers_keep_every_digit() -> None:
    raw = b'{"a": 0.1234567890123456789012345678, "b": 1e-18, "c": 12345678901234567890123}'
    digits = {"a": Decimal("0.1234567890123456789012345678"), "b": Decimal("1e-18"), "c": 12345678901234567890123}
    assert decode(raw) == digits


@pytest.mark.parametrize(("said", "count"), [("7", 7), ("", None), ("many", None), ("-1", None), ("٧", None)])
def test_what_a_header_counts_is_a_whole_number_or_nothing(said: str, count: int | None) -> None:
    assert Answer(200, {}, {"x-left": said}).count("x-left") == count
    assert Answer(200, {}).count("x-left") is None


def test_a_query_has_a_pair_for_each_value_of_a_list_and_none_for_nothing() -> None:
    call = Call("GET", "/x", {"ids": ["a", "b"], "open": True, "none": None, "limit": 5})
    assert call.pairs == [("ids", "a"), ("ids", "b"), ("open", "true"), ("limit", "5")]


def test_a_callers_text_stays_within_its_segment_of_a_path() -> None:
    assert segment("../keys?x=1#é") == "..%2Fkeys%3Fx%3D1%23%C3%A9"


def test_what_is_sent_is_not_shown_in_a_traceback() -> None:
    assert "secret" not in repr(Call("POST", "/x", {}, {"key": "secret"}))
