"""Intent plus the instrument's rules: a `Valid` request, or an error with the nearest values that would do."""

from __future__ import annotations

from decimal import Decimal

import attrs

from venuekit.errors import Detail, InstrumentNotTrading, InvalidPrice, InvalidSize, InvalidValue, Unsupported
from venuekit.model.capability import FULL, Capabilities, Feature, Support
from venuekit.model.instrument import Instrument, InstrumentStatus
from venuekit.model.intent import (
    BracketOrder,
    LimitOrder,
    MarketOrder,
    OrderRequest,
    OrderType,
    Side,
    StopLimitOrder,
    TimeInForce,
)
from venuekit.model.money import ceil_to, floor_to, is_multiple, plain, times
from venuekit.model.times import iso

_TRADING = InstrumentStatus.TRADING


def validate(
    request: OrderRequest,
    instrument: Instrument,
    capabilities: Capabilities,
    *,
    now_ns: int,
    round_orders: bool = False,
) -> OrderRequest:
    """The request in its final form: rounded if asked for, else unchanged.

    Raises:
        Unsupported: the venue cannot do this kind of order.
        InstrumentNotTrading: its status does not allow it.
        InvalidPrice, InvalidSize, InvalidValue: names the field, and the nearest values that would do.
    """
    check_supported(request, capabilities)
    _check_status(request, instrument)
    if round_orders:
        request = rounded(request, instrument)
    for field in ("price", "stop_price"):
        price = getattr(request, field, None)
        if price is not None:
            check_price(price, instrument, field)
    if request.size is not None:
        check_size(request.size, instrument)
    _check_notional(request, instrument)
    expires = getattr(request, "expires_at_ns", None)
    if expires is not None and expires <= now_ns:
        raise InvalidValue(
            f"expires_at {iso(expires)} has passed; it is {iso(now_ns)}.",
            field="expires_at",
            details={"accepted": f"a time after {iso(now_ns)}"},
        )
    return request


def check_supported(request: OrderRequest, capabilities: Capabilities) -> None:
    """Refuse what the venue cannot do, or the adapter does not.

    Raises:
        Unsupported: says which, and the reason that the adapter declared.
    """
    # Most venues do most things fully, so that is looked at first.
    if capabilities.order_types.get(request.type) is not FULL:
        _check_usable(request.type, "order_type", capabilities)
    if capabilities.times_in_force.get(request.time_in_force) is not FULL:
        _check_usable(request.time_in_force, "time_in_force", capabilities)
    if getattr(request, "post_only", False):
        _check_usable(Feature.POST_ONLY, "post_only", capabilities)
    if request.reduce_only:
        _check_usable(Feature.REDUCE_ONLY, "reduce_only", capabilities)
    if getattr(request, "quote_size", None) is not None:
        _check_usable(Feature.QUOTE_SIZE, "quote_size", capabilities)


def _check_usable(what: OrderType | TimeInForce | Feature, field: str, capabilities: Capabilities) -> None:
    declared = capabilities.of(what)
    if declared.usable:
        return
    who = "cannot" if declared.support is Support.UNSUPPORTED else "adapter does not yet"
    reason = f" ({declared.reason})" if declared.reason else ""
    usable = [] if isinstance(what, Feature) else [w.value for w in type(what) if capabilities.can(w)]
    raise Unsupported(
        f"{capabilities.title} {who} take {field} {what.value}{reason}.",
        fix=f"Use one of: {', '.join(usable)}." if usable else "",
        field=field,
        details={"accepted": usable} if usable else {},
    )


def _check_status(request: OrderRequest, instrument: Instrument) -> None:
    status = instrument.status
    if status is _TRADING:
        return
    if status is InstrumentStatus.POST_ONLY and isinstance(request, LimitOrder) and request.post_only:
        return
    raise InstrumentNotTrading(
        f"{instrument.id} is {status.value}.",
        fix="Use post_only with a limit order."
        if status is InstrumentStatus.POST_ONLY
        else "Choose another instrument.",
        field="instrument",
        details={"status": status.value},
    )


def check_price(price: Decimal, instrument: Instrument, field: str) -> None:
    """On the tick, and within the instrument's bounds.

    Raises:
        InvalidPrice: with the nearest valid prices.
    """
    low, high = instrument.min_price or instrument.tick_size, instrument.max_price
    if price < low or (high is not None and price > high):
        bounds = f"{plain(low)} to {plain(high)}" if high is not None else f"at least {plain(low)}"
        nearest = plain(low if price < low else high or low)
        raise InvalidPrice(
            f"{field} {plain(price)} is out of bounds for {instrument.id}: {bounds}.",
            fix=f"Nearest valid: {nearest}.",
            field=field,
            details={"accepted": bounds, "nearest": [nearest]},
        )
    if not is_multiple(price, instrument.tick_size):
        neighbours = [floor_to(price, instrument.tick_size), ceil_to(price, instrument.tick_size)]
        shown = [plain(p) for p in neighbours if p >= low and (high is None or p <= high)]
        raise InvalidPrice(
            f"{field} {plain(price)} is not on the tick of {plain(instrument.tick_size)} for {instrument.id}.",
            fix=f"Nearest valid: {' or '.join(shown)}.",
            field=field,
            details={"tick_size": plain(instrument.tick_size), "nearest": shown},
        )


def check_size(size: Decimal, instrument: Instrument) -> None:
    """A whole number of lots, within the instrument's bounds.

    Raises:
        InvalidSize: with the bounds or the nearest valid sizes.
    """
    if size < instrument.min_size:
        raise InvalidSize(
            f"size {plain(size)} is below the minimum of {plain(instrument.min_size)} for {instrument.id}.",
            fix=f"Use {plain(instrument.min_size)} or more.",
            field="size",
            details=_size_rules(instrument),
        )
    if instrument.max_size is not None and size > instrument.max_size:
        raise InvalidSize(
            f"size {plain(size)} is above the maximum of {plain(instrument.max_size)} for {instrument.id}.",
            fix=f"Use {plain(instrument.max_size)} or less.",
            field="size",
            details=_size_rules(instrument),
        )
    if not is_multiple(size, instrument.lot_size):
        nearest = [plain(floor_to(size, instrument.lot_size)), plain(ceil_to(size, instrument.lot_size))]
        raise InvalidSize(
            f"size {plain(size)} is not a whole number of lots of {plain(instrument.lot_size)} for {instrument.id}.",
            fix=f"Nearest valid: {' or '.join(nearest)}.",
            field="size",
            details={**_size_rules(instrument), "nearest": nearest},
        )


def _size_rules(instrument: Instrument) -> dict[str, Detail]:
    return {
        "min_size": plain(instrument.min_size),
        "lot_size": plain(instrument.lot_size),
        "max_size": None if instrument.max_size is None else plain(instrument.max_size),
    }


def _check_notional(request: OrderRequest, instrument: Instrument) -> None:
    least = instrument.min_notional
    if least is None:
        return
    price = getattr(request, "price", None) or getattr(request, "stop_price", None)
    if isinstance(request, MarketOrder):
        value, field = request.quote_size, "quote_size"
    else:
        value = times(times(request.size, price), instrument.contract_size) if price is not None else None
        field = "size"
    if value is not None and value < least:
        raise InvalidSize(
            f"The order is worth {plain(value)} {instrument.quote}; {instrument.id} takes {plain(least)} or more.",
            fix="Use a larger size.",
            field=field,
            details={"min_notional": plain(least), "value": plain(value)},
        )


def rounded(request: OrderRequest, instrument: Instrument) -> OrderRequest:
    """The request with its size rounded down to lots and its prices rounded away from the market to ticks.

    Away from the market means: a buyer's limit down, a seller's limit up, so that rounding never costs more.
    A stop is rounded so that it triggers no later.
    """
    changes: dict[str, Decimal] = {}
    if request.size is not None:
        changes["size"] = floor_to(request.size, instrument.lot_size)
        if changes["size"] <= 0:
            check_size(request.size, instrument)
    if isinstance(request, LimitOrder | StopLimitOrder | BracketOrder):
        round_ = floor_to if request.side is Side.BUY else ceil_to
        changes["price"] = round_(request.price, instrument.tick_size)
    stop = getattr(request, "stop_price", None)
    if stop is not None:
        changes["stop_price"] = (floor_to if request.side is Side.BUY else ceil_to)(stop, instrument.tick_size)
    current = {name: getattr(request, name) for name in changes}
    return request if changes == current else attrs.evolve(request, **changes)  # type: ignore[arg-type]
