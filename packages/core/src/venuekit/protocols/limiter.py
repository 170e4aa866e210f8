"""Pace: taking a slot before a call."""

from __future__ import annotations

from typing import Protocol

from venuekit.model.words import Word


class EndpointClass(Word):
    """Which budget a call draws on."""

    PUBLIC = "public"
    PRIVATE = "private"
    ORDERS = "orders"
    CANCELS = "cancels"


class Limiter(Protocol):
    """Slots for calls to one venue."""

    async def take(self, endpoint: EndpointClass, *, agent_id: str = "", timeout_seconds: float | None = None) -> None:
        """Wait for a slot. Raises `RateLimited`, with when to retry, if none comes in time."""
        ...
