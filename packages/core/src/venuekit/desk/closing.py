"""Cancelling what rests at the venue when its hours end, where a window asks for that."""

from __future__ import annotations

import asyncio
import logging

from venuekit.desk.changes import Changes
from venuekit.desk.risk.hours import Hours
from venuekit.desk.state import State
from venuekit.errors import OrderAlreadyDone, VenuekitError
from venuekit.model.order import Order
from venuekit.protocols.clock import Clock

log = logging.getLogger("venuekit.desk")

#: Who cancels, in the journal.
HOURS = "hours"
_FIRST_WAIT_NS, _LONGEST_WAIT_NS = 2_000_000_000, 60_000_000_000


class Closing:
    """Looks at what rests, not for the moment of the close: what was missed while the desk was away is caught up on."""

    def __init__(self, hours: Hours, state: State, changes: Changes, clock: Clock) -> None:
        self._hours = hours
        self._state = state
        self._changes = changes
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        #: What was asked for: when it is asked for again if the order still rests, and how long the wait was.
        self._asked: dict[str, tuple[int, int]] = {}

    def look(self) -> None:
        """Begin to cancel every working order whose hours are over; costs nothing where no window asks for it."""
        if not self._hours.cancels:
            return
        live = {order.id: order for order in self._state.orders.live()}
        self._asked = {name: wait for name, wait in self._asked.items() if name in live}
        now_ns = self._clock.monotonic_ns()
        for order in live.values():
            due_ns, waited_ns = self._asked.get(order.id, (now_ns, _FIRST_WAIT_NS // 2))
            if not order.is_working or order.id in self._tasks or now_ns < due_ns:
                continue
            known = self._state.instruments.get(order.instrument)
            alias = None if known is None else known.alias
            why = self._hours.over(order.instrument, self._clock.now_ns(), alias=alias)
            if why:
                wait_ns = min(waited_ns * 2, _LONGEST_WAIT_NS)
                self._asked[order.id] = (now_ns + wait_ns, wait_ns)
                self._tasks[order.id] = asyncio.get_running_loop().create_task(self._cancel(order, why))

    async def landed(self) -> None:
        """Wait until every cancel that was begun has ended."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def _cancel(self, order: Order, why: str) -> None:
        try:
            await self._changes.end(order, HOURS, why)
        except OrderAlreadyDone:
            return
        except VenuekitError as error:
            log.warning("Order %s rests outside its hours and could not be canceled: %s", order.id, error)
        finally:
            del self._tasks[order.id]
