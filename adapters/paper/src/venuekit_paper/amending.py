"""Changing an open order: what keeps its place in the queue, and what is held for it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from venuekit.adapter import InvalidSize, InvalidValue, OrderStatus, OrderType, PostOnlyWouldCross, plain
from venuekit_paper.matching import Market
from venuekit_paper.orders import PaperOrder

if TYPE_CHECKING:
    from venuekit_paper.exchange import Exchange


def amend(
    exchange: Exchange,
    market: Market,
    order: PaperOrder,
    size: Decimal | None,
    price: Decimal | None,
    stop_price: Decimal | None,
) -> None:
    """Apply the changes, or raise and leave the order as it was."""
    scale, owner = market.scale, order.account
    lots = order.size if size is None else scale.size_in(size)
    if price is not None and not order.price:
        raise InvalidValue(f"A {order.type.value} order has no price.", field="price")
    if stop_price is not None and not order.stop:
        raise InvalidValue(f"A {order.type.value} order has no stop_price.", field="stop_price")
    if lots <= order.filled:
        raise InvalidSize(
            f"size must be more than the {plain(scale.size_out(order.filled))} that is filled.", field="size"
        )
    new_price = order.price if price is None else scale.price_in(price)
    new_stop = order.stop if stop_price is None else scale.price_in(stop_price, "stop_price")
    if order.post_only and new_price != order.price and exchange.matcher.crosses(market, order.side, new_price):
        raise PostOnlyWouldCross("The new price would trade at once.", field="price")
    if order.reduce_only and lots > order.size and lots - order.filled > abs(owner.lots(scale.instrument.id)):
        raise InvalidSize("A reduce-only order cannot be larger than the position.", field="size")
    # Hold what the changed order needs before the old hold goes: a refusal must leave everything as it was.
    owner.release(order.held_asset, order.held)
    asset, amount = exchange.fees.to_hold(owner, scale, order.side, lots - order.filled, new_price or new_stop)
    try:
        owner.hold(asset, amount)
    except BaseException:
        owner.hold(order.held_asset, order.held)
        raise
    order.held = amount
    keeps_place = order.resting and new_price == order.price and lots <= order.size
    own = market.book.own(order.side)
    if order.resting and not keeps_place:
        own.remove(order, for_good=False)
        exchange.matcher._level(market, order.side, order.price)  # noqa: SLF001 - one exchange, two rooms
    elif keeps_place:
        own.reduce(own.sign * order.price, order.size - lots)
    rearmed = new_stop != order.stop and not order.triggered
    if rearmed:
        exchange.matcher._unarm(market, order)  # noqa: SLF001
    order.size, order.price, order.stop = lots, new_price, new_stop
    if rearmed:
        exchange.matcher.arm(market, order)
    if keeps_place or order.status is OrderStatus.PENDING_TRIGGER:
        exchange._on_change(order)  # noqa: SLF001
        if keeps_place:
            exchange._on_level(market, order.side, order.price)  # noqa: SLF001
    elif order.type is not OrderType.STOP:
        exchange._trade(market, order)  # noqa: SLF001
