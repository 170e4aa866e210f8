"""The process that is killed: runs one schedule over files, and ends by SIGKILL at the point where it says crash."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from venuekit.testing.contract.subject import load_subject
from venuekit.testing.faults.driver import Driver
from venuekit.testing.faults.ledger import Ledger
from venuekit.testing.faults.points import Points
from venuekit.testing.faults.schedule import make_schedule
from venuekit.testing.faults.simloop import SimulatedLoop, run_simulated
from venuekit.testing.faults.simulation import quiet
from venuekit.testing.faults.world import World


def main(venue: str, seed: int, folder: Path) -> None:
    """Run the schedule; every fact is in the file ``facts`` before anything else happens."""
    facts = os.open(folder / "facts", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(line: str) -> None:
        os.write(facts, f"{line}\n".encode())

    def kill(point: str) -> None:
        keep(f'["killed", "{loop_time():.6f}", "{point}"]')
        os.kill(os.getpid(), signal.SIGKILL)

    def loop_time() -> float:
        return loops[-1].time()

    loops: list[SimulatedLoop] = []
    schedule = make_schedule(seed, kills=True)

    async def run(loop: SimulatedLoop) -> None:
        loops.append(loop)
        points = Points(schedule.faults, kill=kill)
        world = World(load_subject(venue), schedule, folder, loop, Ledger(sink=keep), points)
        await world.open_venue()
        await Driver(world).run()
        keep(f'["ended", "{loop.time():.6f}"]')
        await world.close_desk()
        await world.close()

    with quiet():
        run_simulated(run)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
