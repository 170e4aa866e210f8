"""What someone wants, before anyone has agreed: one class an order type.

Each class checks only what can be seen without a venue: types, signs, finiteness, fields that exclude
each other. Ticks, lots and limits are the desk's business, because they need the instrument.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar, Self

import attrs

from venuekit.errors import InvalidValue
from venuekit.model.identity import ClientOrderId, InstrumentId, checked_name
from venuekit.model.money import positive_amount
from venuekit.model.words import Word


class Side(Word):
    """Which way."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """BUY for SELL, SELL for BUY."""
        return SELL if self is BUY else BUY

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is BUY else -1


#: The sides, by names that are found several times as fast as an enum's members before Python 3.12.
BUY, SELL = Side.BUY, Side.SELL


class OrderType(Word):
    """The kind of order."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    BRACKET = "BRACKET"


class TimeInForce(Word):
    """How long an order stays.

    GTC good till canceled, GTD good till `expires_at_ns`, DAY until the venue's day ends, IOC fills what it
    can at once and cancels the rest (Polymarket calls it FAK), FOK fills whole at once or not at all.
    """

    GTC = "GTC"
    GTD = "GTD"
    DAY = "DAY"
    IOC = "IOC"
    FOK = "FOK"


def _positive(_: object, attribute: attrs.Attribute[Decimal], value: Decimal) -> None:
    positive_amount(value, field=attribute.name)


def _positive_or_none(_: object, attribute: attrs.Attribute[Decimal | None], value: Decimal | None) -> None:
    if value is not None:
        positive_amount(value, field=attribute.name)


def _member(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    kind = Side if attribute.name == "side" else TimeInForce
    if not isinstance(value, kind):
        names = [m.value for m in kind]
        raise InvalidValue(
            f"{attribute.name} must be one of {', '.join(names)}; {str(value)[:40]!r} is not.",
            fix=f"Pass {kind.__name__}.{names[0]}.",
            field=attribute.name,
            details={"accepted": names},
        )


def _name(_: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value or len(value) > 128 or not value.isprintable():
        raise InvalidValue(
            f"{attribute.name} must be 1 to 128 printable characters.",
            field=attribute.name,
            details={"accepted": "an instrument id or alias"},
        )


def _client_id(_: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None:
        checked_name(value, field=attribute.name)


#: Half of a surrogate pair, which JSON can bring in and nothing can write out.
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def _reason(_: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or len(value) > 1000 or not (value.isascii() or _HALF_PAIR.search(value) is None):
        raise InvalidValue(f"{attribute.name} must be Unicode text of at most 1000 characters.", field=attribute.name)


@attrs.frozen(kw_only=True)
class _Intent:
    instrument: InstrumentId = attrs.field(validator=_name)
    side: Side = attrs.field(validator=_member)
    client_order_id: ClientOrderId | None = attrs.field(default=None, validator=_client_id)
    reduce_only: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    type: ClassVar[OrderType]
    #: Why, in the caller's words; kept in the audit.
    reason: str = attrs.field(default="", validator=_reason)

    def identified(self, client_order_id: ClientOrderId) -> Self:
        """The same request under an id; the values were checked when it was made, so only the id is.

        Raises:
            InvalidValue: the id is not one.
        """
        checked_name(client_order_id, field="client_order_id")
        new = object.__new__(type(self))
        for name in _NAMES[self.type]:
            object.__setattr__(new, name, getattr(self, name))
        object.__setattr__(new, "client_order_id", client_order_id)
        return new


def _check_expiry(time_in_force: TimeInForce, expires_at_ns: int | None) -> None:
    if time_in_force is TimeInForce.GTD and expires_at_ns is None:
        raise InvalidValue("expires_at is required with GTD.", field="expires_at", details={"accepted": "a UTC time"})
    if time_in_force is not TimeInForce.GTD and expires_at_ns is not None:
        raise InvalidValue(
            f"expires_at goes with GTD only, and time_in_force is {time_in_force.value}.",
            field="expires_at",
            details={"accepted": "no value, or time_in_force GTD"},
        )
    if expires_at_ns is not None and (isinstance(expires_at_ns, bool) or not isinstance(expires_at_ns, int)):
        raise InvalidValue("expires_at must be UTC nanoseconds as an int.", field="expires_at")


@attrs.frozen(kw_only=True)
class MarketOrder(_Intent):
    """Trade now at the best prices there are. Exactly one of `size` (base) and `quote_size` (quote) is set.

    Raises:
        InvalidValue: on construction, naming the field.
    """

    type: ClassVar[OrderType] = OrderType.MARKET
    size: Decimal | None = attrs.field(default=None, validator=_positive_or_none)
    quote_size: Decimal | None = attrs.field(default=None, validator=_positive_or_none)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.IOC, validator=_member)

    def __attrs_post_init__(self) -> None:
        if (self.size is None) == (self.quote_size is None):
            raise InvalidValue(
                "A market order takes exactly one of size and quote_size.",
                field="size",
                details={"accepted": "size in base units, or quote_size in quote units"},
            )
        if self.time_in_force not in (TimeInForce.IOC, TimeInForce.FOK):
            raise InvalidValue(
                f"A market order is IOC or FOK; {self.time_in_force.value} is not possible.",
                field="time_in_force",
                details={"accepted": ["IOC", "FOK"]},
            )


@attrs.frozen(kw_only=True)
class LimitOrder(_Intent):
    """Trade at `price` or better.

    Raises:
        InvalidValue: on construction, naming the field.
    """

    type: ClassVar[OrderType] = OrderType.LIMIT
    size: Decimal = attrs.field(validator=_positive)
    price: Decimal = attrs.field(validator=_positive)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, validator=_member)
    expires_at_ns: int | None = None
    post_only: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def __attrs_post_init__(self) -> None:
        _check_expiry(self.time_in_force, self.expires_at_ns)
        if self.post_only and self.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            raise InvalidValue(
                f"post_only rests on the book, {self.time_in_force.value} never does.",
                field="post_only",
                details={"accepted": "post_only with GTC, GTD or DAY"},
            )


@attrs.frozen(kw_only=True)
class StopOrder(_Intent):
    """Becomes a market order when the market trades at `stop_price` or worse.

    Raises:
        InvalidValue: on construction, naming the field.
    """

    type: ClassVar[OrderType] = OrderType.STOP
    size: Decimal = attrs.field(validator=_positive)
    stop_price: Decimal = attrs.field(validator=_positive)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, validator=_member)
    expires_at_ns: int | None = None

    def __attrs_post_init__(self) -> None:
        _check_expiry(self.time_in_force, self.expires_at_ns)
        _check_rests(self.time_in_force, "A stop order")


@attrs.frozen(kw_only=True)
class StopLimitOrder(_Intent):
    """Becomes a limit order at `price` when the market trades at `stop_price` or worse.

    Raises:
        InvalidValue: on construction, naming the field.
    """

    type: ClassVar[OrderType] = OrderType.STOP_LIMIT
    size: Decimal = attrs.field(validator=_positive)
    price: Decimal = attrs.field(validator=_positive)
    stop_price: Decimal = attrs.field(validator=_positive)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, validator=_member)
    expires_at_ns: int | None = None

    def __attrs_post_init__(self) -> None:
        _check_expiry(self.time_in_force, self.expires_at_ns)
        _check_rests(self.time_in_force, "A stop-limit order")


@attrs.frozen(kw_only=True)
class BracketOrder(_Intent):
    """Two ways out of a position, of which the first to trade ends the other.

    A limit at `price` (take profit) and a stop at `stop_price` (stop loss), both for `size`, both on `side`.
    A SELL bracket closes a long: `price` above `stop_price`; a BUY bracket closes a short: below.

    Raises:
        InvalidValue: on construction, naming the field.
    """

    type: ClassVar[OrderType] = OrderType.BRACKET
    size: Decimal = attrs.field(validator=_positive)
    price: Decimal = attrs.field(validator=_positive)
    stop_price: Decimal = attrs.field(validator=_positive)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, validator=_member)
    expires_at_ns: int | None = None

    def __attrs_post_init__(self) -> None:
        _check_expiry(self.time_in_force, self.expires_at_ns)
        _check_rests(self.time_in_force, "A bracket order")
        if (self.price - self.stop_price) * -self.side.sign <= 0:
            want = "above" if self.side is Side.SELL else "below"
            raise InvalidValue(
                f"A {self.side.value} bracket takes profit {want} its stop: price must be {want} stop_price.",
                field="price",
                details={"accepted": f"a price {want} stop_price"},
            )


def _check_rests(time_in_force: TimeInForce, what: str) -> None:
    if time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        raise InvalidValue(
            f"{what} waits for its trigger; {time_in_force.value} cannot wait.",
            field="time_in_force",
            details={"accepted": ["GTC", "GTD", "DAY"]},
        )


OrderRequest = MarketOrder | LimitOrder | StopOrder | StopLimitOrder | BracketOrder
ORDER_REQUESTS: dict[OrderType, type[OrderRequest]] = {
    OrderType.MARKET: MarketOrder,
    OrderType.LIMIT: LimitOrder,
    OrderType.STOP: StopOrder,
    OrderType.STOP_LIMIT: StopLimitOrder,
    OrderType.BRACKET: BracketOrder,
}
_NAMES = {kind: tuple(f.name for f in attrs.fields(cls)) for kind, cls in ORDER_REQUESTS.items()}
