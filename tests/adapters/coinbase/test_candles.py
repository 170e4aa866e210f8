"""Candles: every granularity, ranges longer than a page stitched without a seam, the open one marked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scripted_coinbase import scripted

from venuekit.adapter import NANOS, Granularity, InvalidValue
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.client import Call

pytestmark = pytest.mark.anyio
D = Decimal
#: Candles that the venue gives at once, at most; it refuses a request for more.
MOST = 350
NOW = 1_763_719_425  # 2025-11-21T10:03:45Z: in no granularity the beginning of a candle
WORDS = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "FOUR_HOUR": 14400,
    "SIX_HOUR": 21600,
    "ONE_DAY": 86400,
}


class Now(SystemClock):
    def now_ns(self) -> int:
        return NOW * NANOS


def quiet(start: int, step: int) -> bool:
    """Whether nothing was traded in that candle."""
    return start // step % 7 == 3


def candles(call: Call) -> Any:
    """The venue: both ends included, newest first, nothing for quiet times, nothing beyond now."""
    step = WORDS[call.query["granularity"]]
    start, end = int(call.query["start"]), int(call.query["end"])
    starts = range(-(-start // step) * step, min(end, NOW) + 1, step)
    if (end - start) // step + 1 > MOST:
        return (
            400,
            {"error": "INVALID_ARGUMENT", "message": f"number of candles requested should be less than {MOST}"},
        )
    rows = [
        {"start": str(s), "open": f"{s}.1", "high": f"{s}.4", "low": f"{s}.05", "close": f"{s}.3", "volume": "1E-8"}
        for s in starts
        if not quiet(s, step)
    ]
    return {"candles": rows[::-1]}


SCRIPT = {"/products/BTC-USD/candles": candles}


def test_every_granularity_is_one_of_the_venues() -> None:
    assert sorted(g.seconds for g in Granularity) == sorted(WORDS.values())


@pytest.mark.parametrize("granularity", Granularity)
async def test_a_long_range_is_stitched_without_a_seam(tmp_path: Path, granularity: Granularity) -> None:
    step = granularity.seconds
    start = NOW // step * step - 999 * step
    async with scripted(tmp_path, SCRIPT, Now()) as (venue, side):
        found = await venue.candles("BTC-USD", granularity, start_ns=start * NANOS, end_ns=NOW * NANOS, limit=5000)
        assert 1 < len(side.asked("/products/BTC-USD/candles")) <= 5
    expected = [s for s in range(start, NOW, step) if not quiet(s, step)]
    assert [c.start_ns // NANOS for c in found] == expected
    assert {c.granularity for c in found} == {granularity}
    first = found[0]
    assert (first.open, first.high, first.low) == (D(f"{expected[0]}.1"), D(f"{expected[0]}.4"), D(f"{expected[0]}.05"))
    assert (first.close, first.volume) == (D(f"{expected[0]}.3"), D("1E-8"))


@pytest.mark.parametrize("granularity", Granularity)
async def test_only_the_candle_that_is_not_over_is_open(tmp_path: Path, granularity: Granularity) -> None:
    step = granularity.seconds
    async with scripted(tmp_path, SCRIPT, Now()) as (venue, _):
        found = await venue.candles("BTC-USD", granularity, limit=20)
    assert found
    for candle in found:
        assert candle.is_closed is (candle.start_ns // NANOS + step <= NOW)
    assert all(c.is_closed for c in found[:-1])
    assert found[-1].is_closed is quiet(NOW // step * step, step)


@pytest.mark.parametrize("limit", [1, 300, 301, 349, 350, 351, 600, 901])
async def test_no_request_is_for_more_than_the_venue_gives(tmp_path: Path, limit: int) -> None:
    async with scripted(tmp_path, SCRIPT, Now()) as (venue, side):
        found = await venue.candles("BTC-USD", Granularity.ONE_MINUTE, limit=limit)
        for call in side.asked("/products/BTC-USD/candles"):
            assert (int(call.query["end"]) - int(call.query["start"])) // 60 + 1 <= MOST
    assert len(found) <= limit
    assert found[-1].start_ns == NOW // 60 * 60 * NANOS


async def test_from_a_start_the_first_ones_come_and_without_it_the_last(tmp_path: Path) -> None:
    start, end = NOW - 86_400, NOW - 3_600
    async with scripted(tmp_path, SCRIPT, Now()) as (venue, _):
        first = await venue.candles("BTC-USD", Granularity.ONE_MINUTE, start_ns=start * NANOS, limit=10)
        last = await venue.candles("BTC-USD", Granularity.ONE_MINUTE, end_ns=end * NANOS, limit=10)
    assert first[0].start_ns // NANOS in range(start, start + 121)
    assert len(first) == 10
    assert last[-1].start_ns < end * NANOS
    assert last[-1].start_ns >= (end - 120) * NANOS


async def test_the_end_is_not_included_and_neither_is_what_is_before_the_start(tmp_path: Path) -> None:
    start, end = NOW // 60 * 60 - 600, NOW // 60 * 60 - 60
    async with scripted(tmp_path, SCRIPT, Now()) as (venue, _):
        found = await venue.candles(
            "BTC-USD", Granularity.ONE_MINUTE, start_ns=start * NANOS + 1, end_ns=end * NANOS, limit=100
        )
    assert [c.start_ns // NANOS for c in found] == [s for s in range(start + 60, end, 60) if not quiet(s, 60)]


async def test_the_first_ones_of_long_ago_are_found_without_reading_up_to_now(tmp_path: Path) -> None:
    async with scripted(tmp_path, SCRIPT, Now()) as (venue, side):
        found = await venue.candles("BTC-USD", Granularity.ONE_MINUTE, start_ns=86_400 * NANOS, limit=400)
        assert len(side.asked("/products/BTC-USD/candles")) == 2
    assert len(found) == 400
    assert found[0].start_ns == 86_400 * NANOS


async def test_a_long_range_in_which_nobody_traded_is_refused_in_the_end(tmp_path: Path) -> None:
    script = {"/products/BTC-USD/candles": {"candles": []}}
    async with scripted(tmp_path, script, Now()) as (venue, side):
        with pytest.raises(InvalidValue) as refused:
            await venue.candles("BTC-USD", Granularity.ONE_MINUTE, start_ns=0, limit=10)
        assert len(side.asked("/products/BTC-USD/candles")) <= 60_000 / 299 + 1
    assert refused.value.field == "start"
