"""Values in a venue's JSON: numbers as text or as numbers, times, nulls where there is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.errors import InvalidValue, VenueDown
from venuekit.model.money import ZERO, parse_decimal, plain
from venuekit.model.times import parse_iso

#: Digits of a number in another form than plain, at most.
_LONGEST = 40


def rows(body: Any, name: str) -> Sequence[Mapping[str, Any]]:
    """The list `name` of an answer; a null or an absent one is empty."""
    found = body.get(name) if isinstance(body, Mapping) else None
    return objects(found)


def objects(found: Any) -> Sequence[Mapping[str, Any]]:
    """The objects of a list; what is no list is empty."""
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def table(body: Any, name: str) -> Mapping[str, Any]:
    """The object `name` of an answer; a null or an absent one is empty."""
    found = body.get(name) if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text(body: Mapping[str, Any], name: str) -> str:
    """A text; empty for null and absent."""
    value = body.get(name)
    return "" if value is None else str(value)


@attrs.frozen
class Reading:
    """Reads numbers and times of one venue; `who` is its name in errors (``Coinbase``)."""

    who: str
    #: What the venue writes for a time that there is not.
    nowhere: str = ""

    def amount(self, body: Mapping[str, Any], name: str) -> Decimal | None:
        """A number, to the last digit; None for null, absent and empty.

        Raises:
            VenueDown: it is no number, so the payload cannot be trusted.
        """
        value = body.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            raise self.unreadable(name, value)
        if isinstance(value, int):
            return Decimal(value)
        if isinstance(value, Decimal):
            return value if value.is_finite() else None
        try:
            return parse_decimal(value, field=name)
        except InvalidValue:
            return self._otherwise(name, value)

    def _otherwise(self, name: str, value: Any) -> Decimal:
        """A number such as ``1E-8`` or ``.48``, which venues write now and then."""
        if isinstance(value, str) and len(value) <= _LONGEST and value.isascii():
            try:
                found = Decimal(value)
            except ArithmeticError:
                raise self.unreadable(name, value) from None
            if found.is_finite():
                return Decimal(plain(found))
        raise self.unreadable(name, value)

    def unreadable(self, name: str, value: Any) -> VenueDown:
        """The error for a value that cannot be read."""
        return VenueDown(f"{self.who}'s {name} cannot be read: {str(value)[:_LONGEST]!r}.", fix="Try again.")

    def number(self, body: Mapping[str, Any], name: str) -> Decimal:
        """A number, zero where there is none. Raises VenueDown when it cannot be read."""
        found = self.amount(body, name)
        return ZERO if found is None else found

    def positive(self, body: Mapping[str, Any], name: str) -> Decimal | None:
        """A number above zero, or None: venues write 0 for what there is not."""
        found = self.amount(body, name)
        return found if found is not None and found > 0 else None

    def time_ns(self, body: Mapping[str, Any], name: str) -> int | None:
        """A time in ISO 8601; None where there is none. Raises VenueDown when it cannot be read."""
        value = text(body, name)
        if not value or value == self.nowhere:
            return None
        try:
            return parse_iso(value, field=name)
        except InvalidValue:
            raise self.unreadable(name, value) from None
