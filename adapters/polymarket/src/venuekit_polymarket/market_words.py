"""Polymarket's market data as ours: books, trades and candles, from REST."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import NANOS, ZERO, Candle, Granularity, Level, OrderBook, Side, Ticker, Trade, VenueDown
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.reading import number, positive, rows, text, time_ns


def levels(side: Iterable[Mapping[str, Any]], *, descending: bool) -> list[Level]:
    """Levels with a size, best first, whatever the order in which the venue sends them: it sends the best last."""
    sizes: dict[Decimal, Decimal] = {}
    for row in side:
        price, size = positive(row, "price"), number(row, "size")
        if price is not None and size > 0:
            sizes[price] = size
    return [Level(price, sizes[price]) for price in sorted(sizes, reverse=descending)]


def book_from(body: Mapping[str, Any], token: str, now_ns: int, depth: int | None = None) -> OrderBook:
    """A book, of all levels unless `depth` says how many. Raises VenueDown when it is none, or another's."""
    if text(body, "asset_id") not in (token, "") or not ("bids" in body or "asks" in body):
        raise VenueDown("Polymarket gave no book, or another one.", fix="Try again.")
    return OrderBook(
        venue=VENUE,
        instrument=token,
        time_ns=time_ns(body, "timestamp") or now_ns,
        bids=tuple(levels(rows(body, "bids"), descending=True)[:depth]),
        asks=tuple(levels(rows(body, "asks"), descending=False)[:depth]),
    )


def ticker_from(book: OrderBook, last: Decimal | None) -> Ticker:
    """The best prices of a book, and the last trade's price where it is known."""
    return Ticker(
        venue=VENUE,
        instrument=book.instrument,
        time_ns=book.time_ns,
        bid=book.bids[0].price if book.bids else None,
        bid_size=book.bids[0].size if book.bids else None,
        ask=book.asks[0].price if book.asks else None,
        ask_size=book.asks[0].size if book.asks else None,
        last=last,
        sequence=book.sequence,
    )


def trades_from(listed: Sequence[Mapping[str, Any]], token: str) -> list[Trade]:
    """Trades of one outcome, in the order told.

    The venue gives a trade no id of its own: it is the transaction's, and what it counts among equal ones of it.

    Raises:
        VenueDown: a price, a size or a time cannot be read.
    """
    found: list[Trade] = []
    seen: dict[str, int] = {}
    for row in listed:
        # "asset" and "transactionHash" are the older interface's names.
        if (text(row, "token_id") or text(row, "asset")) != token:
            continue
        price, size, at = positive(row, "price"), positive(row, "size"), time_ns(row, "timestamp")
        if price is None or size is None or at is None:
            raise VenueDown("Polymarket told of a trade without price, size or time.", fix="Try again.")
        transaction = (text(row, "transaction_hash") or text(row, "transactionHash"))[:80]
        wallet = (text(row, "proxy_wallet") or text(row, "proxyWallet"))[:44]
        name = f"{transaction}-{wallet[-6:]}" if wallet else transaction
        seen[name] = seen.get(name, 0) + 1
        found.append(
            Trade(
                id=name if seen[name] == 1 else f"{name}-{seen[name]}",
                venue=VENUE,
                instrument=token,
                price=price,
                size=size,
                taker_side={"BUY": Side.BUY, "SELL": Side.SELL}.get(text(row, "side").upper()),
                time_ns=at,
            )
        )
    return found


@attrs.frozen
class Point:
    """A price at a moment."""

    time_ns: int
    price: Decimal


def points_from(listed: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Price points, oldest first; ``t`` and ``p`` are the older interface's names. Raises VenueDown."""
    found = {}
    for row in listed:
        at = time_ns(row, "timestamp") or time_ns(row, "t")
        price = positive(row, "price") or positive(row, "p")
        if at is not None and price is not None:
            found[at] = price
    return [Point(at, found[at]) for at in sorted(found)]


def candles_from(points: Sequence[Point], token: str, granularity: Granularity, now_ns: int) -> list[Candle]:
    """Candles of price points, oldest first: the first, highest, lowest and last price of each.

    The venue tells prices, not trades: there is no volume, and a candle without a point is left out.
    """
    length = granularity.seconds * NANOS
    grouped: dict[int, list[Decimal]] = {}
    for point in points:
        grouped.setdefault(point.time_ns // length * length, []).append(point.price)
    return [
        Candle(
            venue=VENUE,
            instrument=token,
            granularity=granularity,
            start_ns=start,
            open=prices[0],
            high=max(prices),
            low=min(prices),
            close=prices[-1],
            volume=ZERO,
            is_closed=start + length <= now_ns,
        )
        for start, prices in sorted(grouped.items())
    ]
