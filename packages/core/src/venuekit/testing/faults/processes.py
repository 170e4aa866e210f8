"""Schedules in processes of their own, which are really killed; then the same checks over what they left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from venuekit.testing.clock import START_NS
from venuekit.testing.contract.subject import Subject
from venuekit.testing.faults.checks import check
from venuekit.testing.faults.ledger import Fact, Ledger, read_facts
from venuekit.testing.faults.points import Points
from venuekit.testing.faults.report import Report
from venuekit.testing.faults.schedule import Schedule, make_schedule
from venuekit.testing.faults.served import kill_one
from venuekit.testing.faults.simloop import SimulatedLoop, run_simulated
from venuekit.testing.faults.simulation import Outcome, quiet
from venuekit.testing.faults.table import table_of
from venuekit.testing.faults.world import World

_PATIENCE_SECONDS = 120
_NANOS = 1_000_000_000


def run_processes(subject: Subject, seeds: Iterable[int], tell: Callable[[Outcome], None] | None = None) -> Report:
    """Run the schedules of these numbers, each in a process that is killed at its crash point."""
    table = table_of(subject.profile)
    report = Report(table=table)
    for seed in seeds:
        outcome = _one(subject, make_schedule(seed, kills=True, table=table))
        report.add(outcome)
        if tell is not None:
            tell(outcome)
    return report


def _one(subject: Subject, schedule: Schedule) -> Outcome:
    if subject.profile.exchange is not None:
        return kill_one(subject, schedule)
    with tempfile.TemporaryDirectory(prefix="venuekit-chaos-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "venuekit.testing.faults.victim", subject.name, str(schedule.seed), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)  # noqa: S603 - our own module
        killed = done.returncode == -signal.SIGKILL
        path = folder / "facts"
        facts = read_facts(path.read_text(encoding="utf-8").splitlines(keepends=True)) if path.exists() else []
        problems = [] if killed or done.returncode == 0 else [f"the process broke: {done.stderr[-2000:]}"]
        points = Points(())
        ledger = Ledger(facts)
        ledger.violations += [text for (text,) in ledger.of("violation")]

        async def recover(loop: SimulatedLoop) -> None:
            world = World(subject, schedule, folder, loop, ledger, points, begin_ns=_after(facts))
            try:
                await world.site.open()
                await world.start()
                problems.extend(await check(world))
            finally:
                await world.close()

        with quiet():
            try:
                run_simulated(recover)
            except Exception as error:  # noqa: BLE001 - a harness that breaks has found something
                problems.append(f"the recovery broke: {type(error).__name__}: {error}")
    crashes = [point for _, point in ledger.of("killed")]
    return Outcome(
        schedule=schedule,
        problems=problems,
        trace=points.trace,
        crashes=crashes,
        fired=[],
        reached=points.reached,
        facts=ledger.counts(),
        killed=killed,
    )


def _after(facts: list[Fact]) -> int:
    """A second after the process ended."""
    ended = [float(fact[1]) for fact in facts if fact[0] in ("killed", "ended")]
    return START_NS + round((max(ended, default=60.0) + 61.0) * _NANOS)
