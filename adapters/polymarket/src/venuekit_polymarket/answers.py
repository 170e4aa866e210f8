"""What comes back over HTTP, and whether something may have happened at the venue when nothing readable does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from venuekit.adapter import (
    OutcomeUnknown,
    RateLimited,
    VenueDown,
    VenuePermission,
    retry_after_seconds,
)
from venuekit_polymarket.calls import Call
from venuekit_polymarket.errors import GEOBLOCKED, RESTARTING, clean, meaning_of, text_of

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMED_OUT, _TOO_EARLY, _TOO_MANY = 401, 403, 404, 408, 425, 429
#: A body that is no JSON beside one of these is the gate's, not the venue's.
_BLOCKED = (_FORBIDDEN, 451)
_MOST_WAIT = 300.0


@attrs.frozen
class Answer:
    """What came back: the HTTP status, and the body's JSON; numbers keep every digit."""

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
        return self.status != _NOT_FOUND


def lost(call: Call, why: str) -> VenueDown | OutcomeUnknown:
    """The error when no answer came, or none that can be read."""
    if call.changes:
        return OutcomeUnknown(f"Polymarket's answer did not arrive: {why}.")
    return VenueDown(f"Polymarket did not answer: {why}.", fix="Try again.")


def read_answer(call: Call, status: int, headers: Mapping[str, str], raw: bytes, now_ns: int) -> Answer:
    """The answer; `headers` are found in any case.

    Raises:
        RateLimited, VenueDown, VenuePermission: nothing happened at the venue.
        OutcomeUnknown: something may have happened.
    """
    if status == _TOO_MANY:
        wait = min(retry_after_seconds(headers.get("Retry-After"), now_ns=now_ns), _MOST_WAIT)
        raise RateLimited("Polymarket says that there were too many calls.", retry_after=wait)
    if status == _TOO_EARLY:
        raise VenueDown(
            "Polymarket's matching engine is restarting.",
            fix="Try again in a minute or two; after that it takes post-only orders for two minutes.",
            details={"venue_code": RESTARTING},
        )
    try:
        body = _decode(raw) if raw.strip() else {}
    except msgspec.DecodeError as error:
        body = raw.decode(errors="replace")
        if status in _BLOCKED:
            raise _blocked() from error
        if status < 400 or _is_page(body) or (status >= 500 and meaning_of(text_of(body)) is None):
            raise lost(call, f"HTTP {status} with a body that is no JSON") from error
    if status == _FORBIDDEN:
        words = text_of(body)
        if meaning_of(words) is None:
            raise VenuePermission(
                f"Polymarket does not allow that{f' ({clean(words)})' if words else ''}.",
                fix="Run: venuekit doctor polymarket. It asks whether the venue serves this place.",
            )
    if status == _TIMED_OUT or (status >= 500 and meaning_of(text_of(body)) is None):
        said = text_of(body)
        raise lost(call, f"HTTP {status}{f', {said}' if said else ''}")
    return Answer(status, body, headers)


def _is_page(body: str) -> bool:
    return body.lstrip()[:200].lower().startswith(("<!doctype", "<html"))


def _blocked() -> VenuePermission:
    return VenuePermission(
        "Polymarket's gate does not let this machine's address in: the venue does not serve every country, and "
        "blocks some providers.",
        fix="Run: venuekit doctor polymarket. Where the venue does not serve you, do not use it.",
        details={"venue_code": GEOBLOCKED},
    )
