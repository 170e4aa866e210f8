"""What the exchange charges: shares of notional, exact until the order's sum is rounded up once."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.adapter import InvalidValue
from venuekit_paper.scale import digits


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """Shares of notional (0.001 is 0.1 %), charged in the settlement asset; a negative maker fee is a rebate.

    An order's fees are rounded up to the asset's last place once, however many fills it has.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.002")


_MOST_PLACES = 12


class Fees:
    """The schedule as whole numbers over a power of ten, which is kept small: it multiplies every trade's money.

    `at_least` is a denominator that is in use already; the new one is a multiple of it.
    """

    __slots__ = ("denominator", "maker", "most", "schedule", "taker")

    def __init__(self, schedule: FeeSchedule, at_least: int = 1) -> None:
        self.schedule = schedule
        places = max(_places(schedule.maker, "maker_fee"), _places(schedule.taker, "taker_fee"))
        self.denominator: int = max(10**places, at_least)
        self.maker, self.taker = (int(rate * self.denominator) for rate in (schedule.maker, schedule.taker))
        self.most = max(self.maker, self.taker, 0)

    def most_of(self, money: int) -> int:
        """The highest fee that `money` may cost, rounded up."""
        return -(-money * self.most // self.denominator)


def _places(rate: Decimal, field: str) -> int:
    places = digits(rate)
    if places > _MOST_PLACES or not -1 < rate < 1:
        raise InvalidValue(
            f"{field} must be between -1 and 1, with at most {_MOST_PLACES} decimal places.", field=field
        )
    return places


def shares(instrument: str) -> str:
    """The name under which shares of an outcome are kept among the balances."""
    return f"{instrument}#"
