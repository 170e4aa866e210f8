"""What the exchange charges: shares of notional, exact until the order's sum is rounded up once."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.adapter import InvalidValue


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """Shares of notional (0.001 is 0.1 %), charged in the settlement asset; a negative maker fee is a rebate.

    An order's fees are rounded up to the asset's last place once, however many fills it has.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.002")


#: What rates are counted in: they have at most twelve decimal places.
DENOMINATOR = 10**12


class Fees:
    """The schedule as whole numbers over `DENOMINATOR`."""

    __slots__ = ("maker", "most", "schedule", "taker")

    def __init__(self, schedule: FeeSchedule) -> None:
        self.schedule = schedule
        self.maker, self.taker = _parts(schedule.maker, "maker_fee"), _parts(schedule.taker, "taker_fee")
        self.most = max(self.maker, self.taker, 0)

    def most_of(self, money: int) -> int:
        """The highest fee that `money` may cost, rounded up."""
        return -(-money * self.most // DENOMINATOR)


def _parts(rate: Decimal, field: str) -> int:
    parts = rate.scaleb(12)
    if parts != int(parts) or not -1 < rate < 1:
        raise InvalidValue(f"{field} must be between -1 and 1, with at most 12 decimal places.", field=field)
    return int(parts)


def shares(instrument: str) -> str:
    """The name under which shares of an outcome are kept among the balances."""
    return f"{instrument}#"
