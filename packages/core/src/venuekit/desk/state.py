"""All that a desk knows, in one place: instruments, orders, positions, exposure; folded from the journal at start."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from venuekit.books.agents import AgentBooks
from venuekit.books.exposure import Exposure, worth_the_same
from venuekit.books.holding import Holding
from venuekit.books.orders import Orders
from venuekit.books.positions import Positions
from venuekit.books.reports import Applied
from venuekit.journal.replay import OVERLAP
from venuekit.model.account import Balance
from venuekit.model.codec import from_record, to_plain
from venuekit.model.identity import AgentId, FillId, InstrumentId
from venuekit.model.instrument import Instrument, impossible
from venuekit.model.market import Ticker
from venuekit.model.money import ZERO, minus, plus
from venuekit.model.order import Fill, FillState, Order, OrderStatus
from venuekit.model.times import NANOS
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Entry, EntryKind, Row, RowQuery, Store
from venuekit.protocols.risk import Quote
from venuekit.protocols.venue import Venue

#: More fills than one order has.
_MOST_FILLS = 100_000
#: What of a fill moves money.
_FIGURES = attrgetter("side", "price", "size", "fee", "fee_asset")
#: A snapshot row is written after so many rows, so that a start replays few.
SNAPSHOT_EVERY = 5_000
#: A fill that is not final for so long is not asked for any more; the venue has forgotten to say.
_LONGEST_UNSETTLED_NS = 86_400 * NANOS


class State:
    """The desk's memory. Only applies what it is told; asks nobody."""

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        currency: str,
        *,
        book_of: Callable[[AgentId], str | None] = lambda _: None,
        books: frozenset[str] = frozenset(),
    ) -> None:
        self.instruments: dict[InstrumentId, Instrument] = {}
        #: Instruments whose rules cannot be true, and why.
        self.distrusted: dict[InstrumentId, str] = {}
        self.orders = Orders()
        self.positions = Positions(venue.name, venue.account, self.instruments.get)
        self.exposure = Exposure(clock, currency)
        #: Of agents whose losses are bounded, by the name of their table; the others' fills are in none.
        self.agents = AgentBooks(book_of, self.instruments.get, worth_the_same(currency))
        self._books = books
        self._clock = clock
        self._venue = venue.name
        self._account = venue.account
        #: The journal's row that has the holdings which this start began with; None when there was none.
        self.held_since: int | None = None
        #: Fills that those holdings have in them although their rows came later.
        self._held: frozenset[str] = frozenset()
        self._filled: dict[str, Decimal] = {}
        self.last_fill_ns = 0
        #: Fills that are not final, as they were told.
        self._unsettled: dict[FillId, Fill] = {}
        #: How many fills were folded in since the start.
        self.folded = 0
        #: Fills that are folded in and not in the journal yet.
        self.unwritten: set[str] = set()
        #: After a restart: fills since the holdings were last written down, to be folded once instruments are known.
        self.to_fold: list[Fill] = []
        self.quoted_ns: dict[InstrumentId, int] = {}
        #: Whose an order was that is no longer in memory.
        self.agent_of_old: Callable[[str], AgentId] = lambda _: ""

    def know(self, instrument: Instrument) -> None:
        """Remember an instrument's rules, and whether they can be true."""
        self.distrusted.pop(instrument.id, None)
        if wrong := impossible(instrument):
            self.distrusted[instrument.id] = wrong
        self.instruments[instrument.id] = instrument
        self.exposure.set_instruments([instrument])
        for order in self.orders.live(instrument.id):
            self.exposure.on_order(order)  # what it is worth depends on the rules

    def see(self, ticker: Ticker) -> None:
        """Take prices in, as of now."""
        now = self._clock.now_ns()
        self.quoted_ns[ticker.instrument] = now
        self.exposure.on_quote(
            ticker.instrument,
            Quote(
                bid=ticker.bid,
                ask=ticker.ask,
                last=ticker.last,
                bid_size=ticker.bid_size,
                ask_size=ticker.ask_size,
                time_ns=now,
            ),
        )

    def put(self, order: Order, worst_price: Decimal | None = None) -> None:
        """Our own transition of an order."""
        self.orders.put(order)
        self.exposure.on_order(order, worst_price)
        self._forget_filled(order)

    def forget(self, order: Order) -> None:
        """Take back `put` of an order that could not be made durable, and so never was."""
        self.orders.forget(order)
        self.exposure.on_order(order.but(status=OrderStatus.DENIED))

    def apply(self, order: Order) -> Applied:
        """What the venue says of an order."""
        applied = self.orders.apply(order)
        if applied.changed:
            self.exposure.on_order(applied.order)
            self._forget_filled(applied.order)
        return applied

    def fold(self, fill: Fill) -> bool:
        """An execution. False when it was known."""
        if self.positions.knows(fill):
            return False
        before = self.positions.state_of(fill.id)
        undone = self.positions.provisional(fill) or fill
        realized = self.positions.holding(fill.instrument).realized
        self.positions.apply(fill)
        self.unwritten.add(fill.id)
        self.folded += 1
        self.last_fill_ns = max(self.last_fill_ns, fill.time_ns)
        self._settle(fill)
        holding = self.positions.holding(fill.instrument)
        direction = _direction(before, fill.state)
        if direction == 0 and before is not None and _FIGURES(undone) != _FIGURES(fill):
            # It is final, and not as it was told at first.
            self.exposure.on_fill(undone, holding.size, holding.cost, -1)
            self._fold_agents(undone, -1)
            direction = 1
        self.exposure.on_fill(
            undone if direction < 0 else fill,
            holding.size,
            holding.cost,
            direction,
            minus(holding.realized, realized),
        )
        self._fold_agents(undone if direction < 0 else fill, direction)
        if before is None and fill.state is not FillState.REVERSED:
            self._count(fill)
        return True

    def _settle(self, fill: Fill) -> None:
        if fill.state is FillState.PROVISIONAL:
            self._unsettled[fill.id] = fill
        else:
            self._unsettled.pop(fill.id, None)

    @property
    def fills_from_ns(self) -> int:
        """From when on the venue is asked for fills: the newest known one, or the oldest that is not final; 0 is ever.

        How a fill ended is told once, and where nobody heard it only asking finds it.
        """
        oldest = min((f.time_ns for f in self._unsettled.values()), default=self.last_fill_ns)
        return min(self.last_fill_ns, max(oldest, self.last_fill_ns - _LONGEST_UNSETTLED_NS))

    def _fold_agents(self, fill: Fill, direction: int) -> None:
        if self._books:
            self.agents.fold(fill, self.agent_of(fill), direction)

    def agent_of(self, fill: Fill) -> AgentId:
        """Whose order the fill is of; empty where that is not known, or nobody's here."""
        order_id = fill.client_order_id or fill.venue_order_id
        order = self.orders.get(order_id)
        return self.agent_of_old(order_id) if order is None else order.agent_id

    def _count(self, fill: Fill) -> None:
        order = self.orders.get(fill.client_order_id or fill.venue_order_id)
        if order is not None and order.id in self._filled:
            self._filled[order.id] = plus(self._filled[order.id], fill.size)
            self._forget_filled(order)

    def missing_fills(self, order: Order) -> bool:
        """Whether the order says that more was filled than the fills seen so far."""
        counted = self._filled.get(order.id)
        return counted is not None and counted < order.filled_size

    def expect_fills(self, order: Order) -> None:
        """Start counting fills for an order that we send."""
        self._filled.setdefault(order.id, ZERO)

    def _forget_filled(self, order: Order) -> None:
        if order.is_done and self._filled.get(order.id, ZERO) >= order.filled_size:
            self._filled.pop(order.id, None)

    # -- to and from the journal

    def snapshot(self) -> dict[str, Any]:
        """What a start needs besides the rows after it."""
        start = self.exposure.day_start_equity()
        return {
            "orders": [to_plain(o) for o in self.orders],
            "last_fill_ns": self.last_fill_ns,
            "unsettled": [to_plain(fill) for fill in self._unsettled.values()],
            "holdings": self.holdings(),
            "day": self.exposure.day,
            "day_start_equity": None if start is None else str(start),
        }

    def holdings(self) -> dict[str, Any]:
        """What is held, as a start compares it with what the venue says."""
        return {
            "positions": {name: to_plain(self.positions.holding(name)) for name in self.positions.instruments()},
            "balances": {asset: str(self.exposure.total(asset)) for asset in self.exposure.assets()},
            "unwritten": sorted(self.unwritten),
            **({"agents": self.agents.written(self._books)} if self._books else {}),
        }

    def restore(self, store: Store, desk: str) -> int:
        """Fold the journal: the newest snapshot, then every row after it. Returns the number of rows read."""
        after, count = 0, 0
        snapshot = store.latest(desk, EntryKind.SNAPSHOT)
        if snapshot is not None:
            # An order that was being written when the snapshot was taken has its row before it, and is not in it.
            after = max(0, snapshot.sequence - OVERLAP)
            for body in snapshot.body["orders"]:
                self.orders.put(from_record(body, Order))
            self.last_fill_ns = int(snapshot.body["last_fill_ns"])
            unsettled = [from_record(body, Fill) for body in snapshot.body.get("unsettled", ())]
            self._unsettled = {fill.id: fill for fill in unsettled}
            self.positions.remember(unsettled)
            self._hold(snapshot)
            if snapshot.body["day_start_equity"] is not None:
                self.exposure.start_day_at(int(snapshot.body["day"]), Decimal(snapshot.body["day_start_equity"]))
        for row in store.replay(desk, after):
            count += 1
            if row.kind in (EntryKind.INTENT, EntryKind.ORDER):
                self.orders.put(from_record(row.body, Order))
            elif row.kind is EntryKind.FILL:
                fill = from_record(row.body, Fill)
                if self.held_since is not None and row.sequence > self.held_since and fill.id not in self._held:
                    self.to_fold.append(fill)
                else:
                    self.positions.remember([fill])
                self.last_fill_ns = max(self.last_fill_ns, fill.time_ns)
                self._settle(fill)
            elif row.kind is EntryKind.SESSION:
                self.last_fill_ns = max(self.last_fill_ns, int(row.body.get("fills_from_ns", 0)))
                self._hold(row)
        for order in self.orders:
            self.exposure.on_order(order)
            if order.status is not OrderStatus.PENDING_APPROVAL:
                self._recount(store, desk, order)
        return count

    def _recount(self, store: Store, desk: str, order: Order) -> None:
        """Go on counting an order's fills after a restart: one may be older than the newest that is recorded."""
        query = RowQuery(desk=desk, subject=order.id, kinds=(EntryKind.FILL,), newest_first=False, limit=_MOST_FILLS)
        waiting = {fill.id for fill in self.to_fold}
        known = {fill.id: fill for fill in (from_record(row.body, Fill) for row in store.rows(query))}
        counted = [fill for fill in known.values() if fill.id not in waiting]
        self.positions.remember(counted)
        self._filled[order.id] = sum((f.size for f in counted if f.state is not FillState.REVERSED), ZERO)

    def _hold(self, row: Row) -> None:
        """Start from the holdings as this row has them, if it has and none is newer."""
        body = row.body.get("holdings")
        if body is None or (self.held_since is not None and row.sequence < self.held_since):
            return
        self.held_since, self._held = row.sequence, frozenset(body["unwritten"])
        self.positions.remember(self.to_fold)
        self.to_fold = []
        self.positions.resume({name: from_record(holding, Holding) for name, holding in body["positions"].items()})
        self.agents.resume({n: book for n, book in body.get("agents", {}).items() if n in self._books})
        held = [self.positions.position(name, None) for name in self.positions.instruments()]
        self.exposure.set_positions(held, {p.instrument: self.positions.holding(p.instrument).cost for p in held})
        totals = {asset: Decimal(total) for asset, total in body["balances"].items()}
        self.exposure.set_balances(
            [
                Balance(venue=self._venue, account=self._account, asset=asset, total=total, available=total, held=ZERO)
                for asset, total in totals.items()
            ]
        )

    def snapshot_entry(self, desk: str) -> Entry:
        """The snapshot as a journal entry."""
        return Entry(
            kind=EntryKind.SNAPSHOT,
            desk=desk,
            subject="",
            agent_id="",
            body=self.snapshot(),
            time_ns=self._clock.now_ns(),
        )


def _direction(before: FillState | None, after: FillState) -> int:
    """Whether money moves: once for a fill, back when it is undone, and not for its confirmation."""
    if before is None:
        return 0 if after is FillState.REVERSED else 1
    return -1 if after is FillState.REVERSED else 0
