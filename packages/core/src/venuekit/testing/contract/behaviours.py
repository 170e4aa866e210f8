"""What a promised behaviour is, and how a test is marked as the check of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from venuekit.testing.contract.catalogue import CATALOGUE, Behaviour

__all__ = ["AREAS", "BEHAVIOURS", "Behaviour", "behaviour"]

#: The areas of the score, by the first part of an id.
AREAS = {
    "SES": "sessions",
    "CAP": "capabilities",
    "MKT": "market data",
    "ORD": "orders",
    "AMD": "amending",
    "CXL": "cancellation",
    "IDE": "idempotency",
    "STR": "streams",
    "ERR": "errors",
    "REC": "reconciling",
    "PRE": "precision",
    "PAG": "paging",
    "CON": "concurrency",
    "POR": "portfolio",
}

#: By id, sorted.
BEHAVIOURS: dict[str, Behaviour] = {entry.id: entry for entry in sorted(CATALOGUE, key=lambda entry: entry.id)}

T = TypeVar("T", bound=Callable[..., Any])


def behaviour(name: str) -> Callable[[T], T]:
    """Mark a test as the check of one promised behaviour.

    Raises:
        KeyError: there is no behaviour of that id.
    """
    found = BEHAVIOURS[name]

    def mark(test: T) -> T:
        return pytest.mark.behaviour(found.id)(test)  # type: ignore[no-any-return]

    return mark
