"""The real clock tells the real time, and the monotonic one never steps back."""

from __future__ import annotations

import time

import pytest

from venuekit.watch.clock import SystemClock


def test_now_is_now() -> None:
    before = time.time_ns()
    assert before <= SystemClock().now_ns() <= time.time_ns()


def test_the_monotonic_clock_never_steps_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic_ns() for _ in range(100)]
    assert readings == sorted(readings)


@pytest.mark.anyio
async def test_waiting_takes_at_least_that_long() -> None:
    clock = SystemClock()
    before = clock.monotonic_ns()
    await clock.sleep(0.002)
    assert clock.monotonic_ns() - before >= 2_000_000
