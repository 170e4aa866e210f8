"""Whole numbers inside, decimals outside: how one instrument's prices, sizes and money are scaled."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from venuekit.adapter import (
    EXACT,
    Instrument,
    InstrumentKind,
    InvalidPrice,
    InvalidSize,
    Unsupported,
    ceil_to,
    floor_to,
    plain,
)

#: Money is kept to at least this many decimal places.
LEAST_DIGITS = 8


def digits(step: Decimal) -> int:
    """Decimal places of a step: 2 for 0.01, 0 for 5."""
    exponent = step.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def asset_digits(instruments: Iterable[Instrument], least: int = LEAST_DIGITS) -> dict[str, int]:
    """Decimal places in which each asset is kept, at least so many, so that no trade of any instrument is rounded."""
    places: dict[str, int] = {}
    for i in instruments:
        money = price_digits(i) + digits(i.lot_size) + digits(i.contract_size)
        for asset, needed in ((i.quote, money), (i.settle, money), (i.base, digits(i.lot_size))):
            places[asset] = max(places.get(asset, least), needed)
    return places


def add_digits(places: dict[str, int], instrument: Instrument, least: int) -> None:
    """Take in the assets of one more instrument. Raises Unsupported: one is counted coarser than it needs."""
    for asset, needed in asset_digits([instrument], least).items():
        if places.setdefault(asset, needed) < needed:
            raise Unsupported(f"{instrument.id[:60]} needs {asset} to {needed} decimal places.")


def price_digits(instrument: Instrument) -> int:
    """Decimal places of prices; outcomes get room for finer ticks, which their venues switch to near 0 and 1."""
    spare = 4 if instrument.kind is InstrumentKind.BINARY_OUTCOME else 0
    return max(digits(instrument.tick_size), spare)


class Scale:
    """The whole-number view of one instrument.

    Prices count 10^-price_digits, sizes count lots, money counts 10^-asset digits. ``unit`` is the money that one
    price step times one lot is worth, ``base_unit`` the amount of base in one lot.
    """

    def __init__(self, instrument: Instrument, places: dict[str, int]) -> None:
        self.instrument = instrument
        self.price_digits = price_digits(instrument)
        self.lot = instrument.lot_size
        self.lot_digits = digits(instrument.lot_size)
        self._lot_steps = int(instrument.lot_size.scaleb(self.lot_digits, EXACT))
        self.quote_digits = places[instrument.settle]
        self.base_digits = places[instrument.base]
        unit = EXACT.multiply(
            EXACT.multiply(Decimal(1).scaleb(-self.price_digits), instrument.lot_size), instrument.contract_size
        ).scaleb(self.quote_digits, EXACT)
        self.unit = int(unit)
        assert self.unit == unit, "asset_digits must leave room for a whole unit"
        self.base_unit = int(instrument.lot_size.scaleb(self.base_digits, EXACT))
        self.margin = Fraction(instrument.initial_margin)
        self._price_one = Decimal(1).scaleb(-self.price_digits)
        self.set_tick(instrument.tick_size)

    def renew(self, instrument: Instrument) -> None:
        """Take the instrument as it is now: its tick, bounds, status, metadata. Lots and money count as before."""
        if digits(instrument.tick_size) <= self.price_digits and instrument.lot_size == self.lot:
            self.instrument = instrument
            self.set_tick(instrument.tick_size)

    def set_tick(self, tick: Decimal) -> None:
        """The step that new prices must keep."""
        self.tick = int(tick.scaleb(self.price_digits, EXACT))

    def price_in(self, price: Decimal, field: str = "price") -> int:
        """A price as a whole number. Raises InvalidPrice off the tick or out of bounds."""
        i = self.instrument
        scaled = price.scaleb(self.price_digits, EXACT)
        number = int(scaled)
        tick = Decimal(self.tick).scaleb(-self.price_digits)
        if number != scaled or number % self.tick:
            nearest = [plain(floor_to(price, tick)), plain(ceil_to(price, tick))]
            raise InvalidPrice(
                f"{field} {plain(price)} is not on the tick of {plain(tick)}.",
                fix=f"Nearest valid: {' or '.join(nearest)}.",
                field=field,
                details={"nearest": nearest},
            )
        if number <= 0 or (i.min_price is not None and price < i.min_price):
            raise InvalidPrice(f"{field} {plain(price)} is below the lowest price.", field=field)
        if i.max_price is not None and price > i.max_price:
            raise InvalidPrice(f"{field} {plain(price)} is above {plain(i.max_price)}.", field=field)
        return number

    def price_out(self, price: int) -> Decimal:
        """A price as a decimal, with the instrument's decimal places."""
        return Decimal(price).scaleb(-self.price_digits)

    def size_in(self, size: Decimal) -> int:
        """A size in lots. Raises InvalidSize off the lot or out of bounds."""
        i = self.instrument
        scaled = size.scaleb(self.lot_digits, EXACT)
        number = int(scaled)
        if number != scaled or number % self._lot_steps:
            nearest = [plain(floor_to(size, self.lot)), plain(ceil_to(size, self.lot))]
            raise InvalidSize(
                f"size {plain(size)} is not a whole number of lots of {plain(self.lot)}.",
                fix=f"Nearest valid: {' or '.join(nearest)}.",
                field="size",
                details={"nearest": nearest},
            )
        if size < i.min_size or (i.max_size is not None and size > i.max_size):
            most = f" to {plain(i.max_size)}" if i.max_size is not None else " or more"
            raise InvalidSize(
                f"size {plain(size)} is out of bounds: {plain(i.min_size)}{most}.",
                field="size",
                details={"min_size": plain(i.min_size)},
            )
        return number // self._lot_steps

    def size_out(self, lots: int) -> Decimal:
        """Lots as a size."""
        return Decimal(lots * self._lot_steps).scaleb(-self.lot_digits)

    def money_in(self, amount: Decimal) -> int:
        """Money of the settlement asset; digits beyond its places are dropped toward zero."""
        return int(amount.scaleb(self.quote_digits, EXACT))

    def money_out(self, amount: int) -> Decimal:
        """Money as a decimal."""
        return out(amount, self.quote_digits)


def out(amount: int, places: int) -> Decimal:
    """A whole number of 10^-places as a decimal without trailing zeros."""
    while places > 0 and amount % 10 == 0 and amount:
        amount //= 10
        places -= 1
    return Decimal(amount).scaleb(-places) if amount else Decimal(0)
