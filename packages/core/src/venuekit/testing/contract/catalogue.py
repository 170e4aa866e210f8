"""Every promised behaviour of a venue: its stable id, the promise, where it is made, and what it needs."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from venuekit.adapter import Channel, Feature, OrderType, TimeInForce

Need = Feature | OrderType | TimeInForce | Channel


@attrs.frozen
class Behaviour:
    """One promise: what, where it is made, what a venue must be able to do, whether checking it sends orders."""

    id: str
    sentence: str
    #: The name in `venuekit.adapter` whose documentation makes the promise.
    source: str
    needs: Sequence[Need] = ()
    trades: bool = True


def _read(name: str, sentence: str, source: str, *needs: Need) -> Behaviour:
    return Behaviour(name, sentence, source, needs, trades=False)


def _trade(name: str, sentence: str, source: str, *needs: Need) -> Behaviour:
    return Behaviour(name, sentence, source, needs)


F, C = Feature, Channel
_LIMIT = (F.SUBMIT, F.CANCEL, F.OPEN_ORDERS, OrderType.LIMIT, TimeInForce.GTC)
_TAKE = (F.SUBMIT, OrderType.LIMIT, TimeInForce.IOC, F.FILLS)
_SAME = (*_LIMIT, F.IDEMPOTENT_SUBMIT)
_STOP = (F.SUBMIT, F.CANCEL, F.OPEN_ORDERS, OrderType.STOP)
_STOP_LIMIT = (F.SUBMIT, F.CANCEL, F.OPEN_ORDERS, OrderType.STOP_LIMIT)
_BRACKET = (*_TAKE, F.CANCEL, F.OPEN_ORDERS, OrderType.BRACKET)
_HISTORY = (*_LIMIT, F.ORDER_HISTORY)
_AMEND = (*_LIMIT, F.AMEND)

CATALOGUE = [
    _read("SES-01", "The factory and its session have every member of the protocols.", "Venue"),
    _read("SES-02", "Name, account and environment are those of the factory and the context.", "Venue.account"),
    _read("SES-03", "Closing twice is safe.", "Venue.close"),
    _read("SES-04", "An option that does not exist raises ConfigError with its name.", "VenueFactory.create"),
    _read("SES-05", "A closed session raises Unavailable in every read.", "NotConnected"),
    _read("SES-06", "The venue's clock never goes back.", "Venue.server_time_ns", F.SERVER_TIME),
    _read("SES-07", "A session that is not connected yet raises Unavailable.", "VenueFactory.create"),
    _read("SES-08", "Every option is described.", "VenueFactory.options"),
    _read("SES-09", "Every tool of the venue's own is described, with its arguments and result.", "Extra"),
    _read("CAP-01", "Every ability is declared, and whatever is not full has a reason.", "Declared"),
    _read("CAP-02", "A session declares what its factory declares.", "VenueFactory.capabilities"),
    _read("CAP-03", "A read that is declared unusable raises Unsupported.", "Unsupported"),
    _trade("CAP-04", "An order type that is declared unusable raises Unsupported.", "Unsupported"),
    _trade("CAP-05", "A time in force that is declared unusable raises Unsupported.", "Unsupported"),
    _trade("CAP-06", "An option of orders that is declared unusable raises Unsupported.", "Unsupported"),
    _read("CAP-07", "A channel that is declared unusable raises Unsupported.", "Unsupported"),
    _read("CAP-08", "Every instrument is of a declared kind.", "Capabilities"),
    _trade("CAP-09", "A change of orders that is declared unusable raises Unsupported.", "Unsupported"),
    _read("CAP-10", "A granularity that is not declared raises Unsupported.", "Capabilities", F.CANDLES),
    _read("MKT-01", "Instruments are sorted by id, unique, and have positive steps.", "MarketData.instruments"),
    _read("MKT-02", "An instrument is found by its id and by its alias.", "MarketData.instrument"),
    _read("MKT-03", "An unknown instrument raises UnknownInstrument in every read.", "MarketData"),
    _read("MKT-04", "A search finds an instrument by its id, best first.", "MarketData.search", F.SEARCH),
    _read("MKT-05", "A search keeps its limit, and nonsense finds nothing.", "MarketData.search", F.SEARCH),
    _read("MKT-06", "Tickers come in the order asked for.", "MarketData.tickers", F.TICKER),
    _read("MKT-07", "A ticker is not crossed, and a missing side is None.", "Ticker", F.TICKER),
    _read("MKT-08", "A book is sorted, one level a price, not crossed.", "OrderBook", F.ORDER_BOOK),
    _read("MKT-09", "A book has at most the depth asked for and declared.", "MarketData.order_book", F.ORDER_BOOK),
    _read("MKT-10", "Trades come newest first, within the limit.", "MarketData.trades", F.TRADES),
    _read("MKT-11", "Candles come oldest first, aligned, with sound prices.", "MarketData.candles", F.CANDLES),
    _read("MKT-12", "A candle range includes its start and not its end.", "MarketData.candles", F.CANDLES),
    _read("MKT-13", "Every declared granularity works.", "Capabilities", F.CANDLES),
    _trade("ORD-01", "A limit order away from the market rests as it was sent.", "LimitOrder", *_LIMIT),
    _trade("ORD-02", "A limit order through the market trades, never worse than its price.", "LimitOrder", *_TAKE),
    _trade("ORD-03", "A market order trades its whole size.", "MarketOrder", F.SUBMIT, OrderType.MARKET),
    _trade("ORD-04", "A market order spends at most its quote size.", "MarketOrder", OrderType.MARKET, F.QUOTE_SIZE),
    _trade("ORD-05", "An IOC order never rests.", "TimeInForce", *_TAKE, F.OPEN_ORDERS),
    _trade("ORD-06", "A FOK order trades whole or not at all.", "TimeInForce", OrderType.LIMIT, TimeInForce.FOK),
    _trade("ORD-07", "A post-only order away from the market rests.", "LimitOrder", *_LIMIT, F.POST_ONLY),
    _trade("ORD-08", "A GTD order expires at its time.", "TimeInForce", *_LIMIT, TimeInForce.GTD),
    _trade("ORD-09", "A DAY order rests.", "TimeInForce", OrderType.LIMIT, TimeInForce.DAY),
    _trade("ORD-10", "A stop order waits for its trigger and is visible.", "OrderEntry.open_orders", *_STOP),
    _trade("ORD-11", "A stop-limit order waits and is visible.", "OrderEntry.open_orders", *_STOP_LIMIT),
    _trade("ORD-12", "A bracket order waits and is visible.", "OrderEntry.open_orders", *_BRACKET),
    _trade("ORD-13", "A stop order triggers when the market trades there.", "StopOrder", *_STOP, *_TAKE),
    _trade("ORD-14", "A triggered stop-limit order is a limit order.", "StopLimitOrder", *_STOP_LIMIT, *_TAKE),
    _trade("ORD-15", "One way out of a bracket ends the other.", "BracketOrder", *_BRACKET),
    _trade("ORD-16", "A reduce-only order with nothing to reduce is refused.", "NotReducing", F.REDUCE_ONLY),
    _trade("ORD-17", "An order is found by either of its ids, and is the same.", "OrderEntry.order", *_LIMIT),
    _trade("ORD-18", "Open orders are listed for one instrument or all.", "OrderEntry.open_orders", *_LIMIT),
    _trade("ORD-19", "Each order has a venue id of its own.", "Order", *_LIMIT),
    _trade("ORD-20", "A done order is no longer open.", "OrderEntry.open_orders", *_TAKE, F.OPEN_ORDERS),
    _trade("ORD-21", "An order's times are in order and not in the future.", "Order", *_LIMIT),
    _trade("ORD-22", "A reduce-only order that reduces is taken.", "NotReducing", *_TAKE, F.REDUCE_ONLY, F.POSITIONS),
    _trade("ORD-23", "An order that trades in part rests with what is left.", "OrderStatus", *_LIMIT, *_TAKE),
    _trade("AMD-01", "An amended price is the order's price; its ids stay.", "OrderEntry.amend", *_AMEND),
    _trade("AMD-02", "An amended size is the new total size.", "OrderEntry.amend", *_AMEND),
    _trade("AMD-03", "An amended stop price is where the order waits.", "OrderEntry.amend", *_STOP_LIMIT, F.AMEND),
    _trade("AMD-04", "An amendment that breaks the rules is refused and changes nothing.", "InvalidPrice", *_AMEND),
    _trade("AMD-05", "An amendment beyond the balance is refused and changes nothing.", "InsufficientFunds", *_AMEND),
    _trade("AMD-06", "Amending an unknown order raises UnknownOrder.", "UnknownOrder", F.AMEND),
    _trade("AMD-07", "Amending a done order raises OrderAlreadyDone.", "OrderAlreadyDone", *_AMEND),
    _trade("CXL-01", "A canceled order ends CANCELED and is no longer open.", "OrderEntry.cancel", *_LIMIT),
    _trade("CXL-02", "An order is canceled by its client order id.", "OrderRef", *_LIMIT, F.ORDER_BY_CLIENT_ID),
    _trade("CXL-03", "Canceling an unknown order raises UnknownOrder.", "OrderEntry.cancel", F.CANCEL),
    _trade("CXL-04", "Canceling a canceled order raises OrderAlreadyDone.", "OrderEntry.cancel", *_LIMIT),
    _trade("CXL-05", "Canceling a filled order raises OrderAlreadyDone.", "OrderEntry.cancel", *_TAKE, F.CANCEL),
    _trade("CXL-06", "Cancel-all cancels each open order.", "OrderEntry.cancel_all", *_LIMIT, F.CANCEL_ALL),
    _trade("CXL-07", "Cancel-all of one instrument leaves others.", "OrderEntry.cancel_all", *_LIMIT, F.CANCEL_ALL),
    _trade("CXL-08", "Cancel-all takes conditional ones.", "OrderEntry.cancel_all", *_STOP_LIMIT, F.CANCEL_ALL),
    _trade("CXL-09", "A canceled order keeps what it has traded.", "OrderEntry.cancel", *_LIMIT, *_TAKE),
    _trade("IDE-01", "The same id with the same order returns the same order.", "OrderEntry.submit", *_SAME),
    _trade("IDE-02", "The same id with another order raises ClientOrderIdReused.", "ClientOrderIdReused", *_SAME),
    _trade("IDE-03", "The same order sent twice at once is one order.", "OrderEntry.submit", *_SAME),
    _trade("IDE-04", "A done order sent again trades no more.", "OrderEntry.submit", *_TAKE, F.IDEMPOTENT_SUBMIT),
    _trade("IDE-05", "The same order sent again over a new session is one order.", "OrderEntry.submit", *_SAME),
    _read("STR-01", "A book subscription begins with a snapshot.", "Streams.subscribe", C.BOOK),
    _read("STR-02", "Snapshot and deltas add up to the book.", "BookDelta", C.BOOK, F.ORDER_BOOK),
    _read("STR-03", "Sequence numbers of a book never skip or repeat.", "GapEvent", C.BOOK),
    _read("STR-04", "Tickers come for the instrument asked for.", "Streams.subscribe", C.TICKER),
    _read("STR-05", "Public trades come for the instrument asked for.", "Streams.subscribe", C.TRADES),
    _read("STR-06", "Candles come as one-minute candles.", "Streams.subscribe", C.CANDLES),
    _read("STR-07", "The status channel can be subscribed to and closed.", "Streams.subscribe", C.STATUS),
    _read("STR-08", "A lost connection raises Unavailable in the reader of every channel.", "Streams.subscribe"),
    _read("STR-09", "After a loss, a new book subscription has a snapshot first.", "BookSnapshot", C.BOOK),
    _read("STR-10", "Closing one subscription leaves the others alone.", "Streams.subscribe"),
    _read("STR-11", "Subscribing to an unknown instrument raises UnknownInstrument.", "MarketData"),
    _trade("STR-12", "Own orders: every state is reported, in a legal order.", "may_follow", C.OWN_ORDERS, *_LIMIT),
    _trade(
        "STR-13",
        "Own fills: each is reported once, and when it becomes final, as it is in the list.",
        "FillEvent",
        C.OWN_FILLS,
        *_TAKE,
    ),
    _trade("STR-14", "After a loss, own orders are reported again.", "Streams.subscribe", C.OWN_ORDERS, *_LIMIT),
    _trade("STR-15", "Every subscriber gets every own-order event.", "Streams.subscribe", C.OWN_ORDERS, *_LIMIT),
    _trade("STR-16", "After a loss, own fills are reported again, once.", "FillEvent", C.OWN_FILLS, *_TAKE),
    _trade(
        "STR-17",
        "Partial fills are told; what traded never goes back.",
        "OrderEvent",
        C.OWN_ORDERS,
        *_LIMIT,
        *_TAKE,
    ),
    _read("STR-18", "A closed session raises Unavailable in its readers and to new ones.", "Venue.close"),
    _trade("ERR-01", "A price off the tick raises InvalidPrice with its neighbours.", "InvalidPrice", *_LIMIT),
    _trade("ERR-02", "A size off the lot raises InvalidSize.", "InvalidSize", *_LIMIT),
    _trade("ERR-03", "A size below the minimum raises InvalidSize.", "InvalidSize", *_LIMIT),
    _trade("ERR-04", "A size above the maximum raises InvalidSize.", "InvalidSize", *_LIMIT),
    _trade("ERR-05", "An order beyond the balance raises InsufficientFunds.", "InsufficientFunds", *_LIMIT),
    _trade("ERR-06", "An order for an unknown instrument raises UnknownInstrument.", "UnknownInstrument", *_LIMIT),
    _read("ERR-07", "An order id that does not exist raises UnknownOrder.", "OrderEntry.order", F.SUBMIT),
    _trade("ERR-08", "A GTD order whose time has passed is refused.", "TimeInForce", *_LIMIT, TimeInForce.GTD),
    _read("ERR-09", "A malformed cursor raises InvalidCursor.", "InvalidCursor"),
    _trade("ERR-10", "A post-only order that would trade is refused.", "PostOnlyWouldCross", *_LIMIT, F.POST_ONLY),
    _trade("ERR-11", "A price out of bounds raises InvalidPrice.", "InvalidPrice", *_LIMIT),
    _trade("ERR-12", "A notional below the minimum raises InvalidSize.", "InvalidSize", *_LIMIT),
    _read("ERR-13", "An odd argument of a read raises a venuekit error or nothing.", "VenuekitError"),
    _trade("ERR-14", "An order too many raises RateLimited, says when, and is not placed.", "RateLimited", *_LIMIT),
    _trade("REC-01", "A new session finds an order by its client order id.", "OrderRef", *_LIMIT, F.ORDER_BY_CLIENT_ID),
    _trade("REC-02", "A new session lists the same open orders.", "Venue.close", *_LIMIT),
    _trade("REC-03", "Fills since a time: start included, end not.", "FillQuery", *_TAKE),
    _trade("REC-04", "Fills of one order are those of that order.", "FillQuery", *_TAKE),
    _trade("REC-05", "History filters by state, side, type and instrument.", "HistoryQuery", *_HISTORY),
    _trade("REC-06", "History knows done orders and open ones.", "OrderEntry.order_history", *_HISTORY),
    _trade("REC-07", "A new session lists the same conditional orders.", "Venue.close", *_STOP_LIMIT),
    _trade("REC-08", "History since a time: start included, end not.", "HistoryQuery", *_HISTORY),
    _trade("PRE-01", "Price and size come back to the last digit.", "Order", *_LIMIT),
    _read("PRE-02", "No read returns a float, a NaN or an infinity.", "checked_amount"),
    _trade("PRE-03", "Fills sum to the filled size, and to the average price.", "Order", *_TAKE),
    _trade("PRE-04", "Fees of fills sum to the fees of the order.", "Order", *_TAKE),
    _read("PRE-05", "Prices and sizes of the book are on tick and lot.", "Instrument", F.ORDER_BOOK),
    _read("PRE-06", "Every value that is read survives JSON unchanged.", "to_plain"),
    _trade("PAG-01", "Pages of orders lose nothing and repeat nothing.", "Page", *_HISTORY),
    _trade("PAG-02", "Pages of fills lose nothing and repeat nothing.", "Page", *_TAKE),
    _trade("PAG-03", "Orders that arrive meanwhile repeat nothing.", "Page", *_HISTORY),
    _trade("PAG-04", "A page is newest first and keeps its limit.", "HistoryQuery", *_HISTORY),
    _read("PAG-05", "Pages of transfers lose nothing and repeat nothing.", "Page", F.TRANSFERS),
    _trade("PAG-06", "Orders that end meanwhile are neither lost nor repeated.", "Page", *_HISTORY),
    _read("CON-01", "Many reads at once all answer.", "Venue"),
    _trade("CON-02", "Many orders at once are each placed once.", "OrderEntry.submit", *_LIMIT),
    _trade("CON-03", "An order survives its caller: there is none, or one.", "Venue", *_SAME, F.ORDER_BY_CLIENT_ID),
    _trade("CON-04", "Orders placed and canceled at once all end.", "OrderEntry.cancel", *_LIMIT),
    _read("CON-05", "A canceled reader of a stream leaves the venue working.", "Streams.subscribe"),
    _trade("CON-06", "A caller that gives up canceling leaves the order open, or done.", "Venue", *_LIMIT),
    _trade("CON-07", "An order canceled many times at once ends once.", "OrderEntry.cancel", *_LIMIT),
    _read("POR-01", "Balances are sorted; total is available plus held.", "Balance", F.BALANCES),
    _trade("POR-02", "An open order holds its cost until it is canceled.", "Balance", *_LIMIT, F.BALANCES),
    _trade("POR-03", "A trade moves balances by its size, cost and fee.", "Balance", *_TAKE, F.BALANCES),
    _trade("POR-04", "A position is the sum of its fills.", "Position", *_TAKE, F.POSITIONS),
    _read("POR-05", "The profile says environment, permissions and fees.", "Portfolio.profile", F.PROFILE),
    _read("POR-06", "Transfers come newest first.", "Portfolio.transfers", F.TRANSFERS),
    _trade("POR-07", "A fill says its fee, in an asset.", "Fill", *_TAKE),
    _trade("POR-08", "A sale holds what it would sell.", "Balance", *_LIMIT, *_TAKE, F.BALANCES),
]
