"""Market data: instruments, tickers, books, trades and candles are sound and in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from venuekit.adapter import NANOS, Candle, Feature, Granularity, UnknownInstrument
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio
NOWHERE = "NO-SUCH-THING"


@behaviour("MKT-01")
async def test_instruments_are_sorted_unique_and_have_rules(kit: Kit) -> None:
    listed = await kit.venue.instruments()
    ids = [i.id for i in listed]
    assert ids == sorted(set(ids))
    for i in listed:
        assert i.venue == kit.venue.name
        assert min(i.tick_size, i.lot_size, i.min_size, i.contract_size) > 0, f"{i.id} has a step that is not positive"
        assert i.max_size is None or i.max_size >= i.min_size


@behaviour("MKT-02")
async def test_an_instrument_is_found_by_id_and_alias(kit: Kit) -> None:
    for listed in (await kit.venue.instruments())[:20]:
        assert (await kit.venue.instrument(listed.id)).id == listed.id
        if listed.alias:
            assert (await kit.venue.instrument(listed.alias)).id == listed.id


@behaviour("MKT-03")
async def test_an_unknown_instrument_is_named_in_every_read(kit: Kit) -> None:
    venue = kit.venue
    reads: dict[Feature | None, Callable[[], Awaitable[Any]]] = {
        None: lambda: venue.instrument(NOWHERE),
        Feature.TICKER: lambda: venue.tickers([NOWHERE]),
        Feature.ORDER_BOOK: lambda: venue.order_book(NOWHERE),
        Feature.TRADES: lambda: venue.trades(NOWHERE),
        Feature.CANDLES: lambda: venue.candles(NOWHERE, Granularity.ONE_MINUTE),
    }
    for feature, read in reads.items():
        if feature is None or kit.can(feature):
            with pytest.raises(UnknownInstrument) as caught:
                await read()
            assert NOWHERE in caught.value.message


@behaviour("MKT-04")
async def test_a_search_finds_an_instrument_by_its_id_first(kit: Kit) -> None:
    assert (await kit.venue.search(kit.instrument.id))[0].id == kit.instrument.id


@behaviour("MKT-05")
async def test_a_search_keeps_its_limit_and_finds_no_nonsense(kit: Kit) -> None:
    assert len(await kit.venue.search(kit.instrument.base, limit=1)) == 1
    assert list(await kit.venue.search("zzzzqqqqxxxx")) == []


@behaviour("MKT-06")
async def test_tickers_come_in_the_order_asked_for(kit: Kit) -> None:
    ids = [i.id for i in (await kit.venue.instruments())[:5]]
    for wanted in (ids, ids[::-1]):
        assert [t.instrument for t in await kit.venue.tickers(wanted)] == wanted


@behaviour("MKT-07")
async def test_a_ticker_is_not_crossed_and_has_no_zero_prices(kit: Kit) -> None:
    for ticker in await kit.venue.tickers([i.id for i in (await kit.venue.instruments())[:20]]):
        for price in (ticker.bid, ticker.ask, ticker.last):
            assert price is None or price > 0
        if ticker.bid is not None and ticker.ask is not None:
            assert ticker.bid < ticker.ask


@behaviour("MKT-08")
async def test_a_book_is_sorted_and_not_crossed(kit: Kit) -> None:
    book = await kit.venue.order_book(kit.instrument.id)
    bids, asks = [level.price for level in book.bids], [level.price for level in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(level.size > 0 for level in [*book.bids, *book.asks])


@behaviour("MKT-09")
async def test_a_book_keeps_its_depth(kit: Kit) -> None:
    most = kit.capabilities.max_book_depth
    for depth, limit in ((1, 1), (2, 2), (10**6, most)):
        book = await kit.venue.order_book(kit.instrument.id, depth=depth)
        assert limit is None or max(len(book.bids), len(book.asks)) <= limit


@behaviour("MKT-10")
async def test_trades_come_newest_first_within_the_limit(kit: Kit) -> None:
    await kit.pause(5)
    trades = await kit.venue.trades(kit.instrument.id, limit=5)
    times = [t.time_ns for t in trades]
    assert len(trades) <= 5
    assert times == sorted(times, reverse=True)
    assert len({t.id for t in trades}) == len(trades)
    assert all(t.price > 0 and t.size > 0 for t in trades)


@behaviour("MKT-11")
async def test_candles_are_aligned_sorted_and_sound(kit: Kit) -> None:
    candles = await _candles(kit)
    starts = [c.start_ns for c in candles]
    assert 0 < len(candles) <= 5
    assert starts == sorted(set(starts))
    for candle in candles:
        assert candle.start_ns % (60 * NANOS) == 0
        assert candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
        assert candle.volume >= 0
        assert candle.granularity is Granularity.ONE_MINUTE


@behaviour("MKT-12")
async def test_a_candle_range_includes_its_start_and_not_its_end(kit: Kit) -> None:
    candles = await _candles(kit)
    if len(candles) < 2:
        pytest.skip("the venue has fewer than two candles")
    first, last = candles[0], candles[-1]
    found = await kit.venue.candles(
        kit.instrument.id, Granularity.ONE_MINUTE, start_ns=first.start_ns, end_ns=last.start_ns
    )
    assert [c.start_ns for c in found] == [c.start_ns for c in candles[:-1]]


@behaviour("MKT-13")
async def test_every_declared_granularity_works(kit: Kit) -> None:
    assert kit.capabilities.granularities
    for granularity in kit.capabilities.granularities:
        for candle in await kit.venue.candles(kit.instrument.id, granularity, limit=2):
            assert candle.granularity is granularity
            assert candle.start_ns % (granularity.seconds * NANOS) == 0


async def _candles(kit: Kit) -> list[Candle]:
    async def look() -> list[Candle]:
        return list(await kit.venue.candles(kit.instrument.id, Granularity.ONE_MINUTE, limit=5))

    found = await look()
    if len(found) < 2 and kit.time_is_cheap:
        await kit.pause(130)
        found = await look()
    return found
