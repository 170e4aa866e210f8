"""What happened, made durable first and published after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from venuekit.desk.begun import Done, begin
from venuekit.desk.budgets import Budgets
from venuekit.desk.bus import EventBus
from venuekit.desk.state import SNAPSHOT_EVERY, State
from venuekit.errors import BudgetExceeded, JournalUnavailable
from venuekit.model.events import STATUS_KINDS, DeskEvent, FillEvent, OrderEvent, OrderEventKind
from venuekit.model.order import Fill, Order, OrderStatus
from venuekit.protocols.budget import Claim, Settled
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store, desk_name
from venuekit.protocols.venue import Venue, is_embedded

T = TypeVar("T")
_ROWS_PER_ORDER = 10
#: More fills than one order has.
_MOST_FILLS = 100_000
_EARLY = (OrderStatus.NEW, OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT, OrderStatus.PENDING_APPROVAL)


def kind_of(before: Order | None, after: Order) -> OrderEventKind:
    """What a change of an order is called."""
    if after.status in STATUS_KINDS and (before is None or before.status is not after.status):
        return STATUS_KINDS[after.status]
    if after.status is OrderStatus.PENDING_APPROVAL:
        return OrderEventKind.PENDING_APPROVAL  # asked anew
    if before is None or before.status in _EARLY:
        return OrderEventKind.ACCEPTED
    if before.status is OrderStatus.PENDING_TRIGGER and after.status is not OrderStatus.PENDING_TRIGGER:
        return OrderEventKind.TRIGGERED
    if after.filled_size > before.filled_size:
        return OrderEventKind.PARTIALLY_FILLED
    return OrderEventKind.AMENDED


class Recorder:
    """Writes entries for one desk, then publishes the events they stand for."""

    def __init__(self, venue: Venue, store: Store, bus: EventBus, clock: Clock, state: State, budgets: Budgets) -> None:
        self._desk = desk_name(venue.name, venue.account)
        self._venue = venue.name
        self._account = venue.account
        self._store = store
        self._bus = bus
        self._clock = clock
        self._state = state
        self._budgets = budgets
        self._since_snapshot = 0
        #: What the venue said while nothing could be written, and how it is told once it is.
        self._owed: list[tuple[list[Entry], Callable[[], None]]] = []
        #: Orders whose newest state is not durable yet, how many times over, and who waits for that.
        self._writing: dict[str, int] = {}
        #: Those orders as listeners know them: of two records that are begun, either may be told first.
        self._told: dict[str, Order] = {}
        self._waiting: list[asyncio.Future[None]] = []
        #: Whether writing never waits for anything outside this process.
        self.embedded = is_embedded(store)
        #: Writes under way.
        self._under_way: set[asyncio.Task[Any]] = set()

    async def _whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Go on to the end even if who waits is stopped: what the store has is told, and what it has not is owed."""
        begun = begin(work, here=self.embedded)
        if isinstance(begun, Done):
            return begun.value
        self._under_way.add(begun)
        begun.add_done_callback(self._ended)
        return await asyncio.shield(begun)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # it is raised to who waits, if there still is one

    async def landed(self) -> None:
        """Wait until every write that was begun has ended."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    def entry(self, kind: EntryKind, subject: str, agent_id: str, body: Any, time_ns: int | None = None) -> Entry:
        """An entry of this desk."""
        return Entry(
            kind=kind,
            desk=self._desk,
            subject=subject,
            agent_id=agent_id,
            body=body,
            time_ns=self._clock.now_ns() if time_ns is None else time_ns,
        )

    def order_entry(self, order: Order, kind: EntryKind = EntryKind.ORDER) -> Entry:
        """The order's state as an entry."""
        return self.entry(kind, order.id, order.agent_id, order)

    async def write(self, entries: Sequence[Entry], claims: Sequence[Claim] = ()) -> int:
        """Make entries durable, and count what they claim; returns the first one's sequence number.

        Raises:
            JournalUnavailable: nothing was written. BudgetExceeded: neither, since too little is left.
        """
        return await self._whole(self._write(entries, claims))

    async def _write(self, entries: Sequence[Entry], claims: Sequence[Claim] = ()) -> int:
        owed, self._owed = self._owed, []
        late = [entry for owed_entries, _ in owed for entry in owed_entries]
        for entry in late:
            self.begin(entry.subject)  # it is neither durable nor owed until the store has answered
        try:
            if self._budgets.settles:
                claims = [*claims, *self._settled([*late, *entries])]
            numbers = await self._store.append([*late, *entries], claims)
        except (JournalUnavailable, BudgetExceeded):
            self._owed = owed + self._owed
            raise
        finally:
            for entry in late:
                self.end(entry.subject)
        for _, tell in owed:
            tell()
        self._written([*late, *entries])
        self._since_snapshot += len(numbers)
        # A snapshot has every live order in it: with many of them it is taken less often, so that it stays cheap.
        if self._since_snapshot >= max(SNAPSHOT_EVERY, _ROWS_PER_ORDER * len(self._state.orders)):
            await self.snapshot()
        return numbers[len(late)] if entries else 0

    def _settled(self, entries: Sequence[Entry]) -> list[Settled]:
        """What orders that are over give back."""
        orders = [entry.body for entry in entries if entry.kind is EntryKind.ORDER]
        return [claim for claim in map(self._budgets.settled, orders) if claim is not None]

    def _written(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.kind is EntryKind.FILL:
                self._state.unwritten.discard(entry.body.id)

    async def catch_up(self) -> None:
        """Write what is owed since the journal failed.

        Raises:
            JournalUnavailable: it still fails.
        """
        if self._owed:
            await self.write([])

    async def _fact(self, entries: list[Entry], tell: Callable[[], None]) -> None:
        """Write what the venue said, then tell it; what cannot be written now is written with the next entry."""
        try:
            await self._write(entries)
        except JournalUnavailable:
            self._owed.append((entries, tell))
            raise
        tell()

    async def snapshot(self) -> None:
        """Write the desk's state down, so that a start reads no row before it."""
        self._since_snapshot = 0
        try:
            await self._store.append([self._state.snapshot_entry(self._desk)])
        except JournalUnavailable:
            # What was asked for is durable; a start without this snapshot only reads more rows.
            self._since_snapshot = SNAPSHOT_EVERY

    async def order(self, before: Order | None, after: Order, fills: Sequence[Fill] = ()) -> None:
        """Record an order's new state with the fills that made it, then publish all."""
        await self._whole(self._order(before, after, fills))

    async def _order(self, before: Order | None, after: Order, fills: Sequence[Fill]) -> None:
        entries = [self.fill_entry(f, after.agent_id) for f in fills]
        entries.append(self.order_entry(after))
        self.begin(after.id, before)
        try:
            await self._fact(entries, lambda: self.publish_order(before, after, fills))
        finally:
            self.end(after.id)

    def begin(self, order_id: str, before: Order | None = None) -> None:
        """From now on more is known of an order than is durable, until `end`; `before` is what it was."""
        self._writing[order_id] = self._writing.get(order_id, 0) + 1
        if before is not None:
            self._told.setdefault(order_id, before)

    def end(self, order_id: str) -> None:
        """What `begin` said is over: it is durable, or owed."""
        self._writing[order_id] -= 1
        if not self._writing[order_id]:
            del self._writing[order_id]
            self._told.pop(order_id, None)
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    async def settled(self, order_id: str) -> None:
        """Wait until what is known of an order is durable, if somebody else is recording it now.

        Raises:
            JournalUnavailable: it could not be written, and is still owed.
        """
        while order_id in self._writing:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        if any(entry.subject == order_id for entries, _ in self._owed for entry in entries):
            raise JournalUnavailable(
                f"What the venue said of {order_id} could not be recorded.",
                fix="Mend the store, then run: venuekit resume",
                order_id=order_id,
            )

    async def fills(self, fills: Sequence[Fill]) -> None:
        """Record fills that came by themselves, then publish them."""
        if fills:
            entries = [self.fill_entry(f, "") for f in fills]
            await self._whole(self._fact(entries, lambda: self._publish_fills(fills)))

    def fill_entry(self, fill: Fill, agent_id: str) -> Entry:
        """The fill as an entry, filed under its order."""
        return self.entry(EntryKind.FILL, self.order_id_of(fill), agent_id, fill)

    def order_id_of(self, fill: Fill) -> str:
        """The id that the fill's order has here."""
        order_id = fill.client_order_id or fill.venue_order_id
        order = self._state.orders.get(order_id)
        return order_id if order is None else order.id

    def has(self, fill: Fill) -> bool:
        """Whether the fill is in the journal, however long ago it was written."""
        query = RowQuery(desk=self._desk, subject=self.order_id_of(fill), kinds=(EntryKind.FILL,), limit=_MOST_FILLS)
        return any(row.body["id"] == fill.id for row in self._store.rows(query))

    def publish_order(self, before: Order | None, after: Order, fills: Sequence[Fill] = ()) -> None:
        """Tell whoever listens."""
        if not self._bus.has_listeners:
            return
        self._publish_fills(fills)
        if after.id in self._told:
            before, self._told[after.id] = self._told[after.id], after
            if before == after and not fills:
                return  # told by another record of the same answer
        self._bus.publish(
            OrderEvent(
                venue=after.venue,
                instrument=after.instrument,
                time_ns=after.updated_ns,
                kind=kind_of(before, after),
                order=after,
                fill=fills[-1] if fills else None,
            )
        )

    def publish(self, event: DeskEvent) -> None:
        """Tell whoever listens something that is recorded already."""
        self._bus.publish(event)

    def _publish_fills(self, fills: Sequence[Fill]) -> None:
        if self._bus.has_listeners:
            for fill in fills:
                event = FillEvent(venue=fill.venue, instrument=fill.instrument, time_ns=fill.time_ns, fill=fill)
                self._bus.publish(event)

    async def desk_event(self, event: DeskEvent, kind: EntryKind, body: dict[str, Any]) -> None:
        """Record something about the desk itself, then publish it."""
        await self._whole(self._desk_event(event, kind, body))

    async def _desk_event(self, event: DeskEvent, kind: EntryKind, body: dict[str, Any]) -> None:
        await self._write([self.entry(kind, event.subject, str(body.get("by", "")), {"event": event.kind, **body})])
        self._bus.publish(event)

    def about(self, kind: str, message: str, subject: str = "") -> DeskEvent:
        """Something about the desk itself, now, as an event."""
        return DeskEvent(
            venue=self._venue,
            account=self._account,
            time_ns=self._clock.now_ns(),
            kind=kind,
            message=message,
            subject=subject,
        )

    async def difference(self, kind: str, subject: str, message: str) -> DeskEvent:
        """Record and publish that the venue has something otherwise than the desk had it."""
        event = self.about(f"reconcile_{kind}", message, subject)
        await self.desk_event(event, EntryKind.RECONCILE, {"message": message})
        return event
