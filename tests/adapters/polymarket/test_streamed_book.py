"""A book without sequence numbers: whatever is repeated, late or missing, it is right or it says that it is not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from venuekit.adapter import BookDelta, BookSnapshot, Level
from venuekit_polymarket.facts import BookTold, LevelsTold
from venuekit_polymarket.streamed_book import StreamedBook

D = Decimal
PRICES = [D(n) / 100 for n in range(1, 100)]


def whole(at: int, bids: dict[str, str], asks: dict[str, str]) -> BookTold:
    return BookTold(asset="1", time_ns=at, bids=_levels(bids), asks=_levels(asks))


def changed(at: int, bids: dict[str, str] | None = None, asks: dict[str, str] | None = None) -> LevelsTold:
    return LevelsTold(asset="1", time_ns=at, bids=_levels(bids or {}), asks=_levels(asks or {}))


def _levels(rows: dict[str, str]) -> tuple[Level, ...]:
    return tuple(Level(D(p), D(s)) for p, s in rows.items())


def a_book() -> StreamedBook:
    book = StreamedBook("1", {})
    assert isinstance(book.whole(whole(100, {"0.4": "1", "0.3": "2"}, {"0.6": "3"})), BookSnapshot)
    return book


def test_changes_before_the_first_whole_book_are_kept_for_it() -> None:
    book = StreamedBook("1", {})
    assert book.change(changed(90, {"0.2": "9"})) is None
    assert book.change(changed(101, {"0.45": "5"})) is None
    assert not book.is_valid
    snapshot = book.whole(whole(100, {"0.4": "1"}, {}))
    assert isinstance(snapshot, BookSnapshot)
    assert snapshot.book.bids == (Level(D("0.45"), D(5)), Level(D("0.4"), D(1))), "what is older is in it already"


def test_so_many_changes_that_some_are_given_up_need_a_whole_book_after_them() -> None:
    book = StreamedBook("1", {})
    for at in range(6_000):
        book.change(changed(1_000 + at, {"0.2": str(at + 1)}))
    assert book.whole(whole(1_500, {"0.2": "1"}, {})) is None
    assert not book.is_valid
    assert book.whole(whole(2_500, {"0.2": "1"}, {})) is not None
    assert book.best[0] == Level(D("0.2"), D(6_000))


def test_a_repeated_change_changes_nothing() -> None:
    book = a_book()
    assert isinstance(book.change(changed(110, {"0.5": "5"})), BookDelta)
    assert book.change(changed(110, {"0.5": "5"})) is None


def test_an_older_word_on_a_price_does_not_undo_a_newer_one() -> None:
    book = a_book()
    book.change(changed(120, {"0.5": "0"}))
    assert book.change(changed(110, {"0.5": "5"})) is None
    assert book.best[0] == Level(D("0.4"), D(1))


def test_a_whole_book_from_before_the_last_change_is_passed_over() -> None:
    book = a_book()
    book.change(changed(120, {"0.5": "5"}))
    assert book.whole(whole(110, {"0.4": "1"}, {"0.6": "3"})) is None
    assert book.best[0] == Level(D("0.5"), D(5))


def test_the_next_best_takes_the_place_of_one_that_is_gone() -> None:
    book = a_book()
    book.change(changed(110, {"0.4": "0"}, {"0.6": "0"}))
    assert book.best == (Level(D("0.3"), D(2)), None)
    assert book.agrees((D("0.3"), None))
    assert not book.agrees((D("0.4"), None))


def test_a_crossed_book_agrees_with_nobody() -> None:
    book = a_book()
    book.change(changed(110, {"0.7": "1"}))
    assert not book.agrees((D("0.7"), D("0.6")))


def test_it_keeps_every_digit() -> None:
    book = StreamedBook("1", {})
    snapshot = book.whole(whole(1, {"0.123456": "0.100000"}, {}))
    assert isinstance(snapshot, BookSnapshot)
    assert [(str(x.price), str(x.size)) for x in snapshot.book.bids] == [("0.123456", "0.100000")]


_STEP = st.tuples(st.booleans(), st.integers(0, 98), st.integers(0, 3))


@given(st.lists(_STEP, max_size=60), st.integers(0, 2**32), st.integers(0, 60))
def test_whatever_is_repeated_or_late_the_end_is_the_venues_book(
    steps: Sequence[tuple[bool, int, int]], seed: int, begins: int
) -> None:
    """Changes come twice and out of order, and the first whole book somewhere among them."""
    chance = random.Random(seed)
    truth: dict[bool, dict[Decimal, Decimal]] = {True: {}, False: {}}
    frames: list[LevelsTold | BookTold] = []
    for at, (is_bid, price, size) in enumerate(steps):
        truth[is_bid][PRICES[price]] = D(size)
        level = (Level(PRICES[price], D(size)),)
        frames.append(LevelsTold(asset="1", time_ns=at + 1, bids=level if is_bid else (), asks=() if is_bid else level))
    known: dict[bool, dict[Decimal, Decimal]] = {True: {}, False: {}}
    for is_bid, price, size in steps[:begins]:
        known[is_bid][PRICES[price]] = D(size)
    start = BookTold(
        asset="1",
        time_ns=min(begins, len(steps)),
        bids=[Level(p, s) for p, s in known[True].items()],
        asks=[Level(p, s) for p, s in known[False].items()],
    )
    late = [f for f in frames if f.time_ns > start.time_ns]
    mixed = late + [chance.choice(late) for _ in range(len(late) // 2)]
    chance.shuffle(mixed)
    split = chance.randint(0, len(mixed))
    book = StreamedBook("1", {})
    sequence: list[int] = []
    for frame in [*mixed[:split], start, *mixed[split:]]:
        event = book.whole(frame) if isinstance(frame, BookTold) else book.change(frame)
        if event is not None:
            assert event.sequence is not None
            sequence.append(event.sequence)
    result = book.order_book()
    assert {x.price: x.size for x in result.bids} == {p: s for p, s in truth[True].items() if s}
    assert {x.price: x.size for x in result.asks} == {p: s for p, s in truth[False].items() if s}
    assert [x.price for x in result.bids] == sorted((x.price for x in result.bids), reverse=True)
    assert [x.price for x in result.asks] == sorted(x.price for x in result.asks)
    assert sequence == list(range(1, len(sequence) + 1))
    bid, ask = book.best
    assert (bid.price if bid else None) == (result.bids[0].price if result.bids else None)
    assert (ask.price if ask else None) == (result.asks[0].price if result.asks else None)
