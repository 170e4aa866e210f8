"""Calls are spread over time, so that the venue's limits are kept; a cancel never waits for orders."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from aiolimiter import AsyncLimiter
from desks import Bench, limit

from venuekit.errors import ConfigError, RateLimited
from venuekit.model.order import OrderStatus
from venuekit.model.rate import Rate
from venuekit.protocols.limiter import EndpointClass
from venuekit.runtime.pace import Pace
from venuekit.settings.schema import PaceSettings
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
ORDERS, PUBLIC, CANCELS = EndpointClass.ORDERS, EndpointClass.PUBLIC, EndpointClass.CANCELS


def paced(clock: SimulatedClock, **settings: Any) -> Pace:
    return Pace(PaceSettings(**{"patience_seconds": 1e6, **settings}), clock)


class Log:
    """Who went, and when, in seconds."""

    def __init__(self, pace: Pace, clock: SimulatedClock) -> None:
        self.pace, self.clock = pace, clock
        self.went: list[tuple[str, float]] = []
        self.refused: list[RateLimited] = []

    def call(self, who: str = "a", endpoint: str = ORDERS, **given: Any) -> asyncio.Task[None]:
        return asyncio.create_task(self._call(who, endpoint, **given))

    async def _call(self, who: str, endpoint: str, **given: Any) -> None:
        try:
            await self.pace.take(endpoint, agent_id=who, **given)
        except RateLimited as error:
            self.refused.append(error)
        else:
            self.went.append((who, round(self.clock.monotonic_ns() / 1e9, 4)))

    @property
    def times(self) -> list[float]:
        return [at for _, at in self.went]

    @property
    def who(self) -> str:
        return "".join(who or "-" for who, _ in self.went)


async def goes_at(pace: Pace, clock: SimulatedClock, calls: int, **given: Any) -> list[float]:
    """When each of some calls that come at once may go, in seconds from now."""
    log, began = Log(pace, clock), clock.monotonic_ns() / 1e9
    tasks = [log.call(**given) for _ in range(calls)]
    await clock.advance(200)
    await asyncio.gather(*tasks)
    return [round(at - began, 4) for at in log.times]


async def test_calls_go_evenly_at_the_rate() -> None:
    clock = SimulatedClock()
    assert await goes_at(paced(clock, orders=4), clock, 6) == [0, 0.25, 0.5, 0.75, 1, 1.25]


async def test_a_burst_goes_at_once_and_the_rest_so_that_the_whole_is_kept() -> None:
    clock = SimulatedClock()
    assert await goes_at(paced(clock, orders="4/1s burst 3"), clock, 6) == [0, 0, 0, 0.5, 1, 1.5]


async def test_a_tenth_goes_at_once_where_nothing_else_is_said() -> None:
    clock = SimulatedClock()
    times = await goes_at(paced(clock, orders="30/1s"), clock, 60)
    assert times[:4] == [0, 0, 0, round(1 / 28, 4)]
    assert sum(at < 1 for at in times) <= 30
    assert sum(1 <= at < 2 for at in times) >= 27


async def test_several_rates_of_one_class_hold_together() -> None:
    clock = SimulatedClock()
    times = await goes_at(paced(clock, orders="4/1s burst 4, 6/60s burst 6"), clock, 8)
    assert times == [0, 0, 0, 0, 1, 2, 60, 120]


async def test_less_than_one_a_second_waits_its_time() -> None:
    clock = SimulatedClock()
    assert await goes_at(paced(clock, orders=0.1), clock, 3) == [0, 10, 20]


async def test_what_was_not_used_is_not_saved_up() -> None:
    clock = SimulatedClock()
    pace = paced(clock, orders=2)
    await clock.advance(3600)
    assert await goes_at(pace, clock, 4) == [0, 0.5, 1, 1.5]


async def test_classes_of_calls_have_budgets_of_their_own() -> None:
    clock = SimulatedClock()
    pace = paced(clock, orders=1, cancels=1)
    await pace.take(ORDERS)
    await pace.take(CANCELS)
    await pace.take(PUBLIC)
    assert clock.sleeping == 0


async def test_a_call_that_would_wait_too_long_is_told_at_once_when_to_come_again() -> None:
    clock = SimulatedClock()
    pace = paced(clock, orders=0.5)
    await pace.take(ORDERS)
    with pytest.raises(RateLimited) as caught:
        await pace.take(ORDERS, timeout_seconds=1.9)
    assert caught.value.retry_after == 2.0
    assert "Try again in 2.0 s." in str(caught.value)
    waiting = asyncio.create_task(pace.take(ORDERS, timeout_seconds=2.1))
    await clock.advance(2.001)
    await waiting


async def test_patience_counts_those_who_are_served_before() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders=1, patience_seconds=3.5), clock)
    tasks = [log.call("greedy") for _ in range(100)] + [log.call("modest")]
    await clock.advance(60)
    await asyncio.gather(*tasks)
    assert log.went == [("greedy", 0), ("greedy", 1), ("modest", 2), ("greedy", 3)]
    assert len(log.refused) == 97
    assert log.refused[0].retry_after == pytest.approx(4, abs=0.01)


async def test_a_patience_that_ends_meanwhile_is_told_at_that_moment() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders="1/2s"), clock)
    await log.pace.take(ORDERS)
    patient = log.call("a", timeout_seconds=2.5)
    await clock.settle()
    await clock.advance(1)
    first = log.call("", timeout_seconds=60)  # the desk's own goes before
    await clock.advance(1.4)
    assert not log.refused
    await clock.advance(0.2)
    await asyncio.gather(patient, first)
    assert log.who == "-"
    assert 1.3 < log.refused[0].retry_after < 1.6


async def test_agents_have_turns_however_many_calls_one_has() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders=1), clock)
    many = [log.call("m") for _ in range(1000)]
    await clock.settle()
    few = [log.call("x"), log.call("y"), log.call("y")]
    await clock.advance(8)
    assert log.who == "mmxymymm"
    for task in many:
        task.cancel()
    await asyncio.wait([*many, *few])
    assert clock.sleeping == 0


async def test_who_comes_new_does_not_take_the_slot_that_somebody_waits_for() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders="1/2s"), clock)
    await log.pace.take(ORDERS)
    waiting = log.call("a")
    await clock.settle()
    clock.tick(2.001)  # a slot is free by now, and nobody has been told
    new = log.call("b")
    await clock.settle()
    assert log.who == "a"
    await clock.advance(2.1)
    assert log.who == "ab"
    await asyncio.gather(waiting, new)


async def test_the_desks_own_calls_come_before_those_of_agents() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, private=1), clock)
    tasks = [log.call("a", "private") for _ in range(3)]
    await clock.settle()
    tasks += [log.call("", "private") for _ in range(2)]
    await clock.advance(10)
    await asyncio.gather(*tasks)
    assert log.who == "a--aa"


async def test_a_caller_that_goes_away_leaves_no_hole() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders=0.5), clock)
    await log.pace.take(ORDERS)
    gone, stays = log.call("a"), log.call("a")
    await clock.settle()
    gone.cancel()
    await clock.advance(2.001)
    assert log.times == [2]
    await stays


async def test_a_slot_that_was_given_to_somebody_who_went_away_goes_to_the_next() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders="1/2s"), clock)
    await log.pace.take(ORDERS)
    gone, stays = log.call("a"), log.call("b")
    await clock.settle()
    clock.tick(2.001)
    log.pace._lanes[ORDERS]._serve()  # the slot is given, and before its task wakes ...
    gone.cancel()
    await clock.settle()
    assert log.who == "b"
    await asyncio.wait([gone, stays])


async def test_callers_that_go_away_all_at_once_lose_nobody_elses_turn() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, orders="1/2s"), clock)
    await log.pace.take(ORDERS)
    gone = [log.call("a") for _ in range(5)]
    stays = log.call("b")
    await clock.settle()
    clock.tick(2.001)  # a slot is free by now, and nobody has been told
    for task in gone:
        task.cancel()
    await clock.settle()
    assert log.who == "b"
    assert clock.sleeping == 0
    await asyncio.wait([*gone, stays])


async def test_one_calls_own_rate_holds_up_neither_other_calls_nor_other_agents() -> None:
    clock = SimulatedClock()
    log = Log(paced(clock, public=100, classes={"candles": "1/10s"}), clock)
    tasks = [log.call("a", PUBLIC, call="candles") for _ in range(3)]
    tasks += [log.call("a", PUBLIC, call="tickers"), log.call("b", PUBLIC, call="tickers")]
    await clock.advance(1)
    assert sorted(log.who) == ["a", "a", "b"]
    await clock.advance(30)
    assert log.times[3:] == [10, 20]
    await asyncio.gather(*tasks)


async def test_the_venues_own_rates_hold_unless_others_are_configured() -> None:
    clock = SimulatedClock()
    declared = {"orders": [Rate(1, 5)], "cancels": [Rate(1, 5)], "private": [Rate(1, 5)], "v2": [Rate(1, 7)]}
    pace = paced(clock, orders="1/2s", private="off", classes={})
    pace.declare(declared)
    assert await goes_at(pace, clock, 2) == [0, 2]
    assert await goes_at(pace, clock, 2, endpoint=CANCELS) == [0, 5]
    assert await goes_at(pace, clock, 2, endpoint="private") == [0, 0]
    assert await goes_at(pace, clock, 2, endpoint="v2") == [0, 7]
    again = paced(clock, classes={"v2": 1})
    again.declare(declared)
    assert await goes_at(again, clock, 2, endpoint="v2") == [0, 1]


async def test_a_call_that_never_reaches_the_venue_takes_no_slot() -> None:
    clock = SimulatedClock()
    pace = paced(clock, public=1)
    pace.declare({"instrument": ()})
    assert await goes_at(pace, clock, 3, endpoint=PUBLIC, call="instrument") == [0, 0, 0]


def test_rates_for_a_class_that_there_is_not_are_refused() -> None:
    pace = paced(SimulatedClock(), classes={"v3": 1})
    with pytest.raises(ConfigError) as caught:
        pace.declare({"v2": [Rate(1)]})
    assert caught.value.field == "pace.classes.v3"
    assert "v2" in str(caught.value.details["accepted"])


def test_the_seam_of_the_library_is_where_it_was() -> None:
    assert isinstance(AsyncLimiter.__dict__["_loop"], property)
    assert {"_level", "_rate_per_sec"} <= set(AsyncLimiter.__slots__)
    assert callable(AsyncLimiter._leak)


async def test_a_cancel_goes_while_orders_wait_for_their_slots(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(orders=1))) as desk:
        await desk.submit(limit(client_order_id="mine"))
        waiting = asyncio.create_task(desk.submit(limit(price=Decimal(97))))
        await bench.clock.settle()
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED
        assert len(bench.venue.sent()) == 1
        await bench.clock.advance(1.001)
        assert (await waiting).status is OrderStatus.OPEN
