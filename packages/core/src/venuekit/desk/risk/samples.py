"""What was measured in the last seconds: how many, how many failed, and the median time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

#: More than this in one window adds nothing to the answer; it bounds memory.
_MOST = 1000


class Samples:
    """A sliding window over time, bounded in size."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._rows: deque[tuple[int, bool, float]] = deque()
        self._sorted: list[float] = []
        self.failed = 0

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, now_ns: int, failed: bool, seconds: float) -> None:
        """Add one, and forget what left the window."""
        self._rows.append((now_ns, failed, seconds))
        insort(self._sorted, seconds)
        self.failed += failed
        self.forget(now_ns)

    def forget(self, now_ns: int) -> None:
        """Leave out what left the window."""
        while self._rows and (len(self._rows) > _MOST or self._rows[0][0] <= now_ns - self._window_ns):
            _, was_failed, was = self._rows.popleft()
            self.failed -= was_failed
            del self._sorted[bisect_left(self._sorted, was)]

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._sorted.clear()
        self.failed = 0

    @property
    def median(self) -> float:
        """The middle time in seconds (the upper one of two); 0 when nothing was measured."""
        return self._sorted[len(self._sorted) // 2] if self._sorted else 0.0
