"""Candles of every length agree with the trades and with each other, page without loss, and are the same by seed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, NO, PERP, YES, Opener, market

from venuekit.adapter import NANOS, Candle, Granularity, InstrumentStatus
from venuekit_paper.adapter import PaperVenue
from venuekit_paper.candles import KEPT, Candles
from venuekit_paper.instruments import default_instruments
from venuekit_paper.past import Origin
from venuekit_paper.scale import Scale, asset_digits

pytestmark = pytest.mark.anyio
D = Decimal
MINUTE = 60 * NANOS
DAY = 86_400 * NANOS


def joined(candles: Sequence[Candle]) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
    return (
        candles[0].open,
        max(c.high for c in candles),
        min(c.low for c in candles),
        candles[-1].close,
        sum((c.volume for c in candles), D(0)),
    )


async def minutes(venue: PaperVenue, instrument: str, start_ns: int, end_ns: int) -> list[Candle]:
    found: list[Candle] = []
    while True:
        page = await venue.candles(instrument, Granularity.ONE_MINUTE, start_ns=start_ns, end_ns=end_ns, limit=500)
        found += page
        if len(page) < 500:
            return found
        start_ns = page[-1].start_ns + MINUTE


async def test_minute_candles_are_what_the_trades_say(venue: PaperVenue) -> None:
    await venue.advance(130)
    trades = (await venue.trades(BTC, limit=1000))[::-1]
    assert 50 < len(trades) < 1000
    candles = {c.start_ns: c for c in await venue.candles(BTC, Granularity.ONE_MINUTE, limit=5)}
    for start in {t.time_ns - t.time_ns % MINUTE for t in trades}:
        of = [t for t in trades if start <= t.time_ns < start + MINUTE]
        c = candles[start]
        assert (c.open, c.close) == (of[0].price, of[-1].price)
        assert (c.high, c.low) == (max(t.price for t in of), min(t.price for t in of))
        assert c.volume == sum(t.size for t in of)


@pytest.mark.parametrize("granularity", list(Granularity))
async def test_longer_candles_are_made_of_the_minutes_in_them(venue: PaperVenue, granularity: Granularity) -> None:
    await venue.advance(70)
    length = granularity.seconds * NANOS
    candles = await venue.candles(BTC, granularity, limit=3)
    assert len(candles) == 3
    for candle in candles:
        assert candle.start_ns % length == 0
        assert candle.granularity is granularity
        inside = await minutes(venue, BTC, candle.start_ns, candle.start_ns + length)
        assert joined(inside) == (candle.open, candle.high, candle.low, candle.close, candle.volume)
        assert candle.is_closed == (candle.start_ns + length <= venue.now_ns())
    assert [c.is_closed for c in candles] == [True, True, False]
    assert [b.start_ns - a.start_ns for a, b in itertools.pairwise(candles)] == [length, length]


async def test_every_candle_is_possible_and_the_past_leads_up_to_the_present(venue: PaperVenue) -> None:
    await venue.advance(120)
    for instrument in await venue.instruments():
        candles = await venue.candles(instrument.id, Granularity.FIFTEEN_MINUTES, limit=500)
        assert len(candles) == 500
        for c in candles:
            assert c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high
            assert c.volume > 0
            for price in (c.open, c.high, c.low, c.close):
                assert price % instrument.tick_size == 0
                assert instrument.max_price is None or price <= instrument.max_price
        (ticker,) = await venue.tickers([instrument.id])
        assert ticker.last is not None
        assert abs(candles[-1].close - ticker.last) <= ticker.last / 50


async def test_ten_whole_days_of_past_exist_from_the_start(venue: PaperVenue) -> None:
    candles = await venue.candles(BTC, Granularity.ONE_DAY, limit=500)
    begin = venue.now_ns()
    assert len(candles) == 10
    assert [c.start_ns for c in candles] == [begin - begin % DAY - n * DAY for n in range(10, 0, -1)]


async def test_a_range_has_its_start_and_not_its_end_and_begins_with_its_earliest(venue: PaperVenue) -> None:
    now = venue.now_ns()
    start = now - 60 * MINUTE
    found = await venue.candles(BTC, Granularity.ONE_MINUTE, start_ns=start, end_ns=now - 50 * MINUTE)
    assert [c.start_ns for c in found] == [start + n * MINUTE for n in range(10)]
    earliest = await venue.candles(BTC, Granularity.ONE_MINUTE, start_ns=start, limit=4)
    assert earliest == found[:4]
    latest = await venue.candles(BTC, Granularity.ONE_MINUTE, end_ns=now - 50 * MINUTE, limit=4)
    assert latest == found[-4:]


async def test_following_the_starts_reads_everything_once(venue: PaperVenue) -> None:
    begin, end = venue.now_ns() - 3 * DAY, venue.now_ns()
    whole = await minutes(venue, BTC, begin, end)
    assert [c.start_ns for c in whole] == list(range(begin, end, MINUTE))


@pytest.mark.parametrize(("start", "end"), [(10 * DAY, None), (0, 0), (0, -DAY), (None, -30 * DAY)])
async def test_a_range_without_trades_has_no_candles(venue: PaperVenue, start: int | None, end: int | None) -> None:
    now = venue.now_ns()
    found = await venue.candles(
        BTC,
        Granularity.ONE_HOUR,
        start_ns=None if start is None else now + start,
        end_ns=None if end is None else now + end,
    )
    assert found == []


async def test_minutes_without_a_trade_have_no_candle_and_longer_ones_go_on(venue: PaperVenue) -> None:
    begin = venue.now_ns()
    await venue.advance(60)
    await venue.set_status(BTC, InstrumentStatus.HALTED)
    await venue.advance(180)
    await venue.set_status(BTC, InstrumentStatus.TRADING)
    await venue.advance(60)
    own = await venue.candles(BTC, Granularity.ONE_MINUTE, start_ns=begin)
    assert {(c.start_ns - begin) // MINUTE for c in own} <= {0, 1, 4, 5}
    (hour,) = await venue.candles(BTC, Granularity.ONE_HOUR, start_ns=begin)
    assert joined(own) == (hour.open, hour.high, hour.low, hour.close, hour.volume)


async def test_the_ticker_shows_the_day_that_the_minutes_show(venue: PaperVenue) -> None:
    await venue.advance(90)
    await venue.submit(market(BUY, "0.1"))
    now = venue.now_ns()
    (ticker,) = await venue.tickers([BTC])
    day = await minutes(venue, BTC, now - now % MINUTE - DAY, now + MINUTE)
    opened, high, low, _, volume = joined(day)
    assert (ticker.open_24h, ticker.high_24h, ticker.low_24h, ticker.volume_24h) == (opened, high, low, volume)


async def test_the_past_is_the_same_by_seed_however_it_is_read(opened: Opener) -> None:
    one, two, other = await opened(seed=5), await opened(seed=5), await opened(seed=6)
    deep = [await one.candles(i.id, Granularity.ONE_HOUR, limit=500) for i in await one.instruments()]
    for name in (PERP, NO, BTC):
        await two.candles(name, Granularity.ONE_MINUTE, limit=3)
    assert [await two.candles(i.id, Granularity.ONE_HOUR, limit=500) for i in await two.instruments()] == deep
    assert await other.candles(BTC, Granularity.ONE_HOUR) != await one.candles(BTC, Granularity.ONE_HOUR)


async def test_the_two_outcomes_pasts_mirror_each_other_and_a_perpetual_follows_its_spot(venue: PaperVenue) -> None:
    yes, no = [await venue.candles(name, Granularity.FOUR_HOURS, limit=60) for name in (YES, NO)]
    assert len(yes) == 60
    for a, b in zip(yes, no, strict=True):
        assert (a.open + b.open, a.high + b.low, a.low + b.high, a.close + b.close) == (1, 1, 1, 1)
    spot, perp = [await venue.candles(name, Granularity.ONE_HOUR, limit=200) for name in (BTC, PERP)]
    for a, b in zip(spot, perp, strict=True):
        assert 0 <= a.close - b.close < D("0.1")


def long_run(days: int) -> tuple[Candles, Scale, int]:
    """One trade every seven minutes, for many days, from the beginning of time; the price is the minute."""
    instruments = default_instruments()
    btc = next(i for i in instruments if i.id == BTC)
    candles = Candles("paper", 1)
    origin = Origin(minute=0, price=100, move=1, lots=5, tick=1, low=1, high=10**9, price_digits=2)
    candles.begin(BTC, origin)
    last = days * 1440
    for minute in range(0, last, 7):
        candles.add(BTC, minute, 1, minute * MINUTE)
    return candles, Scale(btc, asset_digits(instruments)), last * MINUTE


def test_what_is_kept_of_a_long_run_is_bounded_and_never_a_cut_candle() -> None:
    candles, scale, now = long_run(130)
    state = candles.dump()["bars"][BTC]["kept"]
    for step, kept in KEPT.items():
        assert len(state[str(step)]) <= kept // step + 1440 // step
    for granularity in Granularity:
        found = candles.candles(scale, granularity, None, None, 10_000, now)
        length = granularity.seconds // 60
        for candle in found:
            first = candle.start_ns // MINUTE
            traded = range(first + -first % 7, first + length, 7)
            assert candle.volume == scale.size_out(len(traded))
            assert (candle.open, candle.close) == (scale.price_out(traded[0]), scale.price_out(traded[-1]))


def test_what_was_dumped_and_loaded_goes_on_the_same() -> None:
    candles, scale, now = long_run(5)
    again = Candles("paper", 1)
    again.load(candles.dump())
    for one in (candles, again):
        one.add(BTC, 5, 3, now)
        one.add(BTC, 7, 1, now + MINUTE)
    for granularity in Granularity:
        expected = candles.candles(scale, granularity, None, None, 500, now + MINUTE)
        assert again.candles(scale, granularity, None, None, 500, now + MINUTE) == expected
    assert again.dump() == candles.dump()
