"""Every order type and time in force on every kind of instrument, from placing to the end."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from paper_kit import BUY, ETH, PERP, SELL, YES, Opener, again, balance, bracket, limit, market, spend, stop, stop_limit

from venuekit.adapter import (
    NANOS,
    Instrument,
    NoLiquidity,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    times,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal
T = TimeInForce
NAMES = [ETH, PERP, YES]
SIZES = {ETH: D(2), PERP: D("0.2"), YES: D(50)}
Make = Callable[[Side, OrderBook, Instrument, dict[str, Any]], OrderRequest]


@pytest.fixture
async def rich(opened: Opener) -> PaperVenue:
    """An account that can sell outcomes too."""
    venue = await opened()
    await venue.mint(YES, D(1000))
    return venue


def away(side: Side, book: OrderBook, i: Instrument, ticks: int) -> Decimal:
    """A price behind the best of the order's own side."""
    best = book.best_bid if side is BUY else book.best_ask
    return best.price - side.sign * ticks * i.tick_size


RESTING: dict[str, Make] = {
    "limit": lambda side, book, i, more: limit(side, SIZES[i.id], away(side, book, i, 3), **more),
    "stop": lambda side, book, i, more: stop(side, SIZES[i.id], away(side, book, i, -20), **more),
    "stop-limit": lambda side, book, i, more: stop_limit(
        side, SIZES[i.id], away(side, book, i, -22), away(side, book, i, -20), **more
    ),
    "bracket": lambda side, book, i, more: bracket(
        side, SIZES[i.id], away(side, book, i, 3), away(side, book, i, -20), **more
    ),
}


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", RESTING.values(), ids=RESTING)
async def test_an_order_that_waits_holds_shows_and_gives_everything_back(
    rich: PaperVenue, name: str, side: Side, make: Make
) -> None:
    book, instrument = await rich.order_book(name), await rich.instrument(name)
    before, shares = await rich.balances(), await rich.positions()
    for tif in (T.GTC, T.DAY, T.GTD):
        until = rich.now_ns() + 3600 * NANOS if tif is T.GTD else None
        order = await rich.submit(
            make(side, book, instrument, {"instrument": name, "time_in_force": tif, "expires_at_ns": until})
        )
        conditional = order.type in (OrderType.STOP, OrderType.STOP_LIMIT)
        assert order.status is (OrderStatus.PENDING_TRIGGER if conditional else OrderStatus.OPEN)
        assert (order.instrument, order.side, order.size, order.time_in_force) == (name, side, SIZES[name], tif)
        assert await rich.open_orders(name) == [order] == [await again(rich, order)]
        if name != YES or side is BUY:  # shares are positions, and what holds them shows in no balance
            assert await rich.balances() != before
        assert (await rich.cancel(OrderRef.of(order))).status is OrderStatus.CANCELED
        assert (await rich.balances(), await rich.positions()) == (before, shares)


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("name", NAMES)
async def test_market_orders_by_size_and_by_value_trade_at_once(rich: PaperVenue, name: str, side: Side) -> None:
    book, instrument = await rich.order_book(name), await rich.instrument(name)
    best = book.best_ask if side is BUY else book.best_bid
    by_size = await rich.submit(market(side, SIZES[name], instrument=name))
    assert (by_size.status, by_size.filled_size, by_size.average_price) == (
        OrderStatus.FILLED,
        SIZES[name],
        best.price,
    )
    value = D("25")
    if name == PERP:
        value = D(6500)
    by_value = await rich.submit(spend(side, value, instrument=name, time_in_force=T.FOK))
    assert (by_value.status, by_value.quote_size) == (OrderStatus.FILLED, value)
    traded = times(by_value.filled_size, by_value.average_price or D(0))
    assert value - best.price * instrument.lot_size * 2 < traded <= value
    assert by_value.fees == traded * D("0.001")


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("name", NAMES)
async def test_immediate_limits_take_all_some_or_nothing(rich: PaperVenue, name: str, side: Side) -> None:
    book = await rich.order_book(name)
    best = book.best_ask if side is BUY else book.best_bid
    some = limit(side, best.size + SIZES[name], best.price, instrument=name, time_in_force=T.FOK)
    with pytest.raises(NoLiquidity):
        await rich.submit(some)
    whole = await rich.submit(limit(side, SIZES[name], best.price, instrument=name, time_in_force=T.FOK))
    assert whole.status is OrderStatus.FILLED
    part = await rich.submit(limit(side, best.size, best.price, instrument=name, time_in_force=T.IOC))
    assert (part.status, part.filled_size) == (OrderStatus.CANCELED, best.size - SIZES[name])
    nothing = await rich.submit(
        limit(
            side,
            SIZES[name],
            (book.best_bid if side is BUY else book.best_ask).price,
            instrument=name,
            time_in_force=T.IOC,
        )
    )
    assert (nothing.status, nothing.filled_size) == (OrderStatus.CANCELED, 0)
    assert await rich.open_orders() == []


@pytest.mark.parametrize("name", NAMES)
async def test_an_account_without_a_position_is_flat_again_after_a_round_trip(opened: Opener, name: str) -> None:
    venue = await opened(initial_balances={"USD": D(100_000)}, maker_fee=D(0), taker_fee=D(0))
    bought = await venue.submit(market(BUY, SIZES[name], instrument=name))
    sold = await venue.submit(market(SELL, SIZES[name], instrument=name))
    assert bought.average_price is not None
    assert sold.average_price is not None
    lost = times(bought.average_price - sold.average_price, SIZES[name])
    usd = await balance(venue)
    assert (usd.total, usd.held) == (D(100_000) - lost, 0)
    (position,) = await venue.positions()
    assert (position.size, position.realized_pnl, position.average_entry_price) == (0, -lost, None)
