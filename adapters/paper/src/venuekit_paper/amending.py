"""Changing an open order: what keeps its place in the queue, and what is held for it."""

from __future__ import annotations

from decimal import Decimal

from venuekit.adapter import InvalidSize, InvalidValue, OrderType, PostOnlyWouldCross, plain
from venuekit_paper.acceptance import check_reducing, check_waiting
from venuekit_paper.market import Market
from venuekit_paper.matching import Matcher
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import AMENDED


def amend(
    matcher: Matcher,
    markets: dict[str, Market],
    order: PaperOrder,
    size: Decimal | None,
    price: Decimal | None,
    stop_price: Decimal | None,
) -> None:
    """Apply the changes, or raise and leave the order as it was."""
    market = order.market
    lots, new_price, new_stop = _read(order, size, price, stop_price)
    if order.reduce_only and lots > order.size:
        check_reducing(order, lots - order.filled)
    if order.post_only and new_price != order.price and market.crosses(order.side, new_price):
        raise PostOnlyWouldCross("The new price would trade at once.", field="price")
    old = order.size, order.price, order.stop, order.hold_price
    resting, armed = order.resting, order.armed
    keeps_place = resting and new_price == order.price and lots <= order.size
    hold_price = max(new_price, new_stop) if order.type is OrderType.BRACKET else new_price or new_stop
    # The new order must be affordable with what the old one gives back.
    matcher.release(order)
    order.size, order.hold_price = lots, hold_price
    try:
        check_waiting(matcher, markets, order)
    except BaseException:
        order.size, _, _, order.hold_price = old
        matcher.hold(order)
        raise
    if keeps_place:
        assert order.level is not None
        order.level.total -= old[0] - lots
        market.moved = True
    elif resting:
        order.size = old[0]
        matcher.unbook(order)
        order.size = lots
    if armed:
        market.unarm(order)
    order.price, order.stop = new_price, new_stop
    if armed:
        market.arm(order)
    if keeps_place or not resting:
        matcher.hold(order)
        matcher.changed(order, AMENDED)
        if keeps_place and market.watched:
            matcher.level_changed(order)
        return
    matcher.changed(order, AMENDED)
    matcher.trade(order)


def _read(
    order: PaperOrder, size: Decimal | None, price: Decimal | None, stop_price: Decimal | None
) -> tuple[int, int, int]:
    """The order's lots, price and trigger after the change."""
    scale = order.market.scale
    if price is not None and not order.price:
        raise InvalidValue(f"A {order.type.value} order has no price.", field="price")
    if stop_price is not None and not order.stop:
        raise InvalidValue(f"A {order.type.value} order has no stop_price.", field="stop_price")
    if stop_price is not None and order.triggered:
        raise InvalidValue("The order's stop has been reached already.", field="stop_price")
    lots = order.size if size is None else scale.size_in(size)
    if lots <= order.filled:
        raise InvalidSize(
            f"size must be more than the {plain(scale.size_out(order.filled))} that is filled.", field="size"
        )
    new_price = order.price if price is None else scale.price_in(price)
    new_stop = order.stop if stop_price is None else scale.price_in(stop_price, "stop_price")
    if order.type is OrderType.BRACKET and (new_price - new_stop) * -order.side <= 0:
        where = "above" if order.side < 0 else "below"
        raise InvalidValue(f"price must stay {where} stop_price.", field="price")
    return lots, new_price, new_stop
