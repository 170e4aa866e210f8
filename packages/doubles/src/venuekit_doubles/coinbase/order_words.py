"""Orders and fills in Coinbase's words, as REST lists them and as the user channel tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import Fill, Order, OrderStatus, OrderType, Side, TimeInForce, iso, plain, times
from venuekit_doubles.coinbase.ids import named, order_id, portfolio_id
from venuekit_doubles.coinbase.market_words import text

_T = TimeInForce
_STATES = {
    OrderStatus.OPEN: "OPEN",
    OrderStatus.PARTIALLY_FILLED: "OPEN",
    OrderStatus.PENDING_TRIGGER: "OPEN",
    OrderStatus.PENDING_CANCEL: "CANCEL_QUEUED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELLED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "FAILED",
}
_TIMES = {
    _T.GTC: "GOOD_UNTIL_CANCELLED",
    _T.GTD: "GOOD_UNTIL_DATE_TIME",
    _T.DAY: "GOOD_UNTIL_DATE_TIME",
    _T.IOC: "IMMEDIATE_OR_CANCEL",
    _T.FOK: "FILL_OR_KILL",
}
_NEVER = "0001-01-01T00:00:00Z"
_USER = "2222-000000-000000"


def configuration(order: Order) -> dict[str, dict[str, Any]]:
    """``order_configuration`` of an order that exists."""
    if order.type is OrderType.MARKET:
        name = "market_market_fok" if order.time_in_force is _T.FOK else "market_market_ioc"
        if order.quote_size is not None:
            return {name: {"quote_size": plain(order.quote_size)}}
        return {name: {"base_size": text(order.size)}}
    limit: dict[str, Any] = {"base_size": text(order.size), "limit_price": text(order.price)}
    end = {"end_time": iso(order.expires_at_ns)} if order.expires_at_ns is not None else {}
    until = "gtd" if end else "gtc"
    if order.type in (OrderType.STOP_LIMIT, OrderType.STOP):
        way = "STOP_DIRECTION_STOP_UP" if order.side is Side.BUY else "STOP_DIRECTION_STOP_DOWN"
        stop = {"stop_price": text(order.stop_price), "stop_direction": way}
        return {f"stop_limit_stop_limit_{until}": {**limit, **stop, **end}}
    if order.type is OrderType.BRACKET:
        return {f"trigger_bracket_{until}": {**limit, "stop_trigger_price": text(order.stop_price), **end}}
    if order.time_in_force is _T.IOC:
        return {"sor_limit_ioc": limit}
    if order.time_in_force is _T.FOK:
        return {"limit_limit_fok": limit}
    return {f"limit_limit_{until}": {**limit, "post_only": order.post_only, **end}}


def state(order: Order) -> str:
    """An order's status."""
    return _STATES[order.status]


def kind(order: Order) -> str:
    """An order's type."""
    return "STOP_LIMIT" if order.type is OrderType.STOP else order.type.value


def until(order: Order) -> str:
    """An order's time in force."""
    return _TIMES[order.time_in_force]


def listed(
    order: Order,
    fills: Sequence[Fill],
    *,
    product_type: str,
    edits: Sequence[Any] = (),
    null_configuration: bool = False,
) -> dict[str, Any]:
    """One order as REST lists it."""
    filled, value = order.filled_size, _value(fills)
    ended = order.is_done and order.status is not OrderStatus.FILLED
    return {
        "order_id": order_id(order.venue_order_id),
        "product_id": order.instrument,
        "user_id": _USER,
        "order_configuration": None if null_configuration else configuration(order),
        "side": order.side.value,
        "client_order_id": order.client_order_id or "",
        "status": state(order),
        "time_in_force": until(order),
        "created_time": iso(order.created_ns),
        "completion_percentage": _share(order),
        "filled_size": plain(filled),
        "average_filled_price": text(order.average_price) or "0",
        "number_of_fills": str(len(fills)),
        "filled_value": plain(value),
        "pending_cancel": order.status is OrderStatus.PENDING_CANCEL,
        "size_in_quote": order.quote_size is not None,
        "total_fees": plain(order.fees),
        "size_inclusive_of_fees": False,
        "total_value_after_fees": plain(_after_fees(order, value)),
        "trigger_status": _trigger(order),
        "order_type": kind(order),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": order.is_done,
        "product_type": product_type,
        "reject_message": "",
        "cancel_message": order.status_reason if ended else "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": "0",
        "is_liquidation": False,
        "last_fill_time": iso(order.updated_ns) if filled > 0 else None,
        "edit_history": list(edits),
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
    }


def _trigger(order: Order) -> str:
    if order.status is OrderStatus.PENDING_TRIGGER:
        return "STOP_PENDING"
    return "STOP_TRIGGERED" if order.type in (OrderType.STOP_LIMIT, OrderType.STOP) else "INVALID_ORDER_TYPE"


def _share(order: Order) -> str:
    if not order.size:
        return "100" if order.status is OrderStatus.FILLED else "0"
    return plain((order.filled_size * 100 / order.size).quantize(Decimal("0.01")))


def _value(fills: Sequence[Fill]) -> Decimal:
    return sum((times(f.size, f.price) for f in fills), Decimal(0))


def _after_fees(order: Order, value: Decimal) -> Decimal:
    return value + order.fees if order.side is Side.BUY else value - order.fees


def told(order: Order, fills: Sequence[Fill], *, product_type: str) -> dict[str, Any]:
    """One order as the user channel tells of it: cumulative, and with terms left out."""
    left = Decimal(0) if order.is_done or order.size is None else order.size - order.filled_size
    value = _value(fills)
    return {
        "avg_price": text(order.average_price) or "0",
        "cancel_reason": "User requested cancel" if order.status is OrderStatus.CANCELED else "",
        "client_order_id": order.client_order_id or "",
        "completion_percentage": _share(order),
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE" if product_type == "SPOT" else "EXPIRING",
        "cumulative_quantity": plain(order.filled_size),
        "filled_value": plain(value),
        "leaves_quantity": plain(left),
        "limit_price": text(order.price),
        "number_of_fills": str(len(fills)),
        "order_id": order_id(order.venue_order_id),
        "order_side": order.side.value,
        "order_type": kind(order).replace("_", " ").title(),
        "outstanding_hold_amount": "0",
        "post_only": str(order.post_only).lower(),
        "product_id": order.instrument,
        "product_type": product_type,
        "reject_reason": "",
        "retail_portfolio_id": portfolio_id(order.account),
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
        "status": state(order),
        "stop_price": text(order.stop_price),
        "time_in_force": until(order),
        "total_fees": plain(order.fees),
        "total_value_after_fees": plain(_after_fees(order, value)),
        "trigger_status": _trigger(order),
        "creation_time": iso(order.created_ns),
        "end_time": iso(order.expires_at_ns) if order.expires_at_ns is not None else _NEVER,
        "start_time": _NEVER,
    }


def fill(fill_: Fill, *, in_quote: bool = False) -> dict[str, Any]:
    """One fill; `in_quote` tells its size in quote currency, as the venue does for buys of a quote size."""
    return {
        "entry_id": named("entry", fill_.id),
        "trade_id": named("trade", fill_.id),
        "order_id": order_id(fill_.venue_order_id),
        "trade_time": iso(fill_.time_ns),
        "trade_type": "FILL",
        "price": plain(fill_.price),
        "size": plain(times(fill_.size, fill_.price) if in_quote else fill_.size),
        "commission": plain(fill_.fee),
        "product_id": fill_.instrument,
        "sequence_timestamp": iso(fill_.time_ns),
        "liquidity_indicator": fill_.liquidity.value,
        "size_in_quote": in_quote,
        "user_id": _USER,
        "side": fill_.side.value,
        "retail_portfolio_id": portfolio_id(fill_.account),
    }
