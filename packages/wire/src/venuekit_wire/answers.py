"""What comes back over HTTP, exact to the digit, and the error when nothing comes that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from venuekit.adapter import OutcomeUnknown, RateLimited, VenueDown, retry_after_seconds
from venuekit_wire.calls import Call

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TIMED_OUT, TOO_EARLY, TOO_MANY = 401, 403, 404, 408, 425, 429
#: Seconds to wait where a venue does not say, and at most.
_DEFAULT_SECONDS, _MOST_SECONDS = 1.0, 300.0

#: JSON as bytes.
encode = msgspec.json.Encoder().encode
#: JSON as Python's values, its numbers as Decimal or int. Raises msgspec.DecodeError.
decode = msgspec.json.Decoder(float_hook=Decimal).decode


@attrs.frozen
class Answer:
    """What came back: the HTTP status, the body's JSON, and the headers, which are found in any case."""

    status: int
    body: Any
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the venue took the request."""
        return self.status < 400

    @property
    def found(self) -> bool:
        """Whether what was asked for exists."""
        return self.status != NOT_FOUND

    def count(self, header: str) -> int | None:
        """A whole number that a header tells, such as how many calls are left; None where it tells none."""
        said = self.headers.get(header, "")
        return int(said) if said.isascii() and said.isdigit() else None


def lost(venue: str, call: Call, why: str) -> VenueDown | OutcomeUnknown:
    """The error when no answer came, or none that can be read: doubt, where the request may have changed something.

    Args:
        venue: Its name, for people.
        call: What was asked.
        why: What went wrong, in a few words.
    """
    if call.changes:
        return OutcomeUnknown(f"{venue}'s answer did not arrive: {why}.")
    return VenueDown(f"{venue} did not answer: {why}.", fix="Try again.")


def unreachable(venue: str, why: str) -> VenueDown:
    """The error when nothing was sent."""
    return VenueDown(f"{venue} cannot be reached: {why}.", fix="Try again.")


def too_many(venue: str, headers: Mapping[str, str], now_ns: int, *others: str) -> RateLimited:
    """The error for 429, whatever its body is. When to come again, ``Retry-After`` says, or `others`, in that order."""
    return RateLimited(
        f"{venue} says that there were too many calls.", retry_after=wait_seconds(headers, now_ns, *others)
    )


def wait_seconds(headers: Mapping[str, str], now_ns: int, *others: str) -> float:
    """Seconds to wait, by ``Retry-After`` or one of `others`, a number or a date; 1 where none says, at most 300."""
    for name in ("Retry-After", *others):
        said = retry_after_seconds(headers.get(name), now_ns=now_ns, default=-1.0)
        if said >= 0:
            return min(said, _MOST_SECONDS)
    return _DEFAULT_SECONDS
