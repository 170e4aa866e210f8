"""The thread that writes: one thing after another, and what waits to be appended in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import accumulate, pairwise
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import attrs

from venuekit.errors import BudgetExceeded
from venuekit.journal.postgres_chain import Claimed, PostgresChain
from venuekit.journal.record import Draft
from venuekit.protocols.budget import Claim

T = TypeVar("T")
#: How many appends share a commit at most.
_MOST = 256


@attrs.frozen
class Append:
    """Rows that wait to be written, with what they claim."""

    drafts: Sequence[Draft]
    claims: Sequence[Claim]
    future: Future[list[int]]


@attrs.frozen
class _Job:
    work: Callable[[], Any]
    future: Future[Any]


class Writer:
    """Runs what is handed to it, in that order, in a thread that alone uses the chain."""

    def __init__(self, chain: PostgresChain) -> None:
        self._chain = chain
        #: None ends the thread.
        self._queue: SimpleQueue[Append | _Job | None] = SimpleQueue()
        self._stopped: Future[None] = Future()
        Thread(target=self._run, name="venuekit journal", daemon=True).start()

    def append(self, drafts: Sequence[Draft], claims: Sequence[Claim] = ()) -> Future[list[int]]:
        """The numbers of the rows, once they and the claims are durable."""
        future: Future[list[int]] = Future()
        self._queue.put(Append(drafts, claims, future))
        return future

    def do(self, work: Callable[[], T]) -> Future[T]:
        """What `work` comes to."""
        future: Future[T] = Future()
        self._queue.put(_Job(work, future))
        return future

    def stop(self) -> Future[None]:
        """Done when everything before it is, and the connection is closed."""
        self._queue.put(None)
        return self._stopped

    def _run(self) -> None:
        batch: list[Append] = []
        running = True
        while running:
            item: Append | _Job | None
            try:
                item = self._queue.get(block=not batch)
            except Empty:
                self._commit(batch)
                batch = []
                continue
            if isinstance(item, Append):
                batch.append(item)
                if len(batch) < _MOST:
                    continue
            if batch:
                self._commit(batch)
                batch = []
            if isinstance(item, _Job):
                _settle(item)
            running = item is not None
        _settle(_Job(self._chain.close, self._stopped))

    def _commit(self, batch: Sequence[Append]) -> None:
        """All of them, or none: they fail together, but for those whose budget has too little left."""
        try:
            if any(append.claims for append in batch):
                results: list[Claimed] = self._chain.append_claiming(
                    [(append.drafts, append.claims) for append in batch]
                )
            else:
                numbers = self._chain.append([drafted for append in batch for drafted in append.drafts])
                ends = accumulate((len(append.drafts) for append in batch), initial=0)
                results = [numbers[start:end] for start, end in pairwise(ends)]
        except BaseException as error:  # noqa: BLE001 - it belongs to those who wait
            for append in batch:
                append.future.set_exception(error)
            return
        for append, result in zip(batch, results, strict=True):
            if isinstance(result, BudgetExceeded):
                append.future.set_exception(result)
            else:
                append.future.set_result(result)


def _settle(job: _Job) -> None:
    try:
        job.future.set_result(job.work())
    except BaseException as error:  # noqa: BLE001 - it belongs to who waits
        job.future.set_exception(error)
