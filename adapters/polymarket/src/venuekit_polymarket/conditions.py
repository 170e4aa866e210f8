"""What the venue as a whole takes at the moment: it tells so only by refusing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from venuekit.adapter import NANOS, Clock, InstrumentStatus, VenueDown, VenuekitError
from venuekit_polymarket.calls import Call
from venuekit_polymarket.errors import CANCEL_ONLY, DISABLED, POST_ONLY, RESTARTING, meaning_of, text_of
from venuekit_wire.answers import Answer

#: What each refusal means for every instrument.
_STATES = {
    RESTARTING: InstrumentStatus.HALTED,
    DISABLED: InstrumentStatus.HALTED,
    CANCEL_ONLY: InstrumentStatus.CANCEL_ONLY,
    POST_ONLY: InstrumentStatus.POST_ONLY,
}
#: How long a refusal is believed where it does not say; then the next order finds out.
_BELIEVED_SECONDS = {RESTARTING: 90, DISABLED: 30, CANCEL_ONLY: 30, POST_ONLY: 120}
_MOST_SECONDS = 600


class Conditions:
    """The venue's own state; it holds for every instrument, and passes by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._code = ""
        self._until_ns = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def code(self) -> str:
        """RESTARTING, TRADING_DISABLED, CANCEL_ONLY_MODE or POST_ONLY_MODE, while that is believed; else empty."""
        return self._code if self._clock.monotonic_ns() < self._until_ns else ""

    @property
    def seconds(self) -> float:
        """How long it is believed yet."""
        return max(0.0, (self._until_ns - self._clock.monotonic_ns()) / NANOS) if self._code else 0.0

    def status(self, own: InstrumentStatus) -> InstrumentStatus:
        """The status of an instrument whose own is `own`."""
        state = _STATES.get(self.code)
        if state is None or own in (InstrumentStatus.RESOLVED, InstrumentStatus.EXPIRED, InstrumentStatus.HALTED):
            return own
        return state

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` when the venue tells of another state."""
        self._listeners.append(changed)

    def failed(self, error: VenuekitError) -> None:
        """A call failed: it may say that the venue is restarting."""
        if isinstance(error, VenueDown) and error.details.get("venue_code") == RESTARTING:
            self._enter(RESTARTING, {})

    def answered(self, call: Call, answer: Answer) -> None:
        """A call was answered: a refusal may tell of a state, and an accepted order that there is none."""
        if answer.status >= 500:
            found = meaning_of(text_of(answer.body))
            if found is not None and found.code in _STATES:
                self._enter(found.code, answer.body if isinstance(answer.body, Mapping) else {})
        elif answer.ok and self._ordered(call) and self.code not in ("", POST_ONLY):
            self._leave()  # post-only orders are taken in post-only mode, too, so that they prove nothing of it

    @staticmethod
    def _ordered(call: Call) -> bool:
        return call.method == "POST" and call.path in ("/order", "/orders")

    def _enter(self, code: str, body: Mapping[str, Any]) -> None:
        said = body.get("retry_after_seconds")
        seconds = said if isinstance(said, int) and not isinstance(said, bool) else _BELIEVED_SECONDS[code]
        changed = self.code != code
        self._code = code
        self._until_ns = self._clock.monotonic_ns() + max(1, min(seconds, _MOST_SECONDS)) * NANOS
        if changed:
            self._tell()

    def _leave(self) -> None:
        self._code, self._until_ns = "", 0
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
