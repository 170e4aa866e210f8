"""How often the exchange may be called: counted exactly, and refused as venues do, with a 429 that says when."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from venuekit.adapter import NANOS, Clock, EndpointClass, Rate, RateLimited

PUBLIC, PRIVATE = EndpointClass.PUBLIC, EndpointClass.PRIVATE
ORDERS, CANCELS = EndpointClass.ORDERS, EndpointClass.CANCELS


class _Window:
    """The calls of the last so many seconds."""

    def __init__(self, rate: Rate) -> None:
        self._calls = rate.calls
        self._span_ns = int(rate.seconds * NANOS)
        self._times: deque[int] = deque()

    def wait_ns(self, now_ns: int) -> int:
        while self._times and self._times[0] <= now_ns - self._span_ns:
            self._times.popleft()
        return self._times[0] + self._span_ns - now_ns if len(self._times) >= self._calls else 0

    def count(self, now_ns: int) -> None:
        self._times.append(now_ns)


class CallLimits:
    """Rates by class of calls or by a call's name, and refusals on demand. A call that is refused is not counted."""

    def __init__(self, rates: Mapping[str, Sequence[Rate]], clock: Clock) -> None:
        self._clock = clock
        self._windows = {name: [_Window(rate) for rate in given] for name, given in rates.items()}
        self._refusals: dict[str, tuple[int, float]] = {}
        #: Whether there is anything to look at, so that a call costs nothing where there is not.
        self._watching = bool(self._windows)
        #: How many calls were refused.
        self.refused = 0

    def refuse(self, endpoint: str, calls: int, retry_after: float) -> None:
        """Refuse the next `calls` of a class or of a name, whatever its rate; 0 ends that."""
        self._refusals[endpoint] = (calls, retry_after)
        self._watching = True

    def count(self, endpoint: EndpointClass, call: str) -> None:
        """Count one call. Raises RateLimited."""
        if not self._watching:
            return
        for name in (endpoint.value, call):
            left, retry_after = self._refusals.get(name, (0, 0.0))
            if left:
                self._refusals[name] = (left - 1, retry_after)
                raise self._too_many(name, retry_after)
        now = self._clock.monotonic_ns()
        windows = [(name, window) for name in (endpoint.value, call) for window in self._windows.get(name, ())]
        for name, window in windows:
            if wait := window.wait_ns(now):
                raise self._too_many(name, wait / NANOS)
        for _, window in windows:
            window.count(now)

    def _too_many(self, name: str, retry_after: float) -> RateLimited:
        self.refused += 1
        return RateLimited(f"429 Too Many Requests ({name}).", retry_after=retry_after)
