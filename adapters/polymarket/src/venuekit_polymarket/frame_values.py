"""Values in Polymarket's frames: numbers as text such as ``.48``, times in three forms, nothing for nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import NANOS, InvalidValue, Level, Side, parse_iso, plain

_NUMBER = re.compile(r"-?(?:[0-9]{1,24}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})(?:[eE][+-]?[0-9]{1,2})?")
#: Whole numbers from here on are milliseconds; before, seconds: 1973 in one unit, 5138 in the other.
_MILLISECONDS = 100_000_000_000


class Unreadable(ValueError):
    """A frame has a value that cannot be trusted. It is counted, and what it was about is asked for anew."""


def amount(row: Mapping[str, Any], name: str) -> Decimal | None:
    """A number to the last digit; None for null, absent and empty. Raises Unreadable."""
    value = row.get(name)
    if value is None or value == "":
        return None
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise Unreadable(f"{name} is {str(value)[:40]!r}")
    number = Decimal(text)
    # An exponent is kept out of the model, where amounts are shown as they are.
    return Decimal(plain(number)) if "e" in text.lower() else number


def number(row: Mapping[str, Any], name: str) -> Decimal:
    """A number that has to be there. Raises Unreadable."""
    found = amount(row, name)
    if found is None:
        raise Unreadable(f"{name} is missing")
    return found


def positive(row: Mapping[str, Any], name: str) -> Decimal:
    """A number above zero. Raises Unreadable."""
    found = number(row, name)
    if found <= 0:
        raise Unreadable(f"{name} is {plain(found)}")
    return found


def text(row: Mapping[str, Any], name: str) -> str:
    """A text; empty for null and absent. Ids may come as numbers."""
    value = row.get(name)
    return "" if value is None or isinstance(value, float | Mapping | list) else str(value)


def needed(row: Mapping[str, Any], name: str) -> str:
    """A text that has to be there. Raises Unreadable."""
    found = text(row, name)
    if not found:
        raise Unreadable(f"{name} is missing")
    return found


def moment(row: Mapping[str, Any], *names: str) -> int | None:
    """The first of these times that is told, in nanoseconds: milliseconds, seconds or ISO 8601. Raises Unreadable."""
    for name in names:
        value = text(row, name)
        if not value or value == "0":
            continue
        if value.isascii() and value.isdigit() and len(value) <= 16:
            count = int(value)
            return count * (NANOS // 1000) if count >= _MILLISECONDS else count * NANOS
        try:
            return parse_iso(value, field=name)
        except InvalidValue:
            raise Unreadable(f"{name} is {value[:40]!r}") from None
    return None


def side(row: Mapping[str, Any], name: str = "side") -> Side:
    """BUY or SELL, in any case. Raises Unreadable."""
    found = {"BUY": Side.BUY, "SELL": Side.SELL}.get(text(row, name).upper())
    if found is None:
        raise Unreadable(f"{name} is {text(row, name)[:40]!r}")
    return found


def rows(row: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """A list of objects; null and absent are empty. Raises Unreadable."""
    found = row.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise Unreadable(f"{name} is no list of objects")
    return found


def texts(row: Mapping[str, Any], name: str) -> Sequence[str]:
    """A list of ids or words; null and absent are empty."""
    found = row.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []


def levels(row: Mapping[str, Any], name: str) -> Sequence[Level]:
    """Prices and sizes of a book's side, as they come. Raises Unreadable."""
    return [level(one) for one in rows(row, name)]


def level(row: Mapping[str, Any]) -> Level:
    """One price and its size, which may be zero. Raises Unreadable."""
    size = number(row, "size")
    if size < 0:
        raise Unreadable(f"size is {plain(size)}")
    return Level(positive(row, "price"), size)
