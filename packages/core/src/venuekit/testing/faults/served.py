"""Schedules in a process that is really killed, while the venue's server lives on in this one."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.testing.contract.subject import Subject
from venuekit.testing.faults.checks import check
from venuekit.testing.faults.ledger import Fact, Ledger, read_facts
from venuekit.testing.faults.points import Fault, Life, Points
from venuekit.testing.faults.remote import keep_address
from venuekit.testing.faults.schedule import Schedule
from venuekit.testing.faults.simloop import SimulatedLoop, run_simulated
from venuekit.testing.faults.simulation import Outcome, quiet
from venuekit.testing.faults.wired import Wired
from venuekit.testing.faults.world import World

#: How many times as fast as it does time passes while two processes have to meet in it.
TIMES = 5.0
_PATIENCE_SECONDS = 120.0 * TIMES


def meeting(clock: Clock) -> str:
    """What a clock says now, and when that is by the one that all processes of a machine share."""
    return f"{clock.now_ns()}@{time.perf_counter()!r}"


def met(words: str) -> int:
    """What that clock says by now, in a process that began meanwhile."""
    then_ns, _, at = words.partition("@")
    return int(then_ns) + round((time.perf_counter() - float(at)) * TIMES * NANOS)


def on_the_wire(faults: Sequence[Fault]) -> list[Fault]:
    """The faults that happen where the server is."""
    return [fault for fault in faults if fault.point.startswith("wire.")]


def kill_one(subject: Subject, schedule: Schedule) -> Outcome:
    """Run a schedule in a process that is killed at its crash point, and look at what it left."""
    ledger, points = Ledger(), Points(on_the_wire(schedule.faults))
    problems: list[str] = []
    ended: list[int | None] = []

    async def run(loop: SimulatedLoop) -> None:
        world = World(subject, schedule, Path(name), loop, ledger, points)
        try:
            await world.site.open()
            ended.append(await _victim(world, subject, Path(name), problems))
            ledger.facts.update(dict.fromkeys(_facts(Path(name))))
            ledger.violations += [text for (text,) in ledger.of("violation")]
            await world.start()
            problems.extend(await check(world))
        finally:
            await world.close()

    with tempfile.TemporaryDirectory(prefix="venuekit-chaos-") as name, quiet(sockets=True):
        try:
            run_simulated(run)
        except Exception as error:  # noqa: BLE001 - a harness that breaks has found something
            problems.append(f"the recovery broke: {type(error).__name__}: {error}")
    return Outcome(
        schedule=schedule,
        problems=problems,
        trace=points.trace,
        crashes=[point for _, point in ledger.of("killed")],
        fired=points.fired,
        reached=points.reached,
        facts=ledger.counts(),
        killed=ended == [-signal.SIGKILL],
    )


async def _victim(world: World, subject: Subject, folder: Path, problems: list[str]) -> int | None:
    """The process, from its start to its end; returns how it ended."""
    site, loop, points = world.site, world.loop, world.points
    assert isinstance(site, Wired)
    keep_address(folder, site.address)
    words = (subject.name, str(world.schedule.seed), str(folder), subject.profile_name, meeting(world.clock))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "venuekit.testing.faults.victim", *words),
        stderr=asyncio.subprocess.PIPE,
    )

    def kill(point: str) -> None:
        world.ledger.note("killed", f"{loop.time():.6f}", point)
        process.kill()

    points.kill = kill
    site.watch(Life(points, loop.time))
    loop.hurry(TIMES)
    try:
        _, said = await asyncio.wait_for(process.communicate(), _PATIENCE_SECONDS)
    finally:
        loop.hurry(None)
        points.kill = None
    if process.returncode not in (0, -signal.SIGKILL):
        problems.append(f"the process broke: {said.decode(errors='replace')[-2000:]}")
    return process.returncode


def _facts(folder: Path) -> list[Fact]:
    path = folder / "facts"
    return read_facts(path.read_text(encoding="utf-8").splitlines(keepends=True)) if path.exists() else []
