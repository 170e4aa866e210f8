"""Coinbase's words for orders, and ours: how an order is asked for, and what its fields say of one that exists."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import (
    BracketOrder,
    LimitOrder,
    MarketOrder,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StopLimitOrder,
    TimeInForce,
    Unsupported,
    iso,
    plain,
)
from venuekit_coinbase.reading import amount, table, text, time_ns

_T = TimeInForce


def configuration(request: OrderRequest) -> Mapping[str, Mapping[str, Any]]:
    """``order_configuration``: one key, which says type and time in force, with its amounts as text.

    Raises:
        Unsupported: the venue has no such order.
    """
    if isinstance(request, MarketOrder):
        name = "market_market_fok" if request.time_in_force is _T.FOK else "market_market_ioc"
        if request.quote_size is not None:
            return {name: {"quote_size": plain(request.quote_size)}}
        assert request.size is not None
        return {name: {"base_size": plain(request.size)}}
    if isinstance(request, LimitOrder):
        return _limit(request)
    if isinstance(request, StopLimitOrder):
        up = request.side is Side.BUY
        body = {
            "base_size": plain(request.size),
            "limit_price": plain(request.price),
            "stop_price": plain(request.stop_price),
            "stop_direction": "STOP_DIRECTION_STOP_UP" if up else "STOP_DIRECTION_STOP_DOWN",
        }
        return _until("stop_limit_stop_limit", body, request)
    if isinstance(request, BracketOrder):
        body = {
            "base_size": plain(request.size),
            "limit_price": plain(request.price),
            "stop_trigger_price": plain(request.stop_price),
        }
        return _until("trigger_bracket", body, request)
    raise Unsupported(f"Coinbase has no {request.type.value} order.", fix="Use a stop-limit order.", field="order_type")


def _limit(request: LimitOrder) -> Mapping[str, Mapping[str, Any]]:
    body: dict[str, Any] = {"base_size": plain(request.size), "limit_price": plain(request.price)}
    if request.time_in_force is _T.IOC:
        return {"sor_limit_ioc": body}
    if request.time_in_force is _T.FOK:
        return {"limit_limit_fok": body}
    return _until("limit_limit", {**body, "post_only": request.post_only}, request)


def _until(
    name: str, body: dict[str, Any], request: LimitOrder | StopLimitOrder | BracketOrder
) -> Mapping[str, Mapping[str, Any]]:
    if request.time_in_force is _T.GTC:
        return {f"{name}_gtc": body}
    if request.time_in_force is _T.GTD and request.expires_at_ns is not None:
        return {f"{name}_gtd": {**body, "end_time": iso(request.expires_at_ns)}}
    raise Unsupported(
        f"Coinbase has no {request.time_in_force.value} for a {request.type.value} order.",
        fix="Use GTC or GTD.",
        field="time_in_force",
    )


#: Key of ``order_configuration`` → type and time in force.
_KEYS: Mapping[str, tuple[OrderType, TimeInForce]] = {
    "market_market_ioc": (OrderType.MARKET, _T.IOC),
    "market_market_fok": (OrderType.MARKET, _T.FOK),
    "sor_limit_ioc": (OrderType.LIMIT, _T.IOC),
    "limit_limit_gtc": (OrderType.LIMIT, _T.GTC),
    "limit_limit_gtd": (OrderType.LIMIT, _T.GTD),
    "limit_limit_fok": (OrderType.LIMIT, _T.FOK),
    "stop_limit_stop_limit_gtc": (OrderType.STOP_LIMIT, _T.GTC),
    "stop_limit_stop_limit_gtd": (OrderType.STOP_LIMIT, _T.GTD),
    "trigger_bracket_gtc": (OrderType.BRACKET, _T.GTC),
    "trigger_bracket_gtd": (OrderType.BRACKET, _T.GTD),
    # Orders that only the venue's own pages place; what we show is their nearest kin.
    "twap_limit_gtd": (OrderType.LIMIT, _T.GTD),
    "scaled_limit_gtc": (OrderType.LIMIT, _T.GTC),
}
#: ``order_type``, where there is no configuration.
_TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP": OrderType.STOP,
    "STOP_LIMIT": OrderType.STOP_LIMIT,
    "BRACKET": OrderType.BRACKET,
    "LIQUIDATION": OrderType.MARKET,
    "ROLL_OPEN": OrderType.MARKET,
    "ROLL_CLOSE": OrderType.MARKET,
}
_TIMES = {
    "GOOD_UNTIL_CANCELLED": _T.GTC,
    "GOOD_UNTIL_DATE_TIME": _T.GTD,
    "IMMEDIATE_OR_CANCEL": _T.IOC,
    "FILL_OR_KILL": _T.FOK,
}


@attrs.frozen(kw_only=True)
class Terms:
    """What an order asks for, read back from what the venue has of it."""

    type: OrderType
    time_in_force: TimeInForce
    size: Decimal | None = None
    quote_size: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    post_only: bool = False
    expires_at_ns: int | None = None


def terms(body: Mapping[str, Any]) -> Terms:
    """The terms of an order as REST has it. A null configuration, or none, leaves what the other fields say."""
    given = [(key, value) for key, value in table(body, "order_configuration").items() if isinstance(value, Mapping)]
    # The documentation's examples show every key at once; a real order has one.
    key, value = given[0] if len(given) == 1 else ("", {})
    kind, until = _KEYS.get(key, (None, None))
    # What was edited counts for more than what was first asked for.
    history = body.get("edit_history")
    edits = [edit for edit in history if isinstance(edit, Mapping)] if isinstance(history, list) else []
    edited = max(edits, key=lambda edit: text(edit, "replace_accept_timestamp"), default={})
    return Terms(
        type=kind or _TYPES.get(text(body, "order_type"), OrderType.LIMIT),
        time_in_force=until or _TIMES.get(text(body, "time_in_force"), _T.GTC),
        size=amount(edited, "size") or amount(value, "base_size"),
        quote_size=amount(value, "quote_size"),
        price=amount(edited, "price") or amount(value, "limit_price"),
        stop_price=amount(value, "stop_price") or amount(value, "stop_trigger_price"),
        post_only=value.get("post_only") is True,
        expires_at_ns=time_ns(value, "end_time"),
    )


_S = OrderStatus
_STATES = {
    "PENDING": _S.OPEN,
    "QUEUED": _S.OPEN,
    "OPEN": _S.OPEN,
    "EDIT_QUEUED": _S.OPEN,
    "CANCEL_QUEUED": _S.PENDING_CANCEL,
    "FILLED": _S.FILLED,
    "CANCELLED": _S.CANCELED,
    "EXPIRED": _S.EXPIRED,
    "FAILED": _S.REJECTED,
}
#: The venue's states that may still trade. It lists PENDING and QUEUED only when asked for them.
LIVE_STATES = ("OPEN", "PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED")


def status(body: Mapping[str, Any], kind: OrderType, filled: Decimal) -> OrderStatus:
    """The state. One that we do not know counts as open: an order is only over when the venue says so in its words."""
    known = _STATES.get(text(body, "status"), _S.OPEN)
    if known is _S.OPEN:
        if body.get("pending_cancel") is True:
            return _S.PENDING_CANCEL
        waits = text(body, "trigger_status") != "STOP_TRIGGERED" and kind is OrderType.STOP_LIMIT
        if waits and filled == 0:
            return _S.PENDING_TRIGGER
        return _S.PARTIALLY_FILLED if filled > 0 else _S.OPEN
    if known is _S.REJECTED and filled > 0:
        return _S.CANCELED  # money has moved, so it was more than refused
    return known
