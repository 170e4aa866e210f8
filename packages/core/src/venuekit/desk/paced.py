"""A venue behind its budgets: every read waits for its slot, and every 429 is heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from venuekit.desk.serving import served
from venuekit.errors import RateLimited
from venuekit.protocols.limiter import CALLS, READS, EndpointClass, Limiter
from venuekit.protocols.venue import Venue


def paced(venue: Venue, limiter: Limiter) -> Venue:
    """The same venue, whose reads wait for a slot."""
    return cast("Venue", _Paced(venue, limiter, READS))


def at_once(venue: Venue, limiter: Limiter) -> Venue:
    """The same venue for who has taken a slot already; the limiter still hears when the venue says 429."""
    return cast("Venue", _Paced(venue, limiter, {}))


class _Paced:
    def __init__(self, venue: Venue, limiter: Limiter, waits: dict[str, EndpointClass]) -> None:
        self._venue = venue
        self._limiter = limiter
        self._waits = waits
        #: Methods as found at the venue, and as given out.
        self._given: dict[str, tuple[Any, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._venue, name)
        endpoint = CALLS.get(name)
        if endpoint is None:
            return found
        known = self._given.get(name)
        if known is None or known[0] != found:
            known = self._given[name] = (found, self._call(name, endpoint, found))
        return known[1]

    def _call(
        self, name: str, endpoint: EndpointClass, method: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        limiter, waits = self._limiter, name in self._waits

        async def call(*arguments: Any, **named: Any) -> Any:
            if waits:
                await limiter.take(endpoint, call=name, agent_id=served())
            try:
                return await method(*arguments, **named)
            except RateLimited as error:
                limiter.too_many(error.endpoint or endpoint, error.retry_after)
                raise

        return call
