"""What each channel tells, and that a book kept from its deltas is the venue's own book."""

from __future__ import annotations

from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, ETH, MOVE, NO, SELL, YES, Opener, again, limit, market, stop
from stream_kit import KeptBook, drained

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    CandleEvent,
    Channel,
    ConnectionEvent,
    ConnectionState,
    FillEvent,
    FillQuery,
    Granularity,
    InvalidPrice,
    OrderEvent,
    OrderEventKind,
    OrderRef,
    OrderStatus,
    TickerEvent,
    TradeEvent,
    UnknownInstrument,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_book_kept_from_a_snapshot_and_numbered_deltas_equals_the_venues_own(venue: PaperVenue) -> None:
    await venue.advance(5)
    stream = venue.subscribe(Channel.BOOK, [BTC])
    kept = KeptBook()
    for n in range(120):
        await venue.advance(MOVE)
        await venue.submit(market(BUY if n % 2 else SELL, "0.7"))
        if n % 5 == 0:
            await venue.submit(limit(BUY, "0.3", D(59_000) + n))
        if n % 40 == 39:
            await venue.cancel_all()
        for event in await drained(stream):
            kept.take(event)
        book = await venue.order_book(BTC, depth=500)
        assert (kept.bids(), kept.asks(), kept.number) == (tuple(book.bids), tuple(book.asks), book.sequence)
    assert kept.deltas > 120
    await stream.aclose()


async def test_a_snapshot_begins_every_book_subscription_also_in_the_middle(venue: PaperVenue) -> None:
    early = venue.subscribe(Channel.BOOK, [YES, NO])
    await venue.advance(10)
    late = venue.subscribe(Channel.BOOK, [YES])
    first = await anext(late)
    assert isinstance(first, BookSnapshot)
    book = await venue.order_book(YES, depth=500)
    assert (first.book.bids, first.book.asks, first.sequence) == (book.bids, book.asks, book.sequence)
    await venue.advance(2)
    seen = [e for e in await drained(early) if e.instrument == YES]
    tail = await drained(late)
    assert seen[-len(tail) :] == tail != []
    await early.aclose()
    await late.aclose()


async def test_no_delta_comes_for_an_instrument_that_was_not_asked_for(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.BOOK, [ETH])
    await venue.advance(10)
    assert {e.instrument for e in await drained(stream)} == {ETH}
    await stream.aclose()


async def test_a_subscription_without_instruments_is_to_all_of_them(venue: PaperVenue) -> None:
    names = [i.id for i in await venue.instruments()]
    for channel, kind in ((Channel.BOOK, BookSnapshot), (Channel.TICKER, TickerEvent), (Channel.CANDLES, CandleEvent)):
        stream = venue.subscribe(channel, [])
        first = await drained(stream)
        assert [e.instrument for e in first] == names
        assert all(isinstance(e, kind) for e in first)
        await stream.aclose()


async def test_the_ticker_follows_every_change_and_agrees_with_asking(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.TICKER, [BTC])
    first = await anext(stream)
    assert isinstance(first, TickerEvent)
    assert [first.ticker] == await venue.tickers([BTC])
    order = await venue.submit(market(BUY, "0.1"))
    event = (await drained(stream))[-1]
    assert isinstance(event, TickerEvent)
    assert (event.ticker.last, event.ticker.last_size) == (order.average_price, D("0.1"))
    assert [event.ticker] == await venue.tickers([BTC])
    assert event.ticker.low_24h is not None
    assert event.ticker.high_24h is not None
    assert event.ticker.low_24h <= event.ticker.last <= event.ticker.high_24h  # type: ignore[operator]
    await stream.aclose()


async def test_every_public_trade_is_told_once_in_order(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.TRADES, [BTC])
    first = await anext(stream)
    assert isinstance(first, ConnectionEvent)
    assert first.state is ConnectionState.CONNECTED
    await venue.submit(market(SELL, "2"))
    await venue.advance(20)
    told = [e.trade for e in await drained(stream) if isinstance(e, TradeEvent)]
    known = await venue.trades(BTC, limit=1000)
    assert told == known[::-1]
    assert told[0].taker_side is SELL
    assert [int(t.id) for t in told] == sorted(int(t.id) for t in told)
    await stream.aclose()


async def test_candle_events_close_a_minute_and_open_the_next(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.CANDLES, [BTC])
    await venue.advance(185)
    candles = [e.candle for e in await drained(stream) if isinstance(e, CandleEvent)]
    last = {c.start_ns: c for c in candles}
    assert {c.granularity for c in candles} == {Granularity.ONE_MINUTE}
    assert [c.start_ns for c in candles] == sorted(c.start_ns for c in candles)
    assert await venue.candles(BTC, Granularity.ONE_MINUTE, limit=len(last)) == list(last.values())
    assert [c.is_closed for c in last.values()][-4:] == [True, True, True, False]
    await stream.aclose()


async def test_own_orders_are_told_from_acceptance_to_the_end(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.OWN_ORDERS, [])
    assert isinstance(await anext(stream), ConnectionEvent)
    ask = (await venue.order_book(BTC)).best_ask
    resting = await venue.submit(limit(BUY, "0.5", "50000"))
    await venue.amend(OrderRef.of(resting), size=D("0.4"))
    await venue.cancel(OrderRef.of(resting))
    partly = await venue.submit(limit(BUY, ask.size + 1, ask.price))
    waiting = await venue.submit(stop(SELL, "0.1", "40000"))
    events = [e for e in await drained(stream) if isinstance(e, OrderEvent)]

    def of(order_id: str) -> list[tuple[OrderEventKind, OrderStatus]]:
        return [(e.kind, e.order.status) for e in events if e.order.id == order_id]

    assert of(resting.id)[0] == (OrderEventKind.ACCEPTED, OrderStatus.OPEN)
    assert of(resting.id)[-1] == (OrderEventKind.CANCELED, OrderStatus.CANCELED)
    assert len(of(resting.id)) == 3
    assert of(partly.id)[-1] == (OrderEventKind.PARTIALLY_FILLED, OrderStatus.PARTIALLY_FILLED)
    assert of(waiting.id) == [(OrderEventKind.ACCEPTED, OrderStatus.PENDING_TRIGGER)]
    for order in (resting, partly, waiting):
        assert [e.order for e in events if e.order.id == order.id][-1] == await again(venue, order)
    await stream.aclose()


async def test_own_fills_are_told_once_each_and_the_simulated_traders_never(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.OWN_FILLS, [])
    await anext(stream)
    bid = (await venue.order_book(BTC)).best_bid.price
    await venue.submit(limit(BUY, "0.2", bid + D("0.5")))
    await venue.submit(market(BUY, "2", instrument=ETH))
    await venue.advance(120)
    told = [e.fill for e in await drained(stream) if isinstance(e, FillEvent)]
    assert len(told) > 1
    assert told == list((await venue.fills(FillQuery(limit=500))).items)[::-1]
    assert {f.account for f in told} == {"default"}
    await stream.aclose()


async def test_a_refused_order_is_told_to_nobody(venue: PaperVenue) -> None:
    streams = [venue.subscribe(channel, []) for channel in Channel]
    for stream in streams:
        await drained(stream)
    with pytest.raises(InvalidPrice):
        await venue.submit(limit(BUY, "0.1", "50000.001"))
    for stream in streams:
        assert await drained(stream) == []
        await stream.aclose()


async def test_two_subscribers_hear_the_same(venue: PaperVenue) -> None:
    one, two = venue.subscribe(Channel.BOOK, [BTC]), venue.subscribe(Channel.BOOK, [BTC])
    await venue.advance(10)
    heard = await drained(one)
    assert len(heard) > 10
    assert await drained(two) == heard
    await one.aclose()
    await venue.advance(1)
    assert await drained(two) != []
    await two.aclose()


async def test_subscribing_to_an_unknown_instrument_raises_at_once_and_leaves_nothing_open(opened: Opener) -> None:
    venue = await opened()
    with pytest.raises(UnknownInstrument):
        venue.subscribe(Channel.TICKER, [BTC, "DOGE-USD"])
    assert venue.streams.readers == 0


async def test_times_never_go_back_and_are_the_exchanges(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.BOOK, [])
    begin = venue.now_ns()
    await venue.advance(3)
    times = [e.time_ns for e in await drained(stream)]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (begin, venue.now_ns())
    assert all(isinstance(e, BookDelta | BookSnapshot) for e in await drained(stream))
    await stream.aclose()
