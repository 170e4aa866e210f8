"""Ids of orders and actions: unique over processes and restarts, sorted by time, safe at every venue."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable

from venuekit.model.identity import ApprovalId, ClientOrderId
from venuekit.protocols.clock import Clock


class Identifiers:
    """Makes ids of 24 characters or so, in hex: time in microseconds, this process's random part, a counter."""

    def __init__(self, clock: Clock, tokens: Callable[[int], str] = secrets.token_hex) -> None:
        self._clock = clock
        self._tokens = tokens
        self._process = tokens(3)
        self._count = itertools.count(1)

    def order(self) -> ClientOrderId:
        """A client order id."""
        return f"vk{self._clock.now_ns() // 1000:x}{self._process}{next(self._count):x}"

    def action(self) -> str:
        """An action id."""
        return f"act{self._clock.now_ns() // 1000:x}{self._process}{next(self._count):x}"

    def approval(self) -> ApprovalId:
        """An approval id, which cannot be guessed."""
        return f"apr_{self._tokens(8)}"
