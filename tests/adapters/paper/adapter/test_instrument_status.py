"""What a market that is not simply trading takes, and what it tells."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, ETH, MOVE, PERP, SELL, YES, again, everything, limit, market, stop

from venuekit.adapter import (
    Channel,
    InstrumentEvent,
    InstrumentNotTrading,
    InstrumentStatus,
    OrderRef,
    OrderRequest,
    OrderStatus,
    UnknownInstrument,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal
CLOSED = [
    InstrumentStatus.HALTED,
    InstrumentStatus.CANCEL_ONLY,
    InstrumentStatus.EXPIRED,
    InstrumentStatus.POST_ONLY,
]


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize(
    "request_",
    [limit(BUY, "0.5", "50000"), market(BUY, "0.1"), stop(SELL, "0.1", "50000")],
    ids=lambda r: r.type.value,
)
async def test_a_closed_market_refuses_orders_and_changes_nothing(
    venue: PaperVenue, status: InstrumentStatus, request_: OrderRequest
) -> None:
    await venue.set_status(BTC, status)
    before = await everything(venue)
    with pytest.raises(InstrumentNotTrading) as caught:
        await venue.submit(request_)
    assert caught.value.field == "instrument"
    assert status.value in caught.value.message
    assert await everything(venue) == before
    assert (await venue.submit(limit(BUY, "1", "2000", instrument=ETH))).status is OrderStatus.OPEN


@pytest.mark.parametrize("status", CLOSED)
async def test_orders_can_be_canceled_in_a_closed_market(venue: PaperVenue, status: InstrumentStatus) -> None:
    order = await venue.submit(limit(BUY, "0.5", "50000"))
    await venue.set_status(BTC, status)
    assert (await again(venue, order)).status is OrderStatus.OPEN
    assert (await venue.cancel(OrderRef.of(order))).status is OrderStatus.CANCELED


async def test_a_post_only_market_takes_post_only_orders(venue: PaperVenue) -> None:
    await venue.set_status(BTC, InstrumentStatus.POST_ONLY)
    order = await venue.submit(limit(BUY, "0.5", "50000", post_only=True))
    assert order.status is OrderStatus.OPEN


async def test_a_halted_market_stands_still_and_goes_on_where_it_was(venue: PaperVenue) -> None:
    order = await venue.submit(limit(BUY, "0.01", (await venue.order_book(BTC)).best_bid.price + D("0.5")))
    await venue.set_status(BTC, InstrumentStatus.HALTED)
    trades = await venue.trades(BTC)
    await venue.advance(60)
    assert await venue.trades(BTC) == trades
    assert await again(venue, order) == order
    book = await venue.order_book(BTC)
    assert ([level.size for level in book.bids], book.asks) == ([D("0.01")], ())
    await venue.set_status(BTC, InstrumentStatus.TRADING)
    await venue.advance(MOVE)
    book = await venue.order_book(BTC)
    assert len(book.bids) >= 8
    assert len(book.asks) >= 8
    assert book.best_bid.price < book.best_ask.price


@pytest.mark.parametrize("instrument", [BTC, PERP, YES])
async def test_a_change_of_status_is_seen_at_once_and_told(venue: PaperVenue, instrument: str) -> None:
    stream = venue.subscribe(Channel.STATUS, [instrument])
    await anext(stream)
    await venue.set_status(instrument, InstrumentStatus.HALTED)
    event = await anext(stream)
    assert isinstance(event, InstrumentEvent)
    assert (event.instrument, event.changed.status) == (instrument, InstrumentStatus.HALTED)
    assert event.changed == await venue.instrument(instrument)
    await stream.aclose()


async def test_the_status_of_an_unknown_market_cannot_be_set(venue: PaperVenue) -> None:
    with pytest.raises(UnknownInstrument):
        await venue.set_status("DOGE-USD", InstrumentStatus.HALTED)
