"""Pace: taking a slot before a call to the venue, and hearing from the venue when that was too often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from venuekit.model.words import Word


class EndpointClass(Word):
    """Which budget a call draws on. A venue may have further ones, by names of its own."""

    PUBLIC = "public"
    PRIVATE = "private"
    ORDERS = "orders"
    CANCELS = "cancels"


#: Calls that only read, and the budget of each.
READS = {
    **dict.fromkeys(("instruments", "instrument", "search", "tickers", "order_book"), EndpointClass.PUBLIC),
    **dict.fromkeys(("trades", "candles", "server_time_ns"), EndpointClass.PUBLIC),
    **dict.fromkeys(("order", "open_orders", "order_history", "fills"), EndpointClass.PRIVATE),
    **dict.fromkeys(("balances", "positions", "profile", "transfers"), EndpointClass.PRIVATE),
}
#: Calls that change something. Their slots are taken by who sends them, because more is checked after the wait.
CHANGES = {
    "submit": EndpointClass.ORDERS,
    "submit_many": EndpointClass.ORDERS,
    "amend": EndpointClass.ORDERS,
    "cancel": EndpointClass.CANCELS,
    "cancel_all": EndpointClass.CANCELS,
}
CALLS = {**READS, **CHANGES}


@attrs.frozen(kw_only=True)
class PaceState:
    """One budget of calls as it is now.

    `rates` are those configured or declared, `share` is how much of them is used since the venue last said that it
    was too much: 1 is all. `stopped_seconds` is how long nothing goes yet, `recovers_seconds` how long until the
    whole rate is used again. `waiting` calls wait for a slot; `left` could go at once, None where nothing limits them.
    """

    endpoint: str
    rates: Sequence[str]
    share: float
    stopped_seconds: float
    recovers_seconds: float
    waiting: int
    left: int | None


class VenuePace(Protocol):
    """The door through which an adapter takes part in pacing: `VenueContext.pace`.

    The desk takes a slot for every call of a protocol by itself, and learns of a `RateLimited` that the adapter
    raises. An adapter needs this for budgets of its own: those whose names it declares in `Capabilities.rates`.
    """

    async def take(self, name: str) -> None:
        """Wait for a slot of the budget `name`. Raises `RateLimited` if none comes in time."""
        ...

    def too_many(self, name: str, retry_after: float) -> None:
        """The venue said 429 and the adapter deals with it: that budget stops for `retry_after` seconds and is cut."""
        ...

    def quota(self, name: str, remaining: int, resets_seconds: float | None = None) -> None:
        """The venue's headers say how many calls are left, and in how many seconds it begins to count anew."""
        ...


class Limiter(Protocol):
    """Slots for calls to one venue."""

    async def take(
        self, endpoint: str, *, call: str = "", agent_id: str = "", timeout_seconds: float | None = None
    ) -> None:
        """Wait for a slot for `call`, on behalf of an agent; without one, of the desk itself, which comes first.

        Agents have turns. `timeout_seconds` is the caller's patience; by default an agent has the configured one,
        and the desk waits as long as it takes.

        Raises:
            RateLimited: at once, if the slot would not come in time; says when to try again.
        """
        ...

    def too_many(self, endpoint: str, retry_after: float) -> None:
        """The venue answered that these were too many: stop for `retry_after` seconds, then go on slower."""
        ...

    def states(self) -> Sequence[PaceState]:
        """Every budget that limits something now."""
        ...

    def changes(self) -> Sequence[PaceState]:
        """Budgets that were cut, or have wholly recovered, since this was last asked."""
        ...


class Unpaced:
    """A `VenuePace` that limits nothing: for an adapter's session outside a desk."""

    async def take(self, name: str) -> None:
        """Return at once."""

    def too_many(self, name: str, retry_after: float) -> None:
        """Ignore it."""

    def quota(self, name: str, remaining: int, resets_seconds: float | None = None) -> None:
        """Ignore it."""
