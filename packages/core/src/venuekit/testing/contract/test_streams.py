"""Streams of market data: what comes first, in which order, and what happens when a connection is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    CandleEvent,
    Channel,
    Event,
    Granularity,
    Level,
    TickerEvent,
    TradeEvent,
    Unavailable,
    UnknownInstrument,
    VenuekitError,
)
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit
from venuekit.testing.contract.profile import settled
from venuekit.testing.contract.recording import Recording

pytestmark = pytest.mark.anyio


def any_channel(kit: Kit) -> Channel:
    """A channel that can be used, a quiet one if there is."""
    usable = [c for c in Channel if kit.can(c)]
    if not usable:
        pytest.skip("no channel is declared usable")
    return usable[0]


async def lose_connection(kit: Kit, recording: Recording) -> None:
    if kit.profile.drop_connections is None:
        pytest.skip("the profile cannot drop connections (drop_connections)")
    await settled(kit.profile.drop_connections(kit.venue))
    if kit.subject.shadow:
        # Own events of a shadow account come over no network, but its readers must bear a loss as well.
        await settled(getattr(kit.venue, "drop_connections", lambda: None)())
    await kit.wait_for(recording, lambda _: recording.error is not None)


def _applied(events: list[Event]) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}

    def take(side: dict[Decimal, Decimal], levels: tuple[Level, ...]) -> None:
        for level in levels:
            side[level.price] = level.size
            if not level.size:
                del side[level.price]

    for event in events:
        if isinstance(event, BookSnapshot):
            bids, asks = {}, {}
            take(bids, tuple(event.book.bids))
            take(asks, tuple(event.book.asks))
        elif isinstance(event, BookDelta):
            take(bids, tuple(event.bids))
            take(asks, tuple(event.asks))
    return bids, asks


@behaviour("STR-01")
async def test_a_book_begins_with_a_snapshot(kit: Kit) -> None:
    async with kit.recording(Channel.BOOK, [kit.instrument.id]) as recording:
        events = await kit.wait_for(recording, bool)
    assert events, "no event came"
    assert isinstance(events[0], BookSnapshot)
    assert events[0].book.instrument == kit.instrument.id


@behaviour("STR-02")
async def test_snapshot_and_deltas_add_up_to_the_book(kit: Kit) -> None:
    async with kit.recording(Channel.BOOK, [kit.instrument.id]) as recording:
        await kit.pause(2)

        async def same() -> tuple[object, object]:
            seen = len(recording.events)
            book = await kit.venue.order_book(kit.instrument.id, depth=5)
            if len(recording.events) != seen:
                return "the book", "moved"
            bids, asks = _applied(recording.events)
            mine = sorted(bids.items(), reverse=True)[:5], sorted(asks.items())[:5]
            return mine, ([(x.price, x.size) for x in book.bids], [(x.price, x.size) for x in book.asks])

        mine, theirs = await kit.eventually(same, lambda pair: pair[0] == pair[1])
    assert mine == theirs


@behaviour("STR-03")
async def test_sequence_numbers_never_skip_or_repeat(kit: Kit) -> None:
    async with kit.recording(Channel.BOOK, [kit.instrument.id]) as recording:
        await kit.pause(3)
        events = await kit.wait_for(recording, bool)
    numbers = [e.sequence for e in events if isinstance(e, BookSnapshot | BookDelta)]
    if None in numbers:
        pytest.skip("the venue numbers no book events")
    assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers)))


@behaviour("STR-04")
async def test_tickers_come_for_the_instrument_asked_for(kit: Kit) -> None:
    async with kit.recording(Channel.TICKER, [kit.instrument.id]) as recording:
        events = await kit.wait_for(recording, bool)
    assert events, "no event came"
    for event in events:
        assert isinstance(event, TickerEvent)
        assert event.ticker.instrument == event.instrument == kit.instrument.id


@behaviour("STR-05")
async def test_trades_come_for_the_instrument_asked_for(kit: Kit) -> None:
    async with kit.recording(Channel.TRADES, [kit.instrument.id]) as recording:
        if kit.time_is_cheap:
            await kit.pause(20)
        events = await kit.wait_for(recording, bool)
    if not events:
        pytest.skip("nobody traded meanwhile")
    ids = []
    for event in events:
        assert isinstance(event, TradeEvent)
        assert event.trade.instrument == event.instrument == kit.instrument.id
        ids.append(event.trade.id)
    assert len(set(ids)) == len(ids)


@behaviour("STR-06")
async def test_candles_come_as_one_minute_candles(kit: Kit) -> None:
    async with kit.recording(Channel.CANDLES, [kit.instrument.id]) as recording:
        if kit.time_is_cheap:
            await kit.pause(20)
        events = await kit.wait_for(recording, bool)
    if not events:
        pytest.skip("no candle changed meanwhile")
    for event in events:
        assert isinstance(event, CandleEvent)
        assert (event.candle.granularity, event.candle.instrument) == (Granularity.ONE_MINUTE, kit.instrument.id)


@behaviour("STR-07")
async def test_the_status_channel_opens_and_closes(kit: Kit) -> None:
    async with kit.recording(Channel.STATUS, [kit.instrument.id]) as recording:
        await kit.pause()
        assert recording.error is None
        assert not recording.ended


@behaviour("STR-08")
async def test_a_lost_connection_is_unavailable_in_every_channel(kit: Kit) -> None:
    any_channel(kit)
    for channel in filter(kit.capabilities.can, Channel):
        async with kit.recording(channel, [kit.instrument.id]) as recording:
            await lose_connection(kit, recording)
        assert isinstance(recording.error, Unavailable), f"the reader of {channel.value} was not told of the loss"
        async with kit.recording(channel, [kit.instrument.id]) as again:
            await kit.pause()
        assert again.error is None, f"{channel.value} cannot be subscribed to again"


@behaviour("STR-09")
async def test_after_a_loss_a_book_begins_with_a_snapshot(kit: Kit) -> None:
    async with kit.recording(Channel.BOOK, [kit.instrument.id]) as lost:
        await lose_connection(kit, lost)
    async with kit.recording(Channel.BOOK, [kit.instrument.id]) as recording:
        events = await kit.wait_for(recording, bool)
    assert events, "no event came after the connection was lost"
    assert isinstance(events[0], BookSnapshot)


@behaviour("STR-10")
async def test_closing_one_subscription_leaves_the_others(kit: Kit) -> None:
    channel = any_channel(kit)
    async with kit.recording(channel, [kit.instrument.id]) as stays:
        async with kit.recording(channel, [kit.instrument.id]):
            await kit.pause()
        before = len(stays.events)
        await kit.pause(2)
        assert stays.error is None
        assert not stays.ended
        if channel is Channel.TICKER and kit.time_is_cheap:
            assert len(await kit.wait_for(stays, lambda events: len(events) > before)) > before


@behaviour("STR-11")
async def test_subscribing_to_an_unknown_instrument_is_refused(kit: Kit) -> None:
    public = [c for c in (Channel.TICKER, Channel.BOOK, Channel.TRADES) if kit.can(c)]
    if not public:
        pytest.skip("no public channel is declared usable")
    for channel in public:
        await kit.refuses_to_stream(UnknownInstrument, channel, "NO-SUCH-THING")


@behaviour("STR-18")
async def test_a_closed_session_is_unavailable_to_readers(kit: Kit) -> None:
    channel = any_channel(kit)
    async with kit.recording(channel, [kit.instrument.id]) as recording:
        await kit.venue.close()
        await kit.eventually(lambda: _error(recording), lambda error: error is not None)
    assert isinstance(recording.error, Unavailable), "the reader was not told that the session was closed"
    await kit.refuses_to_stream(Unavailable, channel, kit.instrument.id)


async def _error(recording: Recording) -> VenuekitError | None:
    return recording.error
