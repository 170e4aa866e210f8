"""What moves the market: the clock in realtime pace, and whoever advances it by hand."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable

from venuekit.adapter import NANOS, Clock, InvalidValue, VenuekitError
from venuekit_paper.config import PaperOptions

log = logging.getLogger("venuekit.paper")


class Motion:
    """Calls `move` with the time of each move. Moves that a sleeping machine missed are not made up for."""

    def __init__(self, options: PaperOptions, clock: Clock, move: Callable[[int], None]) -> None:
        self._manual = options.pace == "manual"
        self._interval_ns = options.tick_interval_ms * 1_000_000
        self._clock = clock
        self._move = move
        self._task: asyncio.Task[None] | None = None
        #: Time that was asked for and was too short for a move.
        self._owed_ns = 0

    def start(self) -> None:
        """In realtime pace, move the market from now on."""
        if not self._manual:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="paper market")

    def stop(self) -> asyncio.Task[None] | None:
        """Let the market stand still from now on; the task that is still to end, if there is one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task

    async def _run(self) -> None:
        stands_still = False
        while True:
            await self._clock.sleep(self._interval_ns / NANOS)
            try:
                self._move(self._clock.now_ns())
            except VenuekitError as error:  # a full disk: the market waits until it can be written again
                if not stands_still:
                    log.warning("The simulated market stands still: %s", error)
                stands_still = True
            except Exception:
                log.exception("The simulated market has stopped; this is a bug in venuekit-paper.")
                raise
            else:
                stands_still = False

    async def advance(self, seconds: float, from_ns: Callable[[], int]) -> int:
        """Make the moves of that much time; returns their number.

        In manual pace each move is one interval after the time that `from_ns` says; in realtime all are made at
        the time that it is. Time too short for a move is kept for the next call.

        Raises:
            InvalidValue: not a finite number of seconds, 0 or more.
        """
        if not math.isfinite(seconds) or seconds < 0:
            raise InvalidValue(
                f"seconds must be 0 or more; {seconds} is not.", field="seconds", details={"accepted": "0 or more"}
            )
        moves, self._owed_ns = divmod(self._owed_ns + round(seconds * NANOS), self._interval_ns)
        for _ in range(moves):
            self._move(from_ns() + self._interval_ns if self._manual else self._clock.now_ns())
            await asyncio.sleep(0)  # whoever listens sees each move, and may act on it
        return moves
