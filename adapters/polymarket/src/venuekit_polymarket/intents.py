"""Orders about to be sent are written down together: callers of one turn of the event loop wait for the disk once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from venuekit.adapter import Order
from venuekit_polymarket.kept_rows import KeptOrder
from venuekit_polymarket.signing import Unsigned

Intent = tuple[Order, Unsigned]


class Intents:
    """Collects intents. `write` puts several on the disk, and says of each what is there, or what was wrong with it."""

    def __init__(self, write: Callable[[Sequence[Intent]], Sequence[KeptOrder | Exception]]) -> None:
        self._write = write
        self._waiting: list[tuple[Intent, asyncio.Future[KeptOrder]]] = []

    async def add(self, order: Order, unsigned: Unsigned) -> KeptOrder:
        """What is on the disk under the order's client id, once it is there. Raises what `write` raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[KeptOrder] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(((order, unsigned), future))
        return await future

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        # Whoever left before this will not send it.
        batch = [(intent, future) for intent, future in waiting if not future.done()]
        results: Sequence[KeptOrder | Exception]
        try:
            results = self._write([intent for intent, _ in batch]) if batch else ()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what everybody here waits for
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
