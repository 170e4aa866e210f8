"""How often the double may be called: so many requests in any second, for those who ask for a limit."""

from __future__ import annotations

from collections import defaultdict, deque

import attrs

from venuekit.adapter import NANOS, Clock


@attrs.frozen(kw_only=True)
class Limits:
    """Requests a second; None is no limit. The venue's own were 30, 10 and 8 when it still published them."""

    #: Of one key, with a token.
    private: int | None = None
    #: Of one address, without.
    public: int | None = None
    #: Messages of one address to the streams, without a token.
    messages: int | None = None


class Counter:
    """Requests of the last second, by who makes them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: defaultdict[str, deque[int]] = defaultdict(deque)

    def left(self, who: str, most: int) -> int:
        """Take one request of `who`: how many are left in this second; -1 for one too many, which is not counted."""
        now = self._clock.monotonic_ns()
        times = self._times[who]
        while times and times[0] <= now - NANOS:
            times.popleft()
        if len(times) >= most:
            return -1
        times.append(now)
        return most - len(times)
