"""Comparing live books with asked ones: when they are in doubt, and when nothing was heard for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from venuekit.adapter import NANOS, Clock, OrderBook, Unavailable, VenuekitError
from venuekit_polymarket.feed import Feed, Track, quietest, told_of

#: Asks for a whole book; raises what the venue says.
AskBook = Callable[[str], Awaitable[OrderBook]]
#: Waits before a book in doubt is asked for, again and again: most doubts end with the next frame.
_WAITS = (0.25, 0.5, 1.0, 2.0)
#: Doubts of one asset are settled at most this often.
_APART_NS = 5 * NANOS
#: Quiet assets that are compared in one round.
_SAMPLE = 3
#: How long a difference may only be that the stream is behind the answer.
_SECOND_LOOK = 2.0


class Checks:
    """The comparisons of one socket. `fail` gives the socket up, for the supervisor to make a new one."""

    def __init__(
        self, feed: Feed, ask: AskBook, clock: Clock, *, every_seconds: float, fail: Callable[[str], None]
    ) -> None:
        self._feed = feed
        self._ask = ask
        self._clock = clock
        self._every = every_seconds
        self._fail = fail
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._settled_ns: dict[str, int] = {}
        #: Assets whose book had moved without a word, and when anything was heard of them last.
        self._missed: dict[str, int] = {}
        feed.on_doubt = self.doubt

    # -- doubts

    def doubt(self, track: Track) -> None:
        """The book of an asset may be wrong, or there is none: see to it, unless that is being done."""
        if track.asset in self._tasks:
            return
        task = asyncio.ensure_future(self._settle(track))
        self._tasks[track.asset] = task
        task.add_done_callback(lambda done: self._done(track.asset, done))

    def _done(self, asset: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(asset, None)
        if not task.cancelled() and task.exception() is not None:
            self._fail(f"A book could not be compared: {type(task.exception()).__name__}.")

    async def _settle(self, track: Track) -> None:
        await self._apart(track.asset)
        for wait in _WAITS:
            if track.book.is_valid or wait != _WAITS[0]:
                await self._clock.sleep(wait)  # a book that is missing is asked for at once
            if track.book.is_valid and not track.in_doubt:
                return
            try:
                asked = await self._ask(track.asset)
            except Unavailable:
                continue
            except VenuekitError:
                track.is_absent = True  # there is no such book any more
                return
            if self._take(track, asked):
                return
        if self._feed.tracks.get(track.asset) is track and (not track.book.is_valid or track.in_doubt):
            self._fail("A book could not be brought in line with the venue's.")

    async def _apart(self, asset: str) -> None:
        now = self._clock.monotonic_ns()
        due = self._settled_ns.get(asset, now - _APART_NS) + _APART_NS
        if due > now:
            await self._clock.sleep((due - now) / NANOS)
        self._settled_ns[asset] = self._clock.monotonic_ns()

    def _take(self, track: Track, asked: OrderBook) -> bool:
        """Make an asked book the live one where that is right; whether the doubt is over."""
        book = track.book
        if book.is_valid and not track.in_doubt:
            return True
        if book.is_valid and asked.time_ns < book.time_ns:
            return False  # the answer is older than what is known already
        if book.is_valid and book.is_like(asked):
            track.best = None  # the venue's word was the odd one out
        else:
            if book.is_valid:
                self._feed.restart(track)
            self._feed.whole(track, told_of(track.asset, asked))
        return track.book.is_valid and not track.in_doubt

    # -- silence

    async def rounds(self) -> None:
        """Every so often: compare what was quiet, and tell everybody that the connection lives, if it does."""
        while True:
            began = self._clock.monotonic_ns()
            await self._clock.sleep(self._every)
            quiet = [t for t in self._feed.tracks.values() if t.heard_ns <= began]
            for track in quiet:
                if not track.book.is_valid:
                    self.doubt(track)
            lives = self._feed.heard_ns > began or any(track.is_absent for track in quiet)
            for track in quietest([t for t in quiet if t.book.is_valid], _SAMPLE):
                same = await self._same(track)
                if same is False and not self._forgiven(track, began):
                    self._fail("The stream says nothing of a book that has moved.")
                    return
                lives = lives or same is True
            if lives or not quiet:
                self._feed.alive()

    def _forgiven(self, track: Track, began: int) -> bool:
        """Whether a change was only missed once, on a stream that tells of others: then the book begins anew."""
        if self._feed.heard_ns <= began or self._missed.get(track.asset) == track.heard_ns:
            return False
        self._missed[track.asset] = track.heard_ns
        self._feed.restart(track)
        return True

    async def _same(self, track: Track) -> bool | None:
        """Whether a quiet book is the venue's; None where that cannot be said: it moved, or nobody answered."""
        heard = track.heard_ns
        for wait in (_SECOND_LOOK, 0.0):
            try:
                asked = await self._ask(track.asset)
            except Unavailable:
                return None
            except VenuekitError:
                return True  # there is no such book any more, and nothing to hear of it
            if track.heard_ns != heard or not track.book.is_valid:
                return None
            if track.book.is_like(asked):
                return True
            await self._clock.sleep(wait)
            if track.heard_ns != heard:
                return None
        return False

    async def close(self) -> None:
        """End every comparison."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
