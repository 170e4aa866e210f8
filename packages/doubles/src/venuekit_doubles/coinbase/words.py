"""The paper exchange's values in Coinbase's words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    NANOS,
    Balance,
    Candle,
    Fill,
    Instrument,
    InstrumentKind,
    InstrumentStatus,
    Level,
    Order,
    OrderBook,
    OrderStatus,
    OrderType,
    Position,
    Side,
    Ticker,
    TimeInForce,
    Trade,
    iso,
    plain,
    times,
)

_SPACE = uuid.UUID("7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e")
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
_TYPES = {OrderType.STOP: "STOP_LIMIT"}
_NEVER = "0001-01-01T00:00:00Z"


def wallet_id(asset: str) -> str:
    """The id of an asset's account."""
    return str(uuid.uuid5(_SPACE, asset))


def order_id(venue_order_id: str) -> str:
    """An order's id as the wire has it: a UUID that holds the exchange's number."""
    return str(uuid.UUID(int=int(venue_order_id) << 64 | 0x4000 << 48 | 0x8 << 60))


def exchange_id(wire: str) -> str | None:
    """The exchange's number in an order's id; None when it is none of ours."""
    try:
        number = uuid.UUID(wire).int >> 64
    except (ValueError, AttributeError):
        return None
    return str(number) if order_id(str(number)) == wire else None


def product(instrument: Instrument, ticker: Ticker | None) -> dict[str, Any]:
    """One product."""
    status = instrument.status
    price = plain(ticker.last) if ticker is not None and ticker.last is not None else ""
    volume = plain(ticker.volume_24h) if ticker is not None and ticker.volume_24h is not None else "0"
    spot = instrument.kind is InstrumentKind.SPOT
    body: dict[str, Any] = {
        "product_id": instrument.id,
        "price": price,
        "price_percentage_change_24h": "0",
        "volume_24h": volume,
        "volume_percentage_change_24h": "0",
        "base_increment": plain(instrument.lot_size),
        "quote_increment": "0.01",
        "quote_min_size": plain(instrument.min_notional) if instrument.min_notional is not None else "",
        "quote_max_size": "50000000",
        "base_min_size": plain(instrument.min_size),
        "base_max_size": plain(instrument.max_size) if instrument.max_size is not None else "",
        "base_name": instrument.name,
        "quote_name": "US Dollar",
        "watched": False,
        "is_disabled": status in (InstrumentStatus.HALTED, InstrumentStatus.EXPIRED),
        "new": False,
        "status": "online" if status is not InstrumentStatus.EXPIRED else "delisted",
        "cancel_only": status is InstrumentStatus.CANCEL_ONLY,
        "limit_only": False,
        "post_only": status is InstrumentStatus.POST_ONLY,
        "trading_disabled": status is InstrumentStatus.HALTED,
        "auction_mode": False,
        "product_type": "SPOT" if spot else "FUTURE",
        "quote_currency_id": instrument.quote,
        "base_currency_id": instrument.base if spot else "",
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": "",
        "alias_to": [],
        "base_display_symbol": instrument.base,
        "quote_display_symbol": instrument.quote,
        "view_only": False,
        "price_increment": plain(instrument.tick_size),
        "display_name": instrument.name or instrument.id,
        "product_venue": "CBE" if spot else "FCM",
        "approximate_quote_24h_volume": "0",
    }
    if not spot:
        margin = plain(instrument.initial_margin)
        body["future_product_details"] = {
            "venue": "cde",
            "contract_code": instrument.base,
            "contract_size": plain(instrument.contract_size),
            "contract_root_unit": instrument.base,
            "contract_expiry_type": "EXPIRING",
            "contract_expiry": "2030-12-20T16:00:00Z",
            "contract_display_name": f"{instrument.base} PERP",
            "perpetual_details": {"open_interest": "0", "funding_rate": "0.0001", "max_leverage": "10"},
            "intraday_margin_rate": {"long_margin_rate": margin, "short_margin_rate": margin},
        }
    return body


def configuration(order: Order) -> dict[str, dict[str, Any]]:
    """``order_configuration`` of an order that exists."""
    size = plain(order.size) if order.size is not None else None
    if order.type is OrderType.MARKET:
        name = "market_market_fok" if order.time_in_force is _T.FOK else "market_market_ioc"
        by_quote = order.quote_size is not None
        return {name: {"quote_size": plain(order.quote_size)} if order.quote_size and by_quote else {"base_size": size}}
    limit: dict[str, Any] = {"base_size": size}
    if order.price is not None:
        limit["limit_price"] = plain(order.price)
    end = {"end_time": iso(order.expires_at_ns)} if order.expires_at_ns is not None else {}
    until = "gtd" if end else "gtc"
    if order.type is OrderType.STOP_LIMIT:
        stop = plain(order.stop_price) if order.stop_price is not None else ""
        way = "STOP_DIRECTION_STOP_UP" if order.side is Side.BUY else "STOP_DIRECTION_STOP_DOWN"
        return {f"stop_limit_stop_limit_{until}": {**limit, "stop_price": stop, "stop_direction": way, **end}}
    if order.type is OrderType.BRACKET:
        stop = plain(order.stop_price) if order.stop_price is not None else ""
        return {f"trigger_bracket_{until}": {**limit, "stop_trigger_price": stop, **end}}
    if order.time_in_force is _T.IOC:
        return {"sor_limit_ioc": limit}
    if order.time_in_force is _T.FOK:
        return {"limit_limit_fok": limit}
    return {f"limit_limit_{until}": {**limit, "post_only": order.post_only, **end}}


def order(order_: Order, fills: int, *, null_configuration: bool = False) -> dict[str, Any]:
    """One order as REST lists it."""
    filled, average = order_.filled_size, order_.average_price
    value = times(filled, average) if average is not None else Decimal(0)
    waits = order_.status is OrderStatus.PENDING_TRIGGER
    conditional = order_.type is OrderType.STOP_LIMIT
    ended = order_.is_done and order_.status is not OrderStatus.FILLED
    return {
        "order_id": order_id(order_.venue_order_id or "0"),
        "product_id": order_.instrument,
        "user_id": "2222-000000-000000",
        "order_configuration": None if null_configuration else configuration(order_),
        "side": order_.side.value,
        "client_order_id": order_.client_order_id or "",
        "status": _STATES[order_.status],
        "time_in_force": _TIMES[order_.time_in_force],
        "created_time": iso(order_.created_ns),
        "completion_percentage": _share(order_),
        "filled_size": plain(filled),
        "average_filled_price": plain(average) if average is not None else "0",
        "number_of_fills": str(fills),
        "filled_value": plain(value),
        "pending_cancel": False,
        "size_in_quote": order_.quote_size is not None,
        "total_fees": plain(order_.fees),
        "size_inclusive_of_fees": False,
        "total_value_after_fees": plain(value + order_.fees),
        "trigger_status": "STOP_PENDING" if waits else "STOP_TRIGGERED" if conditional else "INVALID_ORDER_TYPE",
        "order_type": _TYPES.get(order_.type, order_.type.value),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": order_.is_done,
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": order_.status_reason if ended else "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": "0",
        "is_liquidation": False,
        "last_fill_time": iso(order_.updated_ns) if filled > 0 else None,
        "edit_history": [],
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
    }


def _share(order_: Order) -> str:
    if order_.size is None or order_.size == 0:
        return "0"
    return plain((order_.filled_size * 100 / order_.size).quantize(Decimal("0.01")))


def frame_order(order_: Order, fills: int) -> dict[str, Any]:
    """One order as the user channel tells of it: cumulative, and with terms left out."""
    left = Decimal(0) if order_.is_done or order_.size is None else order_.size - order_.filled_size
    average = order_.average_price
    return {
        "avg_price": plain(average) if average is not None else "0",
        "cancel_reason": "User requested cancel" if order_.status is OrderStatus.CANCELED else "",
        "client_order_id": order_.client_order_id or "",
        "completion_percentage": _share(order_),
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE",
        "cumulative_quantity": plain(order_.filled_size),
        "filled_value": plain(times(order_.filled_size, average)) if average is not None else "0",
        "leaves_quantity": plain(left),
        "limit_price": plain(order_.price) if order_.price is not None else "",
        "number_of_fills": str(fills),
        "order_id": order_id(order_.venue_order_id or "0"),
        "order_side": order_.side.value,
        "order_type": _TYPES.get(order_.type, order_.type.value).replace("_", " ").title(),
        "outstanding_hold_amount": "0",
        "post_only": str(order_.post_only).lower(),
        "product_id": order_.instrument,
        "product_type": "SPOT",
        "reject_reason": "",
        "retail_portfolio_id": "portfolio",
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
        "status": _STATES[order_.status],
        "stop_price": plain(order_.stop_price) if order_.stop_price is not None else "",
        "time_in_force": _TIMES[order_.time_in_force],
        "total_fees": plain(order_.fees),
        "total_value_after_fees": "0",
        "trigger_status": "STOP_PENDING" if order_.status is OrderStatus.PENDING_TRIGGER else "INVALID_ORDER_TYPE",
        "creation_time": iso(order_.created_ns),
        "end_time": iso(order_.expires_at_ns) if order_.expires_at_ns is not None else _NEVER,
        "start_time": _NEVER,
    }


def fill(fill_: Fill) -> dict[str, Any]:
    """One fill."""
    return {
        "entry_id": str(uuid.uuid5(_SPACE, fill_.id)),
        "trade_id": str(uuid.uuid5(_SPACE, f"trade {fill_.id}")),
        "order_id": order_id(fill_.venue_order_id),
        "trade_time": iso(fill_.time_ns),
        "trade_type": "FILL",
        "price": plain(fill_.price),
        "size": plain(fill_.size),
        "commission": plain(fill_.fee),
        "product_id": fill_.instrument,
        "sequence_timestamp": iso(fill_.time_ns),
        "liquidity_indicator": fill_.liquidity.value,
        "size_in_quote": False,
        "user_id": "2222-000000-000000",
        "side": fill_.side.value,
        "retail_portfolio_id": "portfolio",
    }


def account(asset: str, balance: Balance | None) -> dict[str, Any]:
    """One wallet."""
    available = plain(balance.available) if balance is not None else "0"
    held = plain(balance.held) if balance is not None else "0"
    fiat = asset in ("USD", "EUR", "GBP")
    return {
        "uuid": wallet_id(asset),
        "name": f"{asset} Wallet",
        "currency": asset,
        "available_balance": {"value": available, "currency": asset},
        "default": True,
        "active": True,
        "created_at": "2021-05-31T09:59:59Z",
        "updated_at": "2021-05-31T09:59:59Z",
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if fiat else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": held, "currency": asset},
        "retail_portfolio_id": "portfolio",
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def levels(side: tuple[Level, ...] | list[Level]) -> list[dict[str, str]]:
    """Levels of a book."""
    return [{"price": plain(x.price), "size": plain(x.size)} for x in side]


def pricebook(book: OrderBook) -> dict[str, Any]:
    """A book."""
    return {
        "product_id": book.instrument,
        "bids": levels(list(book.bids)),
        "asks": levels(list(book.asks)),
        "time": iso(book.time_ns),
    }


def trade(trade_: Trade) -> dict[str, str]:
    """A public trade. Its side is the maker's."""
    side = trade_.taker_side.opposite.value if trade_.taker_side is not None else "BUY"
    return {
        "trade_id": trade_.id,
        "product_id": trade_.instrument,
        "price": plain(trade_.price),
        "size": plain(trade_.size),
        "time": iso(trade_.time_ns),
        "side": side,
    }


def candle(candle_: Candle) -> dict[str, str]:
    """A candle."""
    return {
        "start": str(candle_.start_ns // NANOS),
        "low": plain(candle_.low),
        "high": plain(candle_.high),
        "open": plain(candle_.open),
        "close": plain(candle_.close),
        "volume": plain(candle_.volume),
    }


def ticker(ticker_: Ticker) -> dict[str, str]:
    """A ticker of a stream."""

    def text(value: Decimal | None) -> str:
        return "" if value is None else plain(value)

    return {
        "type": "ticker",
        "product_id": ticker_.instrument,
        "price": text(ticker_.last),
        "volume_24_h": text(ticker_.volume_24h),
        "low_24_h": text(ticker_.low_24h),
        "high_24_h": text(ticker_.high_24h),
        "low_52_w": text(ticker_.low_24h),
        "high_52_w": text(ticker_.high_24h),
        "price_percent_chg_24_h": "0",
        "best_bid": text(ticker_.bid),
        "best_bid_quantity": text(ticker_.bid_size),
        "best_ask": text(ticker_.ask),
        "best_ask_quantity": text(ticker_.ask_size),
    }


def futures_position(position: Position) -> Mapping[str, str]:
    """A position in futures."""
    return {
        "product_id": position.instrument,
        "expiration_time": "2030-12-20T16:00:00Z",
        "side": "LONG" if position.size > 0 else "SHORT",
        "number_of_contracts": plain(abs(position.size)),
        "current_price": plain(position.mark_price) if position.mark_price is not None else "",
        "avg_entry_price": plain(position.average_entry_price) if position.average_entry_price is not None else "",
        "unrealized_pnl": plain(position.unrealized_pnl) if position.unrealized_pnl is not None else "",
        "daily_realized_pnl": plain(position.realized_pnl),
    }
