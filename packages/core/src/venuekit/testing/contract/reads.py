"""Every read of a venue, by the ability that declares it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from venuekit.adapter import Feature, FillQuery, Granularity, HistoryQuery, OrderRef
from venuekit.testing.contract.kit import Kit

#: Calls that change nothing and have an answer that can be looked at.
READS: dict[Feature, Callable[[Kit], Awaitable[Any]]] = {
    Feature.SEARCH: lambda kit: kit.venue.search(kit.instrument.id),
    Feature.TICKER: lambda kit: kit.venue.tickers([kit.instrument.id]),
    Feature.ORDER_BOOK: lambda kit: kit.venue.order_book(kit.instrument.id),
    Feature.TRADES: lambda kit: kit.venue.trades(kit.instrument.id),
    Feature.CANDLES: lambda kit: kit.venue.candles(kit.instrument.id, Granularity.ONE_MINUTE),
    Feature.OPEN_ORDERS: lambda kit: kit.venue.open_orders(),
    Feature.ORDER_HISTORY: lambda kit: kit.venue.order_history(HistoryQuery()),
    Feature.FILLS: lambda kit: kit.venue.fills(FillQuery()),
    Feature.BALANCES: lambda kit: kit.venue.balances(),
    Feature.POSITIONS: lambda kit: kit.venue.positions(),
    Feature.PROFILE: lambda kit: kit.venue.profile(),
    Feature.TRANSFERS: lambda kit: kit.venue.transfers(),
    Feature.SERVER_TIME: lambda kit: kit.venue.server_time_ns(),
    Feature.ORDER_BY_CLIENT_ID: lambda kit: kit.venue.order(OrderRef(client_order_id=kit.new_id())),
}
