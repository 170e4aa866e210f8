"""A refusal of Coinbase as one of our errors; a reason that is not in the table is kept word for word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from venuekit.adapter import Rejected, VenuekitError
from venuekit_coinbase.reasons import REASONS

#: Text of the venue that goes into a message, at most.
_MOST_TEXT = 300
#: A token, or a key's text: never in a message, whoever wrote it there.
_SECRET = re.compile(r"eyJ[\w-]{8,}(\.[\w-]*)*|-----BEGIN.*?(-----END[^-]*-----|$)", re.DOTALL)
#: Not reasons: they stand in answers that are no refusals, too.
_NO_REASON = {
    "",
    "UNKNOWN_FAILURE_REASON",
    "UNKNOWN_PREVIEW_FAILURE_REASON",
    "UNKNOWN_CANCEL_FAILURE_REASON",
    "UNKNOWN_EDIT_ORDER_FAILURE_REASON",
}
_REASON_FIELDS = (
    "new_order_failure_reason",
    "edit_failure_reason",
    "edit_order_failure_reason",
    "error",
    "preview_failure_reason",
    "failure_reason",
)


def reason_in(answer: Mapping[str, Any]) -> str:
    """The reason of a refusal, without PREVIEW_; empty when it gives none that says anything."""
    for name in _REASON_FIELDS:
        reason = _clean(str(answer.get(name) or "").removeprefix("PREVIEW_"))[:_MOST_TEXT]
        if reason not in _NO_REASON:
            return reason
    return ""


def refusal(answer: Mapping[str, Any], *, what: str) -> VenuekitError:
    """The error for `answer`, a refusal in the venue's words; `what` was asked for (``the order``)."""
    reason = reason_in(answer)
    words = text_of(answer)
    kind, field, fix = REASONS.get(reason, (Rejected, None, ""))
    message = f"Coinbase refused {what}: {reason or 'no reason given'}" + (f" ({words})" if words else "") + "."
    return kind(message, fix=fix, field=field, details={"venue_code": reason or "UNKNOWN"})


def text_of(answer: Mapping[str, Any]) -> str:
    """What the venue says in words, bounded; it is untrusted text."""
    said = [str(answer.get(name) or "").strip() for name in ("message", "error_details", "details")]
    return _clean("; ".join(dict.fromkeys(s for s in said if s)))[:_MOST_TEXT]


def _clean(text: str) -> str:
    return _SECRET.sub("[redacted]", text)
