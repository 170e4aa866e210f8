"""What the exchange charges: shares of notional, or what another venue would take of each trade."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

import attrs

from venuekit.adapter import EXACT, Instrument, InvalidValue, Liquidity, half_even_to, plus, ratio, times
from venuekit_paper.scale import Scale, digits

#: What a venue takes of one trade, of price, size and liquidity, in the instrument's settlement asset.
Charge = Callable[[Instrument, Decimal, Decimal, Liquidity], Decimal]
#: Where an average has no end, it is cut here.
_AVERAGE = Decimal("1E-18")
#: Trades are rounded one by one, which may come to more than their sum: so much for as many as one order meets.
_ROUNDING = Decimal("0.0001")


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """Shares of notional (0.001 is 0.1 %), charged in the settlement asset; a negative maker fee is a rebate.

    An order's fees are rounded up to the asset's last place once, however many fills it has. With `charge`, every
    trade costs what that says, and the shares are not used.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.002")
    charge: Charge | None = None


_MOST_PLACES = 12


def _whole(fee: Decimal, scale: Scale) -> int:
    """A fee in the asset's last place, rounded up."""
    return int(fee.scaleb(scale.quote_digits, EXACT).to_integral_value(ROUND_CEILING))


class Fees:
    """The schedule as whole numbers over a power of ten, which is kept small: it multiplies every trade's money.

    `at_least` is a denominator that is in use already; the new one is a multiple of it.
    """

    __slots__ = ("charge", "denominator", "maker", "most", "schedule", "taker")

    def __init__(self, schedule: FeeSchedule, at_least: int = 1) -> None:
        self.schedule = schedule
        self.charge = schedule.charge
        places = max(_places(schedule.maker, "maker_fee"), _places(schedule.taker, "taker_fee"))
        self.denominator: int = max(10**places, at_least)
        self.maker, self.taker = (int(rate * self.denominator) for rate in (schedule.maker, schedule.taker))
        self.most = max(self.maker, self.taker, 0)

    def of_trade(self, scale: Scale, lots: int, price: int) -> tuple[int, int]:
        """What taker and maker of a trade pay by `charge`, over the denominator."""
        assert self.charge is not None
        told, size = scale.price_out(price), scale.size_out(lots)
        taker, maker = (self.charge(scale.instrument, told, size, role) for role in (Liquidity.TAKER, Liquidity.MAKER))
        return _whole(taker, scale) * self.denominator, _whole(maker, scale) * self.denominator

    def most_of(self, scale: Scale, lots: int, money: int) -> int:
        """The highest fee that trading `lots` for `money` may cost, rounded up."""
        if self.charge is None:
            return -(-money * self.most // self.denominator)
        if not lots:
            return 0
        size = scale.size_out(lots)
        average = half_even_to(ratio(scale.money_out(money), times(size, scale.instrument.contract_size)), _AVERAGE)
        most = max(self.charge(scale.instrument, average, size, role) for role in Liquidity)
        return _whole(plus(most, _ROUNDING), scale) if most > 0 else 0


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
