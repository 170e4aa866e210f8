"""The simulated clock moves only when told, and wakes sleepers in order."""

from __future__ import annotations

import anyio
import pytest

from venuekit.testing import START_NS, SimulatedClock

pytestmark = pytest.mark.anyio


async def test_time_stands_still_until_it_is_advanced() -> None:
    clock = SimulatedClock()
    await clock.settle()
    assert (clock.now_ns(), clock.monotonic_ns()) == (START_NS, 0)
    await clock.advance(1.5)
    assert clock.now_ns() - START_NS == clock.monotonic_ns() == 1_500_000_000


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = SimulatedClock()
    seen: list[tuple[str, int]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.monotonic_ns()))

    async with anyio.create_task_group() as group:
        for name, seconds in (("late", 3), ("early", 1), ("same", 1), ("beyond", 10)):
            group.start_soon(sleeper, name, seconds)
        await clock.advance(5)
        assert seen == [("early", 10**9), ("same", 10**9), ("late", 3 * 10**9)]
        assert clock.sleeping == 1
        await clock.advance(5)
    assert seen[-1] == ("beyond", 10 * 10**9)


async def test_a_task_that_sleeps_again_is_woken_again_within_one_advance() -> None:
    clock = SimulatedClock()
    beats: list[int] = []

    async def heart() -> None:
        for _ in range(4):
            await clock.sleep(0.25)
            beats.append(clock.monotonic_ns())

    async with anyio.create_task_group() as group:
        group.start_soon(heart)
        await clock.advance(1)
    assert beats == [250_000_000, 500_000_000, 750_000_000, 1_000_000_000]


async def test_a_canceled_sleeper_leaves_nothing_behind() -> None:
    clock = SimulatedClock()
    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep, 60)
        await clock.settle()
        assert clock.sleeping == 1
        group.cancel_scope.cancel()
    assert clock.sleeping == 0


async def test_autojump_passes_an_hour_when_nobody_has_anything_else_to_do() -> None:
    clock = SimulatedClock(autojump=True)
    order: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        order.append(seconds)

    async with anyio.create_task_group() as group:
        for seconds in (3600, 60, 1):
            group.start_soon(sleeper, seconds)
    assert order == [1, 60, 3600]
    assert clock.monotonic_ns() == 3600 * 10**9


async def test_a_correction_of_the_time_of_day_leaves_durations_alone() -> None:
    clock = SimulatedClock()
    clock.step(-10)
    assert clock.now_ns() == START_NS - 10 * 10**9
    assert clock.monotonic_ns() == 0


async def test_tick_moves_the_time_without_waking() -> None:
    clock = SimulatedClock()
    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep, 1)
        await clock.settle()
        clock.tick(5)
        assert clock.sleeping == 1
        await clock.advance(0)
    assert clock.monotonic_ns() == 5 * 10**9


async def test_sleeping_no_time_only_gives_way() -> None:
    clock = SimulatedClock()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.monotonic_ns() == 0
