"""What Coinbase's reasons mean here: one table, from its words to our errors with the next step.

Reasons as documented for Create Order, Edit Order, Preview and Cancel (Advanced Trade API reference, read 2026-11).
A reason that is not in the table is kept word for word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from venuekit.adapter import (
    ClientOrderIdReused,
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    NoLiquidity,
    OrderAlreadyDone,
    PostOnlyWouldCross,
    Rejected,
    UnknownInstrument,
    UnknownOrder,
    Unsupported,
    VenuekitError,
    VenuePermission,
)

_Kind = type[VenuekitError]
#: Text of the venue that goes into a message, at most.
_MOST_TEXT = 300
#: A token, or a key's text: never in a message, whoever wrote it there.
_SECRET = re.compile(r"eyJ[\w-]{8,}(\.[\w-]*)*|-----BEGIN.*?(-----END[^-]*-----|$)", re.DOTALL)

_FUNDS = "Deposit, cancel orders that hold funds, or make the order smaller."
_SIZE_STEP = "Round the size to the instrument's lot size."
_SIZE_BOUNDS = "See the instrument's min_size, max_size and min_notional."
_TICK = "Round the price to the instrument's tick size."
_FAR = "Choose a price closer to the market."
_CLOSED = "Wait until the product trades again; its status says when orders are taken."
_ACCOUNT = "Coinbase does not allow it for this account, product or place; see the account's settings there."
_MARGIN = "Add margin, or reduce positions."
_OTHER_TYPE = "Use another order type or time in force."

#: Reason (without PREVIEW_) → error, field, fix.
REASONS: dict[str, tuple[_Kind, str | None, str]] = {
    # money
    **dict.fromkeys(
        (
            "INSUFFICIENT_FUND",
            "INSUFFICIENT_FUNDS",
            "INVALID_LEDGER_BALANCE",
            "INSUFFICIENT_LEDGER_BALANCE",
        ),
        (InsufficientFunds, None, _FUNDS),
    ),
    **dict.fromkeys(
        ("INSUFFICIENT_FUNDS_FOR_FUTURES", "INVALID_MARGIN_HEALTH", "INSUFFICIENT_MARGIN"),
        (InsufficientFunds, None, _MARGIN),
    ),
    # price
    "INVALID_LIMIT_PRICE_POST_ONLY": (
        PostOnlyWouldCross,
        "price",
        "Use a price that does not reach the other side, or leave post_only out.",
    ),
    "INVALID_PRICE_PRECISION": (InvalidPrice, "price", _TICK),
    "INVALID_STOP_PRICE_PRECISION": (InvalidPrice, "stop_price", _TICK),
    **dict.fromkeys(
        (
            "INVALID_LIMIT_PRICE",
            "LIMIT_PRICE_TOO_FAR_FROM_MARKET",
            "INVALID_PRICE_TOO_LARGE",
            "BREACHED_PRICE_LIMIT",
            "INVALID_BRACKET_LIMIT_PRICE",
            "BRACKET_LIMIT_PRICE_OUT_OF_BOUNDS",
            "INVALID_BRACKET_PRICES",
        ),
        (InvalidPrice, "price", _FAR),
    ),
    **dict.fromkeys(
        (
            "INVALID_STOP_PRICE",
            "INVALID_BRACKET_STOP_TRIGGER_PRICE",
            "STOP_TRIGGER_PRICE_OUT_OF_BOUNDS",
            "STOP_PRICE_ABOVE_LIMIT_PRICE",
            "STOP_PRICE_BELOW_LIMIT_PRICE",
        ),
        (InvalidPrice, "stop_price", "Put the stop on the side of the limit and of the market that this order needs."),
    ),
    "STOP_PRICE_ABOVE_LAST_TRADE_PRICE": (InvalidPrice, "stop_price", "Put the stop below the last trade."),
    "STOP_PRICE_BELOW_LAST_TRADE_PRICE": (InvalidPrice, "stop_price", "Put the stop above the last trade."),
    # size
    "INVALID_SIZE_PRECISION": (InvalidSize, "size", _SIZE_STEP),
    "INVALID_QUOTE_SIZE_PRECISION": (InvalidSize, "quote_size", "Round quote_size to the quote's smallest step."),
    **dict.fromkeys(
        ("INVALID_BASE_SIZE_TOO_SMALL", "INVALID_BASE_SIZE_TOO_LARGE", "INVALID_BASE_SIZE", "INVALID_EDITED_SIZE"),
        (InvalidSize, "size", _SIZE_BOUNDS),
    ),
    **dict.fromkeys(
        ("INVALID_QUOTE_SIZE_TOO_SMALL", "INVALID_QUOTE_SIZE_TOO_LARGE"), (InvalidSize, "quote_size", _SIZE_BOUNDS)
    ),
    "QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET": (InvalidSize, "quote_size", "Give size."),
    "CANNOT_EDIT_TO_BELOW_FILLED_SIZE": (InvalidSize, "size", "Give a total above what is filled already."),
    "UBO_HIGH_LEVERAGE_QUANTITY_BREACHED": (InvalidSize, "size", "Make the order smaller."),
    **dict.fromkeys(
        ("BREACHED_ACCOUNT_POSITION_LIMIT", "BREACHED_COMPANY_POSITION_LIMIT", "BREACHED_OPEN_INTEREST_LIMIT"),
        (Rejected, "size", "Coinbase's own position limit is reached: make the order smaller."),
    ),
    # product
    "INVALID_PRODUCT_ID": (UnknownInstrument, "instrument", "Search for the instrument's id."),
    **dict.fromkeys(
        (
            "UNTRADABLE_PRODUCT",
            "PRODUCT_TRADING_HALTED",
            "TRADING_DISABLED",
            "ORDER_ENTRY_DISABLED",
            "NOT_ALLOWED_BY_MARKET_STATE",
            "INVALID_FCM_TRADING_SESSION",
            "FUTURES_AFTER_HOUR_INVALID_ORDER_TYPE",
            "FUTURES_AFTER_HOUR_INVALID_TIME_IN_FORCE",
            "MISSING_MARKET_TRADE_DATA",
            "MISSING_PRODUCT_PRICE_BOOK",
        ),
        (InstrumentNotTrading, "instrument", _CLOSED),
    ),
    "INVALID_NO_LIQUIDITY": (NoLiquidity, None, "Use a limit order."),
    # kind of order
    **dict.fromkeys(
        (
            "UNSUPPORTED_ORDER_CONFIGURATION",
            "INVALID_ORDER_CONFIG",
            "INVALID_ORDER_TYPE",
            "FOK_DISABLED",
            "FOK_ONLY_ALLOWED_ON_LIMIT_ORDERS",
            "POST_ONLY_NOT_ALLOWED_WITH_FOK",
            "BRACKET_ORDER_NOT_SUPPORTED",
            "INVALID_ORDER_SIDE_FOR_ATTACHED_TPSL",
        ),
        (Unsupported, "order_type", _OTHER_TYPE),
    ),
    **dict.fromkeys(
        ("CANNOT_EDIT_FUTURES_ORDER", "ORDER_TYPE_NOT_SUPPORTED", "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"),
        (Unsupported, "order_id", "Cancel the order and place a new one."),
    ),
    **dict.fromkeys(
        ("END_TIME_TOO_FAR_IN_FUTURE", "INVALID_END_TIME"), (InvalidValue, "expires_at", "Give an earlier time.")
    ),
    "OPEN_BRACKET_ORDERS": (Rejected, None, "Cancel the bracket orders of this position first."),
    # account
    **dict.fromkeys(
        (
            "GEOFENCING_RESTRICTION",
            "INELIGIBLE_PAIR",
            "UNTRADABLE_FCM_ACCOUNT_STATUS",
            "IN_LIQUIDATION",
            "INVALID_LEVERAGE",
            "INVALID_MARGIN_TYPE",
            "OPPOSITE_MARGIN_TYPE_EXISTS",
            "NOT_ALLOWED_TO_CANCEL",
        ),
        (VenuePermission, None, _ACCOUNT),
    ),
    "DUPLICATE_CLIENT_ORDER_ID": (ClientOrderIdReused, "client_order_id", "Use a new client_order_id."),
    # edits and cancels
    **dict.fromkeys(
        ("UNKNOWN_CANCEL_ORDER", "ORDER_NOT_FOUND", "INVALID_CANCEL_PRODUCT_ID"),
        (UnknownOrder, "order_id", "List the open orders."),
    ),
    **dict.fromkeys(
        ("ORDER_IS_FULLY_FILLED", "ORDER_ALREADY_FILLED", "ORDER_IS_NOT_OPEN", "ORDER_ALREADY_CANCELLED"),
        (OrderAlreadyDone, "order_id", "Look at the order: nothing of it is left to change."),
    ),
    "COMMANDER_REJECTED_NEW_ORDER": (Rejected, None, "Try again, or change the order."),
    "COMMANDER_REJECTED_CANCEL_ORDER": (Rejected, "order_id", "The order may have ended; look at it."),
}
#: Not reasons: they stand in answers that are no refusals, too.
_NO_REASON = {
    "",
    "UNKNOWN_FAILURE_REASON",
    "UNKNOWN_CANCEL_FAILURE_REASON",
    "UNKNOWN_EDIT_ORDER_FAILURE_REASON",
}
_REASON_FIELDS = (
    "new_order_failure_reason",
    "edit_failure_reason",
    "edit_order_failure_reason",
    "error",
    "preview_failure_reason",
    "failure_reason",
)


def reason_in(answer: Mapping[str, Any]) -> str:
    """The reason of a refusal, without PREVIEW_; empty when it gives none that says anything."""
    for name in _REASON_FIELDS:
        reason = _clean(str(answer.get(name) or "").removeprefix("PREVIEW_"))[:_MOST_TEXT]
        if reason not in _NO_REASON:
            return reason
    return ""


def refusal(answer: Mapping[str, Any], *, what: str) -> VenuekitError:
    """The error for `answer`, a refusal in the venue's words; `what` was asked for (``the order``)."""
    reason = reason_in(answer)
    words = text_of(answer)
    kind, field, fix = REASONS.get(reason, (Rejected, None, ""))
    message = f"Coinbase refused {what}: {reason or 'no reason given'}" + (f" ({words})" if words else "") + "."
    return kind(message, fix=fix, field=field, details={"venue_code": reason or "UNKNOWN"})


def text_of(answer: Mapping[str, Any]) -> str:
    """What the venue says in words, bounded; it is untrusted text."""
    said = [str(answer.get(name) or "").strip() for name in ("message", "error_details", "details")]
    return _clean("; ".join(dict.fromkeys(s for s in said if s)))[:_MOST_TEXT]


def _clean(text: str) -> str:
    return _SECRET.sub("[redacted]", text)
