"""Values in Coinbase's payloads: numbers as text or as JSON numbers, times, nulls where there is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import ZERO, InvalidValue, VenueDown, parse_decimal, parse_iso, plain

_NOWHERE = "0001-01-01T00:00:00Z"


def rows(body: Any, name: str) -> Sequence[Mapping[str, Any]]:
    """The list `name` of an answer; a null or an absent one is empty."""
    found = body.get(name) if isinstance(body, Mapping) else None
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def table(body: Any, name: str) -> Mapping[str, Any]:
    """The object `name` of an answer; a null or an absent one is empty."""
    found = body.get(name) if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text(body: Mapping[str, Any], name: str) -> str:
    """A text; empty for null and absent."""
    value = body.get(name)
    return "" if value is None else str(value)


def amount(body: Mapping[str, Any], name: str) -> Decimal | None:
    """A number, to the last digit; None for null, absent and empty.

    Raises:
        VenueDown: it is no number, so the payload cannot be trusted.
    """
    value = body.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise _unreadable(name, value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    try:
        return parse_decimal(value, field=name)
    except InvalidValue:
        return _scientific(name, value)


def _scientific(name: str, value: Any) -> Decimal:
    """A number such as ``1E-8``, which the venue writes now and then."""
    if isinstance(value, str) and len(value) <= 40 and value.isascii():
        try:
            number = Decimal(value)
        except ArithmeticError:
            raise _unreadable(name, value) from None
        if number.is_finite():
            return Decimal(plain(number))
    raise _unreadable(name, value)


def _unreadable(name: str, value: Any) -> VenueDown:
    return VenueDown(f"Coinbase's {name} cannot be read: {str(value)[:40]!r}.", fix="Try again.")


def number(body: Mapping[str, Any], name: str) -> Decimal:
    """A number, zero where there is none."""
    found = amount(body, name)
    return ZERO if found is None else found


def positive(body: Mapping[str, Any], name: str) -> Decimal | None:
    """A number above zero, or None: the venue writes 0 for what there is not."""
    found = amount(body, name)
    return found if found is not None and found > 0 else None


def time_ns(body: Mapping[str, Any], name: str) -> int | None:
    """A time; None where there is none. Raises VenueDown when it cannot be read."""
    value = text(body, name)
    if not value or value == _NOWHERE:
        return None
    try:
        return parse_iso(value, field=name)
    except InvalidValue:
        raise _unreadable(name, value) from None
