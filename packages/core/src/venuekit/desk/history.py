"""What happened to orders, as an iterator that begins with the past."""

from __future__ import annotations

from collections.abc import AsyncIterator

from venuekit.desk.bus import EventBus
from venuekit.desk.recorder import kind_of
from venuekit.desk.state import State
from venuekit.errors import UnknownOrder
from venuekit.model.codec import from_record
from venuekit.model.events import Event, OrderEvent
from venuekit.model.order import Fill, Order
from venuekit.protocols.journal import EntryKind, RowQuery, Store

_KINDS = (EntryKind.INTENT, EntryKind.ORDER, EntryKind.FILL)


def past_events(store: Store, desk: str, order_id: str) -> list[OrderEvent]:
    """The journal's rows of one order as events, oldest first."""
    rows = store.rows(RowQuery(desk=desk, subject=order_id, kinds=_KINDS, newest_first=False, limit=10_000))
    events: list[OrderEvent] = []
    before: Order | None = None
    fill: Fill | None = None
    for row in rows:
        if row.kind is EntryKind.FILL:
            fill = from_record(row.body, Fill)
            continue
        after = from_record(row.body, Order)
        events.append(
            OrderEvent(
                venue=after.venue,
                instrument=after.instrument,
                time_ns=after.updated_ns,
                kind=kind_of(before, after),
                order=after,
                fill=fill,
            )
        )
        before, fill = after, None
    return events


async def order_events(
    bus: EventBus, store: Store, desk: str, order_id: str | None, state: State
) -> AsyncIterator[OrderEvent]:
    """Events of one order from its beginning until it is done, or of all orders from now on."""

    def wanted(event: Event) -> bool:
        return isinstance(event, OrderEvent) and (
            order_id is None or order_id in (event.order.client_order_id, event.order.venue_order_id)
        )

    async with bus.listen(wanted=wanted) as feed:
        told: list[Order] = []
        if order_id is not None:
            known = state.orders.get(order_id)
            past = past_events(store, desk, known.id if known is not None else order_id)
            if not past:
                raise UnknownOrder(f"No order {order_id[:60]!r} on this desk.", field="order_id")
            for event in past:
                yield event
            told = [event.order for event in past]
            if told[-1].is_done:
                return
        async for happened in feed:
            assert isinstance(happened, OrderEvent)
            if happened.order in told:
                continue  # told already, from the journal
            told = []
            yield happened
            if order_id is not None and happened.order.is_done:
                return
