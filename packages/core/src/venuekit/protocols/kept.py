"""Answers that are good for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock

T = TypeVar("T")
#: More answers than this are not kept.
_MOST = 4_096


class Kept(Generic[T]):
    """Answers by what was asked, for `ttl_seconds`; those who want the same at once ask once."""

    def __init__(self, clock: Clock, ttl_seconds: float) -> None:
        self._clock = clock
        self._ttl_ns = int(ttl_seconds * NANOS)
        self._answers: dict[Hashable, tuple[int, T]] = {}
        self._asking: dict[Hashable, asyncio.Task[T]] = {}

    def put(self, key: Hashable, answer: T) -> None:
        """Keep an answer that came by itself."""
        self._answers.pop(key, None)
        self._answers[key] = (self._clock.monotonic_ns(), answer)
        if len(self._answers) > _MOST:
            del self._answers[next(iter(self._answers))]

    def drop(self, key: Hashable) -> None:
        """Forget an answer: the next who wants it asks anew."""
        self._answers.pop(key, None)

    def peek(self, key: Hashable) -> T | None:
        """The answer that is kept and still good."""
        kept = self._answers.get(key)
        return None if kept is None or self._clock.monotonic_ns() - kept[0] >= self._ttl_ns else kept[1]

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer that is kept, or a new one. A caller that gives up does not end the question for others."""
        kept = self.peek(key)
        if kept is not None:
            return kept
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.ensure_future(self._ask(key, ask))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _ask(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await ask()
        finally:
            del self._asking[key]
        self.put(key, answer)
        return answer

    async def close(self) -> None:
        """End what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
