"""Whose turn it is: the desk's own calls first, then the agent who has waited longest for a turn."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Iterator, Sequence

from venuekit.model.identity import AgentId
from venuekit.runtime.bucket import Bucket


class Waiter:
    """One call that waits, until `deadline_ns` of the monotonic clock if it has one."""

    __slots__ = ("agent_id", "buckets", "deadline_ns", "future", "in_line")

    def __init__(self, agent_id: AgentId, buckets: Sequence[Bucket], deadline_ns: int | None) -> None:
        self.agent_id = agent_id
        #: What limits this call besides the budget of its class; the same list for all calls of its kind.
        self.buckets = buckets
        self.deadline_ns = deadline_ns
        self.in_line = False
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _Line:
    """The calls of one agent, by kind: those of one kind in the order they came, the kinds in turn."""

    __slots__ = ("kinds", "length")

    def __init__(self) -> None:
        self.kinds: dict[int, deque[Waiter]] = {}
        self.length = 0

    def add(self, waiter: Waiter) -> None:
        self.kinds.setdefault(id(waiter.buckets), deque()).append(waiter)
        self.length += 1

    def remove(self, waiter: Waiter) -> None:
        kind = self.kinds.pop(id(waiter.buckets))
        kind.remove(waiter)
        self.length -= 1
        if kind:
            self.kinds[id(waiter.buckets)] = kind


class Turns:
    """Calls that wait, one line an agent. The empty agent is the desk itself, whose line is first.

    An agent who was served goes behind all others, however many calls it has; one who comes new does so too.
    """

    def __init__(self) -> None:
        self._own = _Line()
        self._lines: dict[AgentId, _Line] = {}
        self._deadlines: list[tuple[int, int, Waiter]] = []
        self._number = itertools.count()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, waiter: Waiter) -> None:
        """Stand in line."""
        line = self._lines.setdefault(waiter.agent_id, _Line()) if waiter.agent_id else self._own
        line.add(waiter)
        waiter.in_line = True
        self._count += 1
        if waiter.deadline_ns is not None:
            heapq.heappush(self._deadlines, (waiter.deadline_ns, next(self._number), waiter))

    def ahead_of(self, agent_id: AgentId) -> int:
        """How many calls go before one that this agent would make now, if no more agents come."""
        if not agent_id:
            return self._own.length
        line = self._lines.get(agent_id)
        mine = 0 if line is None else line.length
        others = (min(theirs.length, mine + 1) for theirs in self._lines.values() if theirs is not line)
        return self._own.length + mine + sum(others)

    def in_order(self) -> Iterator[Waiter]:
        """The first call of every kind and agent, as their turns come."""
        for line in (self._own, *self._lines.values()):
            for kind in line.kinds.values():
                yield kind[0]

    def serve(self, waiter: Waiter) -> None:
        """Take a call out because it goes, and put its agent behind the others."""
        self.remove(waiter)
        line = self._lines.pop(waiter.agent_id, None)
        if line is not None:
            self._lines[waiter.agent_id] = line

    def remove(self, waiter: Waiter) -> None:
        """Take a call out, if it is still in."""
        if not waiter.in_line:
            return
        waiter.in_line = False
        line = self._lines[waiter.agent_id] if waiter.agent_id else self._own
        line.remove(waiter)
        self._count -= 1
        if waiter.agent_id and not line.length:
            del self._lines[waiter.agent_id]

    def late(self, before_ns: int) -> Iterator[Waiter]:
        """Calls whose patience ends before a moment, taken out."""
        while self._deadlines and self._deadlines[0][0] < before_ns:
            waiter = heapq.heappop(self._deadlines)[2]
            if not waiter.future.done():
                self.remove(waiter)
                yield waiter

    def first_deadline_ns(self) -> int | None:
        """When the next patience ends."""
        while self._deadlines and self._deadlines[0][2].future.done():
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None
