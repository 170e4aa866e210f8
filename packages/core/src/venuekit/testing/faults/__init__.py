"""Fault injection: seeded schedules of trading and faults, and what must be true of a desk after each of them.

`run_schedules` runs them in simulated time inside this process; `run_processes` kills real processes. A venue inside
the process has its faults at the protocols; one on the network is a server on this machine, with the faults of its
profile's table on a real wire. The command `venuekit chaos` is all of it. Each schedule follows from its seed alone, so
a failure is replayed by its number.
"""

from venuekit.testing.faults.points import POINTS, Action, Fault
from venuekit.testing.faults.processes import run_processes
from venuekit.testing.faults.report import Report, failure_text
from venuekit.testing.faults.schedule import Schedule, make_schedule
from venuekit.testing.faults.simulation import Outcome, run_schedules, simulate
from venuekit.testing.faults.table import Table, table_of

__all__ = [
    "POINTS",
    "Action",
    "Fault",
    "Outcome",
    "Report",
    "Schedule",
    "Table",
    "failure_text",
    "make_schedule",
    "run_processes",
    "run_schedules",
    "simulate",
    "table_of",
]
