"""Simulated time for a whole program, its sockets too: an event loop that never waits, and clocks that read it."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from venuekit.testing.clock import START_NS

T = TypeVar("T")
_NANOS = 1_000_000_000
#: A run that takes longer than this waits for something that will not come.
LONGEST_SECONDS = 1_000
#: A loop with nothing to wait for but another process looks that often whether time jumps again, in seconds.
_LOOK_AGAIN = 1.0
#: Sockets that a loop has for itself.
_OWN = 1


class Stuck(RuntimeError):
    """Everything waits for something, and nothing will ever happen."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer whenever nothing else is to be done.

    With both ends of its connections on it, what was sent is there at once: the system carries it within the call
    that sends it. So when nothing is to be read, everybody waits for the time. With another process at the other end
    the loop has to wait for that one: time then passes as it does, `hurry` times as fast.
    """

    def __init__(self) -> None:
        self._passed = 0.0
        self._since: float | None = None
        self._times = 1.0
        #: Told of every connection that was made from here.
        self.on_connection: Callable[[asyncio.Transport], None] | None = None
        super().__init__(_Jumping(self.jump, self._wait))

    def run_in_executor(self, _: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """At once: in simulated time no other thread may take any."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to who waits
            done.set_exception(error)
        return done

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """As the loop's own."""
        transport, protocol = await super().create_connection(*args, **kwargs)
        if self.on_connection is not None:
            self.on_connection(transport)
        return transport, protocol

    def time(self) -> float:
        """Seconds of simulated time since the loop was made."""
        return self._passed if self._since is None else self._passed + self._real()

    def _real(self) -> float:
        assert self._since is not None
        return (time.perf_counter() - self._since) * self._times

    def hurry(self, times: float | None) -> None:
        """Let time pass so many times as fast as it does; with None it jumps again."""
        self._passed, self._since = self.time(), None if times is None else time.perf_counter()
        self._times = times or 1.0

    def _wait(self, seconds: float | None) -> float | None:
        """How long really to wait for a socket before this much time has passed; None where time jumps."""
        return None if self._since is None else (_LOOK_AGAIN if seconds is None else seconds / self._times)

    def jump(self, seconds: float) -> None:
        """Let time pass at once, whoever waits."""
        self._passed += seconds
        if self._passed > LONGEST_SECONDS:
            raise Stuck(f"{LONGEST_SECONDS} simulated seconds have passed, and no end.")


class _Jumping(selectors.DefaultSelector):
    """Waits by moving the time instead, unless a socket has something."""

    def __init__(self, jump: Callable[[float], None], wait: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._jump = jump
        self._wait = wait
        self._made = 0
        #: Which came first: numbers of files are used again, in an order that says nothing.
        self._order: dict[int, int] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._made += 1
        self._order[key.fd] = self._made
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        really = self._wait(timeout)
        if really is not None:
            return super().select(really)
        if len(self.get_map()) > _OWN:
            found = super().select(0)
            if found:
                return sorted(found, key=lambda ready: self._order[ready[0].fd])
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
