"""Readers that are slow, leave, are dropped or are left behind: nobody hangs, nothing leaks, memory is bounded."""

from __future__ import annotations

import asyncio
import gc
from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, ETH, Opener, limit, market
from stream_kit import KeptBook, drained

from venuekit.adapter import (
    BookSnapshot,
    Channel,
    FillEvent,
    GapEvent,
    NotConnected,
    OrderEvent,
    OrderRef,
    TradeEvent,
)
from venuekit_paper import subscription
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_dropped_connection_is_told_to_every_reader_and_each_may_subscribe_again(venue: PaperVenue) -> None:
    streams = [venue.subscribe(channel, []) for channel in Channel]
    waiting = asyncio.ensure_future(_last(streams[0]))
    await asyncio.sleep(0)
    venue.drop_connections()
    with pytest.raises(NotConnected) as caught:
        await waiting
    assert "Subscribe again" in caught.value.fix
    for stream in streams[1:]:
        with pytest.raises(NotConnected):
            await anext(stream)
    assert venue.streams.readers == 0
    fresh = venue.subscribe(Channel.BOOK, [BTC])
    first = await anext(fresh)
    assert isinstance(first, BookSnapshot)
    assert first.book == await venue.order_book(BTC, depth=500)
    await fresh.aclose()


async def _last(stream: subscription.Subscription) -> None:
    async for _ in stream:
        pass


async def test_what_happens_while_nobody_is_subscribed_is_in_the_next_snapshot(venue: PaperVenue) -> None:
    kept = KeptBook()
    stream = venue.subscribe(Channel.BOOK, [BTC])
    kept.take(await anext(stream))
    before = kept.number
    venue.drop_connections()
    await venue.advance(20)
    again = venue.subscribe(Channel.BOOK, [BTC])
    await venue.advance(1)
    for event in await drained(again):
        kept.take(event)
    book = await venue.order_book(BTC, depth=500)
    assert (kept.bids(), kept.asks(), kept.number) == (tuple(book.bids), tuple(book.asks), book.sequence)
    assert before is not None
    assert kept.number is not None
    assert kept.number > before
    await again.aclose()


async def test_a_lost_reader_that_is_read_further_ends(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.TICKER, [BTC])
    venue.drop_connections()
    with pytest.raises(NotConnected):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await stream.aclose()


async def test_closing_wakes_whoever_waits_and_may_be_done_twice(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.OWN_FILLS, [])
    await anext(stream)
    waiting = asyncio.ensure_future(_last(stream))
    await asyncio.sleep(0)
    assert not waiting.done()
    await stream.aclose()
    await asyncio.wait_for(waiting, 60)
    await stream.aclose()
    assert venue.streams.readers == 0


async def test_a_canceled_reader_loses_nothing(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.OWN_ORDERS, [])
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    order = await venue.submit(limit(BUY, "0.1", "50000"))
    event = await anext(stream)
    assert isinstance(event, OrderEvent)
    assert event.order == order
    await stream.aclose()


async def test_a_slow_book_reader_gets_a_gap_and_a_snapshot_instead_of_stale_news(venue: PaperVenue) -> None:
    slow, quick = venue.subscribe(Channel.BOOK, [BTC]), venue.subscribe(Channel.BOOK, [BTC])
    kept = KeptBook()
    for _ in range(subscription.BUFFER + 300):
        await venue.advance(0.25)
        for event in await drained(quick):
            kept.take(event)
    waiting = await drained(slow)
    assert len(waiting) <= subscription.BUFFER
    gap, snapshot = waiting[:2]
    assert isinstance(gap, GapEvent)
    assert gap.channel is Channel.BOOK
    assert isinstance(snapshot, BookSnapshot)
    caught_up = KeptBook()
    for event in waiting[1:]:
        caught_up.take(event)
    assert (caught_up.bids(), caught_up.asks(), caught_up.number) == (kept.bids(), kept.asks(), kept.number)
    await slow.aclose()
    await quick.aclose()


async def test_a_slow_reader_of_trades_is_told_that_it_missed_some(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.TRADES, [ETH])
    for _ in range(subscription.BUFFER + 5):
        await venue.submit(market(BUY, "0.001", instrument=ETH))
    waiting = await drained(stream)
    assert isinstance(waiting[0], GapEvent)
    assert all(isinstance(e, TradeEvent) for e in waiting[1:])
    await stream.aclose()


async def test_own_events_wait_whole_for_a_slow_reader(venue: PaperVenue) -> None:
    stream = venue.subscribe(Channel.OWN_FILLS, [])
    for _ in range(subscription.BUFFER + 5):
        await venue.submit(market(BUY, "0.001", instrument=ETH))
    told = [e.fill.venue_order_id for e in await drained(stream) if isinstance(e, FillEvent)]
    assert len(set(told)) == subscription.BUFFER + 5
    await stream.aclose()


async def test_a_reader_of_own_events_that_is_hopelessly_behind_is_disconnected_rather_than_lied_to(
    venue: PaperVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "OWN_BUFFER", 20)
    stream = venue.subscribe(Channel.OWN_ORDERS, [])
    for _ in range(30):
        order = await venue.submit(limit(BUY, "0.001", "50000"))
        await venue.cancel(OrderRef.of(order))
    with pytest.raises(NotConnected) as caught:
        await anext(stream)
    assert "reconcile" in caught.value.fix
    assert venue.streams.readers == 0


async def test_a_stalled_connection_is_silent_and_a_new_one_is_not(venue: PaperVenue) -> None:
    old = venue.subscribe(Channel.TICKER, [BTC])
    await drained(old)
    venue.stall_connections()
    fresh = venue.subscribe(Channel.TICKER, [BTC])
    await drained(fresh)
    await venue.advance(5)
    assert await drained(old) == []
    assert await drained(fresh) != []
    await old.aclose()
    await fresh.aclose()


async def test_closing_the_venue_ends_every_reader_and_leaves_no_task(opened: Opener) -> None:
    before = asyncio.all_tasks()
    venue = await opened(pace="realtime")
    readers = [asyncio.ensure_future(_last(venue.subscribe(channel, []))) for channel in Channel]
    await opened.clock.advance(2)
    await venue.close()
    await asyncio.wait(readers)
    for reader in readers:
        assert isinstance(reader.exception(), NotConnected)
    assert asyncio.all_tasks() == before
    assert opened.clock.sleeping == 0


async def test_subscriptions_that_come_and_go_leave_nothing_behind(venue: PaperVenue) -> None:
    async def churn(times: int) -> None:
        for _ in range(times):
            streams = [venue.subscribe(channel, [BTC]) for channel in Channel]
            for stream in streams:
                await stream.aclose()

    await churn(1)
    gc.collect()
    objects = len(gc.get_objects())
    await churn(50)
    gc.collect()
    assert len(gc.get_objects()) - objects < 100
    assert venue.streams.readers == 0
