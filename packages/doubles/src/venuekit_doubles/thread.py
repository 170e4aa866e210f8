"""A server on an event loop of its own thread, so that blocking clients and other loops can use it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")
#: Turns of the event loop in which connections that were closed come to their end.
_TURNS = 3
#: What a server is given to do takes no longer, in seconds.
_LONGEST = 60.0


class Underway(Generic[T]):
    """Work that has begun in the server's thread: `await` its result on any event loop, or `wait` for it on none."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()

    def wait(self) -> T:
        """The result, for blocking code. Raises what the work raised."""
        return self._future.result(_LONGEST)


class LoopThread:
    """An event loop in a thread. Everything of the server runs there."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def begin(self, work: Coroutine[Any, Any, T]) -> Underway[T]:
        """Begin `work` there."""
        return Underway(asyncio.run_coroutine_threadsafe(work, self._loop))

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there, and wait for its result."""
        return self.begin(work).wait()

    def stop(self) -> None:
        """End what still runs there, the loop and the thread."""
        self.call(_end_the_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


async def _end_the_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
