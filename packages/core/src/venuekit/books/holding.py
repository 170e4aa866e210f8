"""One position's arithmetic, and the recent fills that made it in the order in which the venue made them."""

from __future__ import annotations

from bisect import bisect
from decimal import Decimal

import attrs

from venuekit.model.money import ZERO, half_even_to, minus, normal, plus, ratio, times
from venuekit.model.order import Fill, FillState

#: Where an average has no end it is cut here, so that every later sum is exact.
FINEST = Decimal("1E-24")
#: So many fills of an instrument can still be put in their place when one is told late.
RECENT_FILLS = 128
#: Fills of one moment in the order of their numbers: `t10` after `t9`.
_Key = tuple[int, int, str]


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
        if signed.copy_abs() <= self.size.copy_abs():
            left = ZERO if total == 0 else half_even_to(ratio(times(self.cost, total), self.size), FINEST)
            closed = minus(self.cost, left)
            return Holding(total, left, plus(self.realized, minus(-value, closed)), fees)
        to_close = times(times(-self.size, price), contract)
        realized = plus(self.realized, minus(-to_close, self.cost))
        return Holding(total, times(times(total, price), contract), realized, fees)

    def average(self, contract: Decimal) -> Decimal | None:
        """Average entry price; None when flat."""
        return None if self.size == 0 else normal(half_even_to(ratio(self.cost, times(self.size, contract)), FINEST))


@attrs.frozen
class Counted:
    """A fill as it counts: the fee only where it is paid in the money of the position."""

    fill: Fill
    fee: Decimal
    contract: Decimal

    def onto(self, holding: Holding) -> Holding:
        """The holding after this fill."""
        fill = self.fill
        return holding.after(fill.size if fill.side.sign > 0 else -fill.size, fill.price, self.fee, self.contract)


class Trail:
    """A holding as the fold of its fills by time, however late each was told.

    What profit a fill took depends on the fills before it, so one that is told late is put in its place, and one that
    is undone is taken out of it. Only the last `RECENT_FILLS` are kept for that, and every one that may be undone.
    """

    def __init__(self, base: Holding | None = None) -> None:
        self._base = base or Holding()
        self._keys: list[_Key] = []
        self._counted: list[Counted] = []
        #: The holding after each of them.
        self._after: list[Holding] = []
        #: Where the fills that may be undone are.
        self._provisional: dict[str, _Key] = {}

    @property
    def holding(self) -> Holding:
        """The holding now."""
        return self._after[-1] if self._after else self._base

    @property
    def is_new(self) -> bool:
        """Whether nothing has ever been held."""
        return not self._after and self._base == Holding()

    def provisional(self, fill_id: str) -> Fill | None:
        """A fill that may still be undone, as it counts now."""
        key = self._provisional.get(fill_id)
        return None if key is None else self._counted[bisect(self._keys, key) - 1].fill

    def put(self, counted: Counted) -> None:
        """Put a fill in its place; a provisional one of the same id makes way for it."""
        fill = counted.fill
        self.drop(fill.id)
        key = (fill.time_ns, len(fill.id), fill.id)
        if fill.state is FillState.PROVISIONAL:
            self._provisional[fill.id] = key
        at = bisect(self._keys, key)
        self._keys.insert(at, key)
        self._counted.insert(at, counted)
        self._fold(at)
        if len(self._keys) >= 2 * RECENT_FILLS:
            self._forget()

    def drop(self, fill_id: str) -> None:
        """Take out a fill that may be undone, as if it had never been; any other is left alone."""
        key = self._provisional.pop(fill_id, None)
        if key is not None:
            at = bisect(self._keys, key) - 1
            del self._keys[at], self._counted[at]
            self._fold(at)

    def _fold(self, at: int) -> None:
        holding = self._after[at - 1] if at else self._base
        del self._after[at:]
        for counted in self._counted[at:]:
            holding = counted.onto(holding)
            self._after.append(holding)

    def _forget(self) -> None:
        """Keep the newest fills, and those from the first that may be undone."""
        old = len(self._keys) - RECENT_FILLS
        if self._provisional:
            old = min(old, bisect(self._keys, min(self._provisional.values())) - 1)
        if old > 0:
            self._base = self._after[old - 1]
            del self._keys[:old], self._counted[:old], self._after[:old]
