"""Net positions as a fold of fills: average entry, realized profit, fees; exact, for spot, derivatives and outcomes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import attrs

from venuekit.model.account import Position
from venuekit.model.identity import AccountId, InstrumentId, VenueName
from venuekit.model.instrument import Instrument
from venuekit.model.money import ONE, ZERO, half_even_to, minus, normal, plus, ratio, times
from venuekit.model.order import Fill, FillState

#: How many fill ids are remembered to recognize a repeated fill.
REMEMBERED_FILLS = 20_000
#: Where an average has no end it is cut here, so that every later sum is exact.
_FINEST = Decimal("1E-24")


@attrs.frozen
class Holding:
    """A position's arithmetic: signed size, what it cost (signed, in quote), realized profit, fees paid."""

    size: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO

    def after(self, signed: Decimal, price: Decimal, fee: Decimal, contract: Decimal) -> Holding:
        """The holding after `signed` more at `price`. Opening adds cost; closing realizes against average cost."""
        fees = plus(self.fees, fee)
        value = times(times(signed, price), contract)
        total = plus(self.size, signed)
        if self.size == 0 or (self.size > 0) == (signed > 0):
            return Holding(total, plus(self.cost, value), self.realized, fees)
        if abs(signed) <= abs(self.size):
            left = ZERO if total == 0 else half_even_to(ratio(times(self.cost, total), self.size), _FINEST)
            closed = minus(self.cost, left)
            return Holding(total, left, plus(self.realized, minus(-value, closed)), fees)
        to_close = times(times(-self.size, price), contract)
        realized = plus(self.realized, minus(-to_close, self.cost))
        return Holding(total, times(times(total, price), contract), realized, fees)

    def average(self, contract: Decimal) -> Decimal | None:
        """Average entry price; None when flat."""
        return None if self.size == 0 else normal(half_even_to(ratio(self.cost, times(self.size, contract)), _FINEST))


class Positions:
    """All positions of one account.

    Provisional fills are kept apart until they are confirmed, so that a reversal undoes them exactly.
    """

    def __init__(
        self, venue: VenueName, account: AccountId, instrument_of: Callable[[InstrumentId], Instrument | None]
    ) -> None:
        self._venue = venue
        self._account = account
        self._instrument_of = instrument_of
        self._settled: dict[InstrumentId, Holding] = {}
        self._provisional: dict[InstrumentId, OrderedDict[str, Fill]] = {}
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

    def apply(self, fill: Fill) -> bool:
        """Fold a fill in. False when it was known, and nothing changed."""
        if self.knows(fill):
            return False
        waiting = self._provisional.setdefault(fill.instrument, OrderedDict())
        if fill.state is FillState.PROVISIONAL:
            waiting[fill.id] = fill
        elif fill.id in self._counted:
            self._counted.discard(fill.id)
            if fill.state is FillState.REVERSED:
                self._settle(attrs.evolve(fill, side=fill.side.opposite, fee=-fill.fee))
        else:
            waiting.pop(fill.id, None)
            if fill.state is FillState.CONFIRMED:
                self._settle(fill)
        self._updated[fill.instrument] = fill.time_ns
        self._seen[fill.id] = fill.state
        if len(self._seen) > REMEMBERED_FILLS:
            forgotten, _ = self._seen.popitem(last=False)
            self._counted.discard(forgotten)
        return True

    def _settle(self, fill: Fill) -> None:
        self._settled[fill.instrument] = self._plus(self._settled.get(fill.instrument, Holding()), fill)

    def _contract(self, instrument: InstrumentId) -> Decimal:
        known = self._instrument_of(instrument)
        return ONE if known is None else known.contract_size

    def _plus(self, holding: Holding, fill: Fill) -> Holding:
        signed = fill.size if fill.side.sign > 0 else -fill.size
        known = self._instrument_of(fill.instrument)
        in_quote = known is None or fill.fee_asset in (known.quote, known.settle)
        return holding.after(signed, fill.price, fill.fee if in_quote else ZERO, self._contract(fill.instrument))

    def holding(self, instrument: InstrumentId) -> Holding:
        """The arithmetic of one position, provisional fills included."""
        holding = self._settled.get(instrument, Holding())
        for fill in self._provisional.get(instrument, {}).values():
            holding = self._plus(holding, fill)
        return holding

    def size(self, instrument: InstrumentId) -> Decimal:
        """Signed net size, provisional fills included."""
        return self.holding(instrument).size

    def _cost(self, position: Position) -> Decimal:
        value = times(position.size, position.average_entry_price or ZERO)
        return half_even_to(times(value, self._contract(position.instrument)), _FINEST)

    def set(self, positions: Sequence[Position]) -> None:
        """Start from what the venue says (at connection, or after a difference was recorded)."""
        self._settled = {
            p.instrument: Holding(
                p.size,
                half_even_to(
                    times(times(p.size, p.average_entry_price or ZERO), self._contract(p.instrument)), _FINEST
                ),
                p.realized_pnl,
                p.fees_paid,
            )
            for p in positions
        }
        self._provisional.clear()
        self._counted = {fill_id for fill_id, state in self._seen.items() if state is FillState.PROVISIONAL}
        self._updated = {p.instrument: p.updated_ns for p in positions}

    def resume(self, holdings: Mapping[InstrumentId, Holding]) -> None:
        """Start from holdings as they were before."""
        self._settled = dict(holdings)
        self._provisional.clear()

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
        return sorted(set(self._settled) | {i for i, fills in self._provisional.items() if fills})
