"""A clock whose time moves only when a test moves it."""

from __future__ import annotations

import heapq
import itertools

import anyio
import anyio.lowlevel

#: 2026-01-05T12:00:00Z, a Monday: an open, ordinary moment for tests that do not care.
START_NS = 1_767_614_400_000_000_000
_NANOS = 1_000_000_000


class SimulatedClock:
    """Time for tests: `sleep` waits until `advance` has moved the time that far.

    With `autojump` the time jumps to the next sleeper by itself whenever nobody else has anything to do, so
    code that waits an hour is tested in microseconds. `settle_rounds` is how many turns of the event loop are
    given to the tasks that a new time wakes; raise it for long chains of tasks.
    """

    def __init__(self, start_ns: int = START_NS, *, autojump: bool = False, settle_rounds: int = 30) -> None:
        self._now = start_ns
        self._monotonic = 0
        self._autojump = autojump
        self._rounds = settle_rounds
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, anyio.Event]] = []

    @property
    def sleeping(self) -> int:
        """How many tasks wait for the time to move."""
        return len(self._sleepers)

    def now_ns(self) -> int:
        """UTC nanoseconds since 1970."""
        return self._now

    def monotonic_ns(self) -> int:
        """Nanoseconds since the clock was made; `step` does not touch it."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the time has been moved that far; zero or less gives way once."""
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return
        woken = anyio.Event()
        entry = (self._monotonic + round(seconds * _NANOS), next(self._order), woken)
        heapq.heappush(self._sleepers, entry)
        try:
            while self._autojump and not woken.is_set():
                await self.settle()
                if not woken.is_set() and self._sleepers[0] is entry:
                    self._wake_first()
            await woken.wait()
        finally:
            if not woken.is_set():  # canceled: nobody is to wake it later
                self._sleepers.remove(entry)
                heapq.heapify(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move the time, waking sleepers in the order of their time, each at its own time.

        Tasks that a sleeper's waking sets in motion run before the time moves on.
        """
        target = self._monotonic + round(seconds * _NANOS)
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            self._wake_first()
            await self.settle()
        self._move_to(target)
        await self.settle()

    async def settle(self) -> None:
        """Let every task run until it waits for something."""
        for _ in range(self._rounds):
            await anyio.lowlevel.checkpoint()

    def step(self, seconds: float) -> None:
        """Set the time of day forward or back, as a correction of the machine's clock does; wakes nobody."""
        self._now += round(seconds * _NANOS)

    def tick(self, seconds: float) -> None:
        """Move the time without waking anybody, for code that does not wait."""
        self._move_to(self._monotonic + round(seconds * _NANOS))

    def _wake_first(self) -> None:
        due, _, woken = heapq.heappop(self._sleepers)
        self._move_to(due)
        woken.set()

    def _move_to(self, monotonic_ns: int) -> None:
        if monotonic_ns > self._monotonic:
            self._now += monotonic_ns - self._monotonic
            self._monotonic = monotonic_ns
