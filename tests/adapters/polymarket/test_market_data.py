"""Public data over REST: books, tickers, trades, candles of price points."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from polymarket_loopback import RECORDED, refused
from polymarket_markets import exchange, market, token

from venuekit.adapter import (
    NANOS,
    Granularity,
    InstrumentNotTrading,
    InvalidValue,
    Level,
    OrderBook,
    Side,
    VenueDown,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.market_words import book_from, candles_from, points_from, trades_from

pytestmark = pytest.mark.anyio
D = Decimal
NOW = 1_800_000_000
YES, NO = token(2), token(3)
WORST_FIRST = {
    "asset_id": YES,
    "market": "0x1",
    "timestamp": "1799999999123",
    "bids": [{"price": "0.01", "size": "1000"}, {"price": ".48", "size": "30"}, {"price": "0.49", "size": "20.5"}],
    "asks": [{"price": "0.99", "size": "5000"}, {"price": "0.52", "size": "0"}, {"price": "0.51", "size": "7"}],
    "tick_size": "0.001",
    "last_trade_price": "0.495",
}


def clock() -> SimulatedClock:
    return SimulatedClock(NOW * NANOS)


# -- books and tickers


async def test_the_best_is_last_in_what_the_venue_sends() -> None:
    async with exchange(routes={"GET /book": WORST_FIRST}, clock=clock()) as (venue, here, _):
        book = await venue.market.book("rain:YES", 2)
        assert here.asked[-1] == f"GET /book?token_id={YES}"
    assert list(book.bids) == [Level(D("0.49"), D("20.5")), Level(D("0.48"), D(30))]
    assert list(book.asks) == [Level(D("0.51"), D(7)), Level(D("0.99"), D(5000))]
    assert book.time_ns == 1_799_999_999_123_000_000
    assert book.mid == D("0.5")


async def test_a_book_tells_of_a_new_tick_size() -> None:
    async with exchange(routes={"GET /book": WORST_FIRST}, clock=clock()) as (venue, _, _):
        assert (await venue.listings.one("rain:YES")).tick_size == D("0.01")
        await venue.market.book("rain:YES", 5)
        assert (await venue.listings.one("rain:NO")).tick_size == D("0.001")


async def test_a_book_is_good_for_its_time_whatever_the_depth_and_a_streamed_one_counts_for_more() -> None:
    moving = clock()
    async with exchange(routes={"GET /book": WORST_FIRST}, clock=moving) as (venue, here, _):
        for depth in (1, 50):
            await venue.market.book("rain:YES", depth)
        assert sum("/book" in asked for asked in here.asked) == 1
        await moving.advance(1)
        await venue.market.book("rain:YES", 1)
        assert sum("/book" in asked for asked in here.asked) == 2
        live = OrderBook(venue="polymarket", instrument=YES, time_ns=1, bids=(), asks=(), sequence=9)
        venue.market.live = lambda name, depth: live if (name, depth) == (YES, 3) else None
        assert await venue.market.book("rain:YES", 3) == live


async def test_a_market_that_is_over_has_no_book_and_says_so() -> None:
    over = market(1, "rain", closed=True, outcomePrices='["1", "0"]')
    gone = {"GET /book": lambda _: refused(404, {"error": "No orderbook exists for the requested token id"})}
    async with exchange([over], gone) as (venue, _, _):
        with pytest.raises(InstrumentNotTrading, match="RESOLVED"):
            await venue.market.book("rain:YES", 5)


async def test_a_strangers_book_is_not_taken_for_ones_own() -> None:
    async with exchange(routes={"GET /book": WORST_FIRST | {"asset_id": NO}}) as (venue, _, _):
        with pytest.raises(VenueDown):
            await venue.market.book("rain:YES", 5)


@pytest.mark.parametrize("depth", [0, -1])
async def test_a_depth_is_one_or_more(depth: int) -> None:
    async with exchange() as (venue, here, _):
        with pytest.raises(InvalidValue) as refusal:
            await venue.market.book("rain:YES", depth)
        assert refusal.value.field == "depth"
        assert here.asked == []


async def test_tickers_are_asked_for_together_and_told_in_the_order_asked() -> None:
    asked: list[Any] = []

    async def books(request: web.Request) -> web.Response:
        asked.append(json.loads(await request.text()))
        return web.json_response([WORST_FIRST])

    async with exchange(routes={"POST /books": books}, clock=clock()) as (venue, _, _):
        no, yes, again = await venue.market.tickers(["rain:NO", "rain:YES", YES])
        assert asked == [[{"token_id": NO}, {"token_id": YES}]]
        assert (yes.bid, yes.bid_size, yes.ask, yes.ask_size) == (D("0.49"), D("20.5"), D("0.51"), D(7))
        assert (yes.last, yes.instrument) == (D("0.495"), YES)
        assert again == yes
        # It has no book: no prices, but the last trade is known of its market.
        assert (no.instrument, no.bid, no.ask, no.last) == (NO, None, None, D("0.49"))
        assert await venue.market.tickers(["rain:YES"]) == [yes]
        assert len(asked) == 1
        venue.market.told(no)
        assert (await venue.market.tickers([NO, YES]))[0] == no


# -- trades


def trade(at: int, asset: str = YES, **more: Any) -> dict[str, Any]:
    return {
        "token_id": asset,
        "side": "BUY",
        "price": 0.55,
        "size": 100.25,
        "timestamp": at,
        "transaction_hash": f"0x{at:x}",
        "proxy_wallet": "0x" + "a" * 40,
    } | more


async def test_trades_are_of_the_outcome_newest_first_over_several_pages() -> None:
    pages = {
        "": {
            "data": [trade(5), trade(9, NO), trade(7, side="SELL")],
            "pagination": {"next_cursor": "n", "has_more": True},
        },
        "n": {"data": [trade(4)], "pagination": {"next_cursor": None, "has_more": False}},
    }

    def page(request: web.Request) -> web.Response:
        return web.json_response(pages[request.query.get("cursor", "")])

    async with exchange(routes={"GET /v2/trades": page}) as (venue, here, _):
        found = await venue.market.trades("rain:YES", 10)
        assert [t.time_ns // NANOS for t in found] == [7, 5, 4]
        assert [t.taker_side for t in found] == [Side.SELL, Side.BUY, Side.BUY]
        assert found[0].size == D("100.25")
        assert f"condition_id=0x{1:064x}" in here.asked[-1]
        assert [t.time_ns // NANOS for t in await venue.market.trades("rain:YES", 1)] == [7]
        with pytest.raises(InvalidValue):
            await venue.market.trades("rain:YES", 0)


def test_trades_of_one_transaction_have_ids_of_their_own() -> None:
    rows = [trade(5), trade(5), trade(5, proxy_wallet="0x" + "b" * 40)]
    found = trades_from(_exact(rows), YES)
    assert len({t.id for t in found}) == 3
    assert found == trades_from(_exact(rows), YES)


def _exact(value: Any) -> Any:
    return json.loads(json.dumps(value), parse_float=D)


# -- candles


def history(points: list[tuple[int, str]], *, per_page: int = 10_000) -> Callable[[web.Request], web.Response]:
    """Serves `points` as the venue does: of a window of 15 days at most, both ends included."""

    def answer(request: web.Request) -> web.Response:
        start, end = int(request.query["start"]), int(request.query["end"])
        if end - start > 15 * 86_400 or int(request.query["bucket_seconds"]) < 60:
            return refused(400, {"error": "window too long"})
        found = [{"timestamp": t, "price": float(p), "resolution_seconds": 60} for t, p in points if start <= t <= end]
        skip = int(request.query.get("cursor", "0"))
        more = str(skip + per_page) if skip + per_page < len(found) else None
        page = {"next_cursor": more, "has_more": more is not None}
        return web.json_response({"data": found[skip : skip + per_page], "pagination": page})

    return answer


def hour(n: int) -> int:
    return NOW // 3600 * 3600 + n * 3600


async def test_candles_are_made_of_price_points() -> None:
    points = [(hour(-2) + 60, "0.5"), (hour(-2) + 120, "0.61"), (hour(-2) + 300, "0.4"), (hour(-2) + 3599, "0.45")]
    points += [(hour(0), "0.46"), (hour(0) - 7300, "0.9")]
    async with exchange(routes={"GET /v2/prices-history": history(points)}, clock=clock()) as (venue, here, _):
        old, new = await venue.market.candles("rain:YES", Granularity.ONE_HOUR, None, None, 3)
        assert (old.start_ns, old.open, old.high, old.low, old.close) == (
            hour(-2) * NANOS, D("0.5"), D("0.61"), D("0.4"), D("0.45"),
        )  # fmt: skip
        assert (old.volume, old.is_closed, new.start_ns, new.is_closed) == (0, True, hour(0) * NANOS, False)
        assert "bucket_seconds=300" in here.asked[-1]


async def test_a_long_range_is_asked_for_in_windows_and_pages_and_no_candle_is_put_together_from_two() -> None:
    days = [(NOW // 86_400 - n) * 86_400 + part * 7200 for n in range(40, 0, -1) for part in range(12)]
    served = history([(at, f"0.{1 + i % 9}") for i, at in enumerate(days)], per_page=50)
    async with exchange(routes={"GET /v2/prices-history": served}, clock=clock()) as (venue, here, _):
        start = days[0] * NANOS
        found = await venue.market.candles("rain:YES", Granularity.ONE_DAY, start, None, 100)
        assert [c.start_ns // NANOS for c in found] == days[::12]
        whole = candles_from(points_from(_exact([{"timestamp": t, "price": f"0.{1 + i % 9}"} for i, t in enumerate(days)])), YES, Granularity.ONE_DAY, NOW * NANOS)  # fmt: skip
        assert [(c.open, c.high, c.low, c.close) for c in found] == [(c.open, c.high, c.low, c.close) for c in whole]
        assert len({a for a in here.asked if "prices-history" in a and "cursor" not in a}) == 3
        first = await venue.market.candles("rain:YES", Granularity.ONE_DAY, start, None, 2)
        assert [c.start_ns for c in first] == [c.start_ns for c in found[:2]]
        end = days[36] * NANOS
        assert [c.start_ns for c in await venue.market.candles("rain:YES", Granularity.ONE_DAY, start, end, 100)] == [
            c.start_ns for c in found[:3]
        ]


async def test_a_range_of_too_many_candles_is_refused() -> None:
    async with exchange(clock=clock()) as (venue, _, _):
        with pytest.raises(InvalidValue) as refusal:
            await venue.market.candles("rain:YES", Granularity.ONE_MINUTE, 0, None, 10)
        assert refusal.value.field == "start"
        with pytest.raises(InvalidValue):
            await venue.market.candles("rain:YES", Granularity.ONE_MINUTE, None, None, 0)


async def test_the_venues_clock_is_told() -> None:
    async with exchange() as (venue, here, _):
        assert await venue.server_time_ns() == NOW * NANOS
        here.routes["GET /time"] = {"error": "what?"}
        with pytest.raises(VenueDown):
            await venue.server_time_ns()


# -- recorded


@pytest.mark.skipif(RECORDED is None, reason="no recorded data")
def test_recorded_books_and_trades_are_read_with_every_digit() -> None:
    assert RECORDED is not None
    for file in ("http/book.json", "clob-and-gamma/clob_book_response.json"):
        told = json.loads((RECORDED / file).read_text(), parse_float=D)
        book = book_from(told, told["asset_id"], 0, 500)
        for ours, theirs in ((book.bids, told["bids"]), (book.asks, told["asks"])):
            assert {(str(x.price), str(x.size)) for x in ours} == {(r["price"], r["size"]) for r in theirs}
        assert book.best_bid.price == max(D(r["price"]) for r in told["bids"])
        assert book.best_ask.price == min(D(r["price"]) for r in told["asks"])
    for file in ("http/trades.json", "clob-and-gamma/data_api_trades_response.json"):
        rows = json.loads((RECORDED / file).read_text(), parse_float=D)
        for asset in {r["asset"] for r in rows}:
            ours, theirs = trades_from(rows, asset), [r for r in rows if r["asset"] == asset]
            assert [(str(t.price), str(t.size), t.time_ns // NANOS) for t in ours] == [
                (str(r["price"]), str(r["size"]), r["timestamp"]) for r in theirs
            ]
