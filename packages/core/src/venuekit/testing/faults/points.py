"""The named points at which a desk writes, sends, receives or publishes, and what is ordered to happen there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import attrs

from venuekit.model.words import Word

#: Calls of a store that change something.
WRITES = ("append", "set_control", "set_breaker", "add_approval", "move_approval")
#: Calls of a venue that change something.
CHANGES = ("submit", "cancel", "cancel_all", "amend")
#: Calls of a venue that only ask.
READS = (
    *("instrument", "tickers", "order", "open_orders", "order_history", "fills"),
    *("balances", "positions", "profile", "server_time_ns"),
)
#: What a database does for one write, by the kind of store.
STORE_POINTS = {
    "sqlite": ("sqlite.begin", "sqlite.write", "sqlite.commit.before", "sqlite.commit.after"),
    "postgres": tuple(
        f"postgres.{step}.{when}" for step in ("begin", "write", "commit") for when in ("before", "after")
    ),
}
_BEFORE = tuple(f"journal.{call}.{when}" for call in WRITES for when in ("before", "after"))
_AFTER = (
    *("limiter.take.before", "limiter.take.after"),
    *(f"venue.{call}.{when}" for call in (*CHANGES, *READS) for when in ("before", "after")),
    *("stream.received", "stream.taken"),
    *("bus.publish.before", "bus.publish.after"),
)
#: Every point with the journal in a file, in the order in which an order passes them.
POINTS = (*_BEFORE, *STORE_POINTS["sqlite"], *_AFTER)
#: Stands for whichever point is reached as the n-th of all.
ANY = "*"
#: A run that passes more points than this goes round in circles.
MOST = 30_000


class Crash(BaseException):
    """The process ends here: nothing that comes after has any effect."""


class Action(Word):
    """What happens at a point."""

    CRASH = "crash"
    LOSE_REQUEST = "lose request"
    LOSE_REPLY = "lose reply"
    NO_REPLY = "no reply"
    LATE = "arrives late"
    DOWN = "venue down"
    TOO_MANY = "429"
    BUG = "adapter bug"
    LOCKED = "store locked"
    DISK_FULL = "disk full"
    SLOW_DISK = "slow disk"
    DUPLICATE = "event twice"
    SWAP = "events swapped"
    STORE_LOST = "store connection lost"
    STORE_RESTART = "store restart"
    CUT = "stream cut"
    OFFLINE = "connections cut"
    RESTART = "venue restart"
    STEP = "clock step"
    GIVE_UP = "caller gives up"


#: What happens at the protocols of a venue inside this process; on a real wire its profile says what happens.
AT_PROTOCOLS = frozenset(
    {
        *(Action.LOSE_REQUEST, Action.LOSE_REPLY, Action.NO_REPLY, Action.DOWN, Action.TOO_MANY, Action.BUG),
        *(Action.DUPLICATE, Action.SWAP, Action.CUT, Action.OFFLINE),
    }
)


def points_of(store: str) -> tuple[str, ...]:
    """Every point with the journal in a store of this kind, `sqlite` or `postgres`."""
    return (*_BEFORE, *STORE_POINTS[store], *_AFTER)


@attrs.frozen
class Fault:
    """At the `nth` time that `point` is reached, `action` happens, and again the next `times` - 1 times.

    `seconds` is how long: the delay of what arrives late, or of a slow disk.
    """

    #: An `Action`, or what a venue's profile calls it.
    action: str
    point: str
    nth: int
    times: int = 1
    seconds: float = 0.0

    def due(self, count: int) -> bool:
        """Whether it happens at this count."""
        return self.nth <= count < self.nth + self.times

    def __str__(self) -> str:
        more = f" and {self.times - 1} more" if self.times > 1 else ""
        return f"{self.action} at {self.point} no. {self.nth}{more}"


class Points:
    """Counts how often each point is reached, over all lives of one schedule, and says what is due there."""

    def __init__(self, faults: Sequence[Fault], *, kill: Callable[[str], None] | None = None) -> None:
        self._by_point: dict[str, list[Fault]] = {}
        for fault in faults:
            self._by_point.setdefault(fault.point, []).append(fault)
        self.kill = kill
        self.armed = True
        self.reached: Counter[str] = Counter()
        self.total = 0
        #: What happened, and at which point, if at one.
        self.fired: list[tuple[str, str]] = []
        self.trace: list[str] = []

    def happened(self, action: str, now: float) -> None:
        """Count something that happens between points."""
        self.fired.append((action, ""))
        self.trace.append(f"{now:.6f} ! {action}")

    def at(self, name: str, detail: str, now: float) -> Fault | None:
        """Count, and the fault that is due, if any."""
        self.reached[name] += 1
        self.total += 1
        if self.total > MOST:
            raise AssertionError(f"{MOST} points passed, and no end; the last: {', '.join(self.trace[-8:])}")
        self.trace.append(f"{now:.6f} {name} {detail}".rstrip())
        if not self.armed:
            return None
        for point, count in ((name, self.reached[name]), (ANY, self.total)):
            for fault in self._by_point.get(point, ()):
                if fault.due(count) and (fault.action is Action.CRASH or point != ANY):
                    self.fired.append((fault.action, name))
                    self.trace.append(f"{now:.6f} ! {fault.action}")
                    return fault
        return None


class Life:
    """One run of a desk, from its start to its end. After the end every point raises, so nothing has an effect."""

    def __init__(self, points: Points, now: Callable[[], float]) -> None:
        self._points = points
        self._now = now
        self.over = False
        self.crashed_at = ""
        #: Called when the end comes, for whoever would wait for an answer for ever.
        self.endings: list[Callable[[], object]] = []

    def reach(self, name: str, detail: str = "") -> Fault | None:
        """Come to a point; returns what is to happen there, unless that is the end.

        Raises:
            Crash: this life is over.
        """
        if self.over:
            raise Crash(name)
        fault = self._points.at(name, detail, self._now())
        if fault is not None and fault.action is Action.CRASH:
            if self._points.kill is not None:
                self._points.kill(name)
            self.over, self.crashed_at = True, name
            for ending in self.endings:
                ending()
            raise Crash(name)
        return fault

    def check(self) -> None:
        """Raises Crash when this life is over; counts nothing."""
        if self.over:
            raise Crash("over")
