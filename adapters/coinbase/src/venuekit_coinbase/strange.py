"""Messages of one connection that nobody understood: each is counted, logged, and told with a sign of life."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from venuekit.adapter import ConnectionEvent, ConnectionState
from venuekit_coinbase.instruments import VENUE

log = logging.getLogger("venuekit.coinbase.streams")


class Strange:
    """Counts them; called with what is wrong with one."""

    def __init__(self) -> None:
        self._count = self._told = 0

    def __call__(self, why: str) -> None:
        """One more."""
        self._count += 1
        log.warning("A message of Coinbase's stream was not understood: %s", why)

    def news(self, at_ns: int) -> Iterator[ConnectionEvent]:
        """The count, if it has grown since it was told."""
        if self._count > self._told:
            self._told = self._count
            yield ConnectionEvent(
                venue=VENUE, time_ns=at_ns, state=ConnectionState.CONNECTED, not_understood=self._count
            )
