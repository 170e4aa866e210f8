"""A double's life: a context manager, in a thread of its own or on the running event loop, gone without a trace."""

from __future__ import annotations

import atexit
import tempfile
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from aiohttp import web

from venuekit.adapter import Clock
from venuekit_doubles.clock import WallClock
from venuekit_doubles.faults import FaultQueues
from venuekit_doubles.listener import Listener
from venuekit_doubles.record import Asked, Record
from venuekit_doubles.thread import LoopThread, Underway

T = TypeVar("T")
A = TypeVar("A", bound=Asked)
F = TypeVar("F", bound=StrEnum)


class Double(ABC, Generic[A, F]):
    """A venue on this machine: ``with`` runs it in a thread of its own, ``async with`` on the running event loop.

    Args:
        thread: Its thread's name.
        secure: TLS; without, ``http`` and ``ws``.
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        clock: The venue's time; the machine's by default.
        record: Where it writes down what it is asked.
        faults: Says what goes wrong.
    """

    def __init__(
        self,
        *,
        thread: str,
        secure: bool,
        port: int,
        clock: Clock | None,
        record: Record[A],
        faults: FaultQueues[F, Any],
    ) -> None:
        self._name = thread
        self._secure = secure
        self._clock = clock or WallClock()
        self._listener = Listener(secure=secure, port=port)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._thread: LoopThread | None = None
        self._opened = False
        #: The names of its endpoints, once it runs.
        self._endpoints: set[str] = set()
        self._asked = record
        self._failing = faults

    # -- what a venue does

    @abstractmethod
    async def _open(self, folder: Path) -> web.Application:
        """Begin; what is to be served. `folder` goes when the double ends."""

    @abstractmethod
    async def _quiet(self) -> None:
        """Tell nothing more, and end every stream; what is open after it is broken."""

    async def _close(self) -> None:
        """End, with no client left."""

    # -- life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        """On the running event loop and in no thread, for who moves its time; what waits for a result does not work."""
        self._folder = tempfile.TemporaryDirectory(prefix="venuekit-double-")
        try:
            await self._start(Path(self._folder.name))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._stop()
        finally:
            if self._folder is not None:
                self._folder.cleanup()

    def start(self) -> None:
        """Open the venue and listen. What was begun is undone if that fails."""
        self._folder = tempfile.TemporaryDirectory(prefix="venuekit-double-")
        # For who forgets it: threads end before their event loop has cleaned up. Before the folder's own way out.
        atexit.register(self.stop)
        self._thread = LoopThread(self._name)
        try:
            self._thread.call(self._start(Path(self._folder.name)))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every connection and the venue; safe to call twice."""
        atexit.unregister(self.stop)
        thread, self._thread = self._thread, None
        try:
            if thread is not None:
                try:
                    thread.call(self._stop())
                finally:
                    thread.stop()
        finally:
            if self._folder is not None:
                self._folder.cleanup()

    async def _start(self, folder: Path) -> None:
        app = await self._open(folder)
        self._opened = True
        await self._listener.open(app, folder)

    async def _stop(self) -> None:
        if self._opened:
            self._opened = False
            await self._quiet()
            await self._listener.close()
            await self._close()

    async def vanish(self) -> None:
        """Break every connection and take no new one, as a venue that restarts. On the double's own event loop."""
        await self._listener.vanish()

    async def come_back(self) -> None:
        """Listen again. On the double's own event loop."""
        await self._listener.come_back()

    # -- for clients

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._listener.port}"

    @property
    def ca_file(self) -> str:
        """The PEM file of the authority to trust; empty without TLS."""
        return self._listener.ca_file

    @property
    def rest_url(self) -> str:
        """The address of the REST interface."""
        return f"http{'s' if self._secure else ''}://{self.host}"

    @property
    def ws_url(self) -> str:
        """The streams' address, before any path."""
        return f"ws{'s' if self._secure else ''}://{self.host}"

    # -- what goes wrong

    @property
    def endpoints(self) -> list[str]:
        """The names of the REST endpoints."""
        return sorted(self._endpoints)

    def fail(self, endpoint: str, *faults: F) -> None:
        """Let the next requests to an endpoint fail, one after the other.

        Args:
            endpoint: Its name, as in `endpoints`, or ``*`` for any.
            faults: What goes wrong with each.

        Raises:
            ValueError: there is no such endpoint.
        """
        if endpoint != "*" and endpoint not in self._endpoints:
            raise ValueError(f"No endpoint {endpoint!r}; there are: {', '.join(self.endpoints)}.")
        self._failing.add(endpoint, *faults)

    # -- what was asked

    @property
    def requests(self) -> deque[A]:
        """The latest REST requests, oldest first: method, path, whether it proved who asks, status and more."""
        return self._asked.requests

    @property
    def mutating(self) -> list[A]:
        """Requests that could change something, orders or money: empty proves that nothing was traded."""
        return self._asked.mutating

    def forget(self) -> None:
        """Forget what was asked so far."""
        self._asked.forget()

    # -- work in its thread

    def begin(self, work: Coroutine[Any, Any, T]) -> Underway[T]:
        """Run a coroutine on the double's event loop: `await` its result, or `wait` for it.

        Raises:
            RuntimeError: it has no thread of its own, or does not run.
        """
        if self._thread is None:
            work.close()
            raise RuntimeError("The double does not run.")
        return self._thread.begin(work)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The same, waited for."""
        return self.begin(work).wait()

    def _begun(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Underway[T]:
        """Begin what can only be named while it runs."""
        if self._thread is None:
            raise RuntimeError("The double does not run.")
        return self.begin(work())
