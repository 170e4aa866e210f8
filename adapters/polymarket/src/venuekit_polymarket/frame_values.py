"""Values that a frame of a stream has to have: what is missing or odd in one is told, never taken for zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from venuekit.adapter import ONE, InvalidValue, Level, Side, VenueDown, checked_amount
from venuekit_polymarket.reading import amount, text, unreadable

Frame = Mapping[str, Any]


def needed(row: Frame, name: str) -> str:
    """A text that has to be there. Raises VenueDown."""
    found = text(row, name)
    if not found:
        raise missing(name)
    return found


def missing(name: str) -> VenueDown:
    """The error for a value that is not there."""
    return VenueDown(f"Polymarket's {name} is missing.", fix="Try again.")


def size(row: Frame, name: str = "size") -> Decimal:
    """A number of shares, zero or more. Raises VenueDown."""
    found = amount(row, name)
    if found is None:
        raise missing(name)
    try:
        checked_amount(found, field=name)
    except InvalidValue:
        raise unreadable(name, found) from None
    if found < 0:
        raise unreadable(name, found)
    return found


def price(row: Frame, name: str = "price") -> Decimal:
    """A price above nothing, and a dollar at most. Raises VenueDown."""
    found = size(row, name)
    if not 0 < found <= ONE:
        raise unreadable(name, found)
    return found


def side(row: Frame, name: str = "side") -> Side:
    """BUY or SELL, in any case. Raises VenueDown."""
    found = {"BUY": Side.BUY, "SELL": Side.SELL}.get(text(row, name).upper())
    if found is None:
        raise unreadable(name, text(row, name))
    return found


def rows(row: Frame, name: str) -> Sequence[Frame]:
    """A list of objects and of nothing else; null and absent are empty. Raises VenueDown."""
    found = row.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise unreadable(name, found)
    return found


def texts(row: Frame, name: str) -> Sequence[str]:
    """A list of ids or words; null and absent are empty."""
    found = row.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []


def level(row: Frame) -> Level:
    """One price and its size, which may be zero. Raises VenueDown."""
    return Level(price(row), size(row))


def levels(row: Frame, name: str) -> Sequence[Level]:
    """Prices and sizes of a book's side, as they come. Raises VenueDown."""
    return [level(one) for one in rows(row, name)]
