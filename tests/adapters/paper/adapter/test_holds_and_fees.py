"""What an order holds, what a trade costs, and that nothing is lost or made on the way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import (
    BTC,
    BUY,
    ETH,
    MOVE,
    PERP,
    SELL,
    YES,
    Opener,
    again,
    balance,
    bracket,
    everything,
    limit,
    market,
    move_until_done,
    stop,
    stop_limit,
)

from venuekit.adapter import FillQuery, InsufficientFunds, Liquidity, OrderRef, OrderRequest, OrderStatus, ceil_to
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_resting_buy_holds_its_notional_and_the_higher_fee(venue: PaperVenue) -> None:
    await venue.submit(limit(BUY, "0.5", "50000"))
    usd = await balance(venue)
    assert (usd.total, usd.held) == (10_000_000, D(25_000) * D("1.001"))
    assert usd.available == usd.total - usd.held


async def test_a_resting_sell_holds_its_coins(venue: PaperVenue) -> None:
    await venue.submit(limit(SELL, "0.5", "70000"))
    assert (await balance(venue, "BTC")).held == D("0.5")
    assert (await balance(venue)).held == 0


@pytest.mark.parametrize(
    "request_",
    [
        limit(BUY, "0.5", "50000"),
        limit(SELL, "2", "3500", instrument=ETH),
        stop(SELL, "0.5", "50000"),
        stop(BUY, "0.5", "70000"),
        stop_limit(BUY, "0.5", "70010", "70000"),
        bracket(SELL, "0.5", "70000", "50000"),
        limit(BUY, "100", "0.3", instrument=YES),
        limit(SELL, "0.5", "70000", instrument=PERP),
        stop(BUY, "0.5", "70000", instrument=PERP),
    ],
    ids=lambda r: f"{r.side.value} {r.type.value} {r.instrument}",
)
async def test_canceling_gives_back_all_that_was_held(venue: PaperVenue, request_: OrderRequest) -> None:
    before = await venue.balances()
    order = await venue.submit(request_)
    assert any(b.held for b in await venue.balances())
    await venue.cancel(OrderRef.of(order))
    assert await venue.balances() == before


async def test_held_money_cannot_be_spent_twice(opened: Opener) -> None:
    venue = await opened(initial_balances={"USD": D(60_000)})
    await venue.submit(limit(BUY, "1", "50000"))
    before = await everything(venue)
    with pytest.raises(InsufficientFunds) as caught:
        await venue.submit(limit(BUY, "0.3", "50000"))
    assert caught.value.details == {"asset": "USD", "required": "15015", "available": "9950"}
    assert await everything(venue) == before


async def test_coins_that_are_held_cannot_be_sold_twice(opened: Opener) -> None:
    venue = await opened(initial_balances={"BTC": D(1)})
    await venue.submit(limit(SELL, "0.7", "70000"))
    with pytest.raises(InsufficientFunds) as caught:
        await venue.submit(market(SELL, "0.4"))
    assert caught.value.details["asset"] == "BTC"


async def test_a_partial_fill_lowers_the_hold_by_its_part(venue: PaperVenue) -> None:
    ask = (await venue.order_book(BTC)).best_ask
    order = await venue.submit(limit(BUY, ask.size + 1, ask.price))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert (await balance(venue)).held == ask.price * D("1.001")


async def test_a_taker_pays_the_taker_fee_on_its_notional(venue: PaperVenue) -> None:
    before = (await balance(venue)).total
    order = await venue.submit(market(BUY, "0.1"))
    assert order.average_price is not None
    notional = order.average_price * D("0.1")
    assert (order.fees, order.fee_asset) == (notional * D("0.001"), "USD")
    assert (await balance(venue)).total == before - notional - order.fees
    (fill,) = (await venue.fills(FillQuery())).items
    assert (fill.fee, fill.fee_asset, fill.liquidity) == (order.fees, "USD", Liquidity.TAKER)


async def test_a_maker_pays_the_maker_fee_at_its_own_price(venue: PaperVenue) -> None:
    before = (await balance(venue)).total
    bid = (await venue.order_book(BTC)).best_bid.price + D("0.5")
    order = await venue.submit(limit(BUY, "0.01", bid, post_only=True))
    done = await move_until_done(venue, order)
    assert done.fees == bid * D("0.01") * D("0.0005")
    usd = await balance(venue)
    assert (usd.total, usd.held) == (before - bid * D("0.01") - done.fees, 0)


async def test_fees_come_from_the_options_and_the_profile_tells_them(opened: Opener) -> None:
    venue = await opened(maker_fee=D(0), taker_fee=D("0.0025"))
    profile = await venue.profile()
    assert (profile.maker_fee_rate, profile.taker_fee_rate) == (0, D("0.0025"))
    order = await venue.submit(market(BUY, "0.1"))
    assert order.average_price is not None
    assert order.fees == order.average_price * D("0.1") * D("0.0025")


async def test_a_fee_with_more_digits_than_money_has_is_rounded_up_never_down(opened: Opener) -> None:
    venue = await opened(taker_fee=D("0.000000001"))
    order = await venue.submit(market(BUY, "0.0001"))
    assert order.average_price is not None
    assert order.fees >= order.average_price * D("0.0001") * D("0.000000001") > 0


async def test_cash_and_coins_change_by_the_fills_alone_to_the_last_digit(venue: PaperVenue) -> None:
    usd, btc = (await balance(venue)).total, (await balance(venue, "BTC")).total
    bid = (await venue.order_book(BTC)).best_bid.price
    await venue.submit(limit(BUY, "3", bid + D("0.5")))
    await venue.submit(limit(SELL, "2", bid + 30))
    for n in range(40):
        await venue.submit(market(BUY, "0.0123"))
        await venue.advance(MOVE * (n % 4))
    for order in await venue.open_orders():
        await venue.cancel(OrderRef.of(order))
    fills = (await venue.fills(FillQuery(limit=500))).items
    assert len(fills) > 40
    assert (await balance(venue)).total == usd - sum(f.side.sign * f.price * f.size + f.fee for f in fills)
    assert (await balance(venue, "BTC")).total == btc + sum(f.side.sign * f.size for f in fills)
    assert not any(b.held for b in await venue.balances())
    (position,) = await venue.positions()
    assert position.size == sum(f.side.sign * f.size for f in fills)
    assert position.fees_paid == sum(f.fee for f in fills)


async def test_holds_equal_the_reservations_of_the_open_orders(venue: PaperVenue) -> None:
    bid = (await venue.order_book(BTC)).best_bid.price
    for n in range(5):
        await venue.submit(limit(BUY, "0.4", bid + D("0.01") * n))
        await venue.submit(limit(SELL, "0.4", bid + 40 + n))
    profile = await venue.profile()
    maker, taker = profile.maker_fee_rate or D(0), profile.taker_fee_rate or D(0)
    for _ in range(200):
        await venue.advance(MOVE)
        buys = [o for o in await venue.open_orders(BTC) if o.side is BUY]
        sells = [o for o in await venue.open_orders(BTC) if o.side is SELL]
        # The fees of an order are rounded up once, so what is left of them is the whole less what was paid.
        owed = sum(
            (o.price or D(0)) * (o.remaining or D(0))
            + ceil_to((o.price or D(0)) * (maker * o.filled_size + taker * (o.remaining or D(0))), D("0.00000001"))
            - o.fees
            for o in buys
        )
        assert (await balance(venue)).held == owed
        assert (await balance(venue, "BTC")).held == sum(o.remaining or D(0) for o in sells)


async def test_a_stop_that_the_money_no_longer_pays_is_canceled_and_says_so(opened: Opener) -> None:
    venue = await opened(initial_balances={"USD": D(6007)})
    ask = (await venue.order_book(BTC)).best_ask.price
    order = await venue.submit(stop(BUY, "0.1", ask - 2))
    if order.status is OrderStatus.PENDING_TRIGGER:
        order = await move_until_done(venue, order)
    assert (await again(venue, order)).is_done
    usd = await balance(venue)
    assert usd.held == 0
    assert usd.available >= 0
    if order.status is OrderStatus.CANCELED:
        assert order.status_code == "INSUFFICIENT_FUNDS"
