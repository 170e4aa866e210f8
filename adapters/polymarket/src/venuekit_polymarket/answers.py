"""What Polymarket's answers mean over HTTP, and whether something may have happened when nothing readable comes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from venuekit.adapter import VenueDown, VenuePermission
from venuekit_polymarket.calls import Call
from venuekit_polymarket.errors import GEOBLOCKED, RESTARTING, clean, meaning_of, text_of
from venuekit_wire import answers
from venuekit_wire.answers import Answer

#: Polymarket's name for people.
TITLE = "Polymarket"
#: A body that is no JSON beside one of these is the gate's, not the venue's.
_BLOCKED = (answers.FORBIDDEN, 451)


def read_answer(call: Call, status: int, headers: Mapping[str, str], raw: bytes, now_ns: int) -> Answer:
    """The answer; `headers` are found in any case.

    Raises:
        RateLimited, VenueDown, VenuePermission: nothing happened at the venue.
        OutcomeUnknown: something may have happened.
    """
    if status == answers.TOO_MANY:
        raise answers.too_many(call.who or TITLE, headers, now_ns)
    if status == answers.TOO_EARLY:
        raise VenueDown(
            "Polymarket's matching engine is restarting.",
            fix="Try again in a minute or two; after that it takes post-only orders for two minutes.",
            details={"venue_code": RESTARTING},
        )
    try:
        body = answers.decode(raw) if raw.strip() else {}
    except msgspec.DecodeError as error:
        body = raw.decode(errors="replace")
        if status in _BLOCKED:
            raise _blocked() from error
        if status < 400 or _is_page(body) or (status >= 500 and meaning_of(text_of(body)) is None):
            raise answers.lost(call.who or TITLE, call, f"HTTP {status} with a body that is no JSON") from error
    if status == answers.FORBIDDEN:
        words = text_of(body)
        if meaning_of(words) is None:
            raise VenuePermission(
                f"{call.who or TITLE} does not allow that{f' ({clean(words)})' if words else ''}.",
                fix="Run: venuekit doctor polymarket. It asks whether the venue serves this place.",
            )
    if status == answers.TIMED_OUT or (status >= 500 and meaning_of(text_of(body)) is None):
        said = text_of(body)
        raise answers.lost(call.who or TITLE, call, f"HTTP {status}{f', {said}' if said else ''}")
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
