"""What comes back over HTTP, and whether something may have happened at the venue when nothing readable does."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from venuekit.adapter import VenuePermission
from venuekit_coinbase.capabilities import PRIVATE, PUBLIC, V2
from venuekit_coinbase.client import Call
from venuekit_wire import answers
from venuekit_wire.answers import Answer

#: Coinbase's name for people.
TITLE = "Coinbase"


def budget_of(call: Call) -> str:
    """Which of the venue's budgets a request draws on."""
    if call.path.startswith("/v2/"):
        return V2
    return PUBLIC if call.public else PRIVATE


def calls_left(answer: Answer) -> int | None:
    """The venue's own count of how many calls may still come, where it tells."""
    return answer.count("x-ratelimit-remaining")


def read_answer(call: Call, status: int, headers: Mapping[str, str], raw: bytes, now_ns: int) -> Answer:
    """The answer, whoever brought it; `headers` are found in any case.

    Raises:
        RateLimited, VenueDown, VenuePermission, OutcomeUnknown: as `Transport.send`.
    """
    if status == answers.TOO_MANY:
        raise answers.too_many(TITLE, headers, now_ns, "x-ratelimit-reset")
    if status == answers.UNAUTHORIZED:
        return Answer(status, {}, headers)  # its body is text
    try:
        body = answers.decode(raw)
    except msgspec.DecodeError as error:
        if status == answers.FORBIDDEN:
            raise VenuePermission(
                "Coinbase does not allow the request from here, or with this key.",
                fix="Check the key's permissions and its list of addresses, and Coinbase's list of countries.",
            ) from error
        raise answers.lost(TITLE, call, f"HTTP {status} with a body that is no JSON") from error
    if status >= 500 or status == answers.TIMED_OUT:
        raise answers.lost(TITLE, call, f"HTTP {status}")
    if status == answers.FORBIDDEN:
        said = body.get("error_details") or body.get("message") if isinstance(body, dict) else ""
        raise VenuePermission(
            f"Coinbase does not allow that with this key{f' ({str(said)[:200]})' if said else ''}.",
            fix="Give the key the permission at the Coinbase Developer Platform, or use another portfolio's key.",
        )
    return Answer(status, body, headers)
