"""Values in Polymarket's payloads: numbers as text or JSON numbers, three ways to write a time, JSON within text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from venuekit.adapter import NANOS, InvalidValue, Reading, objects, parse_iso, rows, table, text

_READING = Reading("Polymarket")
amount, number, positive = _READING.amount, _READING.number, _READING.positive
unreadable = _READING.unreadable

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_DIGITS = re.compile(r"[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: ``2026-04-05 19:37:33+00``: a space, and a zone without minutes.
_SHORT_ZONE = re.compile(r"[+-][0-9]{2}$")


def time_ns(body: Mapping[str, Any], name: str) -> int | None:
    """A time in seconds, milliseconds, or ISO 8601 in any of the venue's spellings; None where there is none.

    Raises:
        VenueDown: it cannot be read.
    """
    value = text(body, name).strip()
    if not value or value == "0":
        return None
    if _DIGITS.fullmatch(value):
        return _scaled(int(value))
    if _DATE.fullmatch(value):
        value += "T00:00:00Z"
    elif _SHORT_ZONE.search(value):
        value += ":00"
    try:
        return parse_iso(value, field=name)
    except InvalidValue:
        raise unreadable(name, value) from None


def _scaled(value: int) -> int:
    """Seconds, milliseconds, microseconds or nanoseconds, by their size: each is of this century."""
    for least, scale in ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000)):
        if value >= least:
            return value * scale
    return value * NANOS


def listed(body: Mapping[str, Any], name: str) -> list[Any]:
    """A list, which Gamma writes as JSON within text; empty where there is none.

    Raises:
        VenueDown: it is no list.
    """
    value = body.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = _decode(value)
        except msgspec.DecodeError:
            raise unreadable(name, value) from None
    if not isinstance(value, list):
        raise unreadable(name, value)
    return value


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Whether something is so; false where it is not said."""
    return body.get(name) is True


__all__ = [
    "amount",
    "flag",
    "listed",
    "number",
    "objects",
    "positive",
    "rows",
    "table",
    "text",
    "time_ns",
    "unreadable",
]
