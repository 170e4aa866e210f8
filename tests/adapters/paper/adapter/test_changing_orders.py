"""Amending and canceling: what keeps its place, what is given back, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import (
    BTC,
    BUY,
    ETH,
    MOVE,
    SELL,
    YES,
    Opener,
    again,
    balance,
    bracket,
    everything,
    limit,
    market,
    stop,
    stop_limit,
)

from venuekit.adapter import (
    FillQuery,
    InsufficientFunds,
    InvalidPrice,
    InvalidSize,
    InvalidValue,
    OrderAlreadyDone,
    OrderRef,
    OrderStatus,
    PostOnlyWouldCross,
    UnknownInstrument,
    UnknownOrder,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_an_amended_order_keeps_its_ids_and_has_the_new_terms(venue: PaperVenue) -> None:
    order = await venue.submit(limit(BUY, "0.5", "50000"))
    changed = await venue.amend(OrderRef.of(order), size=D("0.7"), price=D(51_000))
    assert (changed.client_order_id, changed.venue_order_id) == (order.client_order_id, order.venue_order_id)
    assert (changed.size, changed.price, changed.status) == (D("0.7"), 51_000, OrderStatus.OPEN)
    assert (await balance(venue)).held == D("0.7") * 51_000 * D("1.001")
    levels = {level.price: level.size for level in (await venue.order_book(BTC, depth=500)).bids}
    assert 50_000 not in levels
    assert levels[D(51_000)] == D("0.7")


async def test_an_amended_price_that_reaches_the_market_trades(venue: PaperVenue) -> None:
    order = await venue.submit(limit(BUY, "0.5", "50000"))
    ask = (await venue.order_book(BTC)).best_ask.price
    changed = await venue.amend(OrderRef.of(order), price=ask)
    assert (changed.status, changed.average_price) == (OrderStatus.FILLED, ask)


async def test_a_stop_can_be_moved(venue: PaperVenue) -> None:
    order = await venue.submit(stop(SELL, "0.5", "50000"))
    changed = await venue.amend(OrderRef.of(order), stop_price=D(51_000))
    assert (changed.stop_price, changed.status) == (51_000, OrderStatus.PENDING_TRIGGER)


async def test_a_stop_that_is_moved_through_the_market_triggers(venue: PaperVenue) -> None:
    await venue.submit(market(BUY, "0.1"))
    order = await venue.submit(stop(SELL, "0.5", "50000"))
    changed = await venue.amend(OrderRef.of(order), stop_price=D(61_000))
    assert changed.status is OrderStatus.FILLED


async def test_a_bracket_moves_both_its_prices(venue: PaperVenue) -> None:
    order = await venue.submit(bracket(SELL, "0.5", "70000", "50000"))
    changed = await venue.amend(OrderRef.of(order), price=D(71_000), stop_price=D(49_000))
    assert (changed.price, changed.stop_price, changed.status) == (71_000, 49_000, OrderStatus.OPEN)
    assert (await balance(venue, "BTC")).held == D("0.5")


async def test_shrinking_a_partly_filled_order_leaves_its_fills_and_needs_more_than_them(venue: PaperVenue) -> None:
    ask = (await venue.order_book(BTC)).best_ask
    order = await venue.submit(limit(BUY, ask.size + 2, ask.price))
    with pytest.raises(InvalidSize) as caught:
        await venue.amend(OrderRef.of(order), size=ask.size)
    assert caught.value.field == "size"
    changed = await venue.amend(OrderRef.of(order), size=ask.size + 1)
    assert (changed.filled_size, changed.remaining) == (ask.size, 1)
    assert (await balance(venue)).held == ask.price * D("1.001")


async def test_a_smaller_size_keeps_the_place_in_the_queue_and_a_larger_one_loses_it(opened: Opener) -> None:
    async def filled_first(new_size: str) -> str:
        venue = await opened(f"queue{new_size}", seed=3)
        bid = (await venue.order_book(BTC)).best_bid.price + D("0.5")
        early = await venue.submit(limit(BUY, "0.02", bid))
        await venue.submit(limit(BUY, "0.02", bid))
        await venue.amend(OrderRef.of(early), size=D(new_size))
        for _ in range(4000):
            await venue.advance(MOVE)
            if fills := (await venue.fills(FillQuery())).items:
                return "early" if fills[-1].client_order_id == early.client_order_id else "late"
        raise AssertionError("nothing traded")

    assert await filled_first("0.01") == "early"
    assert await filled_first("0.03") == "late"


async def test_a_refused_change_leaves_everything_as_it_was(opened: Opener) -> None:
    venue = await opened(initial_balances={"USD": D(60_000), "BTC": D(1)})
    order = await venue.submit(limit(BUY, "1", "50000", post_only=True))
    conditional = await venue.submit(stop(SELL, "0.5", "40000"))
    ask = (await venue.order_book(BTC)).best_ask.price
    ref, other = OrderRef.of(order), OrderRef.of(conditional)
    before = await everything(venue)
    with pytest.raises(InsufficientFunds):
        await venue.amend(ref, size=D(2))
    with pytest.raises(PostOnlyWouldCross):
        await venue.amend(ref, size=D("0.5"), price=ask)
    with pytest.raises(InvalidPrice) as off_tick:
        await venue.amend(ref, price=D("50000.005"))
    assert (off_tick.value.field, off_tick.value.details["nearest"]) == ("price", ["50000.00", "50000.01"])
    with pytest.raises(InvalidSize):
        await venue.amend(ref, size=D("0.00005"))
    with pytest.raises(InvalidValue) as no_stop:
        await venue.amend(ref, stop_price=D(45_000))
    assert no_stop.value.field == "stop_price"
    with pytest.raises(InvalidValue) as no_price:
        await venue.amend(other, price=D(45_000))
    assert no_price.value.field == "price"
    with pytest.raises(InvalidValue) as nothing:
        await venue.amend(ref)
    assert "size, price or stop_price" in nothing.value.fix
    assert await everything(venue) == before


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "0", "1E+30", "1E-30"])
@pytest.mark.parametrize("field", ["size", "price", "stop_price"])
async def test_a_change_to_a_value_that_is_no_amount_is_refused_by_name(
    venue: PaperVenue, field: str, value: str
) -> None:
    order = await venue.submit(stop_limit(SELL, "0.5", "49000", "50000"))
    before = await everything(venue)
    with pytest.raises(InvalidValue) as caught:
        await venue.amend(OrderRef.of(order), **{field: D(value)})
    assert caught.value.field == field
    assert await everything(venue) == before


async def test_a_bracket_cannot_be_amended_inside_out(venue: PaperVenue) -> None:
    order = await venue.submit(bracket(SELL, "0.5", "70000", "50000"))
    with pytest.raises(InvalidValue) as caught:
        await venue.amend(OrderRef.of(order), stop_price=D(71_000))
    assert caught.value.field in ("price", "stop_price")
    assert await again(venue, order) == order


async def test_an_order_is_canceled_by_either_id_once(venue: PaperVenue) -> None:
    first = await venue.submit(limit(BUY, "0.5", "50000"))
    second = await venue.submit(limit(BUY, "0.5", "50001"))
    canceled = await venue.cancel(OrderRef(client_order_id=first.client_order_id))
    assert (canceled.status, canceled.venue_order_id) == (OrderStatus.CANCELED, first.venue_order_id)
    assert (await venue.cancel(OrderRef(venue_order_id=second.venue_order_id))).status is OrderStatus.CANCELED
    with pytest.raises(OrderAlreadyDone) as caught:
        await venue.cancel(OrderRef.of(first))
    assert caught.value.order_id == first.client_order_id
    with pytest.raises(OrderAlreadyDone):
        await venue.amend(OrderRef.of(first), size=D(1))
    assert (await balance(venue)).held == 0


@pytest.mark.parametrize(
    "ref",
    [
        OrderRef(client_order_id="never"),
        OrderRef(venue_order_id="999999"),
        OrderRef(venue_order_id="-1"),
        OrderRef(venue_order_id="1\n"),
        OrderRef(venue_order_id="٣"),
        OrderRef(venue_order_id="\ud800"),
        OrderRef(client_order_id="\ud800"),
        OrderRef(client_order_id="\0"),
        OrderRef(venue_order_id="9" * 40),
        OrderRef(venue_order_id="9" * 5000),
        OrderRef(),
    ],
    ids=lambda ref: ascii(ref)[:60],
)
async def test_an_unknown_order_is_unknown_to_every_call(venue: PaperVenue, ref: OrderRef) -> None:
    for call in (venue.cancel(ref), venue.order(ref), venue.amend(ref, size=D(1))):
        with pytest.raises(UnknownOrder):
            await call


async def test_the_simulated_market_orders_are_nobodys_to_cancel(venue: PaperVenue) -> None:
    before = await everything(venue)
    for number in range(1, 30):
        with pytest.raises(UnknownOrder):
            await venue.cancel(OrderRef(venue_order_id=str(number)))
    assert await everything(venue) == before


async def test_cancel_all_ends_resting_and_conditional_orders_of_one_instrument_or_all(venue: PaperVenue) -> None:
    resting = await venue.submit(limit(BUY, "0.5", "50000"))
    waiting = await venue.submit(stop(SELL, "0.5", "40000"))
    ether = await venue.submit(limit(BUY, "1", "2000", instrument=ETH))
    outcome = await venue.submit(limit(BUY, "10", "0.1", instrument=YES))
    results = await venue.cancel_all(BTC)
    assert {r.order.venue_order_id for r in results} == {resting.venue_order_id, waiting.venue_order_id}
    assert all(r.error_code is None for r in results)
    assert {o.id for o in await venue.open_orders()} == {ether.id, outcome.id}
    assert len(await venue.cancel_all()) == 2
    assert await venue.cancel_all() == []
    assert not any(b.held for b in await venue.balances())
    with pytest.raises(UnknownInstrument):
        await venue.cancel_all("DOGE-USD")
