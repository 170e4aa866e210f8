"""What the venue lets this account do: it says so only by refusing, and is believed for a while."""

from __future__ import annotations

from venuekit.adapter import NANOS, Clock, OrderRequest, Side, VenuekitError, VenuePermission
from venuekit_polymarket.errors import BANNED, CLOSED_ONLY, GEOBLOCKED

_WORDS = {
    CLOSED_ONLY: "this address may only close positions",
    BANNED: "this address is banned",
    GEOBLOCKED: "the venue does not serve the place that this machine's address is from",
}
#: After so long an order is let through again, to find out.
_BELIEVED_SECONDS = 300


class Standing:
    """Refusals that are about the account and not about one order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._code = ""
        self._until_ns = 0

    @property
    def code(self) -> str:
        """CLOSED_ONLY, BANNED or GEOBLOCKED; empty when nothing speaks against an order."""
        return self._code if self._clock.monotonic_ns() < self._until_ns else ""

    def refused(self, error: VenuekitError) -> None:
        """An order was refused, perhaps for a reason that the next one has too."""
        code = error.details.get("venue_code")
        if isinstance(code, str) and code in _WORDS:
            self._code, self._until_ns = code, self._clock.monotonic_ns() + _BELIEVED_SECONDS * NANOS

    def check(self, request: OrderRequest) -> None:
        """Raises VenuePermission for an order that would be refused; one that sells may pass in closed-only mode."""
        code = self.code
        if not code or (code == CLOSED_ONLY and request.side is Side.SELL):
            return
        raise VenuePermission(
            f"Polymarket said lately that {_WORDS[code]}: nothing was sent.",
            fix="Run: venuekit doctor polymarket. Cancels are sent all the same.",
            details={"venue_code": code},
        )
