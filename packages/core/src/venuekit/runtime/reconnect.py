"""How long to wait before trying again: doubling, capped, with jitter."""

from __future__ import annotations

import random

from venuekit.settings.schema import StreamSettings


class Backoff:
    """Waits of 1, 2, 4 … seconds up to the longest, each shortened by up to a half at random."""

    def __init__(self, settings: StreamSettings, seed: int) -> None:
        self._first = settings.backoff_first_seconds
        self._longest = settings.backoff_longest_seconds
        self._random = random.Random(seed)
        self._next = self._first

    def next_seconds(self) -> float:
        """The next wait."""
        wait = self._next
        self._next = min(self._next * 2, self._longest)
        return wait * (1 - self._random.random() / 2)

    def reset(self) -> None:
        """Begin again, after something worked."""
        self._next = self._first
