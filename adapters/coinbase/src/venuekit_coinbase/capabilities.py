"""What Coinbase Advanced Trade can do through this adapter, declared with reasons."""

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

#: Levels of one side of a book that are asked for, at most.
MAX_DEPTH = 500
#: Budgets of calls, each with its own rate: what a key is needed for, public data, the older interface, streams.
PRIVATE, PUBLIC, V2, STREAMS = "rest_private", "rest_public", "rest_v2", "websocket"


def _none(reason: str) -> Declared:
    return Declared(Support.UNSUPPORTED, reason)


def _part(reason: str) -> Declared:
    return Declared(Support.PARTIAL, reason)


CAPABILITIES = Capabilities(
    venue="coinbase",
    title="Coinbase Advanced Trade",
    kinds=(InstrumentKind.SPOT, InstrumentKind.FUTURE, InstrumentKind.PERPETUAL),
    features={
        **dict.fromkeys(Feature, FULL),
        Feature.CANCEL_ALL: _part("the venue has no such request: open orders are listed and canceled by the hundred"),
        Feature.AMEND: _part("GTC orders on spot only"),
        Feature.ORDER_BY_CLIENT_ID: _part("the venue cannot be asked: its lists are searched"),
        Feature.REDUCE_ONLY: _none("not documented by the venue"),
        Feature.TRANSFERS: _part("deposits and withdrawals of the older interface"),
    },
    order_types={
        OrderType.MARKET: FULL,
        OrderType.LIMIT: FULL,
        OrderType.STOP: _none("the venue has stop-limit orders only"),
        OrderType.STOP_LIMIT: FULL,
        OrderType.BRACKET: FULL,
    },
    times_in_force={
        TimeInForce.GTC: FULL,
        TimeInForce.GTD: FULL,
        TimeInForce.DAY: _none("the venue has no day orders; GTD does the same"),
        TimeInForce.IOC: FULL,
        TimeInForce.FOK: _part("limit orders; market orders on futures only"),
    },
    channels={
        **dict.fromkeys(Channel, FULL),
        Channel.CANDLES: _part("made of the trades: the venue streams five-minute candles only"),
    },
    granularities=tuple(Granularity),
    max_book_depth=MAX_DEPTH,
    max_page=250,
    # The venue formerly documented 30 and 10 a second, publishes 10,000 an hour for v2, and 8 messages a second to a
    # stream (2026-11); a little below, since others may use the same key or address.
    rates={
        PRIVATE: (Rate(calls=25, seconds=1),),
        PUBLIC: (Rate(calls=8, seconds=1),),
        V2: (Rate(calls=10_000, seconds=3600), Rate(calls=5, seconds=1)),
        STREAMS: (Rate(calls=8, seconds=1),),
    },
)
