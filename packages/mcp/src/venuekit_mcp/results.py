"""What a tool call answers: structured content with its text, or an error that a model can act on."""

from __future__ import annotations

import json
import secrets
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import mcp_types as mt
import msgspec

from venuekit.errors import InternalError, OutcomeUnknown, RateLimited, Rejected, Unavailable, VenuekitError
from venuekit.watch.redact import redact_text
from venuekit_mcp.wire import LONGEST_UNTRUSTED, clean, marked

#: Longest answer, in bytes of JSON; hosts cut or refuse longer ones.
MOST_BYTES = 80_000
_ENCODE = msgspec.json.Encoder().encode
#: What is said of an error whose own words came from a venue.
_SAID_BY_VENUE: tuple[tuple[type[VenuekitError], str], ...] = (
    (OutcomeUnknown, "The request was sent and no trustworthy answer came back."),
    (Rejected, "The venue rejected the request."),
    (Unavailable, "Nothing was sent; the venue or the desk could not take the request now."),
)


def json_text(body: Any) -> str:
    """Compact JSON."""
    return _ENCODE(body).decode()


def incident(error: BaseException, known: frozenset[str]) -> InternalError:
    """A bug as an error without its details, which go to stderr under the incident's id, without `known` secrets."""
    name = secrets.token_hex(6)
    told = redact_text("".join(traceback.format_exception(error)), also=known)
    sys.stderr.write(f"venuekit-mcp: incident {name}\n{told}")
    return InternalError("Something went wrong inside the server.", details={"incident": name})


def error_body(error: VenuekitError) -> dict[str, Any]:
    """code, message, fix, and field, order_id, details where there are any; a venue's own words are marked."""
    body = dict(error.to_dict())
    body["message"] = clean(str(body["message"]), 600)
    by_us = isinstance(error, RateLimited) and not error.said_by_venue
    for kind, ours in () if by_us else _SAID_BY_VENUE:
        if isinstance(error, kind):
            body["message"] = f"{ours} Reason: {(type(error).__doc__ or '').strip().splitlines()[0]}"
            body["venue_says"] = marked(error.message)
            break
    details = body.get("details")
    if isinstance(details, dict):
        strange = {"untrusted": True} if "venue_says" in body else {}
        body["details"] = strange | {k: _clean_detail(v) for k, v in details.items()}
    if "fix" in body:
        body["fix"] = clean(str(body["fix"]), LONGEST_UNTRUSTED)
    return body


def _clean_detail(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return [clean(str(item), 80) for item in value[:20]] if isinstance(value, list) else value


def failed(error: VenuekitError, envelope: Mapping[str, str]) -> mt.CallToolResult:
    """The tool error for `error`."""
    body = {**error_body(error), **envelope}
    return mt.CallToolResult(content=[mt.TextContent(text=json_text(body))], structured_content=body, is_error=True)


def bounded(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The body and its JSON, with the longest lists cut until it is at most `MOST_BYTES`; says so in `truncated`."""
    text = json_text(body)
    while len(text) > MOST_BYTES:
        lists = {k: v for k, v in body.items() if isinstance(v, list) and v}
        if not lists:
            raise InternalError(f"An answer of {len(text)} bytes cannot be cut.")
        longest = max(lists, key=lambda k: len(json.dumps(lists[k])))
        kept = lists[longest][: len(lists[longest]) // 2]
        body = {
            **{k: v for k, v in body.items() if k != "next_cursor"},
            longest: kept,
            "truncated": f"{longest} was cut to {len(kept)} to keep the answer small; use limit or filters.",
        }
        text = json_text(body)
    return body, text


def answered(body: dict[str, Any], envelope: Mapping[str, str]) -> mt.CallToolResult:
    """The result that carries `body`, as structured content and as text."""
    whole, text = bounded({**body, **envelope})
    return mt.CallToolResult(content=[mt.TextContent(text=text)], structured_content=whole)
