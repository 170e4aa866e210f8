"""Asking the venue what really happened, and recording every difference; nothing is overwritten silently."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from venuekit.desk.dispatch import Dispatcher
from venuekit.desk.lookalike import LOOK_BACK_NS, looks_like, oldest_like
from venuekit.desk.recorder import Recorder
from venuekit.desk.state import State
from venuekit.errors import UnknownInstrument, UnknownOrder
from venuekit.model.account import Balance, FillQuery, HistoryQuery, Position
from venuekit.model.capability import Feature
from venuekit.model.events import DeskEvent
from venuekit.model.instrument import Instrument
from venuekit.model.money import ZERO, minus, plain, times
from venuekit.model.order import Fill, Order, OrderRef, OrderStatus
from venuekit.protocols.clock import Clock
from venuekit.protocols.venue import Venue
from venuekit.settings.schema import ReconcileSettings

NEVER_RECEIVED = "NEVER_RECEIVED"
_OURS = (OrderStatus.NEW, OrderStatus.PENDING_APPROVAL)
#: What there is of an account to compare with, at a venue that has one.
_ACCOUNT = (Feature.OPEN_ORDERS, Feature.FILLS, Feature.BALANCES, Feature.POSITIONS)
#: How often balances and positions are read again when the account trades meanwhile.
_TRIES = 4
#: The same where nothing was known before, and it has to begin with something.
_TRIES_AT_FIRST = 12
#: How far back before the newest fill one is looked for that nobody told of, when the holdings are not as expected.
_OVERLOOKED_NS = 600_000_000_000
#: Profit on a part of a position is a fraction without end, and so is what some trades cost: each side rounds each in
#: its own way.
_DUST = Decimal("0.000001")
_SENT = (OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT)


class Reconciler:
    """Compares the desk with its venue."""

    def __init__(
        self,
        venue: Venue,
        state: State,
        recorder: Recorder,
        dispatcher: Dispatcher,
        clock: Clock,
        settings: ReconcileSettings,
        currency: str,
    ) -> None:
        self._venue = venue
        self._can = venue.capabilities.can
        self._state = state
        self._recorder = recorder
        self._dispatcher = dispatcher
        self._clock = clock
        self._settings = settings
        self._currency = currency
        self._turn = asyncio.Lock()
        self.last_ns: int | None = None
        self.clock_skew_ns: int | None = None
        #: How many fills were folded when balances were last taken over.
        self._folded = 0
        #: Orders that are being sent right now; their answer is on its way and they are left alone.
        self.sending: set[str] = set()
        #: Since when the venue has been asked about an order and has not known it, by the clock that is never set.
        self._missed_since: dict[str, int] = {}

    async def run(self, *, first: bool = False) -> list[DeskEvent]:
        """One comparison of orders, fills, balances and positions. Returns the differences that were found.

        `first` is at connection, when balances and positions are taken over rather than compared. Two at once
        would each find what the other is recording, so the second waits.

        Raises:
            Unavailable: the venue cannot be asked now; what was compared so far is recorded.
        """
        async with self._turn:
            return await self._run(first=first)

    async def take_over(self) -> None:
        """Take balances and positions as they are, after something that is known to have changed them."""
        async with self._turn:
            await self._holdings(first=True, compare=False)
            await self._recorder.snapshot()

    async def _run(self, *, first: bool) -> list[DeskEvent]:
        found: list[DeskEvent] = []
        await self._fold_what_was_written()
        if self._can(Feature.SERVER_TIME):
            self.clock_skew_ns = await self._venue.server_time_ns() - self._clock.now_ns()
        if not any(map(self._can, _ACCOUNT)):
            return found  # public data alone, as without a key: there is no account to compare with
        for name in sorted({o.instrument for o in self._state.orders.live()} - set(self._state.instruments)):
            self._state.know(await self._venue.instrument(name))
        at_venue = await self._venue.open_orders()
        open_ids: set[str] = set()
        for order in at_venue:
            open_ids.update(i for i in (order.client_order_id, order.venue_order_id) if i)
            found += await self._seen(order)
        for order in self._state.orders.live():
            if order.status in _OURS or order.id in open_ids or order.venue_order_id in open_ids:
                continue
            if order.id not in self.sending:
                found += await self._ask(order)
        found += await self._fills()
        found += await self._holdings(first, compare=not first or self._state.held_since is not None)
        self.last_ns = self._clock.now_ns()
        return found

    async def _fold_what_was_written(self) -> None:
        """After a restart: bring the holdings that were written down up to the last recorded fill."""
        while self._state.to_fold:
            fill = self._state.to_fold[0]
            try:
                if fill.instrument not in self._state.instruments:
                    self._state.know(await self._venue.instrument(fill.instrument))
                self._state.fold(fill)
                self._state.unwritten.discard(fill.id)
            except UnknownInstrument:
                self._state.positions.remember([fill])  # it is listed no more, and nothing of it can be held
            del self._state.to_fold[0]

    async def resolve(self, order: Order) -> bool:
        """Ask about one order in doubt. True when the doubt is over."""
        if self._in_doubt(order):
            await self._ask(order)
        return not self._in_doubt(order)

    def _in_doubt(self, order: Order) -> bool:
        now = self._state.orders.get(order.id)
        return now is not None and now.status in _SENT

    async def _seen(self, order: Order) -> list[DeskEvent]:
        if order.instrument not in self._state.instruments:
            self._state.know(await self._venue.instrument(order.instrument))
        known = self._state.orders.get(order.id)
        if known is None and order.venue_order_id:
            known = self._state.orders.get(order.venue_order_id)
        if known is None:
            known = self.recognized(order)
        if known.id in self.sending if known is not None else self._may_be_sending(order):
            return []  # its answer is on its way
        if known is None:
            await self._dispatcher.answered(order, order.id)
            return [
                await self._recorder.difference(
                    "adopted", order.id, f"{order.id} is open at the venue and was not known here"
                )
            ]
        if known.status in _SENT:
            return await self._settle(known, order)
        if known.is_done:
            return await self._revive(known)
        before = (known.status, known.filled_size)
        after = await self._dispatcher.answered(order, known.id)
        if (after.status, after.filled_size) == before:
            return []
        told = f"{known.id} was {before[0].value}, {plain(before[1])} filled; the venue says {after.status.value}, "
        return [await self._recorder.difference("order", known.id, told + f"{plain(after.filled_size)} filled")]

    async def _revive(self, known: Order) -> list[DeskEvent]:
        """We hold it to be over and the venue listed it as open: it may have ended since, so it is asked again."""
        try:
            order = await self._venue.order(OrderRef.of(known))
        except UnknownOrder:
            return []
        current = self._state.orders.get(known.id) or known
        if order.is_done or current is not known:
            return []
        after = known.but(
            status=order.status,
            venue_order_id=order.venue_order_id or known.venue_order_id,
            filled_size=order.filled_size,
            average_price=order.average_price,
            fees=order.fees,
            fee_asset=order.fee_asset,
            status_code=None,
            status_reason="",
            updated_ns=self._clock.now_ns(),
        )
        self._state.put(after)
        await self._recorder.order(known, after)
        message = f"{known.id} was {known.status.value} here, and is {order.status.value} at the venue"
        return [await self._recorder.difference("order_revived", known.id, message)]

    def recognized(self, order: Order) -> Order | None:
        """The order in doubt that an order of the venue is, when the venue does not tell our ids.

        One that was being sent when the desk stopped is in doubt too, although nobody has said so yet.
        """
        doubtful = [o for o in self._state.orders.live() if o.status in _SENT and o.id not in self.sending]
        return oldest_like(doubtful, order)

    def _may_be_sending(self, order: Order) -> bool:
        """Whether an order that nobody knows, without an id of ours, looks like one whose answer is on its way."""
        ours = (self._state.orders.get(order_id) for order_id in self.sending)
        return any(o is not None and looks_like(o, order) for o in ours)

    async def _settle(self, known: Order, order: Order) -> list[DeskEvent]:
        self._missed_since.pop(known.id, None)
        after = await self._dispatcher.answered(order.but(client_order_id=known.client_order_id), known.id)
        message = f"{known.id} was {known.status.value}; the venue has it: {after.status.value}"
        return [await self._recorder.difference("in_doubt_resolved", known.id, message)]

    async def _ask(self, order: Order) -> list[DeskEvent]:
        try:
            answer = await self._venue.order(OrderRef.of(order))
        except UnknownOrder:
            alike = await self._alike(order) if order.status in _SENT else None
            if alike is None:
                return await self._not_there(order)
            answer = alike
        current = self._state.orders.get(order.id)
        if current is None or current.is_done:
            return []
        if current.status in _SENT:
            return await self._settle(current, answer)
        return await self._seen(answer)

    async def _alike(self, order: Order) -> Order | None:
        """The order at the venue that has no id of ours, is not known here, and looks like `order`; the oldest."""
        query = HistoryQuery(instrument=order.instrument, side=order.side, start_ns=order.created_ns - LOOK_BACK_NS)
        past = (await self._venue.order_history(query)).items if self._can(Feature.ORDER_HISTORY) else ()
        there = {o.id: o for o in (*past, *await self._venue.open_orders(order.instrument))}
        unknown = [o for o in there.values() if self._state.orders.get(o.id) is None and looks_like(order, o)]
        return min(unknown, key=lambda o: o.created_ns, default=None)

    async def _not_there(self, order: Order) -> list[DeskEvent]:
        current = self._state.orders.get(order.id)
        if current is None or current.is_done:
            return []
        if current.status not in _SENT:
            message = f"{order.id} is {current.status.value} here, and the venue does not know it"
            return [await self._recorder.difference("order_missing", order.id, message)]
        # By the clock that is never set: a correction of the time of day must not end anybody's patience.
        waited = self._clock.monotonic_ns() - self._missed_since.setdefault(order.id, self._clock.monotonic_ns())
        if waited < int(self._settings.in_doubt_patience_seconds * 1e9):
            if current.status is OrderStatus.SUBMITTING:
                doubtful = current.to(
                    OrderStatus.IN_DOUBT,
                    status_code="OUTCOME_UNKNOWN",
                    status_reason="It was being sent when the desk stopped.",
                    updated_ns=self._clock.now_ns(),
                )
                self._state.put(doubtful)
                await self._recorder.order(current, doubtful)
            return []
        after = current.to(
            OrderStatus.REJECTED,
            status_code=NEVER_RECEIVED,
            status_reason=f"The venue has not known it for {waited // 1_000_000_000} s since it was asked.",
            updated_ns=self._clock.now_ns(),
        )
        del self._missed_since[order.id]
        self._state.put(after)
        await self._recorder.order(current, after)
        return [await self._recorder.difference("never_received", order.id, f"{order.id}: {after.status_reason}")]

    async def _fills(self) -> list[DeskEvent]:
        if self._state.last_fill_ns == 0:
            # The first meeting with this account: what it traded before is no difference.
            own = self._clock.now_ns()
            self._state.last_fill_ns = await self._venue.server_time_ns() if self._can(Feature.SERVER_TIME) else own
        fresh: list[Fill] = []
        cursor: str | None = None
        # Fills of the same moment may have come in pieces: ask from that moment on, known ones are skipped.
        start = self._state.fills_from_ns or None
        while True:
            page = await self._venue.fills(FillQuery(start_ns=start, limit=100, cursor=cursor))
            fresh += [f for f in page.items if not self._state.positions.knows(f)]
            cursor = page.next_cursor
            if cursor is None:
                break
        fresh.reverse()
        for fill in fresh:
            if fill.instrument not in self._state.instruments:
                self._state.know(await self._venue.instrument(fill.instrument))
        folded = [f for f in fresh if self._state.fold(f)]
        await self._recorder.fills(folded)
        return [
            await self._recorder.difference("fill", self._recorder.order_id_of(f), f"fill {f.id} was not known here")
            for f in folded
        ]

    async def _overlooked(self) -> list[DeskEvent]:
        """Fills of our orders from before the newest: a cut stream lost one, and an answer told a later one."""
        fresh: list[Fill] = []
        cursor: str | None = None
        while True:
            query = FillQuery(start_ns=self._state.last_fill_ns - _OVERLOOKED_NS, limit=100, cursor=cursor)
            page = await self._venue.fills(query)
            for fill in page.items:
                order = self._state.orders.get(fill.client_order_id or "") or self._state.orders.get(
                    fill.venue_order_id
                )
                known = self._state.positions.knows(fill) or fill.instrument not in self._state.instruments
                if order is not None and not known and not self._recorder.has(fill):
                    fresh.append(fill)
            cursor = page.next_cursor
            if cursor is None:
                break
        folded = [f for f in reversed(fresh) if self._state.fold(f)]
        await self._recorder.fills(folded)
        return [
            await self._recorder.difference("fill", self._recorder.order_id_of(f), f"fill {f.id} was not known here")
            for f in folded
        ]

    async def _holdings(self, first: bool, *, compare: bool) -> list[DeskEvent]:
        found: list[DeskEvent] = []
        searched = False
        for _ in range(_TRIES if compare else _TRIES_AT_FIRST):
            # A fill between the questions would be in one answer and not in the other: then ask once more.
            traded = self._state.folded
            balances = await self._venue.balances()
            positions = await self._venue.positions() if self._can(Feature.POSITIONS) else ()
            held = {p.instrument for p in positions} | self._state.agents.instruments()
            await self._learn(held, {b.asset for b in balances})
            late = await self._fills()
            found += late
            if late or self._state.folded != traded or (not first and self._unanswered()):
                continue
            # Compared and taken over in one turn of the loop, so that no fill comes in between; recorded afterwards.
            moved, spent = (self._moved(positions), self._spent(balances)) if compare else ([], [])
            if searched or not (moved or spent):
                break
            searched = True
            found += await self._overlooked()
        else:
            if compare:
                return found  # too busy or too doubtful to compare; what is known and has traded since will do
            moved, spent = [], []
        if self._can(Feature.POSITIONS) and (first or moved):
            self._state.positions.set(positions)
            costs = {p.instrument: self._state.positions.holding(p.instrument).cost for p in positions}
            self._state.exposure.set_positions(positions, costs)
        self._state.exposure.set_balances(balances)
        self._folded = self._state.folded
        found += [await self._recorder.difference("position", name, message) for name, message in moved]
        found += [await self._recorder.difference("balance", asset, message) for asset, message in spent]
        if compare and (moved or spent):
            await self._recorder.snapshot()  # a start after a crash compares with what was taken over here
        return found

    def _unanswered(self) -> bool:
        """Whether an order may have traded at the venue without our knowing: its fills would be counted twice."""
        return any(order.status in _SENT for order in self._state.orders.live())

    def _moved(self, positions: Sequence[Position]) -> list[tuple[str, str]]:
        if not self._can(Feature.POSITIONS):
            return []  # a venue of holdings alone: positions are what our fills add up to
        sizes = {p.instrument: p.size for p in positions}
        ours = {name: self._state.positions.size(name) for name in {*sizes, *self._state.positions.instruments()}}
        return [
            (name, f"position {name}: {plain(size)} here, {plain(sizes.get(name, ZERO))} at the venue")
            for name, size in sorted(ours.items())
            if size != sizes.get(name, ZERO)
        ]

    def _spent(self, balances: Sequence[Balance]) -> list[tuple[str, str]]:
        totals = {b.asset: b.total for b in balances}
        dust = times(_DUST, Decimal(max(1, self._state.folded - self._folded)))
        ours = {asset: self._state.exposure.total(asset) for asset in {*totals, *self._state.exposure.assets()}}
        return [
            (asset, f"balance {asset}: {plain(total)} here, {plain(totals.get(asset, ZERO))} at the venue")
            for asset, total in sorted(ours.items())
            if total is not None and abs(minus(total, totals.get(asset, ZERO))) > dust
        ]

    async def _learn(self, instruments: set[str], assets: set[str]) -> None:
        """Rules and prices of everything that is held, so that it can be valued."""
        wanted: dict[str, Instrument] = {}
        for name in sorted(instruments | {f"{a}-{self._currency}" for a in assets if a != self._currency}):
            known = self._state.instruments.get(name)
            if known is None:
                try:
                    known = await self._venue.instrument(name)
                except UnknownInstrument:
                    continue  # an asset without a market of its own stays unpriced, and limits that need it refuse
                self._state.know(known)
            wanted[known.id] = known
        if wanted:
            for ticker in await self._venue.tickers(sorted(wanted)):
                self._state.see(ticker)
