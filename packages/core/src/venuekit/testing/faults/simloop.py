"""Simulated time for a whole program: an event loop that never waits, and clocks that read it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from venuekit.testing.clock import START_NS

T = TypeVar("T")
_NANOS = 1_000_000_000
#: A run that takes longer than this waits for something that will not come.
LONGEST_SECONDS = 1_000


class Stuck(RuntimeError):
    """Everything waits for something, and nothing will ever happen."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer whenever nothing else is to be done."""

    def __init__(self) -> None:
        self._passed = 0.0
        super().__init__(_Jumping(self.jump))

    def time(self) -> float:
        """Seconds of simulated time since the loop was made."""
        return self._passed

    def jump(self, seconds: float) -> None:
        """Let time pass at once, whoever waits."""
        self._passed += seconds
        if self._passed > LONGEST_SECONDS:
            raise Stuck(f"{LONGEST_SECONDS} simulated seconds have passed, and no end.")


class _Jumping(selectors.DefaultSelector):
    """Waits by moving the time instead."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("Everything waits for something, and nothing will ever happen.")
        if timeout > 0:
            self._jump(timeout)
        return []


class LoopClock:
    """A `Clock` that reads the running loop. `step` sets this clock alone forward or back."""

    def __init__(self, loop: SimulatedLoop, start_ns: int = START_NS) -> None:
        self._loop = loop
        self._start_ns = start_ns

    def now_ns(self) -> int:
        """UTC nanoseconds since 1970."""
        return self._start_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds since the loop was made; `step` does not touch it."""
        return round(self._loop.time() * _NANOS)

    async def sleep(self, seconds: float) -> None:
        """Wait in simulated time."""
        await asyncio.sleep(max(0.0, seconds))

    def step(self, seconds: float) -> None:
        """Correct the time of day, as NTP or a person does."""
        self._start_ns += round(seconds * _NANOS)


def run_simulated(work: Callable[[SimulatedLoop], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on a loop of its own, in simulated time."""
    loop = SimulatedLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work(loop))
