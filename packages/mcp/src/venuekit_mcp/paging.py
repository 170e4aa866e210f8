"""Opaque cursors of our own lists: a place, bound to the query it was issued for."""

from __future__ import annotations

import base64
import binascii
import hashlib

from venuekit.errors import InvalidCursor

_PREFIX = "v1"


def _bound(query: tuple[object, ...]) -> str:
    return hashlib.sha256("\0".join(map(str, query)).encode()).hexdigest()[:12]


def encode(place: int, *query: object) -> str:
    """The cursor for `place` in the list that `query` gives."""
    text = f"{_PREFIX}:{_bound(query)}:{place}"
    return base64.urlsafe_b64encode(text.encode()).decode("ascii")


def decode(cursor: str | None, *query: object) -> int:
    """The place that `cursor` stands for; 0 without one.

    Raises:
        InvalidCursor: malformed, or issued for another query.
    """
    if cursor is None:
        return 0
    try:
        prefix, bound, place = (
            base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("ascii").split(":")
        )
    except (binascii.Error, ValueError):
        prefix = bound = place = ""
    if prefix != _PREFIX or bound != _bound(query) or not (place.isascii() and place.isdigit()) or len(place) > 12:
        raise InvalidCursor(f"cursor: {cursor[:40]!r} was not issued for this query.", field="cursor")
    return int(place)
