"""Order bodies of the wire as requests to the exchange, and its refusals in the wire's words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.adapter import (
    BracketOrder,
    ClientOrderIdReused,
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    LimitOrder,
    MarketOrder,
    NoLiquidity,
    OrderRequest,
    PostOnlyWouldCross,
    Side,
    StopLimitOrder,
    TimeInForce,
    UnknownInstrument,
    Unsupported,
    VenuekitError,
    WouldSelfTrade,
    parse_decimal,
    parse_iso,
)

_T = TimeInForce
_UNTIL = {"gtc": _T.GTC, "gtd": _T.GTD}
_KINDS = ("limit_limit", "stop_limit_stop_limit", "trigger_bracket")


class BadOrder(Exception):
    """The body is refused before the exchange sees it; `reason` in the wire's words."""

    def __init__(self, reason: str, message: str = "", *, preview: str = "") -> None:
        self.reason = reason
        self.message = message
        self.preview = preview
        super().__init__(reason)


def request_of(body: Mapping[str, Any]) -> OrderRequest:
    """The request in a create or preview body. Raises BadOrder."""
    given = body.get("order_configuration")
    if not isinstance(given, Mapping) or len(given) != 1:
        raise BadOrder("UNSUPPORTED_ORDER_CONFIGURATION", "exactly one order configuration is needed")
    [(name, terms)] = given.items()
    if body.get("side") not in ("BUY", "SELL"):
        raise BadOrder("INVALID_SIDE", "side must be BUY or SELL")
    if not isinstance(terms, Mapping):
        raise BadOrder("INVALID_REQUEST", "the order configuration is no object")
    common: dict[str, Any] = {
        "instrument": str(body.get("product_id") or "?"),
        "side": Side(body["side"]),
        "client_order_id": body.get("client_order_id") or None,
    }
    try:
        return _request(str(name), terms, common)
    except InvalidValue as error:
        raise BadOrder(_of_value(error), error.message) from error


def _request(name: str, terms: Mapping[str, Any], common: Mapping[str, Any]) -> OrderRequest:
    if name in ("market_market_ioc", "market_market_fok"):
        until = _T.FOK if name.endswith("fok") else _T.IOC
        base, quote = _amount(terms, "base_size"), _amount(terms, "quote_size")
        if quote is not None and base is None:
            return MarketOrder(**common, quote_size=quote, time_in_force=until)
        return MarketOrder(**common, size=base, time_in_force=until)
    if name in ("sor_limit_ioc", "limit_limit_fok"):
        until = _T.FOK if name.endswith("fok") else _T.IOC
        return LimitOrder(**common, **_limit(terms), time_in_force=until)
    kind, _, end = name.rpartition("_")
    if kind not in _KINDS or end not in _UNTIL:
        raise BadOrder("UNSUPPORTED_ORDER_CONFIGURATION", f"{name[:60]} is not supported")
    until = _UNTIL[end]
    expires = parse_iso(str(terms.get("end_time")), field="end_time") if until is _T.GTD else None
    more: dict[str, Any] = {**common, **_limit(terms), "time_in_force": until, "expires_at_ns": expires}
    if kind == "limit_limit":
        return LimitOrder(**more, post_only=terms.get("post_only") in (True, "true"))
    if kind == "stop_limit_stop_limit":
        up = terms.get("stop_direction") == "STOP_DIRECTION_STOP_UP"
        if up != (common["side"] is Side.BUY):
            raise BadOrder("INVALID_STOP_PRICE", "the stop's direction does not fit the side")
        return StopLimitOrder(**more, stop_price=_needed(terms, "stop_price"))
    return BracketOrder(**more, stop_price=_needed(terms, "stop_trigger_price"))


def _limit(terms: Mapping[str, Any]) -> dict[str, Any]:
    if terms.get("quote_size"):
        raise BadOrder("UNSUPPORTED_ORDER_CONFIGURATION", "limit orders by quote_size are not supported here")
    return {"size": _amount(terms, "base_size"), "price": _amount(terms, "limit_price")}


def _amount(terms: Mapping[str, Any], name: str) -> Decimal | None:
    value = terms.get(name)
    return None if value in (None, "") else parse_decimal(str(value), field=name)


def _needed(terms: Mapping[str, Any], name: str) -> Decimal:
    value = _amount(terms, name)
    if value is None:
        raise BadOrder("INVALID_REQUEST", f"{name} is required")
    return value


def _of_value(error: InvalidValue) -> str:
    if "price" in (error.field or ""):
        return "INVALID_LIMIT_PRICE"
    return "INVALID_REQUEST" if "size" not in (error.field or "") else "INVALID_SIZE_PRECISION"


def refusal_of(error: VenuekitError) -> BadOrder:
    """The exchange's refusal in the wire's words."""
    field = error.field or ""
    if isinstance(error, InvalidPrice):
        off = "nearest" in error.details
        stop = field == "stop_price"
        reason = (
            ("INVALID_STOP_PRICE_PRECISION" if stop else "INVALID_PRICE_PRECISION") if off else "INVALID_LIMIT_PRICE"
        )
        return BadOrder(reason, error.message)
    if isinstance(error, InvalidSize):
        return _bad_size(error, field)
    table: tuple[tuple[type[VenuekitError], str, str], ...] = (
        (InsufficientFunds, "INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
        (PostOnlyWouldCross, "INVALID_LIMIT_PRICE_POST_ONLY", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
        (NoLiquidity, "INVALID_NO_LIQUIDITY", "PREVIEW_INVALID_NO_LIQUIDITY"),
        (InstrumentNotTrading, "TRADING_DISABLED", ""),
        (UnknownInstrument, "INVALID_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID"),
        (ClientOrderIdReused, "DUPLICATE_CLIENT_ORDER_ID", ""),
        (WouldSelfTrade, "COMMANDER_REJECTED_NEW_ORDER", ""),
        (Unsupported, "UNSUPPORTED_ORDER_CONFIGURATION", ""),
        (InvalidValue, "END_TIME_TOO_FAR_IN_FUTURE" if field == "expires_at" else "INVALID_REQUEST", ""),
    )
    for kind, reason, preview in table:
        if isinstance(error, kind):
            return BadOrder(reason, error.message, preview=preview)
    return BadOrder("COMMANDER_REJECTED_NEW_ORDER", error.message)


def _bad_size(error: InvalidSize, field: str) -> BadOrder:
    size = "QUOTE_SIZE" if field == "quote_size" or "min_notional" in error.details else "BASE_SIZE"
    if "nearest" in error.details:
        return BadOrder("INVALID_SIZE_PRECISION", error.message)
    which = "TOO_LARGE" if "max" in "".join(error.details) else "TOO_SMALL"
    return BadOrder("UNKNOWN_FAILURE_REASON", error.message, preview=f"PREVIEW_INVALID_{size}_{which}")
