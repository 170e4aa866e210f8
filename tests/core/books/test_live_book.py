"""The book that a stream's reader keeps: equal to the venue's, or not shown at all."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit import Channel, LiveBook, open_desk
from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    ConnectionEvent,
    ConnectionState,
    DataNotTrusted,
    GapEvent,
    InvalidValue,
    Level,
    OrderBook,
)

D = Decimal
NAME = "BTC-USD"
LEVELS = st.lists(
    st.builds(
        Level,
        st.integers(1, 12).map(lambda n: D(n) / 4),
        st.integers(0, 3).map(lambda n: D(n).scaleb(-8)),
    ),
    max_size=8,
)


def snapshot(sequence: int | None, bids: list[Level], asks: list[Level], name: str = NAME) -> BookSnapshot:
    book = OrderBook(venue="v", instrument=name, time_ns=5, bids=bids, asks=asks, sequence=sequence)
    return BookSnapshot(venue="v", instrument=name, time_ns=5, sequence=sequence, book=book)


def delta(sequence: int | None, bids: list[Level], asks: list[Level], name: str = NAME) -> BookDelta:
    return BookDelta(venue="v", instrument=name, time_ns=6, sequence=sequence, bids=bids, asks=asks)


@given(LEVELS, LEVELS, st.lists(st.tuples(LEVELS, LEVELS), max_size=6))
def test_it_is_what_a_dictionary_of_levels_is(
    bids: list[Level], asks: list[Level], changes: list[tuple[list[Level], list[Level]]]
) -> None:
    book = LiveBook(NAME)
    assert book.apply(snapshot(7, bids, asks))
    expected: list[dict[Decimal, Decimal]] = [{}, {}]
    for number, change in enumerate([(bids, asks), *changes], 7):
        for side, levels in zip(expected, change, strict=True):
            side.update({level.price: level.size for level in levels})
        if number > 7:
            assert book.apply(delta(number, *change))
    shown = book.snapshot()
    assert [(v.price, v.size) for v in shown.bids] == sorted(
        ((p, s) for p, s in expected[0].items() if s), reverse=True
    )
    assert [(v.price, v.size) for v in shown.asks] == sorted((p, s) for p, s in expected[1].items() if s)
    assert shown.sequence == 7 + len(changes)
    for depth in (1, 3):
        cut = book.snapshot(depth)
        assert (cut.bids, cut.asks) == (shown.bids[:depth], shown.asks[:depth])
    if shown.bids:
        assert book.best_bid == shown.bids[0]
    if shown.asks:
        assert book.best_ask == shown.asks[0]


def test_it_shows_nothing_before_a_snapshot_and_after_a_gap() -> None:
    book, one = LiveBook(NAME), [Level(D(10), D(1))]
    troubles = [
        None,
        GapEvent(venue="v", instrument=NAME, time_ns=7, channel=Channel.BOOK),
        GapEvent(venue="v", instrument=None, time_ns=7, channel=Channel.BOOK),
        ConnectionEvent(venue="v", instrument=None, time_ns=7, state=ConnectionState.DISCONNECTED),
        delta(9, one, []),
    ]
    for trouble in troubles:
        if trouble is not None:
            assert not book.apply(trouble)
        assert not book.is_trusted
        assert not book.apply(delta(4, one, []))
        for read in (book.snapshot, lambda: book.best_bid, lambda: book.best_ask):
            with pytest.raises(DataNotTrusted, match=NAME):
                read()
        assert book.apply(snapshot(3, one, []))
        assert book.best_bid == one[0]


def test_what_the_snapshot_holds_already_and_what_is_of_others_is_passed_over() -> None:
    book, one = LiveBook(NAME), [Level(D(10), D(1))]
    book.apply(snapshot(3, one, []))
    assert not book.apply(delta(3, [Level(D(11), D(1))], []))
    assert not book.apply(delta(4, [Level(D(11), D(1))], [], "ETH-USD"))
    assert not book.apply(snapshot(9, [], [], "ETH-USD"))
    assert not book.apply(ConnectionEvent(venue="v", instrument=None, time_ns=7, state=ConnectionState.CONNECTED))
    assert (book.best_bid, book.sequence) == (one[0], 3)
    with pytest.raises(LookupError):
        _ = book.best_ask
    with pytest.raises(InvalidValue, match="depth"):
        book.snapshot(0)


def test_a_venue_without_numbers_is_followed_too() -> None:
    book = LiveBook(NAME)
    book.apply(snapshot(None, [Level(D(10), D(1))], []))
    assert book.apply(delta(None, [Level(D(10), D(0)), Level(D(9), D(2))], []))
    assert book.best_bid == Level(D(9), D(2))


@pytest.mark.anyio
async def test_it_equals_the_venues_book_while_the_market_moves(tmp_path: Path) -> None:
    environ = {"VENUEKIT__DESK__DATA_DIR": str(tmp_path)}
    options = {"pace": "manual", "persist": False}
    async with open_desk("paper", environ=environ, venue_options=options) as desk:
        stream, book = await desk.subscribe(Channel.BOOK, [NAME]), LiveBook(NAME)
        equal = 0
        for _ in range(30):
            await desk.call_extra("advance_market", {"seconds": 1})
            real = await desk.venue.order_book(NAME, depth=500)
            while book.sequence != real.sequence or not book.is_trusted:
                book.apply(await anext(stream))
            shown = book.snapshot()
            equal += (list(shown.bids), list(shown.asks)) == (list(real.bids), list(real.asks))
        assert equal == 30
