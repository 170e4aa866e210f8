"""Client order ids: unique over processes and restarts, sorted by time, safe at every venue."""

from __future__ import annotations

import itertools
import secrets

from venuekit.model.identity import ApprovalId, ClientOrderId
from venuekit.protocols.clock import Clock

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = _DIGITS[rest] + text
    return text or "0"


class Identifiers:
    """Makes ids of 24 characters or so: time in microseconds, this process's random part, a counter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._process = secrets.token_hex(3)
        self._count = itertools.count(1)

    def order(self) -> ClientOrderId:
        """A client order id."""
        return f"vk{_base36(self._clock.now_ns() // 1000)}{self._process}{_base36(next(self._count))}"

    def approval(self) -> ApprovalId:
        """An approval id, which cannot be guessed."""
        return f"apr_{secrets.token_hex(8)}"
