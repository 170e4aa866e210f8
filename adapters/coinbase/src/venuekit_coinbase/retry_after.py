"""When a venue that was asked too often wants to be asked again."""

from __future__ import annotations

from collections.abc import Mapping

from venuekit.adapter import retry_after_seconds

#: Where the answer does not say.
_DEFAULT_SECONDS = 1.0
_MOST_SECONDS = 300.0


def seconds_of(headers: Mapping[str, str], now_ns: int) -> float:
    """Seconds to wait, by ``Retry-After`` or ``x-ratelimit-reset``, in seconds or as a date; 1 where neither says."""
    for name in ("Retry-After", "x-ratelimit-reset"):
        said = retry_after_seconds(headers.get(name), now_ns=now_ns, default=-1.0)
        if said >= 0:
            return min(said, _MOST_SECONDS)
    return _DEFAULT_SECONDS
