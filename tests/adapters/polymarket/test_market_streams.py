"""Market data over real sockets: whole books first, changes after, and no doubt that is left standing."""

from __future__ import annotations

import pytest
from stream_venue import D, Stand, a_stand, book, change, down, trade

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    GapEvent,
    Level,
    NotConnected,
    TickerEvent,
    TradeEvent,
    UnknownInstrument,
)

pytestmark = pytest.mark.anyio
YES, NO_ = "111", "222"


def with_book(stand: Stand, asset: str = YES, at_ms: int = 1_700_000_000_000) -> None:
    stand.venue.books[asset] = book(asset, at_ms, {".48": "30", "0.49": "20.5"}, {"0.52": "25", ".53": "60"})


async def test_a_book_begins_with_a_snapshot_whose_best_is_last_in_the_venues_arrays() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        [first] = reading.of(BookSnapshot)
        assert first.book.best_bid == Level(D("0.49"), D("20.5"))
        assert first.book.best_ask == Level(D("0.52"), D(25))
        assert [str(x.price) for x in first.book.bids] == ["0.49", "0.48"]
        assert first.sequence == first.book.sequence == 1
        assert stand.venue.lines[0].heard == [{"type": "market", "assets_ids": [YES], "custom_feature_enabled": True}]


async def test_changes_are_absolute_and_one_frame_may_tell_of_both_outcomes() -> None:
    async with a_stand() as stand:
        with_book(stand)
        with_book(stand, NO_)
        reading = stand.read(Channel.BOOK, YES, NO_)
        await stand.until(lambda: len(reading.of(BookSnapshot)) == 2)
        at = 1_700_000_000_100
        await stand.venue.all_say(change(at, (YES, "BUY", "0.50", "7"), (NO_, "SELL", "0.52", "0")))
        await stand.until(lambda: len(reading.of(BookDelta)) == 2)
        yes, no = reading.of(BookDelta)
        assert (yes.instrument, yes.bids, yes.asks, yes.sequence) == (YES, (Level(D("0.50"), D(7)),), (), 2)
        assert (no.instrument, no.bids, no.asks) == (NO_, (), (Level(D("0.52"), D(0)),))
        live = stand.streams.live_book(YES)
        assert live is not None
        assert live.best_bid.price == D("0.50")
        assert stand.streams.live_book("333") is None


async def test_a_whole_book_after_a_trade_is_told_as_its_differences() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        await stand.venue.all_say(
            [book(YES, 1_700_000_000_200, {".48": "30", ".49": "20.5"}, {".52": "5", ".54": "1"})]
        )
        await stand.until(lambda: reading.of(BookDelta))
        [delta] = reading.of(BookDelta)
        assert delta.bids == ()
        assert {(x.price, x.size) for x in delta.asks} == {(D("0.52"), D(5)), (D("0.54"), D(1)), (D("0.53"), D(0))}


async def test_tickers_follow_the_book_and_the_last_trade() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.TICKER, YES)
        await stand.until(lambda: reading.of(TickerEvent))
        await stand.venue.all_say(change(1_700_000_000_100, (YES, "BUY", ".50", "9")))
        await stand.until(lambda: reading.of(TickerEvent)[-1].ticker.bid == D("0.50"))
        await stand.venue.all_say(trade(YES, 1_700_000_000_101, price=".505", size="3.25"))
        await stand.until(lambda: reading.of(TickerEvent)[-1].ticker.last == D("0.505"))
        ticker = reading.of(TickerEvent)[-1].ticker
        assert (ticker.bid, ticker.bid_size, ticker.ask, ticker.ask_size) == (D("0.50"), D(9), D("0.52"), D(25))
        assert ticker.last_size == D("3.25")


async def test_trades_are_told_once_with_an_id_that_is_the_same_when_they_are_repeated() -> None:
    async with a_stand() as stand:
        reading = stand.read(Channel.TRADES, YES)
        await stand.until(lambda: stand.venue.lines and stand.venue.lines[0].heard)
        one, other = trade(YES, 1, transaction_hash="0xa"), trade(YES, 1, transaction_hash="0xb")
        await stand.venue.all_say(one, one, other, one)
        await stand.until(lambda: len(reading.of(TradeEvent)) == 2)
        await stand.quiet()
        ids = [e.trade.id for e in reading.of(TradeEvent)]
        assert len(ids) == len(set(ids)) == 2


async def test_a_book_that_the_venues_word_contradicts_is_asked_for_and_told_as_a_gap() -> None:
    async with a_stand() as stand:
        with_book(stand)
        books, tickers = stand.read(Channel.BOOK, YES), stand.read(Channel.TICKER, YES)
        await stand.until(lambda: books.of(BookSnapshot) and tickers.of(TickerEvent))
        # The change to 0.50 was lost on the way; the venue's word on the best bid betrays it.
        stand.venue.books[YES] = book(YES, 1_700_000_000_300, {".48": "1", ".50": "8"}, {".52": "25"})
        await stand.venue.all_say(change(1_700_000_000_300, (YES, "BUY", ".48", "1"), best=(".50", ".52")))
        await stand.until(lambda: tickers.of(TickerEvent)[-1].ticker.bid == D("0.50"))
        assert tickers.of(TickerEvent)[-1].ticker.bid_size is None, "the price is the venue's word, the size unknown"
        assert stand.streams.live_book(YES) is None, "a book in doubt is not given to anybody"
        await stand.clock.advance(1)
        await stand.until(lambda: len(books.of(BookSnapshot)) == 2)
        kinds = [type(e) for e in books.events if not isinstance(e, ConnectionEvent)]
        assert kinds == [BookSnapshot, BookDelta, GapEvent, BookSnapshot]
        assert books.of(BookSnapshot)[-1].book.best_bid == Level(D("0.50"), D(8))
        assert tickers.of(TickerEvent)[-1].ticker.bid_size == D(8)
        numbers = [e.sequence for e in books.events if isinstance(e, BookSnapshot | BookDelta)]
        assert numbers == [1, 2, 3], "numbers never skip or repeat"


async def test_a_doubt_that_the_next_frame_ends_asks_nobody() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        await stand.venue.all_say(
            change(1_700_000_000_300, (YES, "BUY", ".48", "1"), best=(".50", ".52")),
            change(1_700_000_000_301, (YES, "BUY", ".50", "2"), best=(".50", ".52")),
        )
        await stand.until(lambda: len(reading.of(BookDelta)) == 2)
        await stand.clock.advance(5)
        assert stand.venue.asked == []
        assert reading.of(GapEvent) == []


async def test_an_answer_that_is_older_than_the_book_is_not_taken() -> None:
    async with a_stand() as stand:
        with_book(stand)
        old = stand.venue.books[YES]
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        await stand.venue.all_say(change(1_700_000_000_300, (YES, "BUY", ".48", "1"), best=(".50", ".52")))
        await stand.until(lambda: reading.of(BookDelta))
        assert stand.venue.books[YES] is old
        await stand.clock.advance(4)
        assert len(stand.venue.asked) > 1
        await stand.until(lambda: isinstance(reading.error, NotConnected))
        assert "in line" in str(reading.error)


async def test_a_new_tick_begins_the_book_anew() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        finer = {"event_type": "tick_size_change", "asset_id": YES, "market": "0x1", "old_tick_size": ".01"}
        stand.venue.rest_faults.append(down())
        await stand.venue.all_say(
            {**finer, "new_tick_size": ".001", "timestamp": "1700000000400"},
            change(1_700_000_000_401, (YES, "BUY", ".491", "3")),
        )
        await stand.until(lambda: reading.of(GapEvent))
        await stand.clock.advance(1)
        await stand.until(lambda: len(reading.of(BookSnapshot)) == 2)
        again = reading.of(BookSnapshot)[-1].book
        assert again.best_bid == Level(D("0.491"), D(3)), "what came meanwhile is in it"


async def test_what_cannot_be_read_is_counted_and_its_book_asked_for() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        await stand.venue.all_say(
            {"event_type": "weather", "asset_id": YES},
            change(1_700_000_000_500, (YES, "BUY", "NaN", "1")),
            "HELLO",
            '{"broken',
            ["text"],
        )

        def count() -> int:
            return max((e.not_understood for e in reading.of(ConnectionEvent)), default=0)

        await stand.until(lambda: count() == 5)
        await stand.until(lambda: len(reading.of(BookSnapshot)) == 2)
        assert len(reading.of(GapEvent)) == 1
        assert reading.error is None


async def test_an_operation_that_the_venue_refuses_ends_the_connection() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        await stand.venue.all_say("INVALID OPERATION")
        await stand.until(lambda: isinstance(reading.error, NotConnected))
        assert "INVALID OPERATION" in str(reading.error)


async def test_an_unknown_instrument_is_refused_and_nothing_is_connected() -> None:
    async with a_stand() as stand:
        reading = stand.read(Channel.TICKER, "NOTHING")
        await stand.until(lambda: isinstance(reading.error, UnknownInstrument))
        assert stand.venue.lines == []


async def test_a_socket_answers_for_dead_when_pongs_stop_and_is_pinged_every_ten_seconds() -> None:
    async with a_stand(check_seconds=1000) as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        for _ in range(3):
            await stand.clock.advance(10)
            await stand.quiet()
        assert stand.venue.lines[0].pings == 4
        stand.venue.answers_ping = False
        await stand.clock.advance(10)
        await stand.quiet()
        await stand.clock.advance(10)
        await stand.until(lambda: isinstance(reading.error, NotConnected))
        await stand.until(lambda: not stand.venue.open_lines)


async def test_a_stream_that_answers_pings_and_says_nothing_of_a_moved_book_is_dead() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        for _ in range(4):
            before = len(reading.of(ConnectionEvent))
            await stand.clock.advance(15)
            await stand.until(lambda seen=before: len(reading.of(ConnectionEvent)) > seen)
        assert reading.error is None, "a quiet market whose book is the venue's lives"
        stand.venue.books[YES] = book(YES, 1_700_000_009_000, {".30": "1"}, {".40": "1"})
        await stand.clock.advance(15)
        await stand.quiet()
        await stand.clock.advance(3)
        await stand.until(lambda: isinstance(reading.error, NotConnected))
        assert "moved" in str(reading.error)


async def test_one_change_that_was_missed_begins_that_book_anew_and_two_end_the_stream() -> None:
    async with a_stand() as stand:
        with_book(stand)
        with_book(stand, NO_)
        reading = stand.read(Channel.BOOK, YES, NO_)
        await stand.until(lambda: len(reading.of(BookSnapshot)) == 2)

        async def a_round(n: int) -> None:
            stand.venue.books[YES] = book(YES, 1_700_000_000_000 + n, {".3": str(n)}, {".52": "25"})
            await stand.clock.advance(5)
            told = change(1_700_000_000_000 + n, (NO_, "BUY", ".48", str(n)))
            stand.venue.books[NO_]["bids"][0]["size"] = str(n)
            await stand.venue.all_say(told)
            await stand.quiet()
            await stand.clock.advance(10)
            await stand.quiet()
            await stand.clock.advance(5)
            await stand.quiet()

        await a_round(1)
        assert [e.instrument for e in reading.of(GapEvent)] == [YES]
        assert reading.of(BookSnapshot)[-1].book.best_bid == Level(D("0.3"), D(1))
        assert reading.error is None
        await a_round(2)
        await stand.until(lambda: isinstance(reading.error, NotConnected))


async def test_when_nobody_answers_for_a_quiet_book_there_is_no_sign_of_life() -> None:
    async with a_stand() as stand:
        with_book(stand)
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(BookSnapshot))
        await stand.quiet()
        before = len(reading.of(ConnectionEvent))
        stand.venue.rest_faults += [down()] * 10
        await stand.clock.advance(15)
        await stand.quiet()
        assert len(stand.venue.asked) == 1
        assert len(reading.of(ConnectionEvent)) == before
        assert reading.error is None


async def test_a_first_book_that_never_comes_is_asked_for() -> None:
    async with a_stand() as stand:
        with_book(stand)
        stand.venue.gives_books = False
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(ConnectionEvent))
        await stand.clock.advance(15)
        await stand.until(lambda: reading.of(BookSnapshot))


async def test_a_market_that_is_over_has_no_book_and_its_stream_lives() -> None:
    async with a_stand() as stand:
        reading = stand.read(Channel.BOOK, YES)
        await stand.until(lambda: reading.of(ConnectionEvent))
        for _ in range(4):
            before = len(reading.of(ConnectionEvent))
            await stand.clock.advance(15)
            await stand.quiet()
        assert len(reading.of(ConnectionEvent)) > before
        assert reading.error is None
