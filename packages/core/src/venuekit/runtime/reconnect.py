"""How long to wait before trying again: doubling, capped, with jitter."""

from __future__ import annotations

import random

from venuekit.settings.schema import StreamSettings


class Backoff:
    """Waits of 1, 2, 4 … seconds up to the longest, each shortened by up to a half at random."""

    def __init__(self, settings: StreamSettings, seed: int) -> None:
        self._first = settings.backoff_first_seconds
        self._longest = settings.backoff_longest_seconds
        self._random = random.Random(seed)  # noqa: S311 - jitter is no secret
        self._next = self._first

    def next_seconds(self) -> float:
        """The next wait."""
        wait = min(self._next, self._longest)
        self._next = min(self._next * 2, self._longest)
        return wait * (1 - self._random.random() / 2)

    def lived(self, seconds: float) -> None:
        """A connection lasted that long: begin again if it was longer than the wait that it cost.

        One that is lost at once, again and again, keeps backing off although it connects each time.
        """
        if seconds >= self._next:
            self._next = self._first
