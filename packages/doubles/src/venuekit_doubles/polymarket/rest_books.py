"""The CLOB's public endpoints: books, prices, trading rules, markets, and the venue's time."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS, Granularity, Side, plain
from venuekit_doubles.polymarket import refusals, words
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.listings import PRICE_ONE, Listed
from venuekit_doubles.polymarket.refusals import Refusal, bad
from venuekit_doubles.polymarket.wire import Route, body_of, needed, paged, whole

_MOST_AT_ONCE = 500
_PAGE = 1000
_INTERVALS = {"1h": 3600, "6h": 21_600, "1d": 86_400, "1w": 604_800, "1m": 2_592_000, "max": 2_592_000}
_FAR = 10**12
_SIMPLE = ("condition_id", "tokens", "active", "closed", "archived", "accepting_orders")
#: Longest candle that a point of history may stand for, by its minutes.
_GRANULARITIES = (
    Granularity.ONE_DAY,
    Granularity.SIX_HOURS,
    Granularity.ONE_HOUR,
    Granularity.FIFTEEN_MINUTES,
    Granularity.FIVE_MINUTES,
    Granularity.ONE_MINUTE,
)


class BookData:
    """What anybody may read."""

    def __init__(self, clob: Clob) -> None:
        self._clob = clob

    def routes(self) -> list[Route]:
        """Every endpoint."""
        get = [
            ("/ok", self._ok, "ok"),
            ("/time", self._time, "time"),
            ("/version", self._version, "version"),
            ("/book", self._book, "book"),
            ("/price", self._price, "price"),
            ("/midpoint", self._midpoint, "midpoint"),
            ("/spread", self._spread, "spread"),
            ("/last-trade-price", self._last, "last_trade_price"),
            ("/tick-size", self._tick, "tick_size"),
            ("/neg-risk", self._neg_risk, "neg_risk"),
            ("/fee-rate", self._fee_rate, "fee_rate"),
            ("/prices-history", self._history, "prices_history"),
            ("/markets", self._markets, "markets"),
            ("/sampling-markets", self._markets, "sampling_markets"),
            ("/simplified-markets", self._simplified, "simplified_markets"),
            ("/sampling-simplified-markets", self._simplified, "sampling_simplified_markets"),
            ("/markets/{condition}", self._market, "market"),
            ("/markets-by-token/{token}", self._by_token, "markets_by_token"),
            ("/clob-markets/{condition}", self._rules, "clob_markets"),
            ("/fees/builder-fees/{code}", self._builder, "builder_fees"),
        ]
        post = [
            ("/books", self._books, "books"),
            ("/prices", self._prices, "prices"),
            ("/midpoints", self._midpoints, "midpoints"),
            ("/spreads", self._spreads, "spreads"),
            ("/last-trades-prices", self._lasts, "last_trades_prices"),
        ]
        return [Route("GET", *one) for one in get] + [Route("POST", *one) for one in post]

    # -- which market

    def _of(self, token: str) -> tuple[Listed, int]:
        """The market of a token, whose book there is. Raises Refusal."""
        if not (token.isascii() and token.isdigit()):
            raise bad(refusals.INVALID_TOKEN)
        market, index = self._clob.admission.market_of(token)
        if market.closed:
            raise Refusal(404, refusals.NO_BOOK)
        return market, index

    def _asked(self, request: web.Request) -> tuple[Listed, int]:
        return self._of(needed(request, "token_id"))

    async def _many(self, request: web.Request) -> list[tuple[dict[str, Any], Listed, int]]:
        """What a list of tokens asks for; tokens without a book are left out, as the venue does."""
        body = await body_of(request)
        if not isinstance(body, list) or len(body) > _MOST_AT_ONCE:
            raise bad("Payload exceeds the limit" if isinstance(body, list) else "Invalid payload")
        found = []
        for one in body:
            try:
                found.append((one, *self._of(str(one["token_id"]))))
            except Refusal:
                continue
            except (KeyError, TypeError) as error:
                raise bad("Invalid payload") from error
        return found

    def _condition(self, request: web.Request) -> Listed:
        for market in self._clob.markets.values():
            if market.condition_id == request.match_info["condition"].lower():
                return market
        raise Refusal(404, refusals.NO_MARKET)

    # -- the venue

    async def _ok(self, _: web.Request) -> Any:
        return "OK"

    async def _time(self, _: web.Request) -> Any:
        return self._clob.now_ns() // NANOS

    async def _version(self, _: web.Request) -> Any:
        return {"version": 2}

    async def _builder(self, request: web.Request) -> Any:
        raise Refusal(404, f"builder {request.match_info['code'][:80]} not found")

    # -- books

    async def _book(self, request: web.Request) -> Any:
        return words.book(self._clob.books, *self._asked(request))

    async def _books(self, request: web.Request) -> Any:
        found = await self._many(request)
        return [words.book(self._clob.books, market, token) for _, market, token in found]

    def _best(self, market: Listed, token: int, side: object) -> str:
        """The best price of those who want to do as `side` says."""
        if side not in ("BUY", "SELL", "buy", "sell"):
            raise bad("Invalid side")
        bid, ask = self._clob.books.best(market, token)
        return words.price(bid if str(side).upper() == "BUY" else ask)

    async def _price(self, request: web.Request) -> Any:
        return {"price": self._best(*self._asked(request), needed(request, "side"))}

    async def _prices(self, request: web.Request) -> Any:
        answer: dict[str, dict[str, str]] = {}
        for one, market, token in await self._many(request):
            side = one.get("side")
            answer.setdefault(market.tokens[token], {})[str(side)] = self._best(market, token, side)
        return answer

    def _middle(self, market: Listed, token: int) -> str:
        bid, ask = self._clob.books.best(market, token)
        return plain((Decimal(bid + (ask or PRICE_ONE)) / 2 / PRICE_ONE).normalize())

    async def _midpoint(self, request: web.Request) -> Any:
        return {"mid": self._middle(*self._asked(request))}

    async def _midpoints(self, request: web.Request) -> Any:
        return {m.tokens[t]: self._middle(m, t) for _, m, t in await self._many(request)}

    def _width(self, market: Listed, token: int) -> str:
        bid, ask = self._clob.books.best(market, token)
        return words.price((ask or PRICE_ONE) - bid)

    async def _spread(self, request: web.Request) -> Any:
        return {"spread": self._width(*self._asked(request))}

    async def _spreads(self, request: web.Request) -> Any:
        return {m.tokens[t]: self._width(m, t) for _, m, t in await self._many(request)}

    def _last_of(self, market: Listed, token: int) -> dict[str, str]:
        price, _, sign = self._clob.books.last(market)
        if not price:
            return {"price": "0.5", "side": ""}
        side = Side.BUY if (sign > 0) == (token == 0) else Side.SELL
        return {"price": words.price(market.book_price(token, price)), "side": side.value}

    async def _last(self, request: web.Request) -> Any:
        return self._last_of(*self._asked(request))

    async def _lasts(self, request: web.Request) -> Any:
        return [{"token_id": m.tokens[t], **self._last_of(m, t)} for _, m, t in await self._many(request)]

    # -- rules

    async def _tick(self, request: web.Request) -> Any:
        return {"minimum_tick_size": float(self._asked(request)[0].tick)}

    async def _neg_risk(self, request: web.Request) -> Any:
        return {"neg_risk": self._asked(request)[0].neg_risk}

    async def _fee_rate(self, request: web.Request) -> Any:
        return {"base_fee": int(self._asked(request)[0].listing.fee_rate.scaleb(4))}

    async def _by_token(self, request: web.Request) -> Any:
        token = request.match_info["token"]
        if not (token.isascii() and token.isdigit()):
            raise bad(refusals.INVALID_TOKEN)
        market, _ = self._clob.admission.market_of(token)
        first, second = market.tokens
        return {"condition_id": market.condition_id, "primary_token_id": first, "secondary_token_id": second}

    async def _rules(self, request: web.Request) -> Any:
        market = self._condition(request)
        listing = market.listing
        rules: dict[str, Any] = {
            "c": market.condition_id,
            "t": [{"t": t, "o": o} for t, o in zip(market.tokens, listing.outcomes, strict=True)],
            "mos": float(listing.min_size),
            "mts": float(market.tick),
            "nr": market.neg_risk,
            "mbf": 0,
            "tbf": int(listing.fee_rate.scaleb(4)),
            "gst": listing.game_start,
            "oas": 0,
            "itode": "crypto" in dict(listing.event.tags),
            "rfqe": False,
            "ibce": False,
        }
        if listing.fee_rate:
            rules["fd"] = {"r": float(listing.fee_rate), "e": listing.fee_exponent, "to": True}
        return rules

    async def _markets(self, request: web.Request) -> Any:
        found: Iterable[Listed] = self._clob.markets.values()
        if "sampling" in request.path:
            found = [m for m in found if not m.closed]
        return paged(request, [self._told(m) for m in found], _PAGE)

    async def _simplified(self, request: web.Request) -> Any:
        page = await self._markets(request)
        return {**page, "data": [{name: market[name] for name in _SIMPLE} for market in page["data"]]}

    async def _market(self, request: web.Request) -> Any:
        return self._told(self._condition(request))

    def _told(self, market: Listed) -> dict[str, Any]:
        listing = market.listing
        tokens = []
        for n, token in enumerate(market.tokens):
            bid, ask = self._clob.books.best(market, n)
            payout = None if market.payouts is None else market.payouts[n]
            price = float(payout) if payout is not None else (bid + (ask or PRICE_ONE)) / 2 / PRICE_ONE
            tokens.append({"token_id": token, "outcome": listing.outcomes[n], "price": price, "winner": payout == 1})
        return {
            "enable_order_book": True,
            "active": True,
            "closed": market.closed,
            "archived": False,
            "accepting_orders": not market.closed,
            "accepting_order_timestamp": None,
            "minimum_order_size": float(listing.min_size),
            "minimum_tick_size": float(market.tick),
            "condition_id": market.condition_id,
            "question_id": listing.question_id,
            "question": listing.question,
            "description": listing.event.description,
            "market_slug": market.slug,
            "end_date_iso": listing.end_date,
            "game_start_time": listing.game_start,
            "seconds_delay": market.delay_seconds,
            "fpmm": "",
            "maker_base_fee": 0,
            "taker_base_fee": int(listing.fee_rate.scaleb(4)),
            "notifications_enabled": True,
            "neg_risk": market.neg_risk,
            "neg_risk_market_id": "",
            "neg_risk_request_id": "",
            "is_50_50_outcome": False,
            "tokens": tokens,
            "tags": [label for _, label in listing.event.tags],
        }

    # -- history

    async def _history(self, request: web.Request) -> Any:
        market, token = self._of(needed(request, "market"))
        end = whole(request, "endTs", self._clob.now_ns() // NANOS + 60, _FAR)
        span = _INTERVALS.get(request.query.get("interval", "1d"), 86_400)
        start = whole(request, "startTs", max(0, end - span), _FAR)
        minutes = whole(request, "fidelity", 1, 1440) or 1
        return {"history": history(self._clob, market, token, (start, end), minutes * 60)}


def history(clob: Clob, market: Listed, token: int, span: tuple[int, int], step: int) -> list[dict[str, Any]]:
    """Prices from and to a time in seconds, one every `step` seconds at the most often."""
    granularity = next((g for g in _GRANULARITIES if step % g.seconds == 0), Granularity.ONE_MINUTE)
    points: list[dict[str, Any]] = []
    for candle in clob.books.candles(market, granularity, span[0] * NANOS, span[1] * NANOS):
        at = candle.start_ns // NANOS
        if points and at < points[-1]["t"] + step:
            continue
        price = float(candle.close)
        points.append({"t": at, "p": price if token == 0 else round(1 - price, 4)})
    return points
