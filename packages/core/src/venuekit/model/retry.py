"""When to come again, as an HTTP answer says it."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from venuekit.model.times import NANOS

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def retry_after_seconds(header: str | None, *, now_ns: int, default: float = 1.0) -> float:
    """Seconds from now until the moment in a ``Retry-After`` header: a number of seconds, or an HTTP date.

    `now_ns` is the time of day, of the venue's clock if that is known. A date that has passed is 0; what is neither,
    or is missing, is `default`.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return default
    if moment.tzinfo is None:
        return default  # "-0000": it does not say whose time it is
    return max(0.0, moment.timestamp() - now_ns / NANOS)
