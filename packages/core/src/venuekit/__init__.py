"""One order model, one risk engine, one audit trail, any venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from venuekit.errors import (
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
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, RiskSettings

if TYPE_CHECKING:
    from venuekit.books.depth import LiveBook
    from venuekit.desk.desk import Desk
    from venuekit.runtime.session import open_desk

    __version__: str

__all__ = [
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

_LAZY = {
    "LiveBook": ("venuekit.books.depth", "LiveBook"),
    "Desk": ("venuekit.desk.desk", "Desk"),
    "open_desk": ("venuekit.runtime.session", "open_desk"),
    "__version__": ("venuekit.version", "VERSION"),
}


def __getattr__(name: str) -> Any:
    # What needs a database, a configuration or an event loop is imported on use, so that the import stays quick.
    if name in _LAZY:
        from importlib import import_module  # noqa: PLC0415

        module, attribute = _LAZY[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'venuekit' has no attribute {name!r}")
