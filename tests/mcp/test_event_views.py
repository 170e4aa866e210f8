"""What a subscription shows: whole books to a depth, newest prices, orders of some markets."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from pocket import instrument

from venuekit.errors import AmbiguousInstrument, UnknownInstrument
from venuekit.model.events import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    ConnectionState,
    GapEvent,
    TickerEvent,
)
from venuekit.model.instrument import InstrumentKind
from venuekit.model.market import Level, OrderBook, Ticker
from venuekit_mcp.event_views import Depth, newest_prices
from venuekit_mcp.markets import outcomes_of
from venuekit_mcp.rings import Ring

pytestmark = pytest.mark.anyio
D = Decimal


def levels(*rows):
    return tuple(Level(D(p), D(s)) for p, s in rows)


def snapshot(sequence, bids, asks, name="1"):
    book = OrderBook(venue="v", instrument=name, time_ns=1, bids=bids, asks=asks, sequence=sequence)
    return BookSnapshot(venue="v", instrument=name, time_ns=1, sequence=sequence, book=book)


def delta(sequence, bids=(), asks=()):
    return BookDelta(venue="v", instrument="1", time_ns=2, sequence=sequence, bids=bids, asks=asks)


def shown(view, *events):
    return [event for each in events for _, event in view(each)]


BIDS = levels(("0.5", "1"), ("0.4", "2"), ("0.3", "3"))
ASKS = levels(("0.6", "1"), ("0.7", "2"), ("0.8", "3"))


def test_only_the_best_levels_are_shown_and_only_when_they_change():
    view = Depth(2)
    [first] = shown(view, snapshot(1, BIDS, ASKS))
    assert (first.book.bids, first.book.asks) == (BIDS[:2], ASKS[:2])
    assert shown(view, delta(2, bids=levels(("0.3", "9")))) == []
    [second] = shown(view, delta(3, bids=levels(("0.5", "0"))))
    assert second.book.bids == levels(("0.4", "2"), ("0.3", "9")), "what moved up had been kept up to date"


def test_after_a_gap_nothing_is_shown_until_the_next_whole_book():
    view = Depth(1)
    shown(view, snapshot(1, BIDS, ASKS))
    gap = GapEvent(venue="v", instrument="1", time_ns=1, channel=Channel.BOOK)
    assert shown(view, gap, delta(2, bids=levels(("0.55", "1")))) == [gap]
    [again] = shown(view, snapshot(3, BIDS, ASKS))
    assert again.book.bids == BIDS[:1], "it is told again although it is the same"
    lost = ConnectionEvent(venue="v", time_ns=1, state=ConnectionState.DISCONNECTED)
    assert shown(view, lost, delta(4, bids=levels(("0.55", "1")))) == [lost]


class Source:
    """A subscription that says what a test says."""

    id = "sub-1"

    def __init__(self, events):
        self.events = list(events)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.events:
            raise StopAsyncIteration
        return self.events.pop(0)

    async def close(self):
        self.events.clear()


def ticker(name, bid):
    told = Ticker(venue="v", instrument=name, time_ns=1, bid=D(bid))
    return TickerEvent(venue="v", instrument=name, time_ns=1, ticker=told)


async def test_newer_books_and_prices_replace_older_ones_and_are_not_lost():
    events = [ticker("1", "1"), ticker("2", "5"), ticker("1", "2"), ticker("1", "3")]
    ring = Ring(Source(events), "agent", view=newest_prices)
    await ring._task
    told, last, lost = ring.after(0, 10)
    assert [(e["instrument"], e["ticker"]["bid"]) for e in told] == [("2", "5"), ("1", "3")]
    assert (last, lost) == (4, 0)
    assert ring.after(last, 10) == ([], 4, 0)
    assert [e["instrument"] for e in ring.after(2, 10)[0]] == ["1"]
    await ring.close()


async def test_a_page_ends_where_the_next_one_begins():
    ring = Ring(Source(ticker("1", str(n)) for n in range(1, 8)), "agent", size=5)
    await ring._task
    first, at, lost = ring.after(0, 2)
    assert (len(first), lost) == (2, 2)
    rest, last, lost = ring.after(at, 10)
    assert [e["ticker"]["bid"] for e in (*first, *rest)] == ["3", "4", "5", "6", "7"]
    assert (last, lost) == (7, 0)
    await ring.close()


async def test_a_market_is_found_by_what_the_venue_calls_it(bench):
    async with bench() as b:
        token = {"kind": InstrumentKind.BINARY_OUTCOME, "metadata": {"condition_id": "0xc", "slug": "rain"}}
        listed = [
            attrs.evolve(instrument("111-USD"), alias="rain:YES", **token),
            attrs.evolve(instrument("222-USD"), alias="rain:NO", **token),
            attrs.evolve(instrument("333-USD"), alias="rainbow:YES"),
        ]

        async def search(text, *, limit=20):
            return listed

        b.venue.search = search
        assert await outcomes_of(b.desk, ["0xc"], field="market_ids") == ["111-USD", "222-USD"]
        assert await outcomes_of(b.desk, ["rain", "BTC-USD", "bitcoin"], field="f") == ["111-USD", "222-USD", "BTC-USD"]
        with pytest.raises(UnknownInstrument) as refused:
            await outcomes_of(b.desk, ["rainy"], field="market_ids")
        assert refused.value.field == "market_ids"


async def test_a_name_of_two_outcomes_means_both_and_one_of_more_is_refused(bench):
    yes, no, third = (
        attrs.evolve(instrument(f"{n}-USD"), complement=c) for n, c in ((1, "2-USD"), (2, "1-USD"), (3, None))
    )
    known = {"1-USD": yes, "2-USD": no, "3-USD": third}
    candidates = ["1-USD", "2-USD"]

    async def find(name):
        if name in known:
            return known[name]
        raise AmbiguousInstrument("which?", details={"candidates": candidates})

    async with bench() as b:
        b.venue.instrument = find
        assert await outcomes_of(b.desk, ["rain"], field="market_ids") == ["1-USD", "2-USD"]
        candidates.append("3-USD")
        with pytest.raises(AmbiguousInstrument):
            await outcomes_of(b.desk, ["rain"], field="market_ids")
        candidates.clear()
        with pytest.raises(AmbiguousInstrument):
            await outcomes_of(b.desk, ["rain"], field="market_ids")
