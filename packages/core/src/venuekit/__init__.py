"""One order model, one risk engine, one audit trail, any venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venuekit.books.depth import LiveBook
    from venuekit.desk.desk import Desk
    from venuekit.errors import (
        ApprovalPending,
        ConfigError,
        InsufficientFunds,
        InvalidValue,
        OrderAlreadyDone,
        OutcomeUnknown,
        Refused,
        Rejected,
        RiskRefused,
        Unavailable,
        UnknownInstrument,
        UnknownOrder,
        UsageError,
        VenuekitError,
    )
    from venuekit.model.account import Balance, FillQuery, HistoryQuery, Page, Position
    from venuekit.model.action import Action, ActionStatus
    from venuekit.model.events import Channel, Event, OrderEvent
    from venuekit.model.instrument import Instrument, InstrumentKind
    from venuekit.model.intent import (
        BracketOrder,
        LimitOrder,
        MarketOrder,
        OrderRequest,
        OrderType,
        Side,
        StopLimitOrder,
        StopOrder,
        TimeInForce,
    )
    from venuekit.model.market import Candle, Granularity, OrderBook, Ticker, Trade
    from venuekit.model.order import Fill, Order, OrderStatus
    from venuekit.protocols.approver import Caller, Mode, Operator, Role
    from venuekit.runtime.session import open_desk
    from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, RiskSettings

    __version__: str

__all__ = [
    "Action",
    "ActionStatus",
    "ApprovalPending",
    "ApprovalSettings",
    "Balance",
    "BracketOrder",
    "Caller",
    "Candle",
    "Channel",
    "ConfigError",
    "Desk",
    "DeskConfig",
    "DeskSettings",
    "Event",
    "Fill",
    "FillQuery",
    "Granularity",
    "HistoryQuery",
    "Instrument",
    "InstrumentKind",
    "InsufficientFunds",
    "InvalidValue",
    "LimitOrder",
    "LiveBook",
    "MarketOrder",
    "Mode",
    "Operator",
    "Order",
    "OrderAlreadyDone",
    "OrderBook",
    "OrderEvent",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "OutcomeUnknown",
    "Page",
    "Position",
    "Refused",
    "Rejected",
    "RiskRefused",
    "RiskSettings",
    "Role",
    "Side",
    "StopLimitOrder",
    "StopOrder",
    "Ticker",
    "TimeInForce",
    "Trade",
    "Unavailable",
    "UnknownInstrument",
    "UnknownOrder",
    "UsageError",
    "VenuekitError",
    "__version__",
    "open_desk",
]

_HOMES = {
    "venuekit.errors": (
        "ApprovalPending ConfigError InsufficientFunds InvalidValue OrderAlreadyDone OutcomeUnknown Refused Rejected "
        "RiskRefused Unavailable UnknownInstrument UnknownOrder UsageError VenuekitError"
    ),
    "venuekit.model.account": "Balance FillQuery HistoryQuery Page Position",
    "venuekit.model.action": "Action ActionStatus",
    "venuekit.model.events": "Channel Event OrderEvent",
    "venuekit.model.instrument": "Instrument InstrumentKind",
    "venuekit.model.intent": (
        "BracketOrder LimitOrder MarketOrder OrderRequest OrderType Side StopLimitOrder StopOrder TimeInForce"
    ),
    "venuekit.model.market": "Candle Granularity OrderBook Ticker Trade",
    "venuekit.model.order": "Fill Order OrderStatus",
    "venuekit.protocols.approver": "Caller Mode Operator Role",
    "venuekit.settings.schema": "ApprovalSettings DeskConfig DeskSettings RiskSettings",
    "venuekit.books.depth": "LiveBook",
    "venuekit.desk.desk": "Desk",
    "venuekit.runtime.session": "open_desk",
}
_LAZY = {name: (module, name) for module, names in _HOMES.items() for name in names.split()}
_LAZY["__version__"] = ("venuekit.version", "VERSION")


def __getattr__(name: str) -> Any:
    # Everything is imported on use: a kill switch that had to read the whole model first would be a slow one.
    if name not in _LAZY:
        raise AttributeError(f"module 'venuekit' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    module, attribute = _LAZY[name]
    found = globals()[name] = getattr(import_module(module), attribute)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
