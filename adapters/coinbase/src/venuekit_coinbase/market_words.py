"""Coinbase's market data as ours: books, trades, candles and tickers, from REST and from streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from venuekit.adapter import (
    NANOS,
    Candle,
    Granularity,
    Level,
    OrderBook,
    Side,
    Ticker,
    Trade,
    VenueDown,
)
from venuekit_coinbase.instruments import VENUE
from venuekit_coinbase.reading import amount, number, positive, rows, table, text, time_ns

#: Our granularity → the venue's word.
GRANULARITIES: Mapping[Granularity, str] = {
    Granularity.ONE_MINUTE: "ONE_MINUTE",
    Granularity.FIVE_MINUTES: "FIVE_MINUTE",
    Granularity.FIFTEEN_MINUTES: "FIFTEEN_MINUTE",
    Granularity.THIRTY_MINUTES: "THIRTY_MINUTE",
    Granularity.ONE_HOUR: "ONE_HOUR",
    Granularity.TWO_HOURS: "TWO_HOUR",
    Granularity.FOUR_HOURS: "FOUR_HOUR",
    Granularity.SIX_HOURS: "SIX_HOUR",
    Granularity.ONE_DAY: "ONE_DAY",
}


def levels(side: Iterable[Mapping[str, Any]], *, descending: bool) -> list[Level]:
    """Levels with a size, best first."""
    found = [Level(number(row, "price"), number(row, "size")) for row in side]
    return sorted((level for level in found if level.size > 0), key=lambda x: x.price, reverse=descending)


def book_from(body: Any, instrument: str, now_ns: int, depth: int) -> OrderBook:
    """``pricebook`` of an answer. Raises VenueDown when there is none."""
    book = table(body, "pricebook")
    if not book:
        raise VenueDown(f"Coinbase gave no book of {instrument}.", fix="Try again.")
    return OrderBook(
        venue=VENUE,
        instrument=instrument,
        time_ns=time_ns(book, "time") or now_ns,
        bids=tuple(levels(rows(book, "bids"), descending=True)[:depth]),
        asks=tuple(levels(rows(book, "asks"), descending=False)[:depth]),
    )


def taker_side(row: Mapping[str, Any]) -> Side | None:
    """The aggressor's side. Coinbase's `side` is the maker's (venue's documents on market trades, 2026-11)."""
    return {"BUY": Side.SELL, "SELL": Side.BUY}.get(text(row, "side"))


def trade_from(row: Mapping[str, Any], instrument: str) -> Trade:
    """One public trade. Raises VenueDown when its price or time cannot be read."""
    price, size, at = positive(row, "price"), positive(row, "size"), time_ns(row, "time")
    if price is None or size is None or at is None:
        raise VenueDown("Coinbase told of a trade without price, size or time.", fix="Try again.")
    return Trade(
        id=text(row, "trade_id"),
        venue=VENUE,
        instrument=instrument,
        price=price,
        size=size,
        taker_side=taker_side(row),
        time_ns=at,
    )


def candle_from(row: Mapping[str, Any], instrument: str, granularity: Granularity, now_ns: int) -> Candle:
    """One candle; it is closed once its time is over."""
    start = int(number(row, "start")) * NANOS
    prices = {name: positive(row, name) for name in ("open", "high", "low", "close")}
    known = {name: price for name, price in prices.items() if price is not None}
    if len(known) < len(prices):
        raise VenueDown("Coinbase told of a candle without a price.", fix="Try again.")
    return Candle(
        venue=VENUE,
        instrument=instrument,
        granularity=granularity,
        start_ns=start,
        volume=number(row, "volume"),
        is_closed=start + granularity.seconds * NANOS <= now_ns,
        **known,
    )


def ticker_from_book(row: Mapping[str, Any], last: Sequence[Trade], now_ns: int) -> Ticker:
    """Best prices from ``pricebooks`` of best_bid_ask, with the last trade where it is known."""
    bids = levels(rows(row, "bids"), descending=True)
    asks = levels(rows(row, "asks"), descending=False)
    return Ticker(
        venue=VENUE,
        instrument=text(row, "product_id"),
        time_ns=time_ns(row, "time") or now_ns,
        bid=bids[0].price if bids else None,
        bid_size=bids[0].size if bids else None,
        ask=asks[0].price if asks else None,
        ask_size=asks[0].size if asks else None,
        last=last[0].price if last else None,
        last_size=last[0].size if last else None,
    )


def ticker_from_frame(row: Mapping[str, Any], at_ns: int, sequence: int | None) -> Ticker:
    """One ticker of a stream."""
    return Ticker(
        venue=VENUE,
        instrument=text(row, "product_id"),
        time_ns=at_ns,
        bid=positive(row, "best_bid"),
        bid_size=positive(row, "best_bid_quantity"),
        ask=positive(row, "best_ask"),
        ask_size=positive(row, "best_ask_quantity"),
        last=positive(row, "price"),
        high_24h=positive(row, "high_24_h"),
        low_24h=positive(row, "low_24_h"),
        volume_24h=amount(row, "volume_24_h"),
        sequence=sequence,
    )
