"""How many and how long: numbers that commands take."""

from __future__ import annotations

from venuekit.errors import InvalidValue

MOST = 1_000_000
LONGEST_SECONDS = 3600.0


def count(value: int, field: str) -> int:
    """`value`, when it is a number of things to show.

    Raises:
        InvalidValue: it is not from 1 to a million.
    """
    if not 1 <= value <= MOST:
        raise InvalidValue(f"{field} must be from 1 to {MOST}.", field=field, details={"accepted": f"1 to {MOST}"})
    return value


def seconds(value: float, field: str) -> float:
    """`value`, when it is a time to wait, in seconds.

    Raises:
        InvalidValue: it is not from 0 to an hour; NaN and infinity are not.
    """
    if not 0 <= value <= LONGEST_SECONDS:
        accepted = f"0 to {LONGEST_SECONDS:.0f}"
        raise InvalidValue(f"{field} must be from {accepted} seconds.", field=field, details={"accepted": accepted})
    return value
