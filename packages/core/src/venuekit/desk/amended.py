"""The request that an order and a change of it amount to, and why it may not be sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from venuekit.errors import InvalidValue, RiskRefused
from venuekit.model.intent import BUY, ORDER_REQUESTS, OrderRequest, OrderType
from venuekit.model.order import Order


def amended(order: Order, size: Decimal | None, price: Decimal | None, stop_price: Decimal | None) -> OrderRequest:
    """The order as it would be; `size` is its new total.

    Raises:
        InvalidValue: this type of order has no such field, or it cannot have that value.
    """
    if order.type is OrderType.MARKET:
        raise InvalidValue("A market order cannot be amended.", field="order_id", order_id=order.id)
    kind = ORDER_REQUESTS[order.type]
    names = {a.name for a in attrs.fields(kind)}
    if price is not None and "price" not in names:
        raise InvalidValue(f"A {order.type.value} order has no price.", field="price", order_id=order.id)
    if stop_price is not None and "stop_price" not in names:
        raise InvalidValue(f"A {order.type.value} order has no stop_price.", field="stop_price", order_id=order.id)
    fields: dict[str, Any] = {n: getattr(order, n) for n in names if hasattr(order, n)}
    fields |= {k: v for k, v in (("size", size), ("price", price), ("stop_price", stop_price)) if v is not None}
    request: OrderRequest = kind(**fields)
    return request


def needs_approval(notional: Decimal | None) -> RiskRefused:
    """The error for an amendment that would need an approval of its own."""
    return RiskRefused(
        "The amended order would need a person's approval, and an amendment cannot wait for one.",
        fix="Cancel the order and place a new one, which can be approved.",
        details={"check": "approval", "value": "" if notional is None else str(notional)},
    )


def more(order: Order, size: Decimal | None, price: Decimal | None) -> Order:
    """While a change is under way, the order counts with whatever may cost more: before it, or after."""
    worse = max if order.side is BUY else min
    return order.but(
        size=order.size if size is None or order.size is None else max(size, order.size),
        price=order.price if price is None or order.price is None else worse(price, order.price),
    )
