"""Asking Coinbase: each call paced by its class, its answer read, its refusal told in our errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import attrs

from venuekit.adapter import InvalidCursor, UnknownOrder, VenuekitError
from venuekit_coinbase.client import Call, Requests, plan
from venuekit_coinbase.errors import refusal
from venuekit_coinbase.reading import rows, text
from venuekit_coinbase.transport import Transport
from venuekit_wire.answers import Answer

#: A list that goes on after so many pages is not read to its end in one go.
MOST_PAGES = 400


class Api:
    """The venue's REST interface; `sdk` has a method for each endpoint, to be given to the others here."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.sdk = Requests()

    async def answer(self, method: Callable[..., Any], **named: Any) -> Answer:
        """The answer of one of the SDK's methods, a refusal included."""
        return await self._transport.send(plan(method, **named))

    async def send(self, call: Call) -> Answer:
        """The answer to a request, a refusal included."""
        return await self._transport.send(call)

    async def ask(
        self,
        method: Callable[..., Any],
        *,
        missing: VenuekitError | None = None,
        **named: Any,
    ) -> Mapping[str, Any]:
        """The body of an answer; `missing` is the error for what does not exist.

        Raises:
            Rejected, UsageError: the venue refused, by `venuekit_coinbase.errors`.
        """
        answer = await self.answer(method, **named)
        return body_of(answer, missing=missing)

    async def question(self, method: Callable[..., Any], **named: Any) -> Mapping[str, Any]:
        """The body of an answer to what the venue wants as a POST although it changes nothing.

        Raises:
            As `ask`; no answer is Unavailable, never an unknown outcome.
        """
        return body_of(await self.send(attrs.evolve(plan(method, **named), asks=True)))

    async def pages(
        self, method: Callable[..., Any], name: str, *, cursor: str | None = None, **named: Any
    ) -> AsyncIterator[tuple[list[Mapping[str, Any]], str | None]]:
        """The pages of a list, each with the cursor of the next; None after the last.

        Raises:
            InvalidCursor: the venue does not know `cursor`.
        """
        for _ in range(MOST_PAGES):
            found, cursor = await self.page(method, name, cursor=cursor, **named)
            yield found, cursor
            if cursor is None:
                return

    async def page(
        self, method: Callable[..., Any], name: str, *, cursor: str | None, **named: Any
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        """One page of a list, and the cursor of the next.

        Raises:
            InvalidCursor: the venue does not know `cursor`.
        """
        answer = await self.answer(method, cursor=cursor, **named)
        if not answer.ok and cursor is not None:
            raise InvalidCursor("Coinbase does not know this cursor.", field="cursor")
        body = body_of(answer)
        found, following = list(rows(body, name)), text(body, "cursor") or None
        # Fills have no word on whether more follow: an empty page is the last.
        more = body.get("has_next") is not False and following != cursor and (bool(found) or "has_next" in body)
        return found, following if more else None


def body_of(answer: Answer, *, missing: VenuekitError | None = None) -> Mapping[str, Any]:
    """The body of an answer that is an object; a refusal is raised."""
    body = answer.body if isinstance(answer.body, Mapping) else {}
    if not answer.found and missing is not None:
        raise missing
    if not answer.ok:
        raise refusal(body, what=f"the request (HTTP {answer.status})")
    return body


def no_order(order_id: str) -> UnknownOrder:
    """The error for an order that does not exist."""
    return UnknownOrder(f"No order {order_id[:60]!r} at Coinbase.", field="order_id")
