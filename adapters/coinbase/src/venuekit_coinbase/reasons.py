"""What each of Coinbase's reasons for a refusal means here: one table, from its words to our errors with the next step.

Every reason that is documented for Create, Preview, Edit and Cancel Order (Advanced Trade API reference, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping

from venuekit.adapter import (
    ClientOrderIdReused,
    InstrumentNotTrading,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    NoLiquidity,
    NotReducing,
    OrderAlreadyDone,
    PostOnlyWouldCross,
    Rejected,
    UnknownInstrument,
    UnknownOrder,
    Unsupported,
    VenuekitError,
    VenuePermission,
)

Meaning = tuple[type[VenuekitError], str | None, str]

_AGAIN = "Try again; if it is refused again, change the order."
_ANEW = "Cancel the order and place a new one."
_ATTACHED = "Place the order without an attached one, and a bracket order after it."
_LIMITS = "Coinbase's own limit is reached: make the order smaller, or close some of the position."
_SIZES = "See the instrument's min_size, max_size and min_notional."

#: Error, its field, the next step; and the reasons that mean it, without PREVIEW_.
_TABLE: tuple[tuple[type[VenuekitError], str | None, str, str], ...] = (
    # money
    (
        InsufficientFunds,
        None,
        "Deposit, cancel orders that hold funds, or make the order smaller.",
        "INSUFFICIENT_FUND INSUFFICIENT_FUNDS INVALID_LEDGER_BALANCE INSUFFICIENT_LEDGER_BALANCE",
    ),
    (
        InsufficientFunds,
        None,
        "Add margin, or reduce positions.",
        "INSUFFICIENT_FUNDS_FOR_FUTURES INVALID_MARGIN_HEALTH INSUFFICIENT_MARGIN",
    ),
    # price
    (
        PostOnlyWouldCross,
        "price",
        "Use a price that does not reach the other side, or leave post_only out.",
        "INVALID_LIMIT_PRICE_POST_ONLY",
    ),
    (
        InvalidPrice,
        "price",
        "Round the price to the instrument's tick size.",
        "INVALID_PRICE_PRECISION INVALID_LIMIT_PRICE_PRECISION INVALID_BRACKET_LIMIT_PRICE_PRECISION",
    ),
    (
        InvalidPrice,
        "stop_price",
        "Round the stop price to the instrument's tick size.",
        "INVALID_STOP_PRICE_PRECISION INVALID_STOP_TRIGGER_PRICE_PRECISION",
    ),
    (
        InvalidPrice,
        "price",
        "Choose a price closer to the market.",
        """
        INVALID_LIMIT_PRICE LIMIT_PRICE_TOO_FAR_FROM_MARKET INVALID_PRICE_TOO_LARGE BREACHED_PRICE_LIMIT
        INVALID_BRACKET_LIMIT_PRICE BRACKET_LIMIT_PRICE_OUT_OF_BOUNDS INVALID_BRACKET_PRICES INVALID_EDITED_PRICE
        LIMIT_ORDER_PRICE_EXCEEDS_PRICE_BAND_ON_BUY LIMIT_ORDER_PRICE_EXCEEDS_PRICE_BAND_ON_SELL
        TAKE_PROFIT_PRICE_TOO_HIGH TAKE_PROFIT_PRICE_TOO_LOW INVALID_EDITED_STOP_LIMIT_PRICE
        INVALID_EDITED_TAKE_PROFIT_PRICE
        """,
    ),
    (
        InvalidPrice,
        "stop_price",
        "Put the stop on the side of the limit and of the market that this order needs.",
        """
        INVALID_STOP_PRICE INVALID_BRACKET_STOP_TRIGGER_PRICE STOP_TRIGGER_PRICE_OUT_OF_BOUNDS
        STOP_PRICE_ABOVE_LIMIT_PRICE STOP_PRICE_BELOW_LIMIT_PRICE STOP_LOSS_PRICE_TOO_LOW STOP_LOSS_PRICE_TOO_HIGH
        INVALID_EDITED_STOP_PRICE INVALID_EDITED_STOP_LOSS_PRICE STOP_TRIGGERED STOP_ALREADY_TRIGGERED
        """,
    ),
    (InvalidPrice, "stop_price", "Put the stop below the last trade.", "STOP_PRICE_ABOVE_LAST_TRADE_PRICE"),
    (InvalidPrice, "stop_price", "Put the stop above the last trade.", "STOP_PRICE_BELOW_LAST_TRADE_PRICE"),
    (InvalidPrice, "price", "Leave the price out.", "PRICE_NOT_ALLOWED_FOR_MARKET_ORDERS"),
    # size
    (InvalidSize, "size", "Round the size to the instrument's lot size.", "INVALID_SIZE_PRECISION"),
    (
        InvalidSize,
        "quote_size",
        "Round quote_size to the quote's smallest step.",
        "INVALID_QUOTE_SIZE_PRECISION",
    ),
    (
        InvalidSize,
        "size",
        _SIZES,
        """
        INVALID_BASE_SIZE_TOO_SMALL INVALID_BASE_SIZE_TOO_LARGE INVALID_BASE_SIZE INVALID_EDITED_SIZE
        NON_NUMERIC_ORDER_SIZE INVALID_RFQ_BASE_SIZE_TOO_SMALL INVALID_RFQ_BASE_SIZE_TOO_LARGE
        FRACTIONAL_ORDERS_NOT_ALLOWED_FOR_PRODUCT NOTIONAL_SIZE_BREACHES_FRACTIONAL_MINIMUM
        CANNOT_CONVERT_SIZE_ASSET CANNOT_CONVERT_DISPLAY_SIZE_ASSET INVALID_ATTACHED_TAKE_PROFIT_SIZE_BELOW_MIN
        SCALED_MIN_ORDER_VIOLATION SCALED_MAX_ORDER_VIOLATION BELOW_MIN_SIZE_FOR_DURATION
        BUCKET_SIZE_SMALLER_THAN_QUOTE_MIN BUCKET_SIZE_SMALLER_THAN_BASE_MIN
        """,
    ),
    (
        InvalidSize,
        "quote_size",
        _SIZES,
        """
        INVALID_QUOTE_SIZE_TOO_SMALL INVALID_QUOTE_SIZE_TOO_LARGE INVALID_RFQ_QUOTE_SIZE_TOO_SMALL
        INVALID_RFQ_QUOTE_SIZE_TOO_LARGE PREDICTIONS_QUOTE_SIZE_BELOW_MIN_CONTRACT_PRICE
        """,
    ),
    (
        InvalidSize,
        "quote_size",
        "Give size instead.",
        """
        QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET QUOTE_ORDERS_NOT_ALLOWED_FOR_PRODUCT SIZE_IN_QUOTE_EDITS_NOT_ALLOWED
        NOTIONAL_ORDERS_PROHIBITED_DURING_NON_CORE_SESSION
        """,
    ),
    (InvalidSize, "size", "Give a total above what is filled already.", "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"),
    (
        InvalidSize,
        "size",
        "Make the order smaller.",
        """
        UBO_HIGH_LEVERAGE_QUANTITY_BREACHED UBO_HIGH_LEVERAGE_NOTIONAL_BREACHED BRACKET_ORDER_SIZE_EXCEEDS_POSITION
        ORDER_SIZE_EXCEEDS_BRACKETED_POSITION MAX_NOTIONAL_PER_ORDER_BREACHED_15C35_CHECK
        MAX_SHARES_PER_ORDER_BREACHED_15C35_CHECK
        """,
    ),
    (
        Rejected,
        "size",
        _LIMITS,
        """
        BREACHED_ACCOUNT_POSITION_LIMIT BREACHED_COMPANY_POSITION_LIMIT BREACHED_OPEN_INTEREST_LIMIT
        BREACHED_RISK_LIMIT ECOSYSTEM_LEVERAGE_UTILIZATION_BREACHED MAX_DAILY_VOLUME_NOTIONAL_BREACHED
        COMPLIANCE_PURCHASE_LIMIT_EXCEEDED POSITION_SIZE_INCREASE_REJECT ASSET_BALANCE_INCREASE_REJECT
        """,
    ),
    (
        NotReducing,
        "size",
        "Only an order that reduces the position is taken now.",
        "CLOSE_ONLY_FAILURE REDUCE_ONLY_INCREASED_POSITION_SIZE CANNOT_CLOSE_ZERO_POSITION",
    ),
    # product
    (
        UnknownInstrument,
        "instrument",
        "Search for the instrument's id.",
        "INVALID_PRODUCT_ID INVALID_UNSUPPORTED_INSTRUMENT",
    ),
    (
        InstrumentNotTrading,
        "instrument",
        "Wait until the product trades again; its status says when orders are taken.",
        """
        UNTRADABLE_PRODUCT PRODUCT_TRADING_HALTED TRADING_DISABLED ORDER_ENTRY_DISABLED NOT_ALLOWED_BY_MARKET_STATE
        INVALID_FCM_TRADING_SESSION INVALID_EQUITY_TRADING_SESSION MISSING_MARKET_TRADE_DATA
        MISSING_PRODUCT_PRICE_BOOK NBBO_NOT_PROVIDED INVALID_NBBO_BID_PRICE INVALID_NBBO_ASK_PRICE
        PREDICTIONS_HIGH_PRICE_CONTRACTS_BLOCKED NOT_STARTED
        """,
    ),
    (
        InstrumentNotTrading,
        "order_type",
        "Outside of the main session, use a limit order that Coinbase takes then, or wait.",
        """
        FUTURES_AFTER_HOUR_INVALID_ORDER_TYPE FUTURES_AFTER_HOUR_INVALID_TIME_IN_FORCE
        MARKET_ORDERS_PROHIBITED_DURING_NON_CORE_SESSION
        """,
    ),
    (NoLiquidity, None, "Use a limit order.", "INVALID_NO_LIQUIDITY"),
    # kind of order
    (
        Unsupported,
        "order_type",
        "Use another order type or time in force.",
        """
        UNSUPPORTED_ORDER_CONFIGURATION INVALID_ORDER_CONFIG INVALID_ORDER_TYPE FOK_DISABLED
        FOK_ONLY_ALLOWED_ON_LIMIT_ORDERS INTX_FOK_ONLY_ALLOWED_ON_LIMIT_AND_MARKET_ORDERS
        POST_ONLY_NOT_ALLOWED_WITH_FOK BRACKET_ORDER_NOT_SUPPORTED ICEBERG_ORDERS_NOT_SUPPORTED
        PEG_INVALID_ORDER_TYPE INVALID_PEG_OFFSET INVALID_PEG_WIG_LEVEL INVALID_PEG_VENUE_OPTIONS
        POST_ONLY_NOT_ALLOWED_WITH_PEG SCALED_PARAM_INFEASIBLE SCALED_PARAM_DISCREPANCY
        SINGLE_LEGGED_TPSL_NOT_ALLOWED SINGLE_LEGGED_BRACKET_ORDER_NOT_ALLOWED
        """,
    ),
    (
        Unsupported,
        "reduce_only",
        "Leave reduce_only out.",
        "REDUCE_ONLY_NOT_ALLOWED_ON_VENUE REDUCE_ONLY_NOT_ALLOWED_ON_SPOT_PRODUCTS",
    ),
    (
        Unsupported,
        "order_type",
        _ATTACHED,
        """
        INVALID_ORDER_SIDE_FOR_ATTACHED_TPSL ATTACHED_ORDERS_ONLY_ALLOWED_ON_MARKET_LIMIT
        INVALID_ORDER_TYPE_FOR_ATTACHED ATTACHED_ORDER_SIZE_MUST_BE_NIL ATTACHED_ORDER_MUST_HAVE_POSITIVE_PRICES
        INVALID_ATTACHED_TAKE_PROFIT_PRICE INVALID_ATTACHED_STOP_LOSS_PRICE
        INVALID_ATTACHED_TAKE_PROFIT_PRICE_PRECISION INVALID_ATTACHED_STOP_LOSS_PRICE_PRECISION
        INVALID_ATTACHED_TAKE_PROFIT_PRICE_OUT_OF_BOUNDS INVALID_ATTACHED_STOP_LOSS_PRICE_OUT_OF_BOUNDS
        INVALID_ATTACHED_TAKE_PROFIT_PRICE_EXCEEDS_MAX_DISTANCE_FROM_ORIGINATING_PRICE
        INVALID_ATTACHED_TAKE_PROFIT_PRICE_OUT_OF_BOUNDS_ON_AGGRESSIVE_ORDER
        INVALID_ATTACHED_STOP_LOSS_PRICE_OUT_OF_BOUNDS_ON_AGGRESSIVE_ORDER ATTACHED_STOP_LOSS_PRICE_TOO_LOW
        ATTACHED_STOP_LOSS_PRICE_TOO_HIGH ATTACHED_TAKE_PROFIT_PRICE_TOO_HIGH ATTACHED_TAKE_PROFIT_PRICE_TOO_LOW
        SINGLE_LEGGED_ATTACHED_ORDER_CONFIGURATION_NOT_ALLOWED
        """,
    ),
    (
        InvalidValue,
        "expires_at",
        "Give an earlier time.",
        "END_TIME_TOO_FAR_IN_FUTURE INVALID_END_TIME END_TIME_AFTER_CONTRACT_EXPIRATION DURATION_TOO_LARGE",
    ),
    (
        InvalidValue,
        "expires_at",
        "Give a later time.",
        """
        END_TIME_IS_IN_THE_PAST DURATION_TOO_SMALL GTD_ORDERS_MUST_HAVE_END_TIME START_TIME_MUST_BE_SPECIFIED
        INVALID_NEW_ENDTIME
        """,
    ),
    (InvalidValue, "side", "Give BUY or SELL, as the position needs it.", "INVALID_SIDE INVALID_BRACKET_ORDER_SIDE"),
    (
        Rejected,
        None,
        "Cancel the bracket orders of this position first.",
        "OPEN_BRACKET_ORDERS",
    ),
    # account
    (
        VenuePermission,
        None,
        "Coinbase does not allow it for this account, product or place; see the account's settings there.",
        """
        GEOFENCING_RESTRICTION INELIGIBLE_PAIR UNTRADABLE_FCM_ACCOUNT_STATUS IN_LIQUIDATION INVALID_LEVERAGE
        INVALID_MARGIN_TYPE OPPOSITE_MARGIN_TYPE_EXISTS NOT_ALLOWED_TO_CANCEL INVALID_SETTLEMENT_CURRENCY
        PORTFOLIO_NOT_ALLOWED_FOR_EDITS CALLER_ID_MISMATCH INVALID_CANCEL_FCM_TRADING_SESSION
        """,
    ),
    (
        ClientOrderIdReused,
        "client_order_id",
        "Use a new client_order_id.",
        "DUPLICATE_CLIENT_ORDER_ID INVALID_INTX_CLIENT_ORDER_ID",
    ),
    # edits and cancels
    (
        UnknownOrder,
        "order_id",
        "List the open orders.",
        "UNKNOWN_CANCEL_ORDER ORDER_NOT_FOUND INVALID_CANCEL_PRODUCT_ID FUTURES_VENUE_ORDER_NOT_FOUND",
    ),
    (
        OrderAlreadyDone,
        "order_id",
        "Look at the order: nothing of it is left to change.",
        """
        ORDER_IS_FULLY_FILLED ORDER_ALREADY_FILLED ORDER_IS_NOT_OPEN ORDER_ALREADY_CANCELLED
        ONLY_OPEN_ORDERS_CAN_BE_EDITED
        """,
    ),
    (
        Rejected,
        "order_id",
        "An earlier change or cancel of the order is on its way: look at the order, then try again.",
        """
        ORDER_IS_BEING_REPLACED ORDER_IS_ALREADY_BEING_REPLACED ORDER_IS_PENDING_CANCEL
        CANNOT_EDIT_ORDER_PENDING_CANCEL DUPLICATE_CANCEL_REQUEST TOO_MANY_PENDING_REPLACES
        MODIFY_POSITION_WORKFLOW_ALREADY_RUNNING
        """,
    ),
    (
        InvalidValue,
        "price",
        "Give another size or price than the order has.",
        "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST ATTACHED_CONFIGURATION_IS_EQUAL",
    ),
    (
        Unsupported,
        "order_id",
        _ANEW,
        """
        CANNOT_EDIT_FUTURES_ORDER ORDER_TYPE_NOT_SUPPORTED ONLY_LIMIT_ORDER_EDITS_SUPPORTED STRATEGY_NOT_SUPPORTED
        FIELD_STOPPRICE_NOT_SUPPORTED FIELD_DISPLAYSIZE_NOT_SUPPORTED FIELD_ENDTIME_NOT_SUPPORTED
        REPLACE_NOT_SUPPORTED ORDER_EDIT_ORDER_TYPE_NOT_SUPPORTED CANNOT_EDIT_TRIGGERED_ORDER
        CANNOT_EDIT_STOP_PRICE_FOR_TRIGGERED_ORDER INSUFFICIENT_TIME_TO_EDIT EXCEEDED_MAX_ALLOWED_EDIT_REQUEST_COUNT
        CANNOT_CANCEL_ACTIVE_ATTACHED_ORDER ORDER_EDIT_INVALID_ATTACHED_ORDER_REQUEST
        CANNOT_EDIT_ATTACHED_ORDER_CONFIGURATION_AFTER_CREATION
        CANNOT_EDIT_ATTACHED_ORDER_SIZE_WITH_OPEN_ORIGINATING_ORDER INVALID_EDITED_ATTACHED_ORDER_CONFIGURATION
        CANNOT_EDIT_ATTACHED_SL_ORDER_PRICE CANNOT_ADD_ATTACHED_ORDER_TO_ORDER_TYPE CANNOT_CHANGE_SIDE_OF_ORDER
        CANNOT_CHANGE_ORDER_TYPE_OF_ORDER CANNOT_CHANGE_PRODUCT_ID_OF_ORDER
        CANNOT_MODIFY_ATTACHED_CONFIG_OF_NON_NEW_ORDER
        INVALID_EDITED_ATTACHED_ORDER_CONFIGURATION_NON_MODIFIABLE_VALUE_EDIT CANNOT_ADD_LEG_TO_TPSL_ORDER
        CANNOT_REMOVE_LEG_FROM_TPSL_ORDER FIELD_PEG_OFFSET_NOT_SUPPORTED FIELD_PEG_WIG_LEVEL_NOT_SUPPORTED
        INVALID_EDITED_PEG_WIG_LEVEL INVALID_EDITED_PEG_OFFSET INVALID_ORIGINAL_SIZE INVALID_ORIGINAL_PRICE
        INVALID_ORIGINAL_TIME INVALID_ORIGINAL_STOP_PRICE INVALID_ORIGINAL_STOP_LIMIT_PRICE
        INVALID_ORIGINAL_ATTACHED_ORDER_CONFIG PREV_CLIENT_ORDER_ID_REQUIRED_WHEN_CLIENT_ORDER_ID_PROVIDED
        CLIENT_ORDER_ID_REQUIRED_WHEN_PREV_CLIENT_ORDER_ID_PROVIDED
        CLIENT_ORDER_ID_MUST_BE_DIFFERENT_FROM_PREV_CLIENT_ORDER_ID
        PREV_CLIENT_ORDER_ID_MUST_MATCH_CURRENT_CLIENT_ORDER_ID
        """,
    ),
    # Coinbase's own side
    (
        Rejected,
        None,
        _AGAIN,
        """
        COMMANDER_REJECTED_NEW_ORDER COMMANDER_REJECTED_EDIT_ORDER RISK_PROXY_FAILURE MISSING_COMMISSION_RATE
        INVALID_COMMISSION_CONFIGURATION INVALID_REQUEST INVALID_CANCEL_REQUEST RFQ_QUOTE_EXPIRED
        RFQ_TOO_MANY_OPEN_QUOTES RFQ_RATE_LIMITED RFQ_INVALID_COMBO_LEGS RFQ_VALIDATION_FAILURE RFQ_VENUE_REJECTED
        """,
    ),
    (Rejected, "order_id", "The order may have ended; look at it.", "COMMANDER_REJECTED_CANCEL_ORDER"),
)
#: Reason (without PREVIEW_) → error, field, fix.
REASONS: Mapping[str, Meaning] = {
    reason: (kind, field, fix) for kind, field, fix, reasons in _TABLE for reason in reasons.split()
}
