"""Answers to one order, as the venue writes them: taken, refused, or nothing that may be relied on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from venuekit.adapter import InsufficientFunds, Rejected, Side
from venuekit_polymarket.placed import Placed, read_placed

D = Decimal
ID, OTHER = "0x" + "1" * 64, "0x" + "2" * 64
LATER = "order match delayed due to market conditions"
LIVE = {"success": True, "errorMsg": "", "orderID": ID, "status": "live", "makingAmount": "", "takingAmount": ""}
MATCHED = {**LIVE, "status": "matched", "makingAmount": "5.7", "takingAmount": "10"}


def test_a_live_order_rests_and_a_matched_one_has_traded() -> None:
    assert read_placed(LIVE, ID, Side.BUY) == Placed(taken=True)
    assert read_placed(MATCHED, ID, Side.BUY) == Placed(taken=True, shares=D(10), money=D("5.7"), matched=True)
    assert read_placed({**MATCHED, "status": "MATCHED"}, ID, Side.SELL) == Placed(
        taken=True, shares=D("5.7"), money=D(10), matched=True
    )


def test_a_delayed_order_is_taken_and_says_so() -> None:
    assert read_placed({**LIVE, "status": "delayed"}, ID, Side.BUY) == Placed(taken=True, delayed=True)


@pytest.mark.parametrize("success", [True, False])
def test_an_error_without_an_id_is_a_refusal_whatever_is_called_a_success(success: bool) -> None:
    body = {"success": success, "errorMsg": "not enough balance / allowance", "orderID": "", "status": ""}
    assert isinstance(read_placed(body, ID, Side.BUY).refused, InsufficientFunds)
    assert isinstance(read_placed({"success": False}, ID, Side.BUY).refused, Rejected)


@pytest.mark.parametrize(
    "body",
    [
        {**LIVE, "orderID": OTHER},
        {**LIVE, "errorMsg": "not enough balance / allowance"},
        {**LIVE, "success": False, "status": ""},
        {**LIVE, "orderID": "", "errorMsg": LATER},
        {**LIVE, "status": "unmatched"},
        {**LIVE, "status": "sleeping"},
        {**MATCHED, "takingAmount": "0"},
        {**MATCHED, "makingAmount": ""},
        {**MATCHED, "makingAmount": "a lot"},
        {"success": True, "orderID": ID},
        {},
        [],
        None,
        "live",
    ],
)
def test_what_could_be_either_is_neither(body: Any) -> None:
    """It is asked for by its id then: a refusal that is believed frees the id, and the order might be there."""
    assert read_placed(body, ID, Side.BUY) == Placed()
