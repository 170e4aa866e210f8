"""Orders beyond plain limit orders that fit the instrument and its market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from venuekit.adapter import BracketOrder, MarketOrder, Side, StopLimitOrder, StopOrder
from venuekit.testing.contract.kit import Kit


def _fields(kit: Kit, side: Side) -> dict[str, Any]:
    return {
        "instrument": kit.instrument.id,
        "side": side,
        "size": kit.size(kit.away(Side.BUY)),
        "client_order_id": kit.new_id(),
    }


def market(kit: Kit, **changes: Any) -> MarketOrder:
    """A market order to buy a little."""
    fields = {**_fields(kit, Side.BUY), **changes}
    if "quote_size" in changes:
        fields.pop("size")
    return MarketOrder(**fields)


def stop(kit: Kit, stop_price: Decimal | None = None) -> StopOrder:
    """A buy that waits above the market."""
    return StopOrder(stop_price=stop_price or kit.away(Side.SELL), **_fields(kit, Side.BUY))


def stop_limit(kit: Kit, stop_price: Decimal | None = None, price: Decimal | None = None) -> StopLimitOrder:
    """A buy that waits above the market, and is then a limit order."""
    above = kit.away(Side.SELL)
    return StopLimitOrder(stop_price=stop_price or above, price=price or above, **_fields(kit, Side.BUY))


def bracket(kit: Kit, stop_price: Decimal | None = None, **changes: Any) -> BracketOrder:
    """The two ways out of a long position: far above the market and below it."""
    fields = {**_fields(kit, Side.SELL), "price": kit.away(Side.SELL), **changes}
    return BracketOrder(stop_price=stop_price or kit.away(Side.BUY), **fields)
