"""The supervisor: connects, watches, backs off, connects again, and readers keep their subscription through it all."""

from __future__ import annotations

import asyncio

import pytest
from live import Stage, told

from venuekit.errors import NotConnected, Unsupported, VenueDown
from venuekit.model.capability import Declared, Support
from venuekit.model.events import Channel, Event

pytestmark = pytest.mark.anyio


async def test_a_reader_gets_what_the_venue_says_and_its_counts_add_up(stage: Stage) -> None:
    reader, seen = stage.read(Channel.TICKER, "BTC-USD")
    await stage.clock.settle()
    early = stage.ticker()
    stage.clock.tick(0.25)
    await stage.say(Channel.TICKER, early, stage.ticker(bid="98"))
    assert told(seen) == ["connected", "ticker 99", "ticker 98"]
    status = reader.status()
    assert (status.id, status.channel, tuple(status.instruments)) == ("sub-1", "ticker", ("BTC-USD",))
    assert (status.state, status.received, status.delivered, status.conflated) == ("connected", 2, 3, 0)
    assert (status.reconnects, status.gaps, status.lag_ns) == (0, 0, 0)


async def test_readers_of_the_same_share_one_connection_and_end_it_when_the_last_one_goes(stage: Stage) -> None:
    first, seen = stage.read(Channel.TICKER, "BTC-USD", "ETH-USD")
    second, also_seen = stage.read(Channel.TICKER, "ETH-USD", "BTC-USD", "BTC-USD")
    await stage.clock.settle()
    await stage.say(Channel.TICKER, stage.ticker())
    assert stage.made(Channel.TICKER) == 1
    assert told(seen) == told(also_seen) == ["connected", "ticker 99"]
    assert first.id != second.id
    await first.close()
    await first.close()
    await stage.say(Channel.TICKER, stage.ticker(bid="98"))
    assert told(also_seen)[-1] == "ticker 98"
    assert [s.id for s in stage.hub.subscriptions()] == [second.id]
    await second.close()
    assert stage.venue.queues == []
    assert stage.hub.subscriptions() == []


async def test_a_lost_connection_is_made_again_and_everything_is_subscribed_anew(stage: Stage) -> None:
    ticker, tickers = stage.read(Channel.TICKER, "BTC-USD")
    book, books = stage.read(Channel.BOOK, "BTC-USD", "ETH-USD")
    await stage.clock.settle()
    await stage.say(Channel.TICKER, stage.ticker())
    await stage.say(Channel.BOOK, stage.snapshot(1), stage.snapshot(1, "ETH-USD"))
    ids = [s.id for s in stage.hub.subscriptions()]
    await stage.cut(Channel.TICKER)
    await stage.cut(Channel.BOOK)
    assert (ticker.status().state, book.status().state) == ("disconnected", "disconnected")
    await stage.clock.advance(1.1)
    await stage.say(Channel.TICKER, stage.ticker(bid="98"))
    await stage.say(Channel.BOOK, stage.snapshot(7), stage.snapshot(8, "ETH-USD"), stage.delta(8))
    assert told(tickers)[-3:] == ["disconnected", "connected", "ticker 98"]
    assert told(books)[-6:] == ["connected", "gap", "gap", "snapshot 7", "snapshot 8", "delta 8"]
    assert [s.id for s in stage.hub.subscriptions()] == ids
    assert (ticker.status().reconnects, book.status().reconnects, book.status().gaps) == (1, 1, 2)


async def test_the_waits_double_from_one_second_to_sixty_with_jitter_and_begin_again_after_a_good_time(
    stage: Stage,
) -> None:
    stage.venue.faults["subscribe ticker"] += [VenueDown("503")] * 9
    stage.read(Channel.TICKER, "BTC-USD")
    await stage.clock.settle()
    began, waits = stage.clock.monotonic_ns(), list[float]()
    for attempt in range(2, 11):
        while stage.made(Channel.TICKER) < attempt:
            await stage.clock.advance(0.25)
        waits.append((stage.clock.monotonic_ns() - began) / 1e9)
        began = stage.clock.monotonic_ns()
    full = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(most / 2 <= wait <= most + 0.25 for wait, most in zip(waits, full, strict=True)), waits
    assert any(wait < most * 0.95 for wait, most in zip(waits, full, strict=True)), "no jitter"
    await stage.say(Channel.TICKER, stage.ticker())
    for _ in range(5):
        await stage.clock.advance(15)
        await stage.say(Channel.TICKER, stage.ticker())
    await stage.cut(Channel.TICKER)
    await stage.clock.advance(1.1)
    assert stage.made(Channel.TICKER) == 11


async def test_a_connection_that_is_lost_again_at_once_keeps_backing_off(stage: Stage) -> None:
    stage.read(Channel.TICKER, "BTC-USD")
    await stage.clock.settle()
    for _ in range(4):
        before = stage.made(Channel.TICKER)
        await stage.say(Channel.TICKER, stage.ticker())
        await stage.cut(Channel.TICKER)
        while stage.made(Channel.TICKER) == before:
            await stage.clock.advance(0.5)
    assert stage.clock.monotonic_ns() > 7e9, "1 + 2 + 4 + 8 seconds, each at least half"


@pytest.mark.parametrize("end", [NotConnected("reset"), RuntimeError("a bug in the adapter")], ids=["lost", "bug"])
async def test_however_a_stream_ends_it_is_made_again(stage: Stage, end: BaseException) -> None:
    _, seen = stage.read(Channel.TICKER, "BTC-USD")
    await stage.clock.settle()
    await stage.say(Channel.TICKER, stage.ticker())
    stage.venue.push(Channel.TICKER, end)
    await stage.clock.advance(1.1)
    await stage.say(Channel.TICKER, stage.ticker(bid="98"))
    assert told(seen) == ["connected", "ticker 99", "disconnected", "connected", "ticker 98"]


async def test_silence_on_a_price_stream_is_a_lost_connection(stage: Stage) -> None:
    reader, seen = stage.read(Channel.TICKER, "BTC-USD")
    await stage.clock.settle()
    await stage.say(Channel.TICKER, stage.ticker())
    await stage.clock.advance(29.9)
    assert reader.status().state == "connected"
    await stage.clock.advance(0.2)
    assert told(seen)[-1] == "stale"
    assert stage.venue.queues == [], "the dead connection is closed"
    await stage.clock.advance(1.1)
    await stage.say(Channel.TICKER, stage.ticker())
    assert told(seen)[-2:] == ["connected", "ticker 99"]
    assert reader.status().reconnects == 1


@pytest.mark.parametrize("channel", [Channel.OWN_ORDERS, Channel.OWN_FILLS, Channel.STATUS, Channel.TRADES])
async def test_silence_where_nothing_has_to_happen_is_no_loss(stage: Stage, channel: Channel) -> None:
    reader, seen = stage.read(channel)
    await stage.clock.advance(3600)
    assert told(seen) == ["connected"]
    assert reader.status().state == "connected"
    assert stage.made(channel) == 1


async def test_a_gap_in_the_sequence_is_told_and_followed_by_a_snapshot(stage: Stage) -> None:
    reader, seen = stage.read(Channel.BOOK, "BTC-USD")
    await stage.clock.settle()
    stage.venue.sequence = 15
    await stage.say(
        Channel.BOOK, stage.snapshot(10), stage.delta(11), stage.delta(14), stage.delta(15), stage.delta(16)
    )
    assert told(seen) == ["connected", "snapshot 10", "delta 11", "gap 12-14", "snapshot 15", "delta 16"]
    assert reader.status().gaps == 1


async def test_a_repeated_or_older_change_of_a_book_is_told_once(stage: Stage) -> None:
    _, seen = stage.read(Channel.BOOK, "BTC-USD")
    await stage.clock.settle()
    await stage.say(Channel.BOOK, stage.snapshot(10), stage.delta(11), stage.delta(11), stage.delta(9), stage.delta(12))
    assert told(seen) == ["connected", "snapshot 10", "delta 11", "delta 12"]


async def test_gaps_of_one_book_do_not_touch_another(stage: Stage) -> None:
    _, seen = stage.read(Channel.BOOK, "BTC-USD", "ETH-USD")
    await stage.clock.settle()
    await stage.say(Channel.BOOK, stage.snapshot(10), stage.snapshot(50, "ETH-USD"))
    await stage.say(Channel.BOOK, stage.delta(51, "ETH-USD"), stage.delta(11))
    assert told(seen)[-2:] == ["delta 51", "delta 11"]


async def test_a_snapshot_after_a_gap_is_asked_for_until_the_venue_gives_it(stage: Stage) -> None:
    _, seen = stage.read(Channel.BOOK, "BTC-USD")
    await stage.clock.settle()
    stage.venue.sequence = 20
    stage.venue.faults["order_book"] += [VenueDown("503"), VenueDown("503")]
    await stage.say(Channel.BOOK, stage.snapshot(10), stage.delta(13))
    assert told(seen)[-1] == "gap 11-13"
    await stage.clock.advance(4)
    assert told(seen)[-1] == "snapshot 20"


async def test_a_reader_of_a_book_that_comes_late_begins_with_a_snapshot_of_its_own(stage: Stage) -> None:
    _, first = stage.read(Channel.BOOK, "BTC-USD")
    await stage.clock.settle()
    await stage.say(Channel.BOOK, stage.snapshot(10), stage.delta(11))
    stage.venue.sequence = 11
    _, late = stage.read(Channel.BOOK, "BTC-USD")
    await stage.say(Channel.BOOK, stage.delta(12))
    assert told(late) == ["snapshot 11", "delta 12"]
    assert told(first)[-1] == "delta 12"
    assert stage.made(Channel.BOOK) == 1


async def test_whoever_keeps_books_hears_every_event_before_readers_and_of_reconnects(stage: Stage) -> None:
    heard: list[Event] = []
    again: list[Channel] = []

    async def sink(event: Event) -> None:
        heard.append(event)

    async def reconnected(channel: Channel) -> None:
        again.append(channel)

    stage.hub.sink, stage.hub.on_reconnect = sink, reconnected
    _, seen = stage.read(Channel.OWN_ORDERS)
    await stage.clock.advance(2)
    assert again == [], "the first connection is none that was made again"
    await stage.cut(Channel.OWN_ORDERS)
    assert stage.hub.lost(Channel.OWN_ORDERS)
    await stage.clock.advance(3)
    assert again == [Channel.OWN_ORDERS]
    assert not stage.hub.lost(Channel.OWN_ORDERS)
    assert heard == seen


async def test_a_channel_the_venue_does_not_have_is_refused_with_those_it_has(stage: Stage) -> None:
    capabilities = stage.venue.capabilities
    channels = {**capabilities.channels, Channel.CANDLES: Declared(Support.UNSUPPORTED, "no candles here")}
    stage.venue.capabilities = type(capabilities)(
        venue="scripted",
        title="Scripted",
        kinds=capabilities.kinds,
        features=capabilities.features,
        order_types=capabilities.order_types,
        times_in_force=capabilities.times_in_force,
        channels=channels,
    )
    with pytest.raises(Unsupported, match="no candles here") as caught:
        stage.hub.subscribe(Channel.CANDLES, ["BTC-USD"])
    accepted = caught.value.details["accepted"]
    assert isinstance(accepted, list)
    assert "ticker" in accepted
    assert "candles" not in accepted


async def test_closing_while_waiting_to_reconnect_leaves_nothing_behind(stage: Stage) -> None:
    before = len(asyncio.all_tasks())
    stage.venue.faults["subscribe ticker"].append(VenueDown("503"))
    reader = stage.hub.subscribe(Channel.TICKER, ["BTC-USD"])
    await stage.clock.settle()
    await reader.close()
    await stage.clock.settle()
    assert len(asyncio.all_tasks()) == before
    assert stage.clock.sleeping == 0
    assert [event async for event in reader], "what is buffered can still be read, and then it ends"
