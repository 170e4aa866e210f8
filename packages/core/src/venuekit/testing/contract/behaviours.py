"""Every promised behaviour of a venue, with its stable id, its source, and the capabilities it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import attrs
import pytest

from venuekit.adapter import Channel, Feature, OrderType, TimeInForce

Need = Feature | OrderType | TimeInForce | Channel

#: The areas of the score, by the first part of an id.
AREAS = {
    "SES": "sessions",
    "CAP": "capabilities",
    "MKT": "market data",
    "ORD": "orders",
    "CXL": "cancellation",
    "IDE": "idempotency",
    "STR": "streams",
    "ERR": "errors",
    "REC": "reconciling",
    "PRE": "precision",
    "PAG": "paging",
    "CON": "concurrency",
    "POR": "portfolio",
}


@attrs.frozen
class Behaviour:
    """One promise: what, where it is made, what a venue must be able to do, whether checking it sends orders."""

    id: str
    sentence: str
    source: str
    needs: Sequence[Need] = ()
    trades: bool = True


F = Feature
_LIMIT = (F.SUBMIT, F.CANCEL, OrderType.LIMIT, TimeInForce.GTC)
_TAKE = (F.SUBMIT, OrderType.LIMIT, TimeInForce.IOC, F.FILLS)
_STOP = (F.SUBMIT, F.CANCEL, OrderType.STOP)
_STOP_LIMIT = (F.SUBMIT, F.CANCEL, OrderType.STOP_LIMIT)
_BRACKET = (F.SUBMIT, F.CANCEL, OrderType.BRACKET)
_BY_ID = (F.ORDER_BY_CLIENT_ID,)

_READS = [
    Behaviour("SES-01", "The factory and its session have every member of the protocols.", "protocols.venue"),
    Behaviour("SES-02", "Name, account and environment are those of the factory and the context.", "Venue"),
    Behaviour("SES-03", "Closing twice is safe.", "Venue.close"),
    Behaviour("SES-04", "An option that does not exist raises ConfigError with its name.", "VenueFactory.create"),
    Behaviour("SES-05", "A closed session raises Unavailable.", "errors.NotConnected"),
    Behaviour("SES-06", "The venue's clock never goes back.", "Venue.server_time_ns", (F.SERVER_TIME,)),
    Behaviour("CAP-01", "Every ability is declared, and whatever is not full has a reason.", "Declared"),
    Behaviour("CAP-02", "A session declares what its factory declares.", "VenueFactory.capabilities"),
    Behaviour("CAP-03", "A read that is declared unusable raises Unsupported.", "errors.Unsupported"),
    Behaviour("CAP-07", "A channel that is declared unusable raises Unsupported.", "errors.Unsupported"),
    Behaviour("CAP-08", "Every instrument is of a declared kind.", "Capabilities.kinds"),
    Behaviour("MKT-01", "Instruments are sorted by id, unique, and have positive steps.", "MarketData.instruments"),
    Behaviour("MKT-02", "An instrument is found by its id and by its alias.", "MarketData.instrument"),
    Behaviour("MKT-03", "An unknown instrument raises UnknownInstrument in every read.", "MarketData"),
    Behaviour("MKT-04", "A search finds an instrument by its id, best first.", "MarketData.search", (F.SEARCH,)),
    Behaviour("MKT-05", "A search keeps its limit, and nonsense finds nothing.", "MarketData.search", (F.SEARCH,)),
    Behaviour("MKT-06", "Tickers come in the order asked for.", "MarketData.tickers", (F.TICKER,)),
    Behaviour("MKT-07", "A ticker is not crossed, and a missing side is None.", "model.Ticker", (F.TICKER,)),
    Behaviour("MKT-08", "A book is sorted, one level a price, not crossed.", "model.OrderBook", (F.ORDER_BOOK,)),
    Behaviour("MKT-09", "A book has at most the depth asked for.", "MarketData.order_book", (F.ORDER_BOOK,)),
    Behaviour("MKT-10", "Trades come newest first, within the limit.", "MarketData.trades", (F.TRADES,)),
    Behaviour("MKT-11", "Candles come oldest first, aligned, with sound prices.", "MarketData.candles", (F.CANDLES,)),
    Behaviour("MKT-12", "A candle range includes its start and not its end.", "MarketData.candles", (F.CANDLES,)),
    Behaviour("MKT-13", "Every declared granularity works.", "Capabilities.granularities", (F.CANDLES,)),
    Behaviour("STR-01", "A book subscription begins with a snapshot.", "Streams.subscribe", (Channel.BOOK,)),
    Behaviour("STR-02", "Snapshot and deltas add up to the book.", "BookDelta", (Channel.BOOK, F.ORDER_BOOK)),
    Behaviour("STR-03", "Sequence numbers of a book never skip or repeat.", "Event.sequence", (Channel.BOOK,)),
    Behaviour("STR-04", "Tickers come for the instrument asked for.", "Streams.subscribe", (Channel.TICKER,)),
    Behaviour("STR-05", "Public trades come for the instrument asked for.", "Streams.subscribe", (Channel.TRADES,)),
    Behaviour("STR-06", "Candles come as one-minute candles.", "Streams.subscribe", (Channel.CANDLES,)),
    Behaviour("STR-07", "The status channel can be subscribed to and closed.", "Streams", (Channel.STATUS,)),
    Behaviour("STR-08", "A lost connection raises Unavailable in the reader.", "Streams.subscribe"),
    Behaviour("STR-09", "After a loss, a new book subscription has a snapshot first.", "DESIGN 8", (Channel.BOOK,)),
    Behaviour("STR-10", "Closing one subscription leaves the others alone.", "Streams.subscribe"),
    Behaviour("STR-11", "Subscribing to an unknown instrument raises UnknownInstrument.", "Streams.subscribe"),
    Behaviour("ERR-09", "A malformed cursor raises InvalidCursor.", "errors.InvalidCursor"),
    Behaviour("PRE-02", "No read returns a float, a NaN or an infinity.", "model.money"),
    Behaviour("PRE-05", "Prices and sizes of the book are on tick and lot.", "model.Instrument", (F.ORDER_BOOK,)),
    Behaviour("PRE-06", "Every value that is read survives JSON unchanged.", "model.codec"),
    Behaviour("CON-01", "Many reads at once all answer.", "protocols.venue"),
    Behaviour("CON-05", "A canceled reader of a stream leaves the venue working.", "protocols.venue"),
    Behaviour("POR-01", "Balances are sorted; total is available plus held.", "model.Balance", (F.BALANCES,)),
    Behaviour("POR-05", "The profile says environment, permissions and fees.", "Portfolio.profile", (F.PROFILE,)),
    Behaviour("POR-06", "Transfers come newest first.", "Portfolio.transfers", (F.TRANSFERS,)),
]

_TRADES = [
    Behaviour("CAP-04", "An order type that is declared unusable raises Unsupported.", "errors.Unsupported"),
    Behaviour("CAP-05", "A time in force that is declared unusable raises Unsupported.", "errors.Unsupported"),
    Behaviour("CAP-06", "An option of orders that is declared unusable raises Unsupported.", "errors.Unsupported"),
    Behaviour("CAP-09", "A change of orders that is declared unusable raises Unsupported.", "errors.Unsupported"),
    Behaviour("ORD-01", "A limit order away from the market rests as it was sent.", "OrderEntry.submit", _LIMIT),
    Behaviour("ORD-02", "A limit order through the market trades, never worse than its price.", "LimitOrder", _TAKE),
    Behaviour("ORD-03", "A market order trades its whole size.", "MarketOrder", (F.SUBMIT, OrderType.MARKET)),
    Behaviour(
        "ORD-04", "A market order spends at most its quote size.", "MarketOrder", (OrderType.MARKET, F.QUOTE_SIZE)
    ),
    Behaviour("ORD-05", "An IOC order never rests.", "TimeInForce", (F.SUBMIT, OrderType.LIMIT, TimeInForce.IOC)),
    Behaviour("ORD-06", "A FOK order trades whole or not at all.", "TimeInForce", (OrderType.LIMIT, TimeInForce.FOK)),
    Behaviour("ORD-07", "A post-only order away from the market rests.", "LimitOrder", (*_LIMIT, F.POST_ONLY)),
    Behaviour("ORD-08", "A GTD order expires at its time.", "TimeInForce", (OrderType.LIMIT, TimeInForce.GTD)),
    Behaviour("ORD-09", "A DAY order rests.", "TimeInForce", (OrderType.LIMIT, TimeInForce.DAY)),
    Behaviour("ORD-10", "A stop order waits for its trigger and is visible.", "StopOrder", _STOP),
    Behaviour("ORD-11", "A stop-limit order waits for its trigger and is visible.", "StopLimitOrder", _STOP_LIMIT),
    Behaviour("ORD-12", "A bracket order waits and is visible.", "BracketOrder", _BRACKET),
    Behaviour("ORD-13", "A stop order triggers when the market trades there.", "StopOrder", (*_STOP, *_TAKE)),
    Behaviour("ORD-14", "An amended price is the order's price; its ids stay.", "OrderEntry.amend", (F.AMEND,)),
    Behaviour("ORD-15", "An amended size is the new total size.", "OrderEntry.amend", (F.AMEND,)),
    Behaviour("ORD-16", "A reduce-only order with nothing to reduce is refused.", "NotReducing", (F.REDUCE_ONLY,)),
    Behaviour("ORD-17", "An order is found by either of its ids, and is the same.", "OrderEntry.order", _LIMIT),
    Behaviour("ORD-18", "Open orders are listed for one instrument or for all.", "OrderEntry.open_orders", _LIMIT),
    Behaviour("ORD-19", "Each order has a venue id of its own.", "OrderEntry.submit", _LIMIT),
    Behaviour("ORD-20", "A done order is no longer open.", "OrderEntry.open_orders", _TAKE),
    Behaviour("ORD-21", "An order's times are in order and not in the future.", "model.Order", _LIMIT),
    Behaviour("CXL-01", "A canceled order ends CANCELED and is no longer open.", "OrderEntry.cancel", _LIMIT),
    Behaviour("CXL-02", "An order is canceled by its client order id alone.", "OrderRef", (*_LIMIT, *_BY_ID)),
    Behaviour("CXL-03", "Canceling an unknown order raises UnknownOrder.", "OrderEntry.cancel", (F.CANCEL,)),
    Behaviour("CXL-04", "Canceling a canceled order raises OrderAlreadyDone.", "OrderEntry.cancel", _LIMIT),
    Behaviour("CXL-05", "Canceling a filled order raises OrderAlreadyDone.", "OrderEntry.cancel", (*_TAKE, F.CANCEL)),
    Behaviour("CXL-06", "Cancel-all cancels every open order, one result each.", "cancel_all", (*_LIMIT, F.CANCEL_ALL)),
    Behaviour("CXL-07", "Cancel-all of one instrument leaves the others.", "cancel_all", (*_LIMIT, F.CANCEL_ALL)),
    Behaviour("CXL-08", "Cancel-all cancels conditional orders too.", "cancel_all", (*_STOP_LIMIT, F.CANCEL_ALL)),
    Behaviour("IDE-01", "The same id with the same order returns the same order.", "submit", _LIMIT),
    Behaviour("IDE-02", "The same id with another order raises ClientOrderIdReused.", "submit", _LIMIT),
    Behaviour("IDE-03", "The same order sent twice at once is one order.", "submit", _LIMIT),
    Behaviour("IDE-04", "The same order sent again after it is done does not trade again.", "submit", _TAKE),
    Behaviour("IDE-05", "The same order sent again over a new session is one order.", "submit", _LIMIT),
    Behaviour("STR-12", "Own orders: every state is reported, in a legal order.", "TRANSITIONS", (Channel.OWN_ORDERS,)),
    Behaviour("STR-13", "Own fills: each is reported once, as it is in the list.", "FillEvent", (Channel.OWN_FILLS,)),
    Behaviour("STR-14", "After a loss, own orders are reported again.", "DESIGN 8", (Channel.OWN_ORDERS,)),
    Behaviour("STR-15", "Every subscriber gets every own-order event.", "DESIGN 8", (Channel.OWN_ORDERS,)),
    Behaviour("ERR-01", "A price off the tick raises InvalidPrice with its neighbours.", "InvalidPrice", _LIMIT),
    Behaviour("ERR-02", "A size off the lot raises InvalidSize.", "InvalidSize", _LIMIT),
    Behaviour("ERR-03", "A size below the minimum raises InvalidSize.", "InvalidSize", _LIMIT),
    Behaviour("ERR-04", "A size above the maximum raises InvalidSize.", "InvalidSize", _LIMIT),
    Behaviour("ERR-05", "An order beyond the balance raises InsufficientFunds.", "InsufficientFunds", _LIMIT),
    Behaviour("ERR-06", "An order for an unknown instrument raises UnknownInstrument.", "UnknownInstrument", _LIMIT),
    Behaviour("ERR-07", "An order id that does not exist raises UnknownOrder.", "UnknownOrder"),
    Behaviour("ERR-08", "A GTD order whose time has passed is refused.", "TimeInForce", (TimeInForce.GTD,)),
    Behaviour("ERR-10", "A post-only order that would trade raises PostOnlyWouldCross.", "errors", (F.POST_ONLY,)),
    Behaviour("ERR-11", "A price out of bounds raises InvalidPrice.", "Instrument.max_price", _LIMIT),
    Behaviour("ERR-12", "A notional below the minimum raises InvalidSize.", "Instrument.min_notional", _LIMIT),
    Behaviour("REC-01", "A new session finds an order by its client order id.", "DESIGN 6", (*_LIMIT, *_BY_ID)),
    Behaviour("REC-02", "A new session lists the same open orders.", "Venue.close", _LIMIT),
    Behaviour("REC-03", "Fills since a time: start included, end not.", "FillQuery", _TAKE),
    Behaviour("REC-04", "Fills of one order are those of that order.", "FillQuery", _TAKE),
    Behaviour("REC-05", "History filters by state, side and instrument.", "HistoryQuery", (*_LIMIT, F.ORDER_HISTORY)),
    Behaviour("REC-06", "History knows done orders and open ones.", "HistoryQuery", (*_LIMIT, F.ORDER_HISTORY)),
    Behaviour("PRE-01", "Price and size come back to the last digit.", "model.money", _LIMIT),
    Behaviour("PRE-03", "Fills sum to the filled size, and to the average price.", "model.Order", _TAKE),
    Behaviour("PRE-04", "Fees of fills sum to the fees of the order.", "model.Order", _TAKE),
    Behaviour("PAG-01", "Pages of orders lose nothing and repeat nothing.", "Page", (*_LIMIT, F.ORDER_HISTORY)),
    Behaviour("PAG-02", "Pages of fills lose nothing and repeat nothing.", "Page", _TAKE),
    Behaviour("PAG-03", "Orders that arrive meanwhile repeat nothing.", "Page", (*_LIMIT, F.ORDER_HISTORY)),
    Behaviour("PAG-04", "A page is newest first and keeps its limit.", "HistoryQuery", (*_LIMIT, F.ORDER_HISTORY)),
    Behaviour("CON-02", "Many orders at once are each placed once.", "protocols.venue", _LIMIT),
    Behaviour(
        "CON-03", "A caller canceled in the middle leaves no order or one.", "protocols.venue", (*_LIMIT, *_BY_ID)
    ),
    Behaviour("CON-04", "Orders placed and canceled at once all end.", "protocols.venue", _LIMIT),
    Behaviour(
        "POR-02", "An open order holds its cost, and canceling frees all of it.", "Balance", (*_LIMIT, F.BALANCES)
    ),
    Behaviour("POR-03", "A trade moves balances by its size, cost and fee.", "Balance", (*_TAKE, F.BALANCES)),
    Behaviour("POR-04", "A position is the sum of its fills.", "model.Position", (*_TAKE, F.POSITIONS)),
    Behaviour("POR-07", "A fill says its fee, in an asset.", "model.Fill", _TAKE),
]

#: By id. The checker test holds it against the tests.
BEHAVIOURS: dict[str, Behaviour] = {
    entry.id: entry
    for entry in sorted([*(attrs.evolve(b, trades=False) for b in _READS), *_TRADES], key=lambda b: b.id)
}

T = TypeVar("T", bound=Callable[..., Any])


def behaviour(name: str) -> Callable[[T], T]:
    """Mark a test as the check of one promised behaviour.

    Raises:
        KeyError: there is no behaviour of that id.
    """
    found = BEHAVIOURS[name]

    def mark(test: T) -> T:
        return pytest.mark.behaviour(found.id)(test)  # type: ignore[no-any-return]

    return mark
