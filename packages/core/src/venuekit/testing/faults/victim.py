"""The process that is killed: runs one schedule over files, and ends by SIGKILL at the point where it says crash."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import attrs

from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.testing.clock import START_NS
from venuekit.testing.contract.subject import load_subject
from venuekit.testing.faults.driver import Driver
from venuekit.testing.faults.gate import Gate
from venuekit.testing.faults.ledger import Ledger
from venuekit.testing.faults.points import Points
from venuekit.testing.faults.remote import Remote
from venuekit.testing.faults.schedule import make_schedule
from venuekit.testing.faults.served import TIMES, met, on_the_wire
from venuekit.testing.faults.simloop import SimulatedLoop, run_simulated
from venuekit.testing.faults.simulation import quiet
from venuekit.testing.faults.table import table_of
from venuekit.testing.faults.world import World


def main(venue: str, seed: int, folder: Path, profile: str | None = None, now: str = "") -> None:
    """Run the schedule; every fact is in the file ``facts`` before anything else happens.

    With a `profile` the venue's server is in another process, and time passes for both, fast; `now` is what `meeting`
    said there.
    """
    subject = load_subject(venue, profile=profile)
    remote = profile is not None
    facts = os.open(folder / "facts", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(line: str) -> None:
        os.write(facts, f"{line}\n".encode())

    def kill(point: str) -> None:
        keep(f'["killed", "{loop_time():.6f}", "{point}"]')
        os.kill(os.getpid(), signal.SIGKILL)

    def loop_time() -> float:
        return loops[-1].time()

    loops: list[SimulatedLoop] = []
    schedule = make_schedule(seed, kills=True, table=table_of(subject.profile))
    faults = schedule.faults
    if remote:
        faults = [fault for fault in faults if fault not in on_the_wire(faults)]

        def make(_: Gate, *, clock: Clock, seed: int) -> Remote:  # noqa: ARG001 - what a profile's `exchange` is given
            return Remote(subject, folder, clock)

    trading = attrs.evolve(subject, profile=attrs.evolve(subject.profile, exchange=make)) if remote else subject

    async def run(loop: SimulatedLoop) -> None:
        loops.append(loop)
        begin_ns = START_NS
        if remote:
            loop.hurry(TIMES)
            begin_ns = met(now) - round(loop.time() * NANOS)
        points = Points(faults, kill=kill)
        world = World(trading, schedule, folder, loop, Ledger(sink=keep), points, begin_ns=begin_ns)
        await world.site.open()
        await Driver(world).run()
        keep(f'["ended", "{loop.time():.6f}"]')
        await world.close_desk()
        await world.close()

    with quiet():
        run_simulated(run)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
