"""The ``user`` channel: cumulative words on own orders, made exact by what REST has of terms and fills."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from venuekit.adapter import (
    STATUS_KINDS,
    ZERO,
    Clock,
    Event,
    Fill,
    FillEvent,
    FillQuery,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderStatus,
    Unavailable,
    VenueDown,
    VenuekitError,
    plus,
)
from venuekit_coinbase.history import MAX_PAGE, History
from venuekit_coinbase.instruments import VENUE
from venuekit_coinbase.orders import Orders
from venuekit_coinbase.reading import number, positive, rows, text
from venuekit_coinbase.strange import Strange

#: Waits between questions for fills that the stream told of and the list does not have yet, in seconds.
_WAITS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
#: Ended orders whose fills are remembered, since a frame may come again.
_MOST_ENDED = 1_000


class OwnFrames:
    """Frames of one connection as order events, or as fill events."""

    def __init__(self, orders: Orders, history: History, clock: Clock, strange: Strange, *, fills: bool) -> None:
        self._orders = orders
        self._history = history
        self._clock = clock
        self._strange = strange
        self._fills = fills
        self._told: OrderedDict[str, Order] = OrderedDict()
        self._seen: OrderedDict[str, set[str]] = OrderedDict()
        #: Fills from before this connection: by id those of the newest page, and by time what is older than it.
        self._old: frozenset[str] = frozenset()
        self._old_until_ns = 0

    async def begin(self) -> None:
        """Learn what is no news. Called before the connection is made, so that nothing falls between.

        Raises:
            Unavailable: the venue did not answer.
        """
        if self._fills:
            page = await self._history.fills(FillQuery(limit=MAX_PAGE))
            self._old = frozenset(fill.id for fill in page.items)
            if page.next_cursor is not None:
                self._old_until_ns = min(fill.time_ns for fill in page.items)

    async def events(self, frame: Mapping[str, Any], at_ns: int) -> AsyncIterator[Event]:
        """What a frame tells. What cannot be read is left out; the desk finds it when it compares."""
        for event in rows(frame, "events"):
            if self._fills and text(event, "type") == "snapshot":
                for fill in await self._since_begin():
                    yield FillEvent(venue=VENUE, instrument=fill.instrument, time_ns=fill.time_ns, fill=fill)
                continue
            for row in rows(event, "orders"):
                if self._fills:
                    for fill in await self._new_fills(row):
                        yield FillEvent(venue=VENUE, instrument=fill.instrument, time_ns=fill.time_ns, fill=fill)
                else:
                    told = await self._order(row, at_ns)
                    if told is not None:
                        yield told

    # -- orders

    async def _order(self, row: Mapping[str, Any], at_ns: int) -> OrderEvent | None:
        identity = text(row, "order_id")
        known = self._told.get(identity) or await self._terms(identity, row)
        try:
            order = self._orders.from_frame(row, known, at_ns)
        except VenueDown as error:
            self._strange(error.message)
            return None
        if order is None:
            self._strange("an order without id, side or time")
            return None
        self._history.remember(order)
        last = self._told.get(identity)
        if last is not None and (order.but(updated_ns=last.updated_ns) == last or last.is_done):
            return None  # told before
        self._told[identity] = order
        if order.is_done:
            self._told.move_to_end(identity, last=False)
            _forget(self._told)
        return OrderEvent(venue=VENUE, instrument=order.instrument, time_ns=at_ns, kind=_kind(last, order), order=order)

    async def _terms(self, order_id: str, row: Mapping[str, Any]) -> Order | None:
        """The order as REST has it, for the terms that frames leave out; without it the frame has to do."""
        try:
            order = await self._history.told_of(order_id)
            return order if _agree(order, row) else await self._history.by_venue_id(order_id)
        except VenuekitError:
            return None

    # -- fills

    async def _since_begin(self) -> list[Fill]:
        """What traded while the connection was made: its first frame has open orders only, and no fills."""
        page = await self._history.fills(FillQuery(limit=MAX_PAGE))
        new = self._new(page.items)
        for fill in new:
            self._seen.setdefault(fill.venue_order_id, set()).add(fill.id)
        return new

    def _new(self, listed: Sequence[Fill]) -> list[Fill]:
        def told(fill: Fill) -> bool:
            return fill.id in self._old or fill.id in self._seen.get(fill.venue_order_id, ())

        new = [fill for fill in listed if fill.time_ns >= self._old_until_ns and not told(fill)]
        return sorted(new, key=lambda f: (f.time_ns, f.id))

    async def _new_fills(self, row: Mapping[str, Any]) -> list[Fill]:
        try:
            identity, filled = text(row, "order_id"), number(row, "cumulative_quantity")
            count = int(number(row, "number_of_fills"))
        except VenueDown as error:
            self._strange(error.message)
            return []
        if not identity or filled <= 0:
            return []
        seen = self._seen.setdefault(identity, set())
        if len(seen) >= count > 0:
            return []
        for wait in _WAITS:
            if wait:
                await self._clock.sleep(wait)
            listed = await self._listed(identity)
            size = ZERO
            for fill in listed:
                size = plus(size, fill.size)
            if len(listed) >= count > 0 or size >= filled:
                break
        new = self._new(listed)
        seen.update(fill.id for fill in listed)
        self._seen.move_to_end(identity)
        _forget(self._seen)
        return new

    async def _listed(self, order_id: str) -> list[Fill]:
        found: list[Fill] = []
        cursor: str | None = None
        while True:
            try:
                page = await self._history.fills(FillQuery(order_id=order_id, limit=MAX_PAGE, cursor=cursor))
            except Unavailable:
                return found  # asked for again, or found when the desk compares
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def _agree(order: Order, row: Mapping[str, Any]) -> bool:
    """Whether an order that was read a moment ago has the size and price of a frame: it may have been amended."""
    filled, leaves = number(row, "cumulative_quantity"), number(row, "leaves_quantity")
    price = positive(row, "limit_price")
    # What is left is zeroed when an order ends.
    return (order.size is None or leaves == 0 or plus(filled, leaves) == order.size) and price in (None, order.price)


def _kind(before: Order | None, after: Order) -> OrderEventKind:
    if before is None or before.status is not after.status:
        if before is not None and before.status is OrderStatus.PENDING_TRIGGER and not after.is_done:
            return OrderEventKind.TRIGGERED
        return STATUS_KINDS.get(after.status, OrderEventKind.ACCEPTED)
    return OrderEventKind.PARTIALLY_FILLED if after.filled_size > before.filled_size else OrderEventKind.AMENDED


def _forget(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _MOST_ENDED:
        kept.popitem(last=False)
