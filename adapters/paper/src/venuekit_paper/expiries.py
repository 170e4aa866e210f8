"""Which orders end when: GTD and DAY orders by the time at which they expire."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from venuekit_paper.orders import PaperOrder

#: Expiry time, order number, order.
Entry = tuple[int, int, PaperOrder]
_KEPT = 1_000


class Expiries:
    """A heap. An order that ends earlier leaves its entry behind; entries are cleared out before they pile up."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._most = _KEPT

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, until_ns: int, order: PaperOrder) -> None:
        """Let an order expire at that time, UTC nanoseconds."""
        heapq.heappush(self._heap, (until_ns, order.number, order))
        if len(self._heap) > self._most:
            self._heap = self.entries()
            self._most = max(_KEPT, 2 * len(self._heap))

    def due(self, now_ns: int) -> Iterator[PaperOrder]:
        """Open orders whose time has come, the earliest first; each is given once."""
        while self._heap and self._heap[0][0] <= now_ns:
            order = heapq.heappop(self._heap)[2]
            if order.number in order.account.open:
                yield order

    def entries(self) -> list[Entry]:
        """Entries of open orders, in order of time."""
        return sorted(entry for entry in self._heap if entry[1] in entry[2].account.open)
