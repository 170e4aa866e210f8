"""Public data over REST: instruments, tickers, books, trades and candles, kept for as long as they are good for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from venuekit.adapter import (
    NANOS,
    Candle,
    Clock,
    Granularity,
    Instrument,
    InvalidValue,
    Kept,
    OrderBook,
    Ticker,
    Trade,
    UnknownInstrument,
)
from venuekit_coinbase.api import Api
from venuekit_coinbase.capabilities import MAX_DEPTH
from venuekit_coinbase.config import CoinbaseOptions
from venuekit_coinbase.instruments import Instruments
from venuekit_coinbase.market_words import GRANULARITIES, book_from, candle_from, ticker_from_book, trade_from
from venuekit_coinbase.reading import number, rows, table

#: Candles of one request, and trades of one request, at most (venue's documents, 2026-11).
_CANDLES, _TRADES = 300, 1000
#: Candles of one call, at most: so many requests would go.
_MOST_CANDLES = 6_000
#: Candles that a range may span: quiet ones are not told, so that a page may bring less than it spans.
_MOST_SEARCHED = 60_000


class Market:
    """The venue's public data. With a key the private twins of each endpoint are asked, which have larger budgets."""

    def __init__(self, api: Api, instruments: Instruments, clock: Clock, options: CoinbaseOptions) -> None:
        self._api = api
        self._clock = clock
        self._instruments = instruments
        self._private = options.has_key
        self._tickers = Kept[Ticker](clock, options.ticker_ttl_seconds)
        self._books = Kept[OrderBook](clock, options.book_ttl_seconds)

    async def close(self) -> None:
        """End what is being asked."""
        await self._tickers.close()
        await self._books.close()

    # -- instruments

    async def search(self, text: str, limit: int) -> Sequence[Instrument]:
        """Instruments with every word of `text` in id, base, quote or name; exact ones first."""
        if limit < 1:
            raise InvalidValue("limit must be 1 or more.", field="limit", details={"accepted": "1 or more"})
        words = text.casefold().split()
        found = []
        for instrument in await self._instruments.all() if words else ():
            names = [x.casefold() for x in (instrument.id, instrument.base, instrument.quote, instrument.name)]
            if all(any(word in name for name in names) for word in words):
                whole = " ".join(words)
                rank = 0 if names[0] == whole else 1 if names[1] == whole else 2 if names[0].startswith(whole) else 3
                found.append((rank, instrument.id, instrument))
        return [instrument for _, _, instrument in sorted(found, key=lambda x: x[:2])[:limit]]

    # -- prices

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for."""
        names = [(await self._instruments.one(name)).id for name in instruments]
        return await asyncio.gather(*(self._tickers.get(name, partial(self._ticker, name)) for name in names))

    async def _ticker(self, name: str) -> Ticker:
        body = await self._trades_of(name, 1)
        last = [trade_from(row, name) for row in rows(body, "trades")[:1]]
        book = await self.book(name, 1)
        at = max([book.time_ns, *(trade.time_ns for trade in last)])
        row = {
            "product_id": name,
            "bids": [{"price": level.price, "size": level.size} for level in book.bids],
            "asks": [{"price": level.price, "size": level.size} for level in book.asks],
        }
        return ticker_from_book(row, last, at)

    def told(self, ticker: Ticker) -> None:
        """A stream told of a ticker, which counts for more than an asked one."""
        self._tickers.put(ticker.instrument, ticker)

    async def book(self, instrument: str, depth: int) -> OrderBook:
        """The best levels. Raises InvalidValue for a depth below 1."""
        if depth < 1:
            raise InvalidValue("depth must be 1 or more.", field="depth", details={"accepted": f"1 to {MAX_DEPTH}"})
        name = (await self._instruments.one(instrument)).id
        depth = min(depth, MAX_DEPTH)
        return await self._books.get((name, depth), partial(self._book, name, depth))

    async def _book(self, name: str, depth: int) -> OrderBook:
        sdk = self._api.sdk
        ask = sdk.get_product_book if self._private else sdk.get_public_product_book
        body = await self._api.ask(ask, product_id=name, limit=depth, missing=_unknown(name))
        return book_from(body, name, self._clock.now_ns(), depth)

    async def trades(self, instrument: str, limit: int) -> Sequence[Trade]:
        """The latest trades, newest first."""
        if limit < 1:
            raise InvalidValue("limit must be 1 or more.", field="limit", details={"accepted": f"1 to {_TRADES}"})
        name = (await self._instruments.one(instrument)).id
        found = [trade_from(row, name) for row in rows(await self._trades_of(name, min(limit, _TRADES)), "trades")]
        return sorted(found, key=lambda t: t.time_ns, reverse=True)[:limit]

    async def _trades_of(self, name: str, limit: int) -> Any:
        sdk = self._api.sdk
        ask = sdk.get_market_trades if self._private else sdk.get_public_market_trades
        return await self._api.ask(ask, product_id=name, limit=limit, missing=_unknown(name))

    async def candles(
        self, instrument: str, granularity: Granularity, start_ns: int | None, end_ns: int | None, limit: int
    ) -> Sequence[Candle]:
        """Candles, oldest first: the latest `limit` before the end, or the first `limit` from the start on.

        A range longer than the venue gives at once is asked for in parts. Minutes in which nothing was traded have
        no candle, and a range that has too few for its length is refused.
        """
        if limit < 1:
            raise InvalidValue("limit must be 1 or more.", field="limit", details={"accepted": f"1 to {_MOST_CANDLES}"})
        name = (await self._instruments.one(instrument)).id
        limit = min(limit, _MOST_CANDLES)
        step = granularity.seconds
        now = self._clock.now_ns()
        last = -(-min(end_ns if end_ns is not None else now + 1, now + 1) // NANOS)
        first = last - limit * step if start_ns is None else -(-start_ns // NANOS)
        first = -(-first // step) * step
        found: dict[int, Candle] = {}
        start = first
        while start < last and len(found) < limit:
            if (start - first) // step >= _MOST_SEARCHED:
                raise _too_long(len(found))
            stop = min(start + (_CANDLES - 1) * step, last)
            for candle in await self._candles(name, granularity, start, stop, now):
                if first * NANOS <= candle.start_ns and (end_ns is None or candle.start_ns < end_ns):
                    found[candle.start_ns] = candle
            start = stop + 1 if stop < last else last
            start = -(-start // step) * step
        ordered = [found[key] for key in sorted(found)]
        return ordered[:limit] if start_ns is not None else ordered[-limit:]

    async def _candles(self, name: str, granularity: Granularity, start: int, end: int, now_ns: int) -> list[Candle]:
        sdk = self._api.sdk
        ask = sdk.get_candles if self._private else sdk.get_public_candles
        body = await self._api.ask(
            ask,
            product_id=name,
            start=str(start),
            end=str(end),
            granularity=GRANULARITIES[granularity],
            missing=_unknown(name),
        )
        return [candle_from(row, name, granularity, now_ns) for row in rows(body, "candles") if number(row, "start")]

    async def server_time_ns(self) -> int:
        """The venue's clock."""
        body = await self._api.ask(self._api.sdk.get_unix_time)
        millis = number(table({"t": body}, "t"), "epochMillis")
        return int(millis) * 1_000_000 or int(number(body, "epochSeconds")) * NANOS


def _too_long(found: int) -> InvalidValue:
    return InvalidValue(
        f"The first {_MOST_SEARCHED} candles of that range have {found} in which anything was traded.",
        fix="Start later, or use a longer granularity.",
        field="start",
        details={"accepted": f"a range of {_MOST_SEARCHED} candles, unless enough are found before"},
    )


def _unknown(name: str) -> UnknownInstrument:
    return UnknownInstrument(f"No instrument {name[:60]!r} at Coinbase.", field="instrument")
