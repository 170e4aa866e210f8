"""Seeded faults with the journal on PostgreSQL: a server of our own, which is restarted, and wires that are lost.

Run by `nox -s faults`: ``python tests/system/faults/on_postgres.py SCHEDULES [FIRST]``.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "core" / "kit"))

from postgres_server import Server, running

from venuekit.testing.contract.subject import load_subject
from venuekit.testing.faults import Outcome, Report, failure_text, run_schedules


def tell(outcome: Outcome) -> None:
    """Print a failure when it is found."""
    if not outcome.ok:
        print(failure_text(outcome), flush=True)


def schedules(server: Server, seeds: Iterable[int]) -> Report:
    """Run the schedules of these numbers on `server`."""

    def restart() -> None:
        server.stop(signal.SIGQUIT)  # as a crash of it: the next start recovers
        server.start()

    url = server.url().partition("?")[0]
    return run_schedules(load_subject("paper"), seeds, tell, store_url=url, restart=restart)


if __name__ == "__main__":
    count, first = [int(word) for word in (*sys.argv[1:], "0")[:2]]
    with running() as made:
        report = schedules(made, range(first, first + count))
    print(report.text())
    sys.exit(0 if report.ok else 1)
