"""Work that a caller waits for and cannot tear: begun at once, and a task of its own only if it has to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Done(Generic[T]):
    """What work came to that never had to wait."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


def begin(work: Coroutine[Any, Any, T], *, here: bool) -> Done[T] | asyncio.Task[T]:
    """Start `work`, and return its result or the task that goes on with it; raises what it raises before it waits.

    With `here` its first step is taken in the caller's task, which saves two turns of the event loop. Only work
    that opens no timeout or cancel scope may begin in one task and end in another.
    """
    if here:
        try:
            waits_for = work.send(None)
        except StopIteration as ended:
            return Done(ended.value)
        work = _Rest(work, waits_for)
    return asyncio.get_running_loop().create_task(work)


class _Rest(Coroutine[Any, Any, T]):
    """A coroutine after its first step. Canceled before its second, it hears of it where it waits."""

    def __init__(self, work: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._work = work
        self._waits_for: list[Any] = [waits_for]

    def send(self, value: Any) -> Any:
        return self._waits_for.pop() if self._waits_for else self._work.send(value)

    def throw(self, *error: Any) -> Any:
        self._waits_for.clear()
        return self._work.throw(*error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self  # type: ignore[return-value]  # what a coroutine gives here is used in the same way
