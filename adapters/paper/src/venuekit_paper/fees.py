"""What the exchange charges: shares of notional, exact until the order's sum is rounded up once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm

import attrs


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """Shares of notional (0.001 is 0.1 %), charged in the settlement asset; a negative maker fee is a rebate.

    An order's fees are rounded up to the asset's last place once, however many fills it has.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.002")


class Fees:
    """The schedule as whole numbers over one denominator."""

    __slots__ = ("denominator", "maker", "most", "taker")

    def __init__(self, schedule: FeeSchedule) -> None:
        maker, taker = Fraction(schedule.maker), Fraction(schedule.taker)
        self.denominator = lcm(maker.denominator, taker.denominator)
        self.maker = int(maker * self.denominator)
        self.taker = int(taker * self.denominator)
        self.most = max(self.maker, self.taker, 0)

    def most_of(self, money: int) -> int:
        """The highest fee that `money` may cost, rounded up."""
        return -(-money * self.most // self.denominator)


def shares(instrument: str) -> str:
    """The name under which shares of an outcome are kept among the balances."""
    return f"{instrument}#"
