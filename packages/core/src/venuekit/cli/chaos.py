"""`venuekit chaos`: seeded faults and crashes, and whether a desk comes through them whole."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from venuekit.cli.exits import FAILED, OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, say
from venuekit.errors import UsageError


def chaos(
    *,
    venue: str = "paper",
    venue_profile: str | None = None,
    schedules: int = 100,
    seed: int = 0,
    processes: int = 0,
    store: str | None = None,
    trace: Annotated[bool, Parameter(negative="")] = False,
    thorough: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULT,
) -> int:
    """Run seeded schedules of orders, faults and crashes in a scratch folder, and check what each left.

    Nothing of your own is touched: each schedule has a desk, a store and a venue of its own. A schedule follows from
    its number alone, so one that failed is seen again with --seed NUMBER --schedules 1 --trace.

    Args:
        venue: An installed venue that simulates, such as paper; or one whose double is named by --venue-profile.
        venue_profile: The module with a double of the venue and its table of faults, for schedules over real sockets on
            this machine, such as venuekit_doubles.coinbase.chaos for coinbase.
        schedules: How many schedules run in simulated time, inside this process.
        seed: The number of the first.
        processes: How many more run in a process of their own, which is really killed.
        store: The address of a PostgreSQL database, postgresql://..., to keep the journals of the schedules in, each
            in a schema of its own that is gone afterwards; without it, in files.
        trace: Print everything that happened in a schedule that fails, not only the end.
        thorough: Fail too when there was no crash at one of the points, or one of the faults never happened.
    """
    from venuekit.testing.contract.subject import load_subject  # noqa: PLC0415 - only this command needs the kit
    from venuekit.testing.faults import Outcome, failure_text, run_processes, run_schedules  # noqa: PLC0415

    if schedules < 0 or processes < 0 or seed < 0:
        raise UsageError("schedules, seed and processes are 0 or more.", field="schedules")
    if store is not None and (processes or not store.startswith("postgresql://")):
        raise UsageError("store is the address of a PostgreSQL database, and only for --schedules.", field="store")
    subject = load_subject(venue, profile=venue_profile)
    simulated = subject.environment == "paper" and subject.profile.simulated_time
    if not simulated and (subject.profile.exchange is None or subject.environment == "production"):
        raise UsageError(
            f"{venue} is not simulated; chaos would send real orders.",
            fix="Name a venue that simulates, or a double of it with --venue-profile.",
            field="venue",
        )

    def tell(outcome: Outcome) -> None:
        if not outcome.ok and not options.json:
            say(failure_text(outcome, whole=trace))
            killed = " --processes 1 --schedules 0" if outcome.killed else " --schedules 1"
            killed += "" if store is None else " --store URL"
            place = venue if venue_profile is None else f"{venue} --venue-profile {venue_profile}"
            note(f"Again: venuekit chaos --venue {place} --seed {outcome.schedule.seed}{killed} --trace")

    report = run_schedules(subject, range(seed, seed + schedules), tell, store_url=store)
    report.merge(run_processes(subject, range(seed, seed + processes), tell))
    if options.json:
        document(report.plain())
    else:
        say(report.text())
    sys.stdout.flush()
    if thorough and report.left_out:
        note(f"Not tried: {', '.join(report.left_out)}.")
        return FAILED
    return OK if report.ok else FAILED
