"""Realtime pace: the market moves with the clock, catches up with nothing, and stops when it is told to."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from paper_kit import BTC, BUY, Opener, again, limit, market
from stream_kit import drained

from venuekit.adapter import (
    NANOS,
    Channel,
    InvalidValue,
    NotConnected,
    OrderStatus,
    TimeInForce,
    Unavailable,
)
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def test_the_market_moves_once_an_interval_at_the_clocks_time(opened: Opener) -> None:
    venue = await opened(pace="realtime", tick_interval_ms=500)
    stream = venue.subscribe(Channel.BOOK, [BTC])
    await drained(stream)
    await opened.clock.advance(0.4)
    assert await drained(stream) == []
    await opened.clock.advance(9.6)
    told = [e.time_ns for e in await drained(stream)]
    assert 15 < len(told) == len(set(told)) <= 20
    assert {(opened.clock.now_ns() - t) % 500_000_000 for t in told} == {0}
    assert venue.now_ns() == await venue.server_time_ns() == opened.clock.now_ns()
    await stream.aclose()


async def test_a_machine_that_slept_makes_one_move_and_not_a_days_worth(opened: Opener) -> None:
    venue = await opened(pace="realtime")
    await opened.clock.advance(1)
    before = (await venue.order_book(BTC)).sequence
    until = opened.clock.now_ns() + 60 * NANOS
    order = await venue.submit(limit(BUY, "0.1", "50000", time_in_force=TimeInForce.GTD, expires_at_ns=until))
    opened.clock.tick(86_400)
    await opened.clock.advance(0)
    after = (await venue.order_book(BTC)).sequence
    assert before is not None
    assert after is not None
    assert after - before <= 3
    assert (await again(venue, order)).status is OrderStatus.EXPIRED


async def test_a_clock_that_is_set_back_never_turns_the_exchanges_time_back(opened: Opener) -> None:
    venue = await opened(pace="realtime")
    stream = venue.subscribe(Channel.BOOK, [BTC])
    await opened.clock.advance(2)
    opened.clock.step(-3600)
    await opened.clock.advance(2)
    times = [e.time_ns for e in await drained(stream)]
    assert times == sorted(times)
    order = await venue.submit(market(BUY, "0.1"))
    assert order.created_ns >= times[-1]
    await stream.aclose()


async def test_closing_stops_the_market_at_once(opened: Opener) -> None:
    venue = await opened(pace="realtime")
    await opened.clock.advance(1)
    await venue.close()
    assert opened.clock.sleeping == 0
    await venue.connect()
    await opened.clock.settle()
    assert opened.clock.sleeping == 1
    await venue.close()


async def test_a_caller_that_leaves_while_closing_still_closes(opened: Opener) -> None:
    venue = await opened(pace="realtime", persist=True)
    closing = asyncio.ensure_future(venue.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    with pytest.raises(NotConnected):
        venue.engine  # noqa: B018
    reopened = await opened(pace="realtime", persist=True)
    await reopened.close()


async def test_a_store_that_cannot_be_written_stops_the_market_and_not_the_program(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = await opened(pace="realtime")
    real = venue.engine.tick

    def full(time_ns: int) -> None:
        raise Unavailable("disk full")

    monkeypatch.setattr(venue.engine, "tick", full)
    await opened.clock.advance(5)
    [told] = [r.getMessage() for r in caplog.records]
    assert told.startswith("The simulated market stands still: disk full")
    monkeypatch.setattr(venue.engine, "tick", real)
    before = (await venue.order_book(BTC)).sequence
    await opened.clock.advance(2)
    assert (await venue.order_book(BTC)).sequence != before


async def test_a_bug_in_the_market_is_logged_and_closing_still_works(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = await opened(pace="realtime")

    def broken(time_ns: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(venue.engine, "tick", broken)
    await opened.clock.advance(1)
    assert "bug" in caplog.text
    await venue.close()


async def test_realtime_can_be_hurried_by_hand(opened: Opener) -> None:
    venue = await opened(pace="realtime")
    before = (await venue.order_book(BTC)).sequence
    assert await venue.advance(10) == 40
    assert (await venue.order_book(BTC)).sequence != before
    assert venue.now_ns() == opened.clock.now_ns()


async def test_latency_delays_an_order_and_one_canceled_on_its_way_was_never_sent(opened: Opener) -> None:
    venue = await opened(pace="realtime", latency_ms=200)
    sending = asyncio.ensure_future(venue.submit(limit(BUY, "0.1", "50000")))
    await opened.clock.advance(0.19)
    assert not sending.done()
    await opened.clock.advance(0.01)
    assert (await sending).status is OrderStatus.OPEN
    given_up = asyncio.ensure_future(venue.submit(limit(BUY, "0.1", "50001")))
    await opened.clock.advance(0.1)
    given_up.cancel()
    await opened.clock.advance(1)
    assert [o.price for o in await venue.open_orders()] == [50_000]


async def test_an_order_that_arrives_after_closing_was_not_sent(opened: Opener) -> None:
    venue = await opened(pace="realtime", latency_ms=200)
    sending = asyncio.ensure_future(venue.submit(limit(BUY, "0.1", "50000")))
    await opened.clock.advance(0.1)
    await venue.close()
    await opened.clock.advance(1)
    with pytest.raises(NotConnected):
        await sending


async def test_time_too_short_for_a_move_is_kept(venue: PaperVenue) -> None:
    begin = venue.now_ns()
    assert [await venue.advance(0.1) for _ in range(5)] == [0, 0, 1, 0, 1]
    assert venue.now_ns() - begin == NANOS // 2


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), float("-inf")])
async def test_only_a_real_length_of_time_can_pass(venue: PaperVenue, seconds: float) -> None:
    before = await venue.order_book(BTC)
    with pytest.raises(InvalidValue) as caught:
        await venue.advance(seconds)
    assert caught.value.field == "seconds"
    assert await venue.order_book(BTC) == before
