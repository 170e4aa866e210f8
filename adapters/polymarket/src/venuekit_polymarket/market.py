"""Public data over REST: tickers, books, trades and candles, kept for as long as they are good for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from venuekit.adapter import (
    NANOS,
    ONE,
    Candle,
    Clock,
    Granularity,
    InstrumentNotTrading,
    InvalidValue,
    Kept,
    OrderBook,
    Ticker,
    Trade,
    UnknownInstrument,
    VenueDown,
)
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call, Service
from venuekit_polymarket.capabilities import BATCH, BOOKS, CLOB, DATA, DATA_TRADES, MAX_DEPTH, VENUE
from venuekit_polymarket.config import PolymarketOptions
from venuekit_polymarket.instruments import Instruments
from venuekit_polymarket.market_words import (
    Point,
    book_from,
    candles_from,
    points_from,
    ticker_from,
    trades_from,
)
from venuekit_polymarket.reading import objects, positive, rows, table, text

#: Books asked for at once, trades of one page, and price points of one page, at most.
_BOOKS_AT_ONCE, _TRADES, _POINTS = 100, 500, 10_000
#: Pages of trades looked at: a page has those of both outcomes.
_TRADE_PAGES = 4
#: Candles of one call, and candles that a range may span.
_MOST_CANDLES, _MOST_SEARCHED = 3_000, 20_000
#: What one question may span, and how fine its points can be (venue's documents and client, 2026-10).
_WINDOW_SECONDS, _FINEST_SECONDS, _COARSEST_SECONDS = 15 * 86_400, 60, 86_400
#: Points that a candle is made of, where the venue has as many.
_POINTS_A_CANDLE = 12


class Market:
    """The venue's public data. `live` gives a streamed book where there is one, with as many levels as asked."""

    def __init__(self, api: Api, instruments: Instruments, clock: Clock, options: PolymarketOptions) -> None:
        self._api = api
        self._clock = clock
        self._instruments = instruments
        self._tickers = Kept[Ticker](clock, options.ticker_ttl_seconds)
        self._books = Kept[OrderBook](clock, options.book_ttl_seconds)
        self.live: Callable[[str, int], OrderBook | None] = lambda _token, _depth: None

    async def close(self) -> None:
        """End what is being asked."""
        await self._tickers.close()
        await self._books.close()

    # -- books

    async def book(self, instrument: str, depth: int) -> OrderBook:
        """The best levels, streamed ones first.

        Raises:
            InvalidValue: a depth below 1. InstrumentNotTrading: the market is over and has no book.
        """
        if depth < 1:
            raise InvalidValue("depth must be 1 or more.", field="depth", details={"accepted": f"1 to {MAX_DEPTH}"})
        token = (await self._instruments.one(instrument)).id
        depth = min(depth, MAX_DEPTH)
        live = self.live(token, depth)
        if live is not None:
            return live
        whole = await self._books.get(token, partial(self.asked_book, token))
        return OrderBook(
            venue=whole.venue,
            instrument=whole.instrument,
            time_ns=whole.time_ns,
            bids=whole.bids[:depth],
            asks=whole.asks[:depth],
        )

    async def asked_book(self, token: str) -> OrderBook:
        """The whole book, asked for now; a tick size that it tells is taken in."""
        body = await self._api.clob("/book", budget=BOOKS, missing=self._no_book(token), token_id=token)
        if not isinstance(body, Mapping):
            raise VenueDown("Polymarket gave no book.", fix="Try again.")
        self._tick_told(token, body)
        return book_from(body, token, self._clock.now_ns())

    def _tick_told(self, token: str, body: Mapping[str, object]) -> None:
        tick = positive(body, "tick_size")
        if tick is not None:
            self._instruments.tick_changed(token, tick)

    def _no_book(self, token: str) -> InstrumentNotTrading | UnknownInstrument:
        terms = self._instruments.known_terms(token)
        if terms is None:
            return UnknownInstrument(f"No market has token {token[:80]}.", field="instrument")
        return InstrumentNotTrading(
            f"{terms.slug[:100]} has no order book: its status is {terms.status.value}.",
            fix="Choose a market that is open.",
            field="instrument",
        )

    # -- tickers

    async def tickers(self, instruments: Sequence[str]) -> Sequence[Ticker]:
        """Tickers in the order asked for; of a market that is over, what a share paid is its last price."""
        asked = [(await self._instruments.one(name)).id for name in instruments]
        found = {token: ticker for token in asked if (ticker := self._now(token)) is not None}
        missing = [token for token in dict.fromkeys(asked) if token not in found]
        for start in range(0, len(missing), _BOOKS_AT_ONCE):
            found |= await self._asked_tickers(missing[start : start + _BOOKS_AT_ONCE])
        return [found[token] for token in asked]

    def _now(self, token: str) -> Ticker | None:
        """What is known of a ticker without asking."""
        terms = self._instruments.known_terms(token)
        paid = None if terms is None else terms.payout(token)
        if paid is not None:
            return Ticker(venue=VENUE, instrument=token, time_ns=self._clock.now_ns(), last=paid, mark=paid)
        return self._tickers.peek(token)

    def told(self, ticker: Ticker) -> None:
        """A stream told of a ticker, which counts for more than an asked one."""
        self._tickers.put(ticker.instrument, ticker)

    async def _asked_tickers(self, tokens: Sequence[str]) -> dict[str, Ticker]:
        call = Call(
            service=Service.CLOB,
            method="POST",
            path="/books",
            body=[{"token_id": token} for token in tokens],
            budget=BATCH,
            asks=True,
        )
        now = self._clock.now_ns()
        found: dict[str, Ticker] = {}
        for body in objects(await self._api.body(call)):
            token = text(body, "asset_id")
            if token in tokens:
                self._tick_told(token, body)
                book = book_from(body, token, now, 1)
                found[token] = ticker_from(book, positive(body, "last_trade_price") or self._last(token))
                self._tickers.put(token, found[token])
        # What has no book has no prices either, which is no reason to tell nothing of the others.
        empty = {token: Ticker(venue=VENUE, instrument=token, time_ns=now, last=self._last(token)) for token in tokens}
        return empty | found

    def _last(self, token: str) -> Decimal | None:
        """The last trade as the catalogue told it, which is the first outcome's."""
        terms = self._instruments.known_terms(token)
        if terms is None or terms.last is None:
            return None
        return terms.last if terms.index_of(token) == 0 else ONE - terms.last

    # -- trades

    async def trades(self, instrument: str, limit: int) -> Sequence[Trade]:
        """The latest trades of an outcome, newest first; a few pages of its market's are looked at."""
        if limit < 1:
            raise InvalidValue("limit must be 1 or more.", field="limit", details={"accepted": f"1 to {_TRADES}"})
        terms = await self._instruments.terms(instrument)
        token = (await self._instruments.one(instrument)).id
        limit = min(limit, _TRADES)
        found: list[Trade] = []
        cursor: str | None = None
        listed: list[Mapping[str, object]] = []
        for _ in range(_TRADE_PAGES):
            body = await self._api.data(
                "/v2/trades", budget=DATA_TRADES, condition_id=terms.condition_id, limit=_TRADES, cursor=cursor
            )
            listed += rows(body, "data")
            found = sorted(trades_from(listed, token), key=lambda t: t.time_ns, reverse=True)
            cursor = text(table(body, "pagination"), "next_cursor") or None
            if len(found) >= limit or cursor is None:
                break
        return found[:limit]

    # -- candles

    async def candles(
        self, instrument: str, granularity: Granularity, start_ns: int | None, end_ns: int | None, limit: int
    ) -> Sequence[Candle]:
        """Candles of price points, oldest first: the latest `limit` before the end, or the first from the start on.

        A range longer than the venue gives at once is asked for in parts.
        """
        if limit < 1:
            raise InvalidValue("limit must be 1 or more.", field="limit", details={"accepted": f"1 to {_MOST_CANDLES}"})
        token = (await self._instruments.one(instrument)).id
        limit = min(limit, _MOST_CANDLES)
        step = granularity.seconds
        now = self._clock.now_ns()
        last = -(-min(end_ns if end_ns is not None else now + 1, now + 1) // NANOS)
        # Without a start the candle that is being made now is one of those asked for.
        first = (-(-last // step) - limit) * step if start_ns is None else -(-start_ns // (step * NANOS)) * step
        if (last - first) // step > _MOST_SEARCHED:
            raise InvalidValue(
                f"From start to end are {(last - first) // step} candles.",
                fix="Start later, or use a longer granularity.",
                field="start",
                details={"accepted": f"a range of {_MOST_SEARCHED} candles at most"},
            )
        fineness = max(_FINEST_SECONDS, min(step // _POINTS_A_CANDLE // 60 * 60, _COARSEST_SECONDS))
        found: list[Candle] = []
        while first < last and (start_ns is None or len(found) < limit):
            # A window is whole candles of every length, so that none is put together from two.
            stop = min(first + _WINDOW_SECONDS, last)
            points = await self._points(token, first, stop, fineness)
            found += [
                candle
                for candle in candles_from(points, token, granularity, now)
                if first * NANOS <= candle.start_ns and (end_ns is None or candle.start_ns < end_ns)
            ]
            first = stop
        return found[:limit] if start_ns is not None else found[-limit:]

    async def _points(self, token: str, start: int, end: int, fineness: int) -> list[Point]:
        """Every price point of ``[start, end)``, in Unix seconds."""
        listed: list[Mapping[str, object]] = []
        cursor: str | None = None
        while True:
            body = await self._api.data(
                "/v2/prices-history",
                budget=DATA,
                token_id=token,
                start=start,
                end=end,
                bucket_seconds=fineness,
                limit=_POINTS,
                cursor=cursor,
            )
            listed += rows(body, "data")
            following = text(table(body, "pagination"), "next_cursor") or None
            if following is None or following == cursor:
                break
            cursor = following
        return [p for p in points_from(listed) if start * NANOS <= p.time_ns < end * NANOS]

    async def server_time_ns(self) -> int:
        """The venue's clock, to the second."""
        body = await self._api.clob("/time", budget=CLOB)
        if isinstance(body, int) and not isinstance(body, bool):
            return body * NANOS
        raise VenueDown("Polymarket gave no time.", fix="Try again.")
