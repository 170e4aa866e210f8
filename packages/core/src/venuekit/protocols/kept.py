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
#: How often an answer is asked for ahead of its end, where that fails.
_TRIES = 4


class Kept(Generic[T]):
    """Answers by what was asked, for `ttl_seconds`; those who want the same at once ask once.

    With `ahead`, a part of that time, an answer that is wanted after it is asked for anew while it is still good:
    nobody waits for what is wanted often. An answer that is older than `ttl_seconds` is never given.
    """

    def __init__(self, clock: Clock, ttl_seconds: float, *, ahead: float = 1.0) -> None:
        self._clock = clock
        self._ttl_ns = int(ttl_seconds * NANOS)
        self._ahead_ns = int(self._ttl_ns * ahead)
        self._answers: dict[Hashable, tuple[int, T]] = {}
        self._asking: dict[Hashable, asyncio.Task[T]] = {}
        #: When asking ahead has begun last, so that a venue that is down is not asked with every call.
        self._tried_ns: dict[Hashable, int] = {}

    def put(self, key: Hashable, answer: T) -> None:
        """Keep an answer that came by itself."""
        self.drop(key)
        self._answers[key] = (self._clock.monotonic_ns(), answer)
        if len(self._answers) > _MOST:
            self.drop(next(iter(self._answers)))

    def drop(self, key: Hashable) -> None:
        """Forget an answer: the next who wants it asks anew."""
        self._answers.pop(key, None)
        self._tried_ns.pop(key, None)

    def peek(self, key: Hashable) -> T | None:
        """The answer that is kept and still good."""
        kept = self._answers.get(key)
        return None if kept is None or self._clock.monotonic_ns() - kept[0] >= self._ttl_ns else kept[1]

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer that is kept, or a new one. A caller that gives up does not end the question for others."""
        kept = self.peek(key)
        if kept is not None:
            if self._is_due(key):
                self._tried_ns[key] = self._clock.monotonic_ns()
                self._begin(key, ask)  # if it fails, whoever comes when the answer is too old finds out
            return kept
        return await asyncio.shield(self._begin(key, ask))

    def _is_due(self, key: Hashable) -> bool:
        """Whether an answer that is still good is old enough to be asked for anew."""
        now = self._clock.monotonic_ns()
        if now - self._answers[key][0] < self._ahead_ns:
            return False
        tried = self._tried_ns.get(key)
        return tried is None or now - tried >= (self._ttl_ns - self._ahead_ns) // _TRIES

    def _begin(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.ensure_future(self._ask(key, ask))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

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
