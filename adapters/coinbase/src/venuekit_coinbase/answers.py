"""What comes back over HTTP, and whether something may have happened at the venue when nothing readable does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from venuekit.adapter import OutcomeUnknown, RateLimited, VenueDown, VenuePermission
from venuekit_coinbase.capabilities import PRIVATE, PUBLIC, V2
from venuekit_coinbase.client import Call
from venuekit_coinbase.retry_after import seconds_of

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMED_OUT, _TOO_MANY = 401, 403, 404, 408, 429


@attrs.frozen
class Answer:
    """What came back: the HTTP status, and the body's JSON. `calls_left` is the venue's own count, where it tells."""

    status: int
    body: Any
    calls_left: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the venue took the request."""
        return self.status < 400

    @property
    def found(self) -> bool:
        """Whether what was asked for exists."""
        return self.status != _NOT_FOUND


def budget_of(call: Call) -> str:
    """Which of the venue's budgets a request draws on."""
    if call.path.startswith("/v2/"):
        return V2
    return PUBLIC if call.public else PRIVATE


def lost(call: Call, why: str) -> VenueDown | OutcomeUnknown:
    """The error when no answer came, or none that can be read."""
    if call.changes:
        return OutcomeUnknown(f"Coinbase's answer did not arrive: {why}.")
    return VenueDown(f"Coinbase did not answer: {why}.", fix="Try again.")


def read_answer(call: Call, status: int, headers: Mapping[str, str], raw: bytes, now_ns: int) -> Answer:
    """The answer, whoever brought it; `headers` are found in any case.

    Raises:
        RateLimited, VenueDown, VenuePermission, OutcomeUnknown: as `Transport.send`.
    """
    if status == _TOO_MANY:
        raise RateLimited("Coinbase says that there were too many calls.", retry_after=seconds_of(headers, now_ns))
    left = headers.get("x-ratelimit-remaining", "")
    calls_left = int(left) if left.isascii() and left.isdigit() else None
    if status == UNAUTHORIZED:
        return Answer(status, {}, calls_left)  # its body is text
    try:
        body = _decode(raw)
    except msgspec.DecodeError as error:
        if status == _FORBIDDEN:
            raise VenuePermission(
                "Coinbase does not allow the request from here, or with this key.",
                fix="Check the key's permissions and its list of addresses, and Coinbase's list of countries.",
            ) from error
        raise lost(call, f"HTTP {status} with a body that is no JSON") from error
    if status >= 500 or status == _TIMED_OUT:
        raise lost(call, f"HTTP {status}")
    if status == _FORBIDDEN:
        said = body.get("error_details") or body.get("message") if isinstance(body, dict) else ""
        raise VenuePermission(
            f"Coinbase does not allow that with this key{f' ({str(said)[:200]})' if said else ''}.",
            fix="Give the key the permission at the Coinbase Developer Platform, or use another portfolio's key.",
        )
    return Answer(status, body, calls_left)
