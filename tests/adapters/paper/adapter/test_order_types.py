"""Every order type on a spot market, and what becomes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, MOVE, SELL, again, bracket, limit, market, move_until_done, spend, stop, stop_limit

from venuekit.adapter import (
    FillQuery,
    InvalidSize,
    Liquidity,
    NoLiquidity,
    OrderStatus,
    OrderType,
    PostOnlyWouldCross,
    TimeInForce,
    minus,
    times,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_market_buy_takes_the_best_asks_and_pays_their_average(venue: PaperVenue) -> None:
    first, second = (await venue.order_book(BTC, depth=2)).asks
    size = first.size + D("0.1")
    order = await venue.submit(market(BUY, size))
    assert (order.status, order.filled_size, order.remaining) == (OrderStatus.FILLED, size, 0)
    assert order.average_price is not None
    assert first.price < order.average_price < second.price
    fills = (await venue.fills(FillQuery(order_id=order.client_order_id))).items
    assert [(f.price, f.size) for f in fills] == [(second.price, D("0.1")), (first.price, first.size)]
    assert {f.liquidity for f in fills} == {Liquidity.TAKER}
    assert (await venue.order_book(BTC, depth=1)).best_ask.size == second.size - D("0.1")


async def test_a_market_sell_takes_the_best_bid(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid
    order = await venue.submit(market(SELL, "0.2"))
    assert (order.status, order.average_price, order.filled_size) == (OrderStatus.FILLED, bid.price, D("0.2"))


async def test_a_quote_size_spends_no_more_than_it_says_and_less_than_a_lot_below(venue: PaperVenue) -> None:
    ask = (await venue.order_book(BTC)).best_ask
    order = await venue.submit(spend(BUY, "1000"))
    assert order.status is OrderStatus.FILLED
    spent = times(order.filled_size, ask.price)
    assert minus(D(1000), ask.price * D("0.0001")) < spent <= 1000
    assert order.quote_size == 1000


async def test_a_quote_size_too_small_for_one_lot_trades_nothing(venue: PaperVenue) -> None:
    before = await venue.balances()
    with pytest.raises((NoLiquidity, InvalidSize)) as caught:
        await venue.submit(spend(BUY, "2"))
    assert caught.value.field == "quote_size"
    assert await venue.balances() == before


async def test_a_market_order_larger_than_the_book_fills_what_there_is_and_ends(venue: PaperVenue) -> None:
    there = sum(level.size for level in (await venue.order_book(BTC, depth=500)).asks)
    order = await venue.submit(market(BUY, "50"))
    assert (order.status, order.filled_size, order.status_code) == (OrderStatus.CANCELED, there, "NO_LIQUIDITY")
    assert not (await venue.order_book(BTC)).asks
    with pytest.raises(NoLiquidity):
        await venue.submit(market(BUY, "0.1"))


async def test_a_fill_or_kill_market_order_takes_all_or_nothing(venue: PaperVenue) -> None:
    before = await venue.order_book(BTC)
    with pytest.raises(NoLiquidity):
        await venue.submit(market(BUY, "50", time_in_force=TimeInForce.FOK))
    assert await venue.order_book(BTC) == before
    order = await venue.submit(market(BUY, "1", time_in_force=TimeInForce.FOK))
    assert order.status is OrderStatus.FILLED


async def test_a_limit_inside_the_spread_rests_at_the_top_of_the_book(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid.price + D("0.5")
    order = await venue.submit(limit(BUY, "0.3", bid))
    assert (order.status, order.filled_size, order.price) == (OrderStatus.OPEN, 0, bid)
    top = (await venue.order_book(BTC)).best_bid
    assert (top.price, top.size) == (bid, D("0.3"))
    assert await venue.open_orders() == [order]


async def test_a_limit_that_crosses_trades_what_it_can_and_rests_the_remainder(venue: PaperVenue) -> None:
    ask = (await venue.order_book(BTC)).best_ask
    order = await venue.submit(limit(BUY, ask.size + 1, ask.price))
    assert (order.status, order.filled_size, order.remaining) == (OrderStatus.PARTIALLY_FILLED, ask.size, 1)
    book = await venue.order_book(BTC)
    assert (book.best_bid.price, book.best_bid.size) == (ask.price, 1)
    assert book.best_ask.price > ask.price


async def test_a_limit_never_pays_more_than_its_price_and_gets_the_better_one(venue: PaperVenue) -> None:
    ask = (await venue.order_book(BTC)).best_ask
    order = await venue.submit(limit(BUY, "0.1", ask.price + 5))
    assert (order.status, order.average_price) == (OrderStatus.FILLED, ask.price)


async def test_a_resting_order_is_filled_as_maker_when_the_market_comes_to_it(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid.price
    order = await venue.submit(limit(BUY, "0.01", bid + D("0.5")))
    done = await move_until_done(venue, order)
    assert (done.status, done.average_price) == (OrderStatus.FILLED, bid + D("0.5"))
    fills = (await venue.fills(FillQuery(order_id=order.venue_order_id))).items
    assert {f.liquidity for f in fills} == {Liquidity.MAKER}
    assert sum(f.size for f in fills) == D("0.01")


async def test_a_large_resting_order_is_filled_in_parts(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid.price
    order = await venue.submit(limit(BUY, "20", bid + D("0.5")))
    seen = []
    for _ in range(2000):
        await venue.advance(MOVE)
        now = await again(venue, order)
        seen.append(now.filled_size)
        if now.status is OrderStatus.PARTIALLY_FILLED:
            break
    assert now.status is OrderStatus.PARTIALLY_FILLED
    assert 0 < now.filled_size < 20
    assert now.remaining == 20 - now.filled_size
    assert seen == sorted(seen)


async def test_post_only_rests_or_is_refused_and_never_takes(venue: PaperVenue) -> None:
    book = await venue.order_book(BTC)
    with pytest.raises(PostOnlyWouldCross) as caught:
        await venue.submit(limit(BUY, "0.1", book.best_ask.price, post_only=True))
    assert caught.value.field == "price"
    assert await venue.open_orders() == []
    order = await venue.submit(limit(BUY, "0.1", book.best_bid.price, post_only=True))
    assert (order.status, order.post_only) == (OrderStatus.OPEN, True)


async def test_a_stop_waits_unseen_by_the_book_and_trades_when_the_price_comes(venue: PaperVenue) -> None:
    book = await venue.order_book(BTC)
    trigger = book.best_bid.price - 20
    order = await venue.submit(stop(SELL, "0.2", trigger))
    assert (order.status, order.type, order.stop_price) == (OrderStatus.PENDING_TRIGGER, OrderType.STOP, trigger)
    assert await venue.order_book(BTC) == book
    assert await venue.open_orders() == [order]
    done = await move_until_done(venue, order)
    assert (done.status, done.filled_size) == (OrderStatus.FILLED, D("0.2"))
    trades = await venue.trades(BTC, limit=1000)
    assert min(t.price for t in trades) <= trigger


async def test_a_buy_stop_below_the_last_price_triggers_at_once(venue: PaperVenue) -> None:
    await venue.submit(market(BUY, "0.1"))
    order = await venue.submit(stop(BUY, "0.1", "59000"))
    assert order.status is OrderStatus.FILLED


async def test_a_stop_limit_becomes_a_limit_order_that_keeps_its_price(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid.price
    trigger, price = bid - 5, bid + 300
    order = await venue.submit(stop_limit(SELL, "0.2", price, trigger))
    assert order.status is OrderStatus.PENDING_TRIGGER
    for _ in range(3000):
        await venue.advance(MOVE)
        order = await again(venue, order)
        if order.status is not OrderStatus.PENDING_TRIGGER:
            break
    assert (order.status, order.price, order.filled_size) == (OrderStatus.OPEN, price, 0)
    asks = (await venue.order_book(BTC, depth=500)).asks
    assert [level.size for level in asks if level.price == price] == [D("0.2")]


async def test_a_bracket_takes_profit_at_its_limit_and_forgets_its_stop(venue: PaperVenue) -> None:
    await venue.submit(market(BUY, "0.1"))
    ask = (await venue.order_book(BTC)).best_ask.price
    order = await venue.submit(bracket(SELL, "0.1", ask + 5, ask - 5000))
    assert order.status is OrderStatus.OPEN
    done = await move_until_done(venue, order)
    assert (done.status, done.average_price) == (OrderStatus.FILLED, ask + 5)
    assert await venue.open_orders() == []


async def test_a_bracket_stops_the_loss_and_leaves_the_book(venue: PaperVenue) -> None:
    await venue.submit(market(BUY, "0.1"))
    bid = (await venue.order_book(BTC)).best_bid.price
    order = await venue.submit(bracket(SELL, "0.1", bid + 5000, bid - 5))
    done = await move_until_done(venue, order)
    assert done.status is OrderStatus.FILLED
    assert done.average_price is not None
    assert done.average_price < bid
    asks = (await venue.order_book(BTC, depth=500)).asks
    assert all(level.price < bid + 5000 for level in asks)


async def test_an_order_meets_no_order_of_its_own_account(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid.price + D("0.5")
    resting = await venue.submit(limit(BUY, "0.3", bid))
    order = await venue.submit(limit(SELL, "0.1", bid))
    assert (order.status, order.filled_size, order.status_code) == (OrderStatus.CANCELED, 0, "WOULD_SELF_TRADE")
    assert await again(venue, resting) == resting
    assert (await venue.fills(FillQuery())).items == ()


async def test_the_part_before_the_own_order_trades_and_the_rest_is_canceled(venue: PaperVenue) -> None:
    first, second = (await venue.order_book(BTC, depth=2)).asks
    own = await venue.submit(limit(SELL, "0.3", second.price - D("0.5")))
    order = await venue.submit(limit(BUY, first.size + 1, second.price))
    assert (order.status, order.filled_size) == (OrderStatus.CANCELED, first.size)
    assert order.status_code == "WOULD_SELF_TRADE"
    assert await again(venue, own) == own
