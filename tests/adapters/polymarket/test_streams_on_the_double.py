"""Streams of the double fail in every way that it knows: the book is the venue's again, nothing is told twice."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from double_streams import Follower, a_double, a_hub, connected, until

from venuekit.adapter import (
    Channel,
    GapEvent,
    InstrumentEvent,
    InstrumentStatus,
    OrderBook,
    Side,
    TickerEvent,
    TradeEvent,
)
from venuekit_doubles.polymarket import PolymarketDouble, StreamFault
from venuekit_polymarket.adapter import PolymarketVenue

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture(scope="module")
def double() -> Iterator[PolymarketDouble]:
    with a_double(secure=True) as running:
        yield running


def slug_of(double: PolymarketDouble) -> str:
    return double.markets[0].slug


def levels(book: OrderBook) -> tuple[list[tuple[Decimal, Decimal]], ...]:
    return [(x.price, x.size) for x in book.bids], [(x.price, x.size) for x in book.asks]


async def is_the_venues(venue: PolymarketVenue, follower: Follower) -> bool:
    asked = await venue.market.asked_book(follower.book.instrument)
    return follower.book.is_trusted and levels(follower.book.snapshot()) == levels(asked)


async def becomes_the_venues(venue: PolymarketVenue, follower: Follower) -> None:
    for _ in range(200):
        if await is_the_venues(venue, follower):
            return
        await anyio.sleep(0.05)
    pytest.fail(f"{follower.states}: the book never became the venue's")


@pytest.mark.parametrize("fault", StreamFault)
async def test_after_every_fault_the_book_is_the_venues_again(
    double: PolymarketDouble, tmp_path: Path, fault: StreamFault
) -> None:
    yes, no = double.market(slug_of(double)).tokens
    async with connected(double, tmp_path) as venue, a_hub(venue) as hub:
        book, other = hub.follow(Channel.BOOK, yes), hub.follow(Channel.BOOK, no)
        await until(lambda: book.book.is_trusted and other.book.is_trusted)
        double.fail_streams(fault, "market")
        for n in range(3):
            double.order(yes, Side.BUY, f"0.0{n + 1}", str(10 + n))
        double.order(no, Side.BUY, "0.02", "7")
        await becomes_the_venues(venue, book)
        await becomes_the_venues(venue, other)
        lost = fault in (StreamFault.DROP, StreamFault.CLOSE, StreamFault.STALL, StreamFault.SILENCE)
        if fault is StreamFault.LOSE:
            assert book.subscription.gaps + other.subscription.gaps > 0
        else:
            assert (book.subscription.reconnects > 0) is lost
        odd = fault in (StreamFault.GARBAGE, StreamFault.UNKNOWN)
        assert book.subscription.status().not_understood == (1 if odd else 0)
        if lost:
            assert book.of(GapEvent)


async def test_trades_come_once_with_every_digit_and_move_the_ticker(double: PolymarketDouble, tmp_path: Path) -> None:
    token = double.markets[1].tokens[0]
    async with connected(double, tmp_path) as venue, a_hub(venue) as hub:
        trades, tickers = hub.follow(Channel.TRADES, token), hub.follow(Channel.TICKER, token)
        await until(lambda: tickers.of(TickerEvent))
        double.fail_streams(StreamFault.DUPLICATE, "market")
        best = (await venue.market.asked_book(token)).best_ask
        double.order(token, Side.BUY, str(best.price), "6.25")
        await until(lambda: trades.of(TradeEvent))
        await until(lambda: tickers.of(TickerEvent)[-1].ticker.last == best.price)
        assert [(e.trade.price, e.trade.size, e.trade.taker_side) for e in trades.of(TradeEvent)] == [
            (best.price, D("6.25"), Side.BUY)
        ]


async def test_a_new_tick_and_a_resolution_are_told_once(double: PolymarketDouble, tmp_path: Path) -> None:
    market = double.markets[2]
    yes, no = market.tokens
    async with connected(double, tmp_path) as venue, a_hub(venue) as hub:
        status, book = hub.follow(Channel.STATUS, yes, no), hub.follow(Channel.BOOK, yes)
        await until(lambda: book.book.is_trusted)
        double.set_tick(market.slug, "0.001")
        await until(lambda: len(status.of(InstrumentEvent)) == 2)
        assert {e.changed.tick_size for e in status.of(InstrumentEvent)} == {D("0.001")}
        assert (await venue.instrument(no)).tick_size == D("0.001")
        await until(lambda: book.of(GapEvent) and book.book.is_trusted)
        double.resolve(market.slug, "0.5")
        await until(lambda: len(status.of(InstrumentEvent)) == 4)
        assert {(e.instrument, e.payout, e.changed.status) for e in status.of(InstrumentEvent)[2:]} == {
            (yes, "0.5", InstrumentStatus.RESOLVED),
            (no, "0.5", InstrumentStatus.RESOLVED),
        }
