"""What a command's exit code says, and how an error is told."""

from __future__ import annotations

from venuekit.errors import (
    JournalUnavailable,
    OutcomeUnknown,
    Refused,
    Rejected,
    StoreDamaged,
    Unavailable,
    UnknownApproval,
    UnknownOrder,
    UsageError,
    VenuekitError,
)

OK = 0
#: Not found, not verified, not as it should be.
FAILED = 1
#: The call or the configuration has to be corrected.
USAGE = 2
#: We, or the venue, said no.
REFUSED = 3
#: Not reachable, or not known: try again, or look again.
UNAVAILABLE = 4
#: Ended by Ctrl-C, as shells have it.
INTERRUPTED = 130


def exit_code(error: VenuekitError) -> int:
    """The exit code for an error."""
    if isinstance(error, Unavailable | OutcomeUnknown | JournalUnavailable):
        return UNAVAILABLE
    if isinstance(error, Refused | Rejected):
        return REFUSED
    if isinstance(error, UnknownApproval | UnknownOrder | StoreDamaged):
        return FAILED
    return USAGE if isinstance(error, UsageError) else FAILED
