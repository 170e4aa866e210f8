"""Net positions as a fold of fills: average entry, realized profit, fees; exact, for spot, derivatives and outcomes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import attrs

from venuekit.books.holding import FINEST, Counted, Holding, Trail
from venuekit.model.account import Position
from venuekit.model.identity import AccountId, InstrumentId, VenueName
from venuekit.model.instrument import Instrument
from venuekit.model.money import ONE, ZERO, half_even_to, minus, times
from venuekit.model.order import Fill, FillState

#: How many fill ids are remembered to recognize a repeated fill.
REMEMBERED_FILLS = 20_000


class Positions:
    """All positions of one account: the same for the same fills, in whatever order they are told."""

    def __init__(
        self, venue: VenueName, account: AccountId, instrument_of: Callable[[InstrumentId], Instrument | None]
    ) -> None:
        self._venue = venue
        self._account = account
        self._instrument_of = instrument_of
        self._trails: dict[InstrumentId, Trail] = {}
        self._updated: dict[InstrumentId, int] = {}
        self._seen: OrderedDict[str, FillState] = OrderedDict()
        #: Provisional fills that a figure of the venue's has in it: their confirmation adds nothing.
        self._counted: set[str] = set()

    def state_of(self, fill_id: str) -> FillState | None:
        """How final a fill was when it was last seen; None when it never was."""
        return self._seen.get(fill_id)

    def knows(self, fill: Fill) -> bool:
        """Whether this fill was applied already, in this state or a later one."""
        known = self._seen.get(fill.id)
        return known is not None and (known is fill.state or known is not FillState.PROVISIONAL)

    def provisional(self, fill: Fill) -> Fill | None:
        """What was told of a fill before it is final, if that counts now and may be undone."""
        trail = self._trails.get(fill.instrument)
        return None if trail is None else trail.provisional(fill.id)

    def apply(self, fill: Fill) -> bool:
        """Fold a fill in. False when it was known, and nothing changed."""
        if self.knows(fill):
            return False
        if fill.id in self._counted:
            self._counted.discard(fill.id)
            if fill.state is FillState.REVERSED:
                self._put(attrs.evolve(fill, side=fill.side.opposite, fee=-fill.fee))
        elif fill.state is not FillState.REVERSED:
            self._put(fill)
        elif fill.instrument in self._trails:
            self._trails[fill.instrument].drop(fill.id)
        self._updated[fill.instrument] = max(fill.time_ns, self._updated.get(fill.instrument, 0))
        self._seen[fill.id] = fill.state
        if len(self._seen) > REMEMBERED_FILLS:
            forgotten, _ = self._seen.popitem(last=False)
            self._counted.discard(forgotten)
        return True

    def _put(self, fill: Fill) -> None:
        known = self._instrument_of(fill.instrument)
        in_quote = known is None or fill.fee_asset in (known.quote, known.settle)
        trail = self._trails.get(fill.instrument)
        if trail is None:
            trail = self._trails[fill.instrument] = Trail()
        trail.put(Counted(fill, fill.fee if in_quote else ZERO, ONE if known is None else known.contract_size))

    def _contract(self, instrument: InstrumentId) -> Decimal:
        known = self._instrument_of(instrument)
        return ONE if known is None else known.contract_size

    def holding(self, instrument: InstrumentId) -> Holding:
        """The arithmetic of one position, provisional fills included."""
        trail = self._trails.get(instrument)
        return Holding() if trail is None else trail.holding

    def size(self, instrument: InstrumentId) -> Decimal:
        """Signed net size, provisional fills included."""
        return self.holding(instrument).size

    def set(self, positions: Sequence[Position]) -> None:
        """Start from what the venue says (at connection, or after a difference was recorded)."""
        self.resume({p.instrument: Holding(p.size, self._cost(p), p.realized_pnl, p.fees_paid) for p in positions})
        self._counted = {fill_id for fill_id, state in self._seen.items() if state is FillState.PROVISIONAL}
        self._updated = {p.instrument: p.updated_ns for p in positions}

    def _cost(self, position: Position) -> Decimal:
        value = times(position.size, position.average_entry_price or ZERO)
        return half_even_to(times(value, self._contract(position.instrument)), FINEST)

    def resume(self, holdings: Mapping[InstrumentId, Holding]) -> None:
        """Start from holdings as they were before."""
        self._trails = {instrument: Trail(holding) for instrument, holding in holdings.items()}

    def remember(self, fills: Iterable[Fill]) -> None:
        """Count these fills as applied without applying them: the positions started from had them already."""
        for fill in fills:
            self._seen[fill.id] = fill.state
            if fill.state is FillState.PROVISIONAL:
                self._counted.add(fill.id)
            else:
                self._counted.discard(fill.id)

    def position(self, instrument: InstrumentId, mark: Decimal | None) -> Position:
        """One position, valued at `mark`."""
        holding, contract = self.holding(instrument), self._contract(instrument)
        known = self._instrument_of(instrument)
        unrealized = None
        if holding.size == 0:
            unrealized = ZERO
        elif mark is not None:
            unrealized = minus(times(times(holding.size, mark), contract), holding.cost)
        return Position(
            venue=self._venue,
            account=self._account,
            instrument=instrument,
            quote=known.quote if known else "",
            size=holding.size,
            average_entry_price=holding.average(contract),
            realized_pnl=holding.realized,
            unrealized_pnl=unrealized,
            mark_price=mark,
            fees_paid=holding.fees,
            updated_ns=self._updated.get(instrument, 0),
        )

    def instruments(self) -> list[InstrumentId]:
        """Every instrument that was ever held, sorted."""
        return sorted(name for name, trail in self._trails.items() if not trail.is_new)
