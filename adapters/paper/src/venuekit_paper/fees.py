"""What trading costs, and what an order must set aside so that it can always pay."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import attrs

from venuekit.adapter import InstrumentKind
from venuekit_paper.accounts import Account, fee_of, margin_of
from venuekit_paper.orders import PaperOrder
from venuekit_paper.scale import Scale


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """Shares of notional (0.001 is 0.1 %), charged in the settlement asset, rounded up to its last place."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.002")


class Fees:
    """The schedule as fractions."""

    __slots__ = ("maker", "most", "taker")

    def __init__(self, schedule: FeeSchedule) -> None:
        self.maker = Fraction(schedule.maker)
        self.taker = Fraction(schedule.taker)
        self.most = max(self.maker, self.taker, Fraction(0))

    def to_hold(self, account: Account, scale: Scale, side: int, lots: int, price: int) -> tuple[str, int]:
        """Asset and amount that an order of `lots` at `price` must hold until it is filled or done.

        Buys hold notional and the higher fee; sells of what is owned hold the lots; derivatives hold the fee, and
        initial margin for what is more than the position they could close.
        """
        instrument = scale.instrument
        money = price * lots * scale.unit
        if instrument.is_derivative:
            held = account.lots(instrument.id)
            closing = min(lots, abs(held)) if held * side < 0 else 0
            opening = price * (lots - closing) * scale.unit
            return instrument.settle, margin_of(opening, scale) + fee_of(money, self.most)
        if side > 0:
            return instrument.quote, money + fee_of(money, self.most)
        if instrument.kind is InstrumentKind.SPOT:
            return instrument.base, lots * scale.base_unit
        return shares(instrument.id), lots

    def hold_left(self, order: PaperOrder) -> int:
        """What an order that rests must still hold for the part that is not filled."""
        if order.scale.instrument.is_derivative:
            return -(-order.held * order.left // (order.left + 1)) if order.left else 0
        if order.side > 0:
            money = order.price * order.left * order.scale.unit
            return money + fee_of(money, self.most)
        return order.left * (order.scale.base_unit if order.scale.instrument.kind is InstrumentKind.SPOT else 1)


def shares(instrument: str) -> str:
    """The name under which shares of an outcome are kept among the balances."""
    return f"{instrument}#"
