"""When a venue that was asked too often wants to be asked again."""

from __future__ import annotations

from collections.abc import Mapping

#: Where the answer does not say.
_DEFAULT_SECONDS = 1.0
_MOST_SECONDS = 300.0


def seconds_of(headers: Mapping[str, str]) -> float:
    """Seconds to wait, by ``Retry-After`` or ``x-ratelimit-reset`` in seconds; 1 where neither says."""
    for name in ("Retry-After", "x-ratelimit-reset"):
        text = headers.get(name, "").strip()
        if text.isascii() and text.isdigit():
            return min(max(float(text), 0.0), _MOST_SECONDS)
    return _DEFAULT_SECONDS
