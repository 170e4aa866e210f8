"""Market tools: what can be traded, at what price, in what size, and what it did before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from venuekit.errors import InvalidCursor, InvalidValue
from venuekit.model.capability import Feature
from venuekit.model.instrument import Instrument
from venuekit.model.market import Candle, Granularity, Level, Ticker, Trade
from venuekit_mcp.arguments import argument
from venuekit_mcp.paging import decode, encode
from venuekit_mcp.surface import Call, Tool

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

INSTRUMENT = "Instrument id or alias."


@attrs.frozen(kw_only=True)
class SearchArguments:
    """Arguments of search_instruments."""

    text: str = argument("What to look for in ids and names; empty lists all.", "")
    limit: int = argument("Most results.", 20, least=1, most=100)
    cursor: str | None = argument("next_cursor of the last page.", None)


@attrs.frozen(kw_only=True)
class Instruments:
    """Result of search_instruments."""

    instruments: Sequence[Instrument]
    next_cursor: str | None = None


@attrs.frozen(kw_only=True)
class TickerArguments:
    """Arguments of get_market_data."""

    instruments: Sequence[str] = argument("Instrument ids, at most 20.", most=20)
    trades: int = argument("Also this many latest trades of each.", 0, least=0, most=50)


@attrs.frozen(kw_only=True)
class MarketData:
    """Result of get_market_data."""

    tickers: Sequence[Ticker]
    trades: Sequence[Trade] | None = None


@attrs.frozen(kw_only=True)
class BookArguments:
    """Arguments of get_orderbook."""

    instrument: str = argument(INSTRUMENT)
    depth: int = argument("Levels of each side.", 10, least=1, most=100)


@attrs.frozen(kw_only=True)
class Book:
    """Result of get_orderbook."""

    instrument: str
    time_ns: int
    bids: Sequence[Level]
    asks: Sequence[Level]
    mid: str | None = None
    spread: str | None = None


@attrs.frozen(kw_only=True)
class CandleArguments:
    """Arguments of get_historical_candles."""

    instrument: str = argument(INSTRUMENT)
    granularity: Granularity = argument("Length of a candle.", Granularity.ONE_HOUR)
    count: int = argument("Most candles.", 50, least=1, most=300)
    start: int | None = argument("From this time on, ISO 8601; else the latest.", None, iso=True)


@attrs.frozen(kw_only=True)
class Row:
    """One candle, without what the answer says once."""

    start_ns: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    is_closed: bool


@attrs.frozen(kw_only=True)
class Candles:
    """Result of get_historical_candles."""

    instrument: str
    granularity: Granularity
    candles: Sequence[Row]


def market_tools(desk: Desk) -> list[Tool]:
    """The tools that this venue's market data allows."""
    can = desk.capabilities.can

    async def search(call: Call) -> Instruments:
        a = call.arguments
        found = await desk.venue.search(a.text, limit=5000) if a.text else await desk.venue.instruments()
        start = decode(a.cursor, "instruments", a.text)
        if start > len(found):
            raise InvalidCursor("cursor: it points beyond the end of this list.", field="cursor")
        end = start + a.limit
        return Instruments(
            instruments=found[start:end],
            next_cursor=encode(end, "instruments", a.text) if end < len(found) else None,
        )

    async def market(call: Call) -> MarketData:
        a = call.arguments
        if not a.instruments:
            raise InvalidValue("instruments: at least one is needed.", field="instruments")
        names = [(await desk.venue.instrument(name)).id for name in a.instruments]
        tickers = await desk.venue.tickers(names)
        trades = None
        if a.trades:
            trades = [t for name in names for t in await desk.venue.trades(name, limit=a.trades)]
        return MarketData(tickers=tickers, trades=trades)

    async def book(call: Call) -> Book:
        a = call.arguments
        found = await desk.venue.order_book((await desk.venue.instrument(a.instrument)).id, depth=a.depth)
        return Book(
            instrument=found.instrument,
            time_ns=found.time_ns,
            bids=found.bids,
            asks=found.asks,
            mid=None if found.mid is None else format(found.mid.normalize(), "f"),
            spread=None if found.spread is None else format(found.spread, "f"),
        )

    async def candles(call: Call) -> Candles:
        a = call.arguments
        name = (await desk.venue.instrument(a.instrument)).id
        found = await desk.venue.candles(name, a.granularity, start_ns=a.start, limit=a.count)
        return Candles(instrument=name, granularity=a.granularity, candles=[_row(c) for c in found])

    tools = [
        Tool(
            name="search_instruments",
            title="Search instruments",
            description="Find what can be traded, with tick size, lot size and limits.",
            arguments=SearchArguments,
            result=Instruments,
            handler=search,
        ),
        Tool(
            name="get_market_data",
            title="Get market data",
            description="Best bid and ask, last trade and 24 h figures of instruments now.",
            arguments=TickerArguments,
            result=MarketData,
            handler=market,
        ),
        Tool(
            name="get_orderbook",
            title="Get order book",
            description="Resting bids (high to low) and asks (low to high) of one instrument.",
            arguments=BookArguments,
            result=Book,
            handler=book,
        ),
        Tool(
            name="get_historical_candles",
            title="Get historical candles",
            description="Open, high, low, close and volume, oldest first.",
            arguments=CandleArguments,
            result=Candles,
            handler=candles,
        ),
    ]
    needs = (None, Feature.TICKER, Feature.ORDER_BOOK, Feature.CANDLES)
    return [tool for tool, need in zip(tools, needs, strict=True) if need is None or can(need)]


def _row(candle: Candle) -> Row:
    return Row(
        start_ns=candle.start_ns,
        open=format(candle.open, "f"),
        high=format(candle.high, "f"),
        low=format(candle.low, "f"),
        close=format(candle.close, "f"),
        volume=format(candle.volume, "f"),
        is_closed=candle.is_closed,
    )
