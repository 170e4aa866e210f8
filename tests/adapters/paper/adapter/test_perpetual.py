"""Perpetual contracts: long and short, margin, profit in the quote currency, reduce-only."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BUY, MOVE, PERP, SELL, Opener, again, balance, limit, market, stop

from venuekit.adapter import InsufficientFunds, NotReducing, OrderStatus, Position, minus, plus, times
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def position(venue: PaperVenue) -> Position | None:
    return next((p for p in await venue.positions() if p.instrument == PERP), None)


async def test_a_short_needs_no_coins_and_is_a_negative_position(venue: PaperVenue) -> None:
    bid = (await venue.order_book(PERP)).best_bid.price
    order = await venue.submit(market(SELL, "0.5", instrument=PERP))
    assert (order.status, order.average_price) == (OrderStatus.FILLED, bid)
    held = await position(venue)
    assert held is not None
    assert (held.size, held.average_entry_price) == (D("-0.5"), bid)


async def test_a_position_holds_its_initial_margin_and_gives_it_back_when_closed(venue: PaperVenue) -> None:
    order = await venue.submit(market(BUY, "0.5", instrument=PERP))
    assert order.average_price is not None
    assert (await balance(venue)).held == times(times(order.average_price, D("0.5")), D("0.1"))
    await venue.submit(market(SELL, "0.5", instrument=PERP))
    usd = await balance(venue)
    assert usd.held == 0
    assert usd.available == usd.total


async def test_profit_is_price_difference_times_size_less_fees(venue: PaperVenue) -> None:
    before = (await balance(venue)).total
    opened = await venue.submit(market(BUY, "0.5", instrument=PERP))
    await venue.advance(60)
    closed = await venue.submit(market(SELL, "0.5", instrument=PERP))
    assert opened.average_price is not None
    assert closed.average_price is not None
    profit = times(minus(closed.average_price, opened.average_price), D("0.5"))
    fees = plus(opened.fees, closed.fees)
    assert (await balance(venue)).total == plus(before, minus(profit, fees))
    held = await position(venue)
    assert held is not None
    assert (held.size, held.realized_pnl, held.fees_paid) == (0, profit, fees)


async def test_the_open_position_is_valued_at_the_mark(venue: PaperVenue) -> None:
    await venue.submit(market(BUY, "0.5", instrument=PERP))
    await venue.advance(30)
    held = await position(venue)
    assert held is not None
    assert held.mark_price is not None
    assert held.average_entry_price is not None
    assert held.unrealized_pnl == times(minus(held.mark_price, held.average_entry_price), D("0.5"))
    assert (await venue.tickers([PERP]))[0].mark == held.mark_price


async def test_reduce_only_closes_and_never_opens_or_turns_a_position(venue: PaperVenue) -> None:
    with pytest.raises(NotReducing) as caught:
        await venue.submit(market(SELL, "0.1", instrument=PERP, reduce_only=True))
    assert caught.value.field == "reduce_only"
    await venue.submit(market(BUY, "0.3", instrument=PERP))
    with pytest.raises(NotReducing):
        await venue.submit(market(BUY, "0.1", instrument=PERP, reduce_only=True))
    with pytest.raises(NotReducing):
        await venue.submit(market(SELL, "0.4", instrument=PERP, reduce_only=True))
    order = await venue.submit(market(SELL, "0.3", instrument=PERP, reduce_only=True))
    assert (order.status, order.reduce_only) == (OrderStatus.FILLED, True)
    held = await position(venue)
    assert held is not None
    assert held.size == 0


async def test_resting_reduce_only_orders_together_stay_within_the_position(venue: PaperVenue) -> None:
    await venue.submit(market(BUY, "0.3", instrument=PERP))
    first = limit(SELL, "0.2", "70000", instrument=PERP, reduce_only=True)
    await venue.submit(first)
    with pytest.raises(NotReducing):
        await venue.submit(limit(SELL, "0.2", "70001", instrument=PERP, reduce_only=True))
    await venue.submit(limit(SELL, "0.1", "70001", instrument=PERP, reduce_only=True))


async def test_margin_bounds_what_can_be_opened(opened: Opener) -> None:
    venue = await opened(initial_balances={"USD": D(1000)})
    with pytest.raises(InsufficientFunds) as caught:
        await venue.submit(market(BUY, "0.2", instrument=PERP))
    assert caught.value.details["asset"] == "USD"
    assert await venue.positions() == []
    order = await venue.submit(market(BUY, "0.1", instrument=PERP))
    assert order.status is OrderStatus.FILLED
    assert (await balance(venue)).available >= 0


async def test_a_stop_closes_a_short_when_the_price_rises(venue: PaperVenue) -> None:
    opened = await venue.submit(market(SELL, "0.2", instrument=PERP))
    assert opened.average_price is not None
    order = await venue.submit(stop(BUY, "0.2", opened.average_price + 10, instrument=PERP, reduce_only=True))
    assert order.status is OrderStatus.PENDING_TRIGGER
    for _ in range(4000):
        await venue.advance(MOVE)
        if (order := await again(venue, order)).is_done:
            break
    assert order.status is OrderStatus.FILLED
    held = await position(venue)
    assert held is not None
    assert held.size == 0


async def test_the_perpetual_stays_near_its_spot_market(venue: PaperVenue) -> None:
    for _ in range(20):
        await venue.advance(10)
        spot, perp = [t.mid for t in await venue.tickers(["BTC-USD", PERP])]
        assert spot is not None
        assert perp is not None
        assert abs(spot - perp) < spot / 1000
