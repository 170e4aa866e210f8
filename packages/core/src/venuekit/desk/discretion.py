"""What a caller writes into an order, without secrets: it is kept, told to others, and sent to the venue."""

from __future__ import annotations

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.intent import OrderRequest
from venuekit.watch.redact import redact_text


def discreet_request(request: OrderRequest, secrets: frozenset[str]) -> OrderRequest:
    """The request with a reason that gives nothing away."""
    reason = redact_text(request.reason, also=secrets) if request.reason else ""
    return request if reason == request.reason else attrs.evolve(request, reason=reason)


def secret_id(client_order_id: str, secrets: frozenset[str]) -> InvalidValue | None:
    """Why an order may not be filed under this id, if it is a secret: the id stands in every record of it."""
    if redact_text(client_order_id, also=secrets, keep_hex=True) == client_order_id:
        return None
    return InvalidValue(
        "client_order_id holds a key, a token or another secret.",
        fix="Leave it out, or pass an id of your own making. A secret that was sent here should be replaced.",
        field="client_order_id",
    )
