"""The venue's answer to an order: taken, matched, refused, or nothing that can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import ZERO, Side, VenueDown, VenuekitError
from venuekit_polymarket.errors import refusal
from venuekit_polymarket.reading import number, text

#: It stands in the answer as an error, of an order that was taken.
_LATER = "order match delayed"


@attrs.frozen(kw_only=True)
class Placed:
    """`taken` with what of it has traded at once; or `refused`; or neither, when the answer does not say."""

    taken: bool = False
    refused: VenuekitError | None = None
    delayed: bool = False
    shares: Decimal = ZERO
    money: Decimal = ZERO
    #: It was matched, and the answer says how much of it.
    matched: bool = False


def read_placed(body: Any, order_id: str, side: Side) -> Placed:
    """The answer about one order, whose id is known. ``success: true`` with an error and no id is a refusal."""
    if not isinstance(body, Mapping):
        return Placed()
    error, theirs, status = text(body, "errorMsg"), text(body, "orderID"), text(body, "status").lower()
    if error and not theirs and _LATER not in error:
        return Placed(refused=refusal(body, what="the order"))
    if body.get("success") is False and not theirs:
        return Placed(refused=refusal(body, what="the order"))
    if theirs != order_id or error or status not in ("live", "matched", "delayed"):
        return Placed()
    try:
        gives, gets = number(body, "makingAmount"), number(body, "takingAmount")
    except VenueDown:
        return Placed()
    shares, money = (gets, gives) if side is Side.BUY else (gives, gets)
    if status == "matched" and (shares <= 0 or money <= 0):
        return Placed()
    return Placed(taken=True, delayed=status == "delayed", shares=shares, money=money, matched=shares > 0)
