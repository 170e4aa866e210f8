"""How much of a rate is used: halved when the venue says that it was too much, and won back step by step."""

from __future__ import annotations

from venuekit.settings.schema import PaceSettings

NANOS = 1_000_000_000
#: What is left of the share after a 429, and the least that is ever left.
_CUT = 0.5
_LEAST = 0.05
_STEPS = 20
#: A venue that names no time is left alone this long.
_SHORTEST_STOP = 0.1


class Throttle:
    """Multiplicative decrease, additive recovery, and the moment until which nothing goes."""

    __slots__ = ("_longest_seconds", "_next_ns", "_step_ns", "_steps_lost", "stopped_until_ns")

    def __init__(self, settings: PaceSettings) -> None:
        self._step_ns = int(settings.recover_seconds * NANOS / _STEPS)
        self._longest_seconds = settings.longest_stop_seconds
        #: How many twentieths are not used.
        self._steps_lost = 0
        self._next_ns = 0
        self.stopped_until_ns = 0

    @property
    def share(self) -> float:
        """How much of the rate is used, from 0.05 to 1."""
        return (_STEPS - self._steps_lost) / _STEPS

    @property
    def slowed(self) -> bool:
        """Whether it is not all."""
        return self._steps_lost > 0

    def stop(self, now_ns: int, seconds: float) -> None:
        """Let nothing go for so long."""
        wait = min(max(_SHORTEST_STOP, seconds), self._longest_seconds)  # what is no number is the shortest
        until = now_ns + int(wait * NANOS)
        self.stopped_until_ns = max(self.stopped_until_ns, until)

    def cut(self, now_ns: int, seconds: float) -> bool:
        """It was too much: stop, and then use less. False if that is known: what went before a stop says it once."""
        fresh = now_ns >= self.stopped_until_ns
        self.stop(now_ns, seconds)
        if fresh:
            share = max(_LEAST, self.share * _CUT)
            self._steps_lost = _STEPS - max(1, int(share * _STEPS))
        self._next_ns = self.stopped_until_ns + self._step_ns
        return fresh

    def recover(self, now_ns: int) -> bool:
        """Win back what the time that has passed allows. True if that is anything."""
        before = self._steps_lost
        while self._steps_lost and now_ns >= self._next_ns:
            self._steps_lost -= 1
            self._next_ns += self._step_ns
        return self._steps_lost != before

    def next_change_ns(self) -> int | None:
        """When more may be used than now, if nothing comes between."""
        return self._next_ns if self._steps_lost else None

    def recovers_seconds(self, now_ns: int) -> float:
        """How long until all is used again, if the venue says nothing more."""
        if not self._steps_lost:
            return 0.0
        return max(0.0, (self._next_ns - now_ns + (self._steps_lost - 1) * self._step_ns) / NANOS)
