"""One schedule from beginning to end in simulated time, inside this process; and many of them."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from venuekit.testing.contract.subject import Subject
from venuekit.testing.faults.checks import check
from venuekit.testing.faults.driver import Driver
from venuekit.testing.faults.ledger import Ledger
from venuekit.testing.faults.points import Points
from venuekit.testing.faults.report import Report
from venuekit.testing.faults.schedule import Schedule, make_schedule
from venuekit.testing.faults.simloop import SimulatedLoop, run_simulated
from venuekit.testing.faults.table import table_of
from venuekit.testing.faults.world import Place, World


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of one schedule: `problems` are the rules that were broken, in words."""

    schedule: Schedule
    problems: list[str]
    #: Every point that was reached, every step and every fault, each with its simulated time.
    trace: list[str]
    crashes: list[str]
    fired: list[tuple[str, str]]
    reached: Counter[str]
    facts: Counter[str]
    #: Whether a real process was really killed.
    killed: bool = False

    @property
    def ok(self) -> bool:
        """Whether every rule held."""
        return not self.problems

    @property
    def digest(self) -> str:
        """The same for two runs that went the same way."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def simulate(subject: Subject, schedule: Schedule, place: Place | None = None) -> Outcome:
    """Run one schedule and check what it left; the journal is in a file, or in the PostgreSQL database at `place`."""
    ledger, points = Ledger(), Points(schedule.faults)
    sockets = subject.profile.exchange is not None
    crashes: list[str] = []
    problems: list[str] = []

    async def run(loop: SimulatedLoop) -> None:
        world = World(subject, schedule, Path(folder), loop, ledger, points, place=place)
        try:
            await world.site.open()
            await Driver(world).run()
            problems.extend(await check(world))
        finally:
            crashes.extend(world.crashes)
            await world.close()

    with tempfile.TemporaryDirectory(prefix="venuekit-chaos-") as folder, quiet(sockets=sockets):
        try:
            run_simulated(run)
        except Exception as error:  # noqa: BLE001 - a harness that breaks has found something
            problems.append(f"the run broke: {type(error).__name__}: {error}")
    return Outcome(
        schedule=schedule,
        problems=problems,
        trace=points.trace,
        crashes=crashes,
        fired=[(str(action), point) for action, point in points.fired],
        reached=points.reached,
        facts=ledger.counts(),
    )


def run_schedules(
    subject: Subject,
    seeds: Iterable[int],
    tell: Callable[[Outcome], None] | None = None,
    *,
    store_url: str | None = None,
    restart: Callable[[], None] | None = None,
) -> Report:
    """Run the schedules of these numbers; `tell` is called after each.

    With `store_url` the journals are in a PostgreSQL database, each in a schema that is gone afterwards; `restart`
    restarts its server, where that may be done.
    """
    table = table_of(subject.profile)
    report = Report("sqlite" if store_url is None else "postgres", table)
    for seed in seeds:
        if store_url is None:
            outcome = simulate(subject, make_schedule(seed, table=table))
        else:
            outcome = _on_postgres(subject, seed, store_url, restart)
        report.add(outcome)
        if tell is not None:
            tell(outcome)
    return report


def _on_postgres(subject: Subject, seed: int, url: str, restart: Callable[[], None] | None) -> Outcome:
    from venuekit.testing.faults.postgres import schema  # noqa: PLC0415 - needs a driver

    with schema(url, f"venuekit_chaos_{os.getpid()}_{seed}") as own:
        place = Place(own) if restart is None else Place(own, restart)
        return simulate(subject, make_schedule(seed, store="postgres", table=table_of(subject.profile)), place)


@contextmanager
def quiet(*, sockets: bool = False) -> Iterator[None]:
    """Without log lines about faults that were ordered, and without a collection in the middle of a run.

    With `sockets` what a desk that was ended has left open is collected here, unmentioned: a system closes it.
    """
    log = logging.getLogger("venuekit")
    level, collecting = log.level, gc.isenabled()
    log.setLevel(logging.CRITICAL)
    gc.disable()
    try:
        yield
    finally:
        if sockets:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
        log.setLevel(level)
        if collecting:
            gc.enable()
