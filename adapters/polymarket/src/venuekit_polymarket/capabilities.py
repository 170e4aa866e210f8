"""What Polymarket can do through this adapter, declared with reasons."""

from __future__ import annotations

from venuekit.adapter import (
    FULL,
    Capabilities,
    Channel,
    Declared,
    Feature,
    Granularity,
    InstrumentKind,
    OrderType,
    Rate,
    Support,
    TimeInForce,
)

VENUE = "polymarket"
#: Levels of one side of a book that are given, at most: the venue always sends the whole book.
MAX_DEPTH = 500
#: Budgets of calls, each with its own rate.
BOOKS, BATCH, CLOB, LEDGER, BALANCE, BALANCE_UPDATE, AUTH = (
    "clob_books",
    "clob_batch",
    "clob",
    "clob_ledger",
    "clob_balance",
    "clob_balance_update",
    "clob_auth",
)
EVENTS, MARKETS, SEARCH, GAMMA = "gamma_events", "gamma_markets", "gamma_search", "gamma"
DATA, DATA_TRADES, DATA_POSITIONS = "data", "data_trades", "data_positions"
#: The chain: asking the relayer, sending through it, and asking a node.
RELAYER, RELAYER_SUBMIT, NODE = "relayer", "relayer_submit", "node"
#: Budgets that the desk takes by itself, for orders and for cancels.
ORDERS, CANCELS = "orders", "cancels"


def none(reason: str) -> Declared:
    """The venue cannot."""
    return Declared(Support.UNSUPPORTED, reason)


def part(reason: str) -> Declared:
    """It can, with a limit."""
    return Declared(Support.PARTIAL, reason)


def later(reason: str) -> Declared:
    """The venue can, and this adapter does not."""
    return Declared(Support.NOT_IMPLEMENTED, reason)


def _per_ten(calls: int) -> tuple[Rate, ...]:
    return (Rate(calls=calls, seconds=10),)


_SPENDS = "a purchase at once spends what its shares cost on the book: fewer or more of them if that moves meanwhile"

CAPABILITIES = Capabilities(
    venue=VENUE,
    title="Polymarket",
    kinds=(InstrumentKind.BINARY_OUTCOME,),
    features={
        Feature.SEARCH: FULL,
        Feature.TICKER: FULL,
        Feature.ORDER_BOOK: FULL,
        Feature.TRADES: FULL,
        Feature.CANDLES: part(
            "made of price points, a minute apart at least: no volume, and highs between points are missed"
        ),
        Feature.SERVER_TIME: part("to the second"),
        **dict.fromkeys(
            (
                Feature.SUBMIT,
                Feature.CANCEL,
                Feature.CANCEL_ALL,
                Feature.OPEN_ORDERS,
                Feature.ORDER_BY_CLIENT_ID,
                Feature.IDEMPOTENT_SUBMIT,
                Feature.FILLS,
                Feature.POST_ONLY,
                Feature.BALANCES,
                Feature.POSITIONS,
                Feature.PROFILE,
                Feature.TRANSFERS,
            ),
            FULL,
        ),
        Feature.ORDER_HISTORY: part(
            "the venue forgets orders that are over: those that were seen from here are kept, and of others only the "
            "trades are told, among the fills"
        ),
        Feature.QUOTE_SIZE: part("for buying; a sale is for shares"),
        Feature.AMEND: none("the venue has no such request: cancel, and place another"),
        Feature.REDUCE_ONLY: none("the venue has no such orders; shares that are not held cannot be sold"),
    },
    order_types={
        **dict.fromkeys((OrderType.MARKET, OrderType.LIMIT), FULL),
        **dict.fromkeys(
            (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.BRACKET),
            none("the venue has limit and market orders only"),
        ),
    },
    times_in_force={
        **dict.fromkeys((TimeInForce.GTC, TimeInForce.GTD), FULL),
        **dict.fromkeys((TimeInForce.IOC, TimeInForce.FOK), part(_SPENDS)),
        TimeInForce.DAY: none("the venue has no day orders; GTD does the same"),
    },
    channels={
        **dict.fromkeys((Channel.TICKER, Channel.BOOK, Channel.TRADES, Channel.STATUS), FULL),
        **dict.fromkeys((Channel.OWN_ORDERS, Channel.OWN_FILLS), FULL),
        Channel.CANDLES: none("the venue streams none; ask for candles"),
    },
    granularities=tuple(Granularity),
    max_book_depth=MAX_DEPTH,
    max_page=500,
    # The venue's published limits (2026-06), a little below, since others may use the same address; the rate of orders
    # is that of its lowest tier (2026-07), which counts by key.
    rates={
        BOOKS: _per_ten(1_400),
        BATCH: _per_ten(450),
        CLOB: _per_ten(1_000),
        LEDGER: _per_ten(450),
        BALANCE: _per_ten(180),
        BALANCE_UPDATE: _per_ten(40),
        AUTH: _per_ten(90),
        EVENTS: _per_ten(450),
        MARKETS: _per_ten(270),
        SEARCH: _per_ten(300),
        GAMMA: _per_ten(1_000),
        DATA: _per_ten(900),
        DATA_TRADES: _per_ten(180),
        DATA_POSITIONS: _per_ten(130),
        RELAYER: _per_ten(100),
        RELAYER_SUBMIT: (Rate(calls=20, seconds=60),),
        NODE: _per_ten(100),
        ORDERS: (Rate(calls=40, seconds=1),),
        CANCELS: (Rate(calls=80, seconds=1),),
    },
)
#: Public data: what a session without a key can do.
WITHOUT_KEY = CAPABILITIES.without_key(
    (
        Feature.SEARCH,
        Feature.TICKER,
        Feature.ORDER_BOOK,
        Feature.TRADES,
        Feature.CANDLES,
        Feature.SERVER_TIME,
    ),
    "no private key is configured: set POLYMARKET_PRIVATE_KEY",
)
