"""Advanced Trade's public data, under both of its addresses: with a key, and under ``market/`` without."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS, Granularity, InstrumentKind, iso
from venuekit_doubles.coinbase import market_words as words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.wire import PREFIX, Route, invalid, many, whole

_GRANULARITIES = {
    "ONE_MINUTE": Granularity.ONE_MINUTE,
    "FIVE_MINUTE": Granularity.FIVE_MINUTES,
    "FIFTEEN_MINUTE": Granularity.FIFTEEN_MINUTES,
    "THIRTY_MINUTE": Granularity.THIRTY_MINUTES,
    "ONE_HOUR": Granularity.ONE_HOUR,
    "TWO_HOUR": Granularity.TWO_HOURS,
    "FOUR_HOUR": Granularity.FOUR_HOURS,
    "SIX_HOUR": Granularity.SIX_HOURS,
    "ONE_DAY": Granularity.ONE_DAY,
}
_MOST_CANDLES = 350
_MOST_TRADES = 1000


class MarketData:
    """Products, books, trades, candles and the time."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self._venue = backing.venue

    def routes(self) -> list[Route]:
        """Every endpoint."""
        found = [
            Route("GET", f"{PREFIX}/time", self._get_time, "time", public=True),
            Route("GET", f"{PREFIX}/best_bid_ask", self._get_best_bid_ask, "best_bid_ask"),
        ]
        for path, handler, name in (
            ("products", self._get_products, "products"),
            ("products/{id}", self._get_product, "product"),
            ("products/{id}/ticker", self._get_trades, "trades"),
            ("products/{id}/candles", self._get_candles, "candles"),
            ("product_book", self._get_book, "book"),
        ):
            found.append(Route("GET", f"{PREFIX}/market/{path}", handler, name, public=True))
            found.append(Route("GET", f"{PREFIX}/{path}", handler, name))
        return found

    async def _get_time(self, _: web.Request) -> Any:
        now = self._backing.now_ns()
        return {"iso": iso(now), "epochSeconds": str(now // NANOS), "epochMillis": str(now // 1_000_000)}

    async def _get_products(self, request: web.Request) -> Any:
        kind, ids = request.query.get("product_type"), many(request, "product_ids")
        found = []
        for instrument in await self._backing.instruments():
            name = "SPOT" if instrument.kind is InstrumentKind.SPOT else "FUTURE"
            if kind in (None, "", "UNKNOWN_PRODUCT_TYPE", name) and (not ids or instrument.id in ids):
                found.append(await self._product(instrument.id))
        start = whole(request, "offset", 0)
        page = found[start : start + whole(request, "limit", len(found))]
        return {"products": page, "num_products": len(page)}

    async def _product(self, name: str) -> dict[str, Any]:
        instrument = await self._backing.instrument(name)
        return words.product(instrument, await self._backing.ticker(name))

    async def _get_product(self, request: web.Request) -> Any:
        return await self._product(request.match_info["id"])

    async def _get_book(self, request: web.Request) -> Any:
        name = (await self._backing.instrument(request.query.get("product_id", ""))).id
        book = await self._venue.order_book(name, depth=max(1, whole(request, "limit", 500)))
        return words.book_answer(book, (await self._backing.ticker(name)).last)

    async def _get_best_bid_ask(self, request: web.Request) -> Any:
        ids = many(request, "product_ids") or {i.id for i in await self._backing.instruments()}
        books = [await self._venue.order_book((await self._backing.instrument(i)).id, depth=1) for i in sorted(ids)]
        return {"pricebooks": [words.pricebook(book) for book in books]}

    async def _get_trades(self, request: web.Request) -> Any:
        name = (await self._backing.instrument(request.match_info["id"])).id
        limit = max(1, min(whole(request, "limit", 100), _MOST_TRADES))
        start, end = whole(request, "start", 0), whole(request, "end", 0)
        found = [
            trade
            for trade in await self._venue.trades(name, limit=_MOST_TRADES)
            if trade.time_ns >= start * NANOS and (not end or trade.time_ns < end * NANOS)
        ]
        best = words.ticker(await self._backing.ticker(name))
        # Once each trade's best prices; the venue still sends the names, and clients still want them.
        shown = [{**words.trade(trade), "bid": "", "ask": ""} for trade in found[:limit]]
        return {"trades": shown, "best_bid": best["best_bid"], "best_ask": best["best_ask"]}

    async def _get_candles(self, request: web.Request) -> Any:
        name = (await self._backing.instrument(request.match_info["id"])).id
        granularity = _GRANULARITIES.get(request.query.get("granularity", ""))
        if granularity is None:
            raise invalid("granularity is not valid")
        start, end = whole(request, "start"), whole(request, "end")
        if (end - start) // granularity.seconds + 1 > _MOST_CANDLES:
            raise invalid(f"number of candles requested should be less than {_MOST_CANDLES}")
        found = await self._venue.candles(
            name, granularity, start_ns=start * NANOS, end_ns=end * NANOS + 1, limit=_MOST_CANDLES
        )
        newest_first = list(reversed(found))[: whole(request, "limit", _MOST_CANDLES)]
        return {"candles": [words.candle(candle) for candle in newest_first]}
