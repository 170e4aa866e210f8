"""When the venue says that it was too much: stop, go on slower, and win the whole rate back."""

from __future__ import annotations

import asyncio
import math

import pytest

from venuekit.errors import RateLimited
from venuekit.protocols.limiter import EndpointClass, PaceState
from venuekit.runtime.pace import Pace
from venuekit.settings.schema import PaceSettings
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
ORDERS, CANCELS = EndpointClass.ORDERS, EndpointClass.CANCELS


def state(pace: Pace, endpoint: str = ORDERS) -> PaceState:
    return next(s for s in pace.states() if s.endpoint == endpoint)


async def went(pace: Pace, clock: SimulatedClock, seconds: float, endpoint: str = ORDERS) -> int:
    """How many of many calls go in a time."""
    tasks = [asyncio.create_task(pace.take(endpoint, agent_id="a", timeout_seconds=1e6)) for _ in range(200)]
    await clock.advance(seconds)
    count = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await clock.settle()
    return count


async def test_nothing_goes_until_the_time_that_the_venue_names() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=10), clock)
    pace.too_many(ORDERS, 5)
    assert await went(pace, clock, 4.99) == 0
    assert state(pace).stopped_seconds == pytest.approx(0.01, abs=0.001)
    assert await went(pace, clock, 0.1) >= 1
    await pace.take(CANCELS)


async def test_the_rate_is_halved_and_grows_back_to_the_whole_and_no_further() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=10, recover_seconds=60), clock)
    pace.too_many(ORDERS, 1)
    await clock.advance(1)
    seconds = [await went(pace, clock, 1) for _ in range(40)]
    assert seconds[0] == pytest.approx(5, abs=1)
    assert seconds[14] == pytest.approx(7.5, abs=1)
    assert set(seconds[31:]) <= {10, 11}
    assert pace.states()[0].share == 1


async def test_answers_to_calls_that_were_under_way_cut_it_once_only() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=10), clock)
    for wait in (1, 1, 3, 2):
        pace.too_many(ORDERS, wait)
    assert state(pace).share == 0.5
    assert state(pace).stopped_seconds == 3
    await clock.advance(3)
    pace.too_many(ORDERS, 1)
    assert state(pace).share == 0.25


async def test_something_always_goes_on() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=10, recover_seconds=1e6), clock)
    for _ in range(20):
        pace.too_many(ORDERS, 0)
        await clock.advance(1)
    assert state(pace).share == 0.05
    assert await went(pace, clock, 10) == pytest.approx(5, abs=1)


async def test_a_class_without_a_rate_is_held_to_some_and_then_to_none_again() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(recover_seconds=20), clock)
    pace.too_many(ORDERS, 1)
    assert await went(pace, clock, 2) == pytest.approx(5, abs=1)
    assert not state(pace).rates
    await clock.advance(20)
    assert pace.states() == []
    assert await went(pace, clock, 0.001) == 200


@pytest.mark.parametrize("seconds", [1e12, math.inf])
async def test_no_answer_stops_a_class_for_ever(seconds: float) -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(cancels=10, longest_stop_seconds=30), clock)
    pace.too_many(CANCELS, seconds)
    assert await went(pace, clock, 30.2, CANCELS) >= 1


@pytest.mark.parametrize("seconds", [0.0, -5.0, math.nan])
async def test_a_time_that_is_none_stops_a_moment(seconds: float) -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=10), clock)
    pace.too_many(ORDERS, seconds)
    assert 0 <= state(pace).stopped_seconds <= 0.1
    assert state(pace).share == 0.5


async def test_who_would_have_to_wait_too_long_for_the_venue_is_told_at_once() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=1, patience_seconds=3), clock)
    await pace.take(ORDERS, agent_id="a")
    waiting = asyncio.create_task(pace.take(ORDERS, agent_id="a"))
    await clock.settle()
    pace.too_many(ORDERS, 60)
    with pytest.raises(RateLimited, match="asked for a pause") as caught:
        await waiting
    assert caught.value.retry_after == pytest.approx(60, abs=0.1)
    with pytest.raises(RateLimited):
        await pace.take(ORDERS, agent_id="b")
    own = asyncio.create_task(pace.take(ORDERS))  # the desk itself waits
    await clock.advance(60.1)
    await own


async def test_what_the_venue_says_is_left_lowers_what_may_go_now() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders="100/10s burst 50"), clock)
    pace.door.quota(ORDERS, 60, 10)
    assert state(pace).left == 50
    pace.door.quota(ORDERS, 7, 10)
    assert state(pace).left == 7
    pace.door.quota(ORDERS, 0, 4)
    assert state(pace).left == 0
    assert state(pace).share == 1, "the venue counts; nothing went wrong"
    assert await went(pace, clock, 3.99) == 0
    assert await went(pace, clock, 0.1) > 0


async def test_a_quota_of_none_stops_a_class_without_a_rate_until_then() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(), clock)
    pace.door.quota("v2", 0, 2)
    assert await went(pace, clock, 1.99, "v2") == 0
    assert await went(pace, clock, 0.1, "v2") == 200
    assert pace.states() == []


async def test_changes_are_told_once() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=10, recover_seconds=10), clock)
    assert pace.changes() == []
    pace.too_many(ORDERS, 1)
    pace.too_many(ORDERS, 1)
    (cut,) = pace.changes()
    assert (cut.endpoint, cut.share, cut.stopped_seconds, cut.recovers_seconds) == (ORDERS, 0.5, 1, 6)
    assert pace.changes() == []
    await clock.advance(6)
    (whole,) = pace.changes()
    assert whole.share == 1
    assert pace.changes() == []


async def test_an_adapters_own_class_is_paced_for_whoever_is_served() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(classes={"amend": 1}), clock)
    pace.declare({})
    assert pace.states() == []
    door = pace.door
    door.too_many("v2", 2)
    waiting = asyncio.create_task(door.take("v2"))
    await clock.advance(1.9)
    assert not waiting.done()
    await clock.advance(0.2)
    await waiting
