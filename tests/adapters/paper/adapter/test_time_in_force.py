"""How long an order stays: until canceled, until a time, until the day ends, or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BUY, MOVE, SELL, Opener, again, balance, bracket, limit, stop, stop_limit

from venuekit.adapter import NANOS, InvalidValue, NoLiquidity, OrderRef, OrderRequest, OrderStatus, TimeInForce
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal
DAY_NS = 86_400 * NANOS
FAR = D(50_000)


async def test_good_till_canceled_outlives_the_day(opened: Opener) -> None:
    venue = await opened(tick_interval_ms=3_600_000)
    order = await venue.submit(limit(BUY, "0.1", FAR))
    await venue.advance(48 * 3600)
    assert (await again(venue, order)).status is OrderStatus.OPEN


@pytest.mark.parametrize(
    "request_",
    [
        limit(BUY, "0.1", FAR, time_in_force=TimeInForce.DAY),
        stop(SELL, "0.1", FAR, time_in_force=TimeInForce.DAY),
        stop_limit(SELL, "0.1", FAR - 1, FAR, time_in_force=TimeInForce.DAY),
        bracket(SELL, "0.1", "70000", FAR, time_in_force=TimeInForce.DAY),
    ],
    ids=lambda r: r.type.value,
)
async def test_a_day_order_ends_with_the_utc_day_and_gives_its_hold_back(
    opened: Opener, request_: OrderRequest
) -> None:
    venue = await opened(tick_interval_ms=3_600_000)
    before = await venue.balances()
    order = await venue.submit(request_)
    await venue.advance(23 * 3600)
    assert (await again(venue, order)).is_working
    await venue.advance(3600)
    done = await again(venue, order)
    assert (done.status, done.updated_ns % DAY_NS) == (OrderStatus.EXPIRED, 0)
    assert await venue.balances() == before
    assert await venue.open_orders() == []


async def test_good_till_date_ends_at_its_time_and_not_before(venue: PaperVenue) -> None:
    until = venue.now_ns() + 10 * NANOS
    order = await venue.submit(limit(BUY, "0.1", FAR, time_in_force=TimeInForce.GTD, expires_at_ns=until))
    assert (order.status, order.expires_at_ns) == (OrderStatus.OPEN, until)
    await venue.advance(10 - MOVE)
    assert (await again(venue, order)).status is OrderStatus.OPEN
    await venue.advance(MOVE)
    done = await again(venue, order)
    assert done.status is OrderStatus.EXPIRED
    assert "time" in done.status_reason
    assert (await balance(venue)).held == 0


async def test_a_date_that_has_passed_is_refused_by_name(venue: PaperVenue) -> None:
    request = limit(BUY, "0.1", FAR, time_in_force=TimeInForce.GTD, expires_at_ns=venue.now_ns())
    with pytest.raises(InvalidValue) as caught:
        await venue.submit(request)
    assert caught.value.field == "expires_at"
    assert await venue.open_orders() == []


async def test_immediate_or_cancel_trades_what_it_can_and_rests_nothing(venue: PaperVenue) -> None:
    ask = (await venue.order_book("BTC-USD")).best_ask
    order = await venue.submit(limit(BUY, ask.size + 1, ask.price, time_in_force=TimeInForce.IOC))
    assert (order.status, order.filled_size) == (OrderStatus.CANCELED, ask.size)
    assert (await balance(venue)).held == 0
    assert (await venue.order_book("BTC-USD")).best_bid.price < ask.price


async def test_immediate_or_cancel_away_from_the_market_ends_unfilled(venue: PaperVenue) -> None:
    before = await venue.balances()
    order = await venue.submit(limit(BUY, "1", FAR, time_in_force=TimeInForce.IOC))
    assert (order.status, order.filled_size) == (OrderStatus.CANCELED, 0)
    assert await venue.balances() == before


async def test_fill_or_kill_fills_whole_or_leaves_no_trace(venue: PaperVenue) -> None:
    book = await venue.order_book("BTC-USD")
    ask = book.best_ask
    too_much = limit(BUY, ask.size + 1, ask.price, time_in_force=TimeInForce.FOK)
    with pytest.raises(NoLiquidity) as caught:
        await venue.submit(too_much)
    assert caught.value.field == "size"
    assert await venue.order_book("BTC-USD") == book
    order = await venue.submit(limit(BUY, ask.size, ask.price, time_in_force=TimeInForce.FOK))
    assert (order.status, order.filled_size) == (OrderStatus.FILLED, ask.size)


async def test_an_expired_order_cannot_be_canceled_again_and_still_can_be_read(venue: PaperVenue) -> None:
    until = venue.now_ns() + NANOS
    order = await venue.submit(limit(BUY, "0.1", FAR, time_in_force=TimeInForce.GTD, expires_at_ns=until))
    await venue.advance(1)
    by_client = OrderRef(client_order_id=order.client_order_id)
    assert (await venue.order(by_client)).status is OrderStatus.EXPIRED
