"""The supervisor on streams that fail in every way: nothing is lost that can be had again, nothing is told twice."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from stream_venue import D, Line, Stand, a_stand, book, change, trade

from venuekit import LiveBook
from venuekit.adapter import (
    BookSnapshot,
    Capabilities,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    GapEvent,
    OrderBook,
    TradeEvent,
)
from venuekit.model.capability import FULL
from venuekit.runtime.buffers import LiveSubscription
from venuekit.runtime.subscriptions import Subscriptions
from venuekit.settings.schema import StreamSettings
from venuekit_polymarket.socket import Socket, SocketSettings

pytestmark = pytest.mark.anyio
T0 = 1_700_000_000_000


class _Venue:
    """As much of a venue as the supervisor asks."""

    name = "polymarket"
    capabilities = Capabilities(
        venue="polymarket",
        title="Polymarket",
        kinds=(),
        features={},
        order_types={},
        times_in_force={},
        channels=dict.fromkeys(Channel, FULL),
    )

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self.subscribe = stand.streams.subscribe

    async def order_book(self, instrument: str, *, depth: int = 500) -> OrderBook:
        return self._stand.streams.live_book(instrument, depth) or await self._stand.venue.book(instrument)


class Follower:
    """A reader that keeps the book as a program would, and every trade."""

    def __init__(self, subscription: LiveSubscription) -> None:
        self.subscription = subscription
        self.book = LiveBook("1")
        self.events: list[Event] = []

    async def run(self) -> None:
        async for event in self.subscription:
            self.events.append(event)
            self.book.apply(event)

    def count(self, kind: type[Any]) -> int:
        return sum(isinstance(e, kind) for e in self.events)

    @property
    def states(self) -> list[str]:
        return [e.state.value for e in self.events if isinstance(e, ConnectionEvent)]


@asynccontextmanager
async def supervised(**settings: Any) -> AsyncIterator[tuple[Stand, Subscriptions]]:
    async with a_stand(**settings) as stand:
        hub = Subscriptions(_Venue(stand), stand.clock, StreamSettings(), seed=1)  # type: ignore[arg-type]
        stand.venue.books["1"] = book("1", T0, {".4": "1", ".3": "2"}, {".6": "3"})
        try:
            yield stand, hub
        finally:
            await hub.close()


def follow(stand: Stand, hub: Subscriptions, channel: Channel) -> Follower:
    follower = Follower(hub.subscribe(channel, ["1"]))
    assert stand._group is not None
    stand._group.start_soon(follower.run)
    return follower


async def back(stand: Stand, follower: Follower, times: int = 1) -> None:
    """Let the time pass that a reconnect takes."""
    for _ in range(20):
        await stand.clock.advance(0.5)
        await stand.quiet()
        if follower.subscription.reconnects >= times:
            return
    raise AssertionError(follower.states)


async def test_a_reset_connection_comes_back_with_a_gap_and_a_whole_book() -> None:
    async with supervised() as (stand, hub):
        books = follow(stand, hub, Channel.BOOK)
        await stand.until(lambda: books.book.is_trusted)
        stand.venue.lines[0].reset()
        await stand.until(lambda: "disconnected" in books.states)
        assert not books.book.is_trusted
        stand.venue.books["1"] = book("1", T0 + 50, {".45": "9"}, {".6": "3"})
        await back(stand, books)
        await stand.until(lambda: books.book.is_trusted)
        assert books.book.best_bid.price == D("0.45")
        assert (books.count(GapEvent), books.count(BookSnapshot)) == (1, 2)
        assert len(stand.venue.lines) == 2


async def test_a_stalled_stream_that_answers_pings_is_noticed_and_made_anew() -> None:
    async with supervised() as (stand, hub):
        books = follow(stand, hub, Channel.BOOK)
        await stand.until(lambda: books.book.is_trusted)
        stand.venue.books["1"] = book("1", T0 + 50, {".45": "9"}, {".6": "3"})
        for _ in range(30):
            await stand.clock.advance(1)
            await stand.quiet()
        assert books.states[:2] == ["connected", "disconnected"]
        await back(stand, books)
        assert books.book.best_bid.price == D("0.45")


async def test_a_dead_line_is_noticed_by_its_pongs() -> None:
    async with supervised() as (stand, hub):
        books = follow(stand, hub, Channel.BOOK)
        await stand.until(lambda: books.book.is_trusted)
        stand.venue.answers_ping = False
        for _ in range(22):
            await stand.clock.advance(1)
            await stand.quiet()
        assert "disconnected" in books.states
        stand.venue.answers_ping = True
        await back(stand, books)
        assert books.book.is_trusted


async def test_a_quiet_market_is_left_alone_for_half_an_hour() -> None:
    async with supervised() as (stand, hub):
        books = follow(stand, hub, Channel.BOOK)
        await stand.until(lambda: books.book.is_trusted)
        for _ in range(120):
            await stand.clock.advance(15)
            await stand.quiet()
        assert books.states == ["connected"]
        assert books.book.is_trusted
        assert len(stand.venue.asked) <= 120


async def test_a_connection_that_closes_before_its_first_book_is_tried_again() -> None:
    async with supervised() as (stand, hub):
        lost: list[Line] = []

        async def cut(line: Line, body: Any) -> None:
            if len(lost) < 2 and body.get("type") == "market":
                lost.append(line)
                line.reset()

        stand.venue.on_message = cut
        books = follow(stand, hub, Channel.BOOK)
        for _ in range(20):
            await stand.clock.advance(0.5)
            await stand.quiet()
        assert len(lost) == 2
        assert books.book.is_trusted
        assert books.count(BookSnapshot) == 1


async def test_a_venue_that_cannot_be_reached_at_first_is_tried_until_it_can() -> None:
    async with supervised() as (stand, hub):
        make = stand.streams._shards._make
        stand.streams._shards._make = lambda: Socket(SocketSettings(url="ws://127.0.0.1:1/ws"), stand.clock)
        books = follow(stand, hub, Channel.BOOK)
        for _ in range(6):
            await stand.clock.advance(0.5)
            await stand.quiet()
        assert books.states.count("disconnected") > 1
        assert "connected" not in books.states
        stand.streams._shards._make = make
        for _ in range(10):
            await stand.clock.advance(1)
            await stand.quiet()
        assert books.book.is_trusted
        assert books.states[-1] == "connected"


async def test_repeated_and_swapped_frames_change_nothing() -> None:
    async with supervised() as (stand, hub):
        books, trades = follow(stand, hub, Channel.BOOK), follow(stand, hub, Channel.TRADES)
        await stand.until(lambda: books.book.is_trusted)
        frames = [change(T0 + n, ("1", "BUY", ".4", str(n)), ("1", "SELL", ".55", str(n % 3))) for n in range(1, 40)]
        frames += [trade("1", T0 + n, size=str(n), transaction_hash=f"0x{n}") for n in range(1, 40)]
        mixed = frames + random.Random(7).sample(frames, 30)
        random.Random(8).shuffle(mixed)
        await stand.venue.all_say(*mixed)
        await stand.until(lambda: trades.count(TradeEvent) == 39)
        await stand.quiet()
        snapshot = books.book.snapshot()
        assert [(str(x.price), str(x.size)) for x in snapshot.bids] == [("0.4", "39"), ("0.3", "2")]
        assert [x.price for x in snapshot.asks] == [D("0.6")]
        ids = [e.trade.id for e in trades.events if isinstance(e, TradeEvent)]
        assert len(ids) == len(set(ids)) == 39


async def test_a_late_reader_and_one_that_stood_still_have_the_same_book_as_one_that_read_on() -> None:
    async with supervised() as (stand, hub):
        hub._settings = StreamSettings(buffer=3)
        slow = hub.subscribe(Channel.BOOK, ["1"])
        quick = follow(stand, hub, Channel.BOOK)
        await stand.until(lambda: quick.book.is_trusted)
        await stand.venue.all_say(*(change(T0 + n, ("1", "BUY", ".4", str(n))) for n in range(1, 30)))
        await stand.until(lambda: quick.book.snapshot().bids[0].size == 29)
        late = follow(stand, hub, Channel.BOOK)
        behind = Follower(slow)
        assert stand._group is not None
        stand._group.start_soon(behind.run)
        await stand.until(lambda: late.book.is_trusted and behind.book.is_trusted)
        await stand.venue.all_say(change(T0 + 50, ("1", "BUY", ".41", "5")))
        await stand.until(lambda: all(f.book.best_bid.price == D("0.41") for f in (quick, late, behind)))
        assert late.book.snapshot() == behind.book.snapshot() == quick.book.snapshot()
        assert slow.status().conflated > 0


async def test_over_many_lost_connections_the_book_is_the_venues_whenever_it_is_trusted() -> None:
    chance = random.Random(11)
    async with supervised() as (stand, hub):
        books = follow(stand, hub, Channel.BOOK)
        await stand.until(lambda: books.book.is_trusted)
        at = T0
        for turn in range(1, 13):
            at += 10
            bids = {f".{n}": str(chance.randint(1, 9)) for n in chance.sample(range(10, 50), 5)}
            told = book("1", at, bids, {".6": str(turn)})
            before = stand.venue.books["1"]
            stand.venue.books["1"] = told
            if chance.random() < 0.5:
                stand.venue.open_lines[0].reset()
                await stand.until(lambda n=turn: books.states[-1] == ConnectionState.DISCONNECTED.value)
                for _ in range(70):
                    await stand.clock.advance(1)
                    await stand.quiet()
                    if books.book.is_trusted:
                        break
            else:
                await stand.venue.all_say(_difference(before, told, at))
            await stand.until(lambda a=at: books.book.is_trusted and books.book.time_ns >= a * 1_000_000)
            snapshot = books.book.snapshot()
            assert {str(x.price): str(x.size) for x in snapshot.bids} == {f"0{p}": s for p, s in bids.items()}
            assert snapshot.best_ask.size == turn
        assert books.subscription.reconnects > 2


def _difference(before: dict[str, Any], after: dict[str, Any], at: int) -> dict[str, Any]:
    rows: list[tuple[str, str, str, str]] = []
    for side, name in (("BUY", "bids"), ("SELL", "asks")):
        old, new = ({r["price"]: r["size"] for r in told[name]} for told in (before, after))
        rows += [("1", side, p, new.get(p, "0")) for p in sorted({*old, *new}) if old.get(p) != new.get(p)]
    return change(at, *rows)
