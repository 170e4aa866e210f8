"""What many schedules came to: counts, and for each failure what is needed to see it again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from venuekit.testing.faults.points import AT_PROTOCOLS, Action, points_of
from venuekit.testing.faults.table import Table

if TYPE_CHECKING:
    from venuekit.testing.faults.simulation import Outcome

#: What is counted of what somebody was told, and how it is called.
_FACTS = {
    "sent": "orders sent",
    "order": "order states told",
    "fill": "fills told",
    "approval": "approval states told",
    "control": "halts and resumes told",
    "refusal": "refusals told",
    "row": "journal rows",
}
_LAST = 40


class Report:
    """Adds up outcomes."""

    def __init__(self, store: str = "sqlite", table: Table | None = None) -> None:
        self._points = points_of(store) if table is None else (*points_of(store), *table.points)
        #: What is not tried: a file has no connection, and a server may not be ours to restart.
        spared = {Action.CRASH, Action.STORE_RESTART, *([Action.STORE_LOST] if store == "sqlite" else [])}
        if table is not None:
            spared |= AT_PROTOCOLS
        self._wanted = [a.value for a in Action if a not in spared] + list(table.names if table is not None else ())
        self.schedules = 0
        self.crashes: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.places: Counter[tuple[str, str]] = Counter()
        self.reached: Counter[str] = Counter()
        self.facts: Counter[str] = Counter()
        self.failures: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Count an outcome in."""
        self.schedules += 1
        (self.kills if outcome.killed else self.crashes).update(outcome.crashes)
        self.faults.update(action for action, _ in outcome.fired if action != Action.CRASH.value)
        self.places.update(fired for fired in outcome.fired if fired[1] and fired[0] != Action.CRASH.value)
        self.reached.update(outcome.reached)
        self.facts.update(outcome.facts)
        if not outcome.ok:
            self.failures.append(outcome)

    def merge(self, other: Report) -> None:
        """Count another report in."""
        self.schedules += other.schedules
        self.crashes += other.crashes
        self.kills += other.kills
        self.faults += other.faults
        self.places += other.places
        self.reached += other.reached
        self.facts += other.facts
        self.failures += other.failures

    @property
    def ok(self) -> bool:
        """Whether every schedule passed."""
        return not self.failures

    @property
    def never_reached(self) -> list[str]:
        """Points at which no run ever came by."""
        return [point for point in self._points if not self.reached[point]]

    @property
    def left_out(self) -> list[str]:
        """What so many schedules were to try and did not: points without a crash, and faults that never happened."""
        untried = [f"no crash at {point}" for point in self._points if not self.crashes[point] + self.kills[point]]
        return untried + [f"no {name}" for name in self._wanted if not self.faults[name]]

    def plain(self) -> dict[str, Any]:
        """As data."""
        places: dict[str, dict[str, int]] = {}
        for (action, point), count in self.places.most_common():
            places.setdefault(action, {})[point] = count
        return {
            "ok": self.ok,
            "schedules": self.schedules,
            "failed": len(self.failures),
            "failed_seeds": [o.schedule.seed for o in self.failures],
            "processes_killed": self.kills.total(),
            "points_reached": self.reached.total(),
            "points_never_reached": self.never_reached,
            "left_out": self.left_out,
            "reached": {point: self.reached[point] for point in self._points},
            "crashes": dict(self.crashes.most_common()),
            "kills": dict(self.kills.most_common()),
            "faults": dict(self.faults.most_common()),
            "faults_at": places,
            **{name.replace(" ", "_"): self.facts[fact] for fact, name in _FACTS.items()},
            "by_kind": {name.replace(" ", "_"): dict(self._kinds(fact)) for fact, name in _FACTS.items()},
        }

    def _kinds(self, fact: str) -> list[tuple[str, int]]:
        """The facts of a kind by what tells them further apart."""
        return [(name.partition(" ")[2], n) for name, n in self.facts.most_common() if name.startswith(f"{fact} ")]

    def text(self) -> str:
        """For people."""
        lines = [f"{self.schedules} schedules, {len(self.failures)} failed"]
        for fact, name in _FACTS.items():
            kinds = ", ".join(f"{count} {kind}" for kind, count in self._kinds(fact))
            lines.append(f"  {self.facts[fact]:9} {name}{f': {kinds}' if kinds else ''}")
        lines += [f"  {self.crashes.total():9} crashes in simulated time, {self.kills.total()} by SIGKILL"]
        for action, count in self.faults.most_common():
            places = ", ".join(f"{n} at {point}" for (a, point), n in self.places.most_common() if a == action)
            lines.append(f"  {count:9} {action}{f': {places}' if places else ''}")
        lines.append(f"  {'reached':>9} {'crashes':>8} {'kills':>6}")
        lines += [
            f"  {self.reached[point]:9} {self.crashes[point]:8} {self.kills[point]:6} {point}" for point in self._points
        ]
        if self.never_reached:
            lines.append(f"  never reached: {', '.join(self.never_reached)}")
        return "\n".join(lines)


def failure_text(outcome: Outcome, *, whole: bool = False) -> str:
    """What broke, and what had happened."""
    trace = outcome.trace if whole else outcome.trace[-_LAST:]
    problems = [f"  broken: {problem}" for problem in outcome.problems]
    return "\n".join(
        [str(outcome.schedule), *problems, f"  trace ({outcome.digest[:12]}):", *(f"    {t}" for t in trace)]
    )
