"""What somebody who looks whether everything is in order finds: one thing each, with its remedy."""

from __future__ import annotations

from enum import StrEnum

import attrs

from venuekit.errors import VenuekitError
from venuekit.model.times import NANOS

#: Signed requests are refused by most venues a little beyond this.
_MUCH_SKEW_NS = 2 * NANOS


class State(StrEnum):
    """How a finding is meant."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@attrs.frozen
class Finding:
    """One thing that was looked at. `fix` is what to do, where something is to be done."""

    check: str
    state: State
    message: str
    fix: str = ""


def found_failed(check: str, error: VenuekitError) -> Finding:
    """What an error says, as a finding."""
    return Finding(check, State.FAILED, error.message, error.fix)


def found_clock(theirs_ns: int, before_ns: int, after_ns: int, *, grain_ns: int = 0) -> Finding:
    """This machine's clock compared with a venue's, which was asked between two moments of ours.

    Args:
        theirs_ns: What the venue said.
        before_ns: Our time when it was asked.
        after_ns: Our time when it had answered.
        grain_ns: In which steps the venue tells its time.
    """
    skew = theirs_ns + grain_ns // 2 - (before_ns + after_ns) // 2
    much = abs(skew) > _MUCH_SKEW_NS + grain_ns // 2
    return Finding(
        "clock",
        State.WARNING if much else State.OK,
        f"{abs(skew) / 1e6:.0f} ms {'behind' if skew > 0 else 'ahead of'} the venue",
        "Set this machine's clock by NTP." if much else "",
    )
