"""UTC nanoseconds, and to and from ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from venuekit.errors import InvalidValue

NANOS = 1_000_000_000
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]"
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(Z|z|[+-][0-9]{2}:[0-9]{2})"
)
_ACCEPTED = "ISO 8601 with a zone, such as 2026-11-21T14:30:00Z"


def iso(time_ns: int) -> str:
    """UTC nanoseconds as ``2026-11-21T14:30:00.123456789Z``; the fraction is left out when zero."""
    seconds, nanos = divmod(time_ns, NANOS)
    text = _second(seconds)
    return f"{text}.{nanos:09d}Z" if nanos else f"{text}Z"


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    """The moment without its fraction: what is shown together is mostly of the same few seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def parse_iso(text: object, *, field: str) -> int:
    """ISO 8601 with an explicit zone, to UTC nanoseconds, without losing a digit.

    Raises:
        InvalidValue: not that form, or not a real date.
    """
    match = _ISO.fullmatch(text) if isinstance(text, str) else None
    if match:
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        offset = "+00:00" if zone in "Zz" else zone
        try:
            moment = datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second}{offset}")
        except ValueError:
            moment = None  # falls through to the one error below
        if moment is not None:
            return int(moment.timestamp()) * NANOS + int((fraction or "").ljust(9, "0") or 0)
    raise InvalidValue(
        f"{field}: {str(text)[:60]!r} is not a time.",
        fix=f"Give {_ACCEPTED}.",
        field=field,
        details={"accepted": _ACCEPTED},
    )
