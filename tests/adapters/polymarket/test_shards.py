"""Sockets are shared: about two hundred assets each, told to the venue once, left when nobody wants them."""

from __future__ import annotations

import asyncio

import pytest
from stream_venue import Stand, a_stand, book, change

from venuekit.adapter import BookDelta, BookSnapshot, Channel, ConnectionEvent, NotConnected, TickerEvent, TradeEvent

pytestmark = pytest.mark.anyio


def many(stand: Stand, count: int) -> list[str]:
    names = [f"{n:05}" for n in range(count)]
    for name in names:
        stand.venue.books[name] = book(name, 1_700_000_000_000, {".4": "1"}, {".6": "1"})
    return names


async def test_many_assets_are_spread_over_sockets_of_two_hundred() -> None:
    async with a_stand() as stand:
        names = many(stand, 450)
        reading = stand.read(Channel.BOOK, *names)
        await stand.until(lambda: len(reading.of(BookSnapshot)) == 450)
        assert sorted(len(line.assets) for line in stand.venue.lines) == [50, 200, 200]
        late = stand.read(Channel.TICKER, *names[:3], "99999")
        await stand.until(lambda: len(late.of(TickerEvent)) == 3)
        await stand.until(lambda: sum(len(line.assets) for line in stand.venue.lines) == 451)
        assert len(stand.venue.lines) == 3, "there was room"


async def test_a_socket_never_gets_more_than_five_hundred_whatever_is_configured() -> None:
    async with a_stand(assets_per_socket=10_000) as stand:
        reading = stand.read(Channel.BOOK, *many(stand, 501))
        await stand.until(lambda: len(reading.of(BookSnapshot)) == 501)
        assert sorted(len(line.assets) for line in stand.venue.lines) == [1, 500]


async def test_what_is_followed_already_is_not_asked_for_again_and_begins_with_what_is_known() -> None:
    async with a_stand() as stand:
        [name] = many(stand, 1)
        first = stand.read(Channel.BOOK, name)
        await stand.until(lambda: first.of(BookSnapshot))
        second, third = stand.read(Channel.BOOK, name), stand.read(Channel.TRADES, name)
        await stand.until(lambda: second.of(BookSnapshot) and third.of(ConnectionEvent))
        assert [len(line.heard) for line in stand.venue.lines] == [1]
        assert second.of(BookSnapshot)[0].sequence == 1
        await stand.venue.all_say(change(1_700_000_000_001, (name, "BUY", ".41", "1")))
        await stand.until(lambda: first.of(BookDelta) and second.of(BookDelta))
        assert first.of(BookDelta) == second.of(BookDelta)
        assert third.of(TradeEvent) == []


async def test_what_nobody_wants_any_more_is_left_and_the_last_one_closes_the_socket() -> None:
    async with a_stand() as stand:
        one, other = many(stand, 2)
        first, second = stand.read(Channel.BOOK, one), stand.read(Channel.BOOK, other)
        await stand.until(lambda: first.of(BookSnapshot) and second.of(BookSnapshot))
        await first.stop()
        await stand.until(lambda: stand.venue.lines[0].assets == {other})
        await stand.venue.all_say(change(1, (one, "BUY", ".5", "1")))
        await second.stop()
        await stand.until(lambda: not stand.venue.open_lines)
        assert [len(line.heard) for line in stand.venue.lines] == [2]


async def test_what_was_left_and_is_wanted_again_gets_a_whole_book_again() -> None:
    async with a_stand() as stand:
        one, other = many(stand, 2)
        keeps = stand.read(Channel.BOOK, other)
        await stand.until(lambda: keeps.of(BookSnapshot))
        for turn in range(3):
            reading = stand.read(Channel.BOOK, one)
            await stand.until(lambda r=reading: r.of(BookSnapshot))
            assert reading.of(BookSnapshot)[0].sequence == turn + 1, "numbers go on"
            await reading.stop()
        assert keeps.error is None


async def test_what_is_left_and_wanted_again_before_the_venue_hears_of_it_begins_anew() -> None:
    async with a_stand(check_seconds=1000) as stand:
        one, other = many(stand, 2)
        keeps, first = stand.read(Channel.BOOK, other), stand.read(Channel.BOOK, one)
        await stand.until(lambda: keeps.of(BookSnapshot) and first.of(BookSnapshot))
        [shard] = stand.streams._shards._shards
        async with shard._order:
            first.scope.cancel()
            await stand.clock.settle()
            second = stand.read(Channel.BOOK, one)
            await stand.clock.settle()
        await stand.until(lambda: second.of(BookSnapshot))
        assert [m.get("operation") for m in stand.venue.lines[0].heard] == [None, "unsubscribe", "subscribe"]
        assert keeps.error is None


async def test_those_who_come_while_a_socket_is_being_made_share_it() -> None:
    async with a_stand() as stand:
        names = many(stand, 6)
        readings = [stand.read(Channel.BOOK, name) for name in names]
        await stand.until(lambda: all(r.of(BookSnapshot) for r in readings))
        assert len(stand.venue.lines) == 1
        assert stand.venue.lines[0].assets == set(names)


async def test_one_lost_socket_does_not_touch_the_others() -> None:
    async with a_stand(assets_per_socket=1) as stand:
        one, other = many(stand, 2)
        first, second = stand.read(Channel.BOOK, one), stand.read(Channel.BOOK, other)
        await stand.until(lambda: first.of(BookSnapshot) and second.of(BookSnapshot))
        next(line for line in stand.venue.lines if one in line.assets).reset()
        await stand.until(lambda: isinstance(first.error, NotConnected))
        await stand.venue.all_say(change(1_700_000_000_001, (other, "BUY", ".41", "1")))
        await stand.until(lambda: second.of(BookDelta))
        assert second.error is None


async def test_a_venue_that_cannot_be_reached_is_told_to_everybody_who_waits_for_it() -> None:
    async with a_stand() as stand:
        stand.streams._shards._make = _nowhere(stand)
        readings = [stand.read(Channel.BOOK, name) for name in many(stand, 3)]
        await stand.until(lambda: all(isinstance(r.error, NotConnected) for r in readings))
        await stand.streams.close()
        assert len(asyncio.all_tasks()) <= 4


def _nowhere(stand: Stand):  # type: ignore[no-untyped-def]
    from venuekit_polymarket.socket import Socket, SocketSettings

    return lambda: Socket(SocketSettings(url="ws://127.0.0.1:1/ws"), stand.clock)


async def test_closing_the_session_ends_every_subscription() -> None:
    async with a_stand() as stand:
        [name] = many(stand, 1)
        readings = [stand.read(c, name) for c in (Channel.BOOK, Channel.TICKER, Channel.TRADES, Channel.STATUS)]
        await stand.until(lambda: readings[0].of(BookSnapshot))
        await stand.streams.close()
        await stand.until(lambda: all(isinstance(r.error, NotConnected) for r in readings))
        with pytest.raises(NotConnected):
            stand.streams.subscribe(Channel.BOOK, [name])
        await stand.until(lambda: not stand.venue.open_lines)
        assert stand.clock.sleeping == 0
