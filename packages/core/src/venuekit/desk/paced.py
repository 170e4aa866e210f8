"""A venue behind its budgets: every read waits for its slot, and every 429 is heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
    def __init__(self, venue: Venue, limiter: Limiter, waits: Mapping[str, EndpointClass]) -> None:
        self._venue = venue
        self._limiter = limiter
        self._waits = waits
        # Every order asks for these, and a session has the same ones from its connection to its end.
        self.name, self.account = venue.name, venue.account

    def __getattr__(self, name: str) -> Any:
        """Called for what is not here yet: a call is made once, the rest is always the venue's own."""
        endpoint = CALLS.get(name)
        if endpoint is None:
            return getattr(self._venue, name)
        made = self.__dict__[name] = self._call(name, endpoint)
        return made

    def _call(self, name: str, endpoint: EndpointClass) -> Callable[..., Awaitable[Any]]:
        venue, limiter, waits = self._venue, self._limiter, name in self._waits

        async def call(*arguments: Any, **named: Any) -> Any:
            if waits:
                await limiter.take(endpoint, call=name, agent_id=served())
            try:
                answer = await getattr(venue, name)(*arguments, **named)
            except RateLimited as error:
                heard(error)
                raise
            if name == "submit_many":
                for one in answer:
                    if isinstance(one, RateLimited):
                        heard(one)
            return answer

        def heard(error: RateLimited) -> None:
            error.said_by_venue = True
            limiter.too_many(error.endpoint or endpoint, error.retry_after)

        return call
