"""Waiting a moment for what another process does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from venuekit.protocols.clock import Clock
from venuekit.watch.clock import SystemClock

T = TypeVar("T")
_STEP_SECONDS = 0.05


async def until(look: Callable[[], T | None], seconds: float, clock: Clock | None = None) -> T | None:
    """What `look` returns once it returns something; None when that takes longer than `seconds`."""
    clock = clock or SystemClock()
    deadline = clock.monotonic_ns() + int(seconds * 1e9)
    while True:
        found = look()
        if found is not None or clock.monotonic_ns() >= deadline:
            return found
        await clock.sleep(_STEP_SECONDS)
