"""Polymarket's words for orders, and ours: types, and the states that it writes in a dozen ways."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    NANOS,
    NoLiquidity,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
    Unsupported,
    VenueDown,
)
from venuekit_polymarket.errors import meaning_of
from venuekit_polymarket.reading import text

#: The venue ends an order so many seconds before its ``expiration``, "a security threshold" (documents, 2026-06).
EXPIRES_EARLY = 60

_T = TimeInForce
_TYPES: Mapping[TimeInForce, str] = {_T.GTC: "GTC", _T.GTD: "GTD", _T.IOC: "FAK", _T.FOK: "FOK"}
_TIMES: Mapping[str, TimeInForce] = {**{theirs: ours for ours, theirs in _TYPES.items()}, "IOC": _T.IOC}
IMMEDIATE = frozenset({_T.IOC, _T.FOK})


def venue_type(request: OrderRequest) -> str:
    """``orderType`` of a request.

    Raises:
        Unsupported: the venue has no such order.
    """
    found = _TYPES.get(request.time_in_force)
    if found is None or request.type not in (OrderType.LIMIT, OrderType.MARKET):
        field = "time_in_force" if found is None else "order_type"
        raise Unsupported(
            f"Polymarket has no {request.type.value} {request.time_in_force.value} order.",
            fix="Use a limit order with GTC or GTD, or a market or limit order with IOC or FOK.",
            field=field,
        )
    return found


def time_in_force(word: str) -> TimeInForce:
    """Ours for ``order_type``; one that we do not know rests until canceled."""
    return _TIMES.get(word.upper(), _T.GTC)


def expiration(expires_at_ns: int | None) -> int:
    """``expiration`` of an order that is to end at a time: whole seconds, and the venue's minute more; 0 for never."""
    return 0 if expires_at_ns is None else -(-expires_at_ns // NANOS) + EXPIRES_EARLY


def expires_at_ns(body: Mapping[str, Any]) -> int | None:
    """When an order of the venue's ends; None for never. Raises VenueDown for what is no time."""
    value = text(body, "expiration").strip()
    if value in ("", "0"):
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 13):
        raise VenueDown(f"Polymarket's expiration cannot be read: {value[:40]!r}.", fix="Try again.")
    seconds = int(value) // 1000 if len(value) == 13 else int(value)
    return (seconds - EXPIRES_EARLY) * NANOS


@attrs.frozen
class State:
    """A state in our words; `code` and `reason` say why an order ended without being filled."""

    status: OrderStatus
    code: str | None = None
    reason: str = ""


_S = OrderStatus
_PREFIX = "ORDER_STATUS_"
#: What follows CANCELED_ → the state, where it is not CANCELED.
_ENDS = {"EXPIRED_ORDER": _S.EXPIRED, "ORDER_TIMED_OUT": _S.EXPIRED}
_WHY = {
    "EXPIRED_ORDER": "Its time was over.",
    "ORDER_TIMED_OUT": "The venue took too long with it.",
    "MARKET_RESOLVED": "The market was resolved.",
    "MARKET_NOT_FOUND": "The venue no longer has the market.",
    "NOT_ENOUGH_BALANCE": "The wallet no longer had what the order would give.",
}
_MOST_REASON = 300


def state(word: str, filled: Decimal, size: Decimal | None) -> State:
    """The state that the venue's word means, whether it is a word of its list or the reason in plain text.

    One that we do not know counts as open: an order is over only when the venue says so.
    """
    word = word.strip().removeprefix(_PREFIX)
    head, _, rest = word.partition("_")
    head = head.upper()
    if head in ("CANCELED", "CANCELLED"):
        listed = rest if rest in _WHY else ""
        reason = _WHY.get(rest) or " ".join(rest.split())[:_MOST_REASON]
        meaning = meaning_of(reason)
        # The answer to who placed it, which may come later, says so by the code of an error.
        killed = meaning.kind.code if meaning is not None and meaning.kind is NoLiquidity else ""
        code = listed or killed or ("CANCELED" if reason else None)
        return State(_ENDS.get(listed, _S.CANCELED), code, reason)
    if head == "INVALID":
        return State(_S.CANCELED if filled > 0 else _S.REJECTED, "INVALID", "The venue found the order invalid.")
    if head == "MATCHED" and (size is None or filled >= size):
        return State(_S.FILLED)
    if head == "DELAYED":
        return State(_S.OPEN, "DELAYED", "The venue holds it back for some seconds; it cannot be canceled meanwhile.")
    return State(_S.PARTIALLY_FILLED if filled > 0 else _S.OPEN)
