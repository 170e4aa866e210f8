"""Calls are spread over time, so that the venue's limits are kept; a cancel never waits for orders."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from aiolimiter import AsyncLimiter
from desks import Bench, limit

from venuekit.errors import RateLimited
from venuekit.model.order import OrderStatus
from venuekit.protocols.limiter import EndpointClass
from venuekit.runtime.pace import Pace
from venuekit.settings.schema import PaceSettings
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
ORDERS = EndpointClass.ORDERS


async def goes_at(pace: Pace, clock: SimulatedClock, calls: int) -> list[float]:
    """When each of some calls that come at once may go, in seconds."""
    began, at = clock.monotonic_ns(), list[float]()

    async def call() -> None:
        await pace.take(ORDERS)
        at.append((clock.monotonic_ns() - began) / 1e9)

    tasks = [asyncio.create_task(call()) for _ in range(calls)]
    await clock.advance(60)
    await asyncio.gather(*tasks)
    return at


async def test_a_seconds_calls_go_at_once_and_the_rest_at_the_rate() -> None:
    clock = SimulatedClock()
    assert await goes_at(Pace(PaceSettings(orders=4), clock), clock, 8) == [0, 0, 0, 0, 0.25, 0.5, 0.75, 1]


async def test_less_than_one_a_second_waits_its_time() -> None:
    clock = SimulatedClock()
    assert await goes_at(Pace(PaceSettings(orders=0.1), clock), clock, 3) == [0, 10, 20]


async def test_what_was_not_used_is_not_saved_up_beyond_a_second() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=2), clock)
    await clock.advance(3600)
    assert await goes_at(pace, clock, 4) == [0, 0, 0.5, 1]


async def test_kinds_of_calls_have_budgets_of_their_own() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=1, cancels=1), clock)
    await pace.take(ORDERS)
    await pace.take(EndpointClass.CANCELS)
    await pace.take(EndpointClass.PUBLIC)
    assert clock.sleeping == 0


async def test_a_call_that_would_wait_too_long_is_told_at_once_when_to_come_again() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=0.5), clock)
    await pace.take(ORDERS)
    with pytest.raises(RateLimited) as caught:
        await pace.take(ORDERS, timeout_seconds=1.9)
    assert caught.value.retry_after == 2.0
    waiting = asyncio.create_task(pace.take(ORDERS, timeout_seconds=2.0))
    await clock.advance(2)
    await waiting


async def test_a_caller_that_goes_away_gives_its_slot_back() -> None:
    clock = SimulatedClock()
    pace = Pace(PaceSettings(orders=0.5), clock)
    await pace.take(ORDERS)
    gone = asyncio.create_task(pace.take(ORDERS))
    await clock.settle()
    gone.cancel()
    await asyncio.wait([gone])
    await clock.advance(2)
    await pace.take(ORDERS, timeout_seconds=0)


def test_the_seam_of_the_library_is_where_it_was() -> None:
    assert isinstance(AsyncLimiter.__dict__["_loop"], property)
    assert {"_level", "_waiters", "_rate_per_sec"} <= set(AsyncLimiter.__slots__)
    assert callable(AsyncLimiter._leak)


async def test_a_cancel_goes_while_orders_wait_for_their_slots(bench: Bench) -> None:
    async with bench.open(bench.config(pace=PaceSettings(orders=1))) as desk:
        await desk.submit(limit(client_order_id="mine"))
        waiting = asyncio.create_task(desk.submit(limit(price=Decimal(97))))
        await bench.clock.settle()
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED
        assert len(bench.venue.sent()) == 1
        await bench.clock.advance(1)
        assert (await waiting).status is OrderStatus.OPEN
