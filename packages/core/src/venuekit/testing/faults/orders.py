"""The orders of a schedule: requests that fit the venue's rules and its market at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from venuekit.model.instrument import Instrument, InstrumentKind, InstrumentStatus
from venuekit.model.intent import (
    LimitOrder,
    MarketOrder,
    OrderRequest,
    Side,
    StopLimitOrder,
    StopOrder,
    TimeInForce,
)
from venuekit.model.market import Ticker
from venuekit.model.money import ceil_to, floor_to
from venuekit.testing.faults.schedule import Form, Step
from venuekit.testing.faults.site import Truth

D = Decimal
_KINDS = (InstrumentKind.SPOT, InstrumentKind.PERPETUAL, InstrumentKind.BINARY_OUTCOME)
_SMALL, _LARGE = D(60), D(3_000)
#: How far a resting order is from the market, as a share of the price.
_AWAY = D("0.01")
_THROUGH = D("0.005")


async def tradable(venue: Truth, *, chosen: bool = False) -> list[Instrument]:
    """One instrument of each kind that trades and has a market; two of the first kind that has two.

    All of them where the venue's own choice of instruments is what it tells.
    """
    found: list[Instrument] = []
    for kind in _KINDS:
        of_kind = [i for i in await venue.instruments() if i.kind is kind and i.status is InstrumentStatus.TRADING]
        for instrument in of_kind if chosen else of_kind[: 2 if not found else 1]:
            [ticker] = await venue.tickers([instrument.id])
            if ticker.bid and ticker.ask:
                found.append(instrument)
    return found


async def make_request(venue: Truth, instruments: Sequence[Instrument], step: Step, order_id: str | None) -> Any:
    """The order that a step asks for, near the market as it is now."""
    instrument = instruments[step.pick % 7 % len(instruments)]
    [ticker] = await venue.tickers([instrument.id])
    side = Side.BUY if step.buy else Side.SELL
    price = _touch(ticker, side)
    fields: dict[str, Any] = {
        "instrument": instrument.id,
        "side": side,
        "size": _size(instrument, price, step),
        "client_order_id": order_id,
        "reason": "chaos",
    }
    return _request(instrument, step.form, side, price, fields)


def _touch(ticker: Ticker, side: Side) -> Decimal:
    """The price at which an order of this side would trade."""
    price = ticker.ask if side is Side.BUY else ticker.bid
    return price or ticker.last or D(1)


def _size(instrument: Instrument, price: Decimal, step: Step) -> Decimal:
    worth = (_LARGE if step.large else _SMALL) + step.pick % 13
    size = ceil_to(worth / (price * instrument.contract_size), instrument.lot_size)
    least = max(instrument.min_size, instrument.lot_size)
    most = instrument.max_size if instrument.max_size is not None else size
    return min(max(size, least), most)


def _request(instrument: Instrument, form: Form, side: Side, touch: Decimal, fields: dict[str, Any]) -> OrderRequest:
    tick = instrument.tick_size

    def at(share: Decimal) -> Decimal:
        """A price this share of the market to the far side of `side`; negative is through the market."""
        price = touch * (1 - share * side.sign)
        price = max(floor_to(price, tick) if side is Side.BUY else ceil_to(price, tick), tick)
        if instrument.min_price is not None:
            price = max(price, instrument.min_price)
        return price if instrument.max_price is None else min(price, instrument.max_price)

    if form is Form.MARKET:
        return MarketOrder(**fields)
    if form is Form.STOP:
        return StopOrder(**fields, stop_price=at(-_THROUGH))
    if form is Form.STOP_LIMIT:
        return StopLimitOrder(**fields, stop_price=at(-_THROUGH), price=at(-_THROUGH * 2))
    if form is Form.TAKING:
        return LimitOrder(**fields, price=at(-_THROUGH), time_in_force=TimeInForce.IOC)
    if form is Form.FILL_OR_KILL:
        return LimitOrder(**fields, price=at(-_THROUGH), time_in_force=TimeInForce.FOK)
    if form is Form.TOUCHING:
        return LimitOrder(**fields, price=at(D("0.0002")))
    return LimitOrder(**fields, price=at(_AWAY), post_only=form is Form.POST_ONLY)
