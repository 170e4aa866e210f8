"""The control record as it is kept, read by hand: a halt must not wait for a library that reads everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venuekit.errors import JournalUnavailable
from venuekit.protocols.journal import Control, Hold
from venuekit.protocols.trading import TradingState


def read_control(body: Any) -> Control:
    """The control record in a row's body.

    Raises:
        JournalUnavailable: it is none, or a newer version's.
    """
    try:
        scopes = {str(name): Hold(**_fields(hold)) for name, hold in body.get("scopes", {}).items()}
        return Control(**{**_fields(body), "scopes": scopes})
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise JournalUnavailable(
            "The control record in the store cannot be read: it was altered, or a newer version wrote it.",
            fix="Run: venuekit audit verify",
        ) from error


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    fields = {**body, "state": TradingState(body["state"])}
    for name in ("cancel_all_request", "resumes", "revision", "since_ns"):
        if type(fields.get(name, 0)) is not int:
            raise TypeError(f"{name} is no number")
    if not all(isinstance(fields.get(name, ""), str) for name in ("reason", "by")):
        raise TypeError("reason and by are texts")
    return fields
