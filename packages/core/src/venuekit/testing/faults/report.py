"""What many schedules came to: counts, and for each failure what is needed to see it again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from venuekit.testing.faults.points import POINTS

if TYPE_CHECKING:
    from venuekit.testing.faults.simulation import Outcome

_FACTS = {"row": "journal rows", "sent": "orders sent", "fill": "fills told", "order": "order states told"}
_LAST = 40


class Report:
    """Adds up outcomes."""

    def __init__(self) -> None:
        self.schedules = 0
        self.kills = 0
        self.crashes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()
        self.facts: Counter[str] = Counter()
        self.failures: list[Outcome] = []

    def add(self, outcome: Outcome, *, killed: bool = False) -> None:
        """Count an outcome in."""
        self.schedules += 1
        self.kills += killed
        self.crashes.update(outcome.crashes)
        self.faults.update(action for action, _ in outcome.fired)
        self.reached.update(outcome.reached)
        self.facts.update(outcome.facts)
        if not outcome.ok:
            self.failures.append(outcome)

    def merge(self, other: Report) -> None:
        """Count another report in."""
        self.schedules += other.schedules
        self.kills += other.kills
        self.crashes += other.crashes
        self.faults += other.faults
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
        return [point for point in POINTS if not self.reached[point]]

    def plain(self) -> dict[str, Any]:
        """As data."""
        return {
            "ok": self.ok,
            "schedules": self.schedules,
            "failed": len(self.failures),
            "failed_seeds": [o.schedule.seed for o in self.failures],
            "processes_killed": self.kills,
            "points_reached": sum(self.reached.values()),
            "points_never_reached": self.never_reached,
            "crashes": dict(self.crashes.most_common()),
            "faults": dict(self.faults.most_common()),
            **{name.replace(" ", "_"): self.facts[fact] for fact, name in _FACTS.items()},
        }

    def text(self) -> str:
        """For people."""
        lines = [f"{self.schedules} schedules, {len(self.failures)} failed"]
        lines.append(f"  {sum(self.reached.values())} points passed, {len(POINTS) - len(self.never_reached)} different")
        lines.append(f"  {sum(self.crashes.values())} crashes at {len(self.crashes)} points, {self.kills} by SIGKILL")
        lines += [f"  {count:7} {action}" for action, count in self.faults.most_common()]
        lines += [f"  {self.facts[fact]:7} {name}" for fact, name in _FACTS.items()]
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
