"""What can be traded, and the rules an order for it must keep."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from venuekit.model.identity import InstrumentId, VenueName
from venuekit.model.money import ONE
from venuekit.model.words import Word


class InstrumentKind(Word):
    """How a position in it behaves."""

    SPOT = "SPOT"
    PERPETUAL = "PERPETUAL"
    FUTURE = "FUTURE"
    BINARY_OUTCOME = "BINARY_OUTCOME"


#: Rules that a venue may have, in pairs where one bounds the other.
_BOUNDS = ("min_size", "max_size", "min_price", "max_price", "min_notional")
#: Digits before or after the decimal point that any rule of a venue has.
_DIGITS = 18
_DERIVATIVES = frozenset({InstrumentKind.PERPETUAL, InstrumentKind.FUTURE})


class InstrumentStatus(Word):
    """Which orders the venue takes for it now."""

    TRADING = "TRADING"
    POST_ONLY = "POST_ONLY"
    CANCEL_ONLY = "CANCEL_ONLY"
    HALTED = "HALTED"
    EXPIRED = "EXPIRED"
    RESOLVED = "RESOLVED"


@attrs.frozen(kw_only=True)
class Instrument:
    """One tradable thing at one venue.

    Prices are in `quote` per unit of `base`; sizes are in `base` (contracts for derivatives, shares for
    binary outcomes). `settle` is the asset in which profit and margin are paid, the quote asset by default.
    `name` and `metadata` come from the venue and are untrusted text.
    """

    id: InstrumentId
    venue: VenueName
    kind: InstrumentKind
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    min_size: Decimal
    status: InstrumentStatus = InstrumentStatus.TRADING
    settle: str = attrs.field(default=attrs.Factory(lambda self: self.quote, takes_self=True))
    max_size: Decimal | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    #: In quote units; None where the venue has no such rule.
    min_notional: Decimal | None = None
    #: Units of base in one contract.
    contract_size: Decimal = ONE
    #: Initial margin as a share of notional, 1 for fully funded.
    initial_margin: Decimal = ONE
    alias: str | None = None
    name: str = ""
    #: The other side of a two-outcome market.
    complement: InstrumentId | None = None
    expiry_ns: int | None = None
    metadata: Mapping[str, str] = attrs.Factory(dict)

    @property
    def is_derivative(self) -> bool:
        """Whether a position may be negative and is margined."""
        return self.kind in _DERIVATIVES


def impossible(instrument: Instrument) -> str:
    """What cannot be true of an instrument as a venue tells it, for no order can be checked by such a rule; else empty.

    Steps, sizes and margins are positive numbers of a sane length, and bounds are in order.
    """
    for name in ("tick_size", "lot_size", "contract_size", "initial_margin", *_BOUNDS):
        value = getattr(instrument, name)
        if value is None and name in _BOUNDS:
            continue
        if not isinstance(value, Decimal) or not value.is_finite():
            return f"{name} is {str(value)[:40]}, which is no number"
        if value <= 0 and not (value == 0 and name in ("min_size", "min_price", "min_notional")):
            return f"{name} is {str(value)[:40]}"
        if not -_DIGITS <= value.adjusted() <= _DIGITS:
            return f"{name} is {str(value)[:40]}, which is out of all proportion"
    for low, high in (("min_size", "max_size"), ("min_price", "max_price")):
        least, most = getattr(instrument, low), getattr(instrument, high)
        if least is not None and most is not None and least > most:
            return f"{low} is {least} and {high} {most}"
    return ""
