"""The simulated market: the same by seed, sensible in its prices, liquid, never crossed, and bounded for ever."""

from __future__ import annotations

import gc
from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, ETH, MOVE, NO, PERP, SELL, YES, Opener, everything, limit, market

from venuekit.adapter import Instrument, InstrumentKind, OrderBook, OrderStatus
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.instruments import BEHAVIOURS
from venuekit_paper.simulator import LEVELS

pytestmark = pytest.mark.anyio
D = Decimal
OUTCOME = InstrumentKind.BINARY_OUTCOME


async def test_the_same_seed_and_orders_give_the_same_market_to_the_last_digit(opened: Opener) -> None:
    async def run(seed: int, price: str = "59990") -> tuple[str, object]:
        venue = await opened(seed=seed)
        await venue.advance(20)
        await venue.submit(limit(BUY, "0.5", price, client_order_id="a"))
        await venue.submit(market(SELL, "0.3", client_order_id="b"))
        await venue.advance(20)
        return venue.journal_hash, await everything(venue)

    first = await run(7)
    assert await run(7) == first
    other_seed, other_order = await run(8), await run(7, "59991")
    assert other_seed[1] != first[1]
    assert len({first[0], other_seed[0], other_order[0]}) == 3


async def test_how_time_is_cut_up_makes_no_difference(opened: Opener) -> None:
    whole, parts = await opened(), await opened()
    await whole.advance(30)
    for seconds in (0.25, 7, 0.1, 0.15, 12.5, 10):
        await parts.advance(seconds)
    assert (whole.journal_hash, await everything(whole)) == (parts.journal_hash, await everything(parts))


def check_book(book: OrderBook, i: Instrument) -> None:
    assert book.best_bid.price < book.best_ask.price
    for levels, sign in ((book.bids, -1), (book.asks, 1)):
        prices = [sign * level.price for level in levels]
        assert prices == sorted(set(prices))
        for level in levels:
            assert level.size > 0
            assert level.size % i.lot_size == 0
            assert level.price % i.tick_size == 0
            assert (i.min_price or i.tick_size) <= level.price <= (i.max_price or level.price)


async def test_quotes_are_tight_ordered_on_the_tick_and_deep(venue: PaperVenue) -> None:
    for _ in range(150):
        await venue.advance(MOVE)
        for i in await venue.instruments():
            book = await venue.order_book(i.id, depth=500)
            check_book(book, i)
            assert book.spread is not None
            assert book.mid is not None
            assert book.spread <= (D("0.04") if i.kind is OUTCOME else book.mid / 1000)
            assert min(len(book.bids), len(book.asks)) >= LEVELS - 2
            behaviour = BEHAVIOURS[i.id]
            assert all(level.size <= behaviour.size * (LEVELS + 2) for level in (*book.bids, *book.asks))


async def test_an_order_of_usual_size_fills_at_once_close_to_the_middle(venue: PaperVenue) -> None:
    for _ in range(30):
        await venue.advance(3)
        for i in await venue.instruments():
            mid = (await venue.tickers([i.id]))[0].mid
            order = await venue.submit(market(BUY, BEHAVIOURS[i.id].size, instrument=i.id))
            assert order.status is OrderStatus.FILLED
            assert order.average_price is not None
            assert mid is not None
            assert 0 <= order.average_price - mid <= (D("0.05") if i.kind is OUTCOME else mid / 500)


async def test_own_orders_inside_the_spread_never_leave_a_crossed_book(venue: PaperVenue) -> None:
    listed = {i.id: i for i in await venue.instruments()}
    await venue.mint(YES, D(100_000))
    for n in range(120):
        for name in (BTC, ETH, YES, NO, PERP):
            book = await venue.order_book(name)
            side = BUY if n % 2 else SELL
            price = (book.best_ask.price if side is BUY else book.best_bid.price) - side.sign * listed[name].tick_size
            if (price - (book.best_bid if side is SELL else book.best_ask).price) * side.sign < 0:
                await venue.submit(limit(side, BEHAVIOURS[name].size, price, instrument=name))
        await venue.advance(MOVE)
        for name in (BTC, ETH, YES, NO, PERP):
            check_book(await venue.order_book(name, depth=500), listed[name])


async def test_resting_orders_near_the_market_are_found_by_takers_of_both_sides(venue: PaperVenue) -> None:
    for side in (BUY, SELL):
        book = await venue.order_book(ETH)
        best = book.best_bid if side is BUY else book.best_ask
        order = await venue.submit(limit(side, "0.5", best.price + side.sign * D("0.01"), instrument=ETH))
        await venue.advance(30)
        assert order.id not in {o.id for o in await venue.open_orders()}


async def test_trades_go_both_ways_at_the_quotes(venue: PaperVenue) -> None:
    await venue.advance(120)
    for i in await venue.instruments():
        trades = await venue.trades(i.id, limit=1000)
        bought = sum(t.taker_side is BUY for t in trades)
        assert 0.35 < bought / len(trades) < 0.65
        assert all(0 < t.size <= BEHAVIOURS[i.id].size for t in trades)


async def test_a_long_run_is_bounded_in_prices_and_memory(opened: Opener) -> None:
    venue = await opened()
    for price in range(59_980, 60_020, 4):  # they rest among the house's quotes, where queues come and go
        side = BUY if price < 60_000 else SELL
        await venue.submit(limit(side, "0.0001", D(price), post_only=True))
    await venue.advance(520)
    gc.collect()
    objects = len(gc.get_objects())
    await venue.advance(250)
    gc.collect()
    assert len(gc.get_objects()) - objects < 2_000
    for i in await venue.instruments():
        check_book(await venue.order_book(i.id, depth=500), i)
        mid = (await venue.tickers([i.id]))[0].mid
        assert mid is not None
        start = BEHAVIOURS[i.id].start
        assert abs(mid - start) < (D("0.35") if i.kind is OUTCOME else start / 20)
        assert len(await venue.trades(i.id, limit=5000)) <= 1000
