"""Reading orders and fills back: open and finished ones as one list, newest first, a page at a time."""

from __future__ import annotations

import contextlib

import attrs

from venuekit.adapter import Fill, FillQuery, HistoryQuery, InvalidValue, Order, OrderRef, Page, UnknownOrder
from venuekit_paper.capabilities import MAX_PAGE
from venuekit_paper.exchange import Exchange


def at_least_one(number: int, field: str = "limit") -> int:
    """`number`. Raises InvalidValue below 1."""
    if number < 1:
        raise InvalidValue(
            f"{field} must be 1 or more; {number} is not.", field=field, details={"accepted": "1 or more"}
        )
    return number


def page_limit(limit: int) -> int:
    """`limit`, or the most that a page holds. Raises InvalidValue below 1."""
    return min(at_least_one(limit), MAX_PAGE)


def known(ref: OrderRef) -> OrderRef:
    """The reference. Raises UnknownOrder for ids that no order can have: ours and our clients' are ASCII."""
    for given in (ref.client_order_id, ref.venue_order_id):
        if given is not None and not given.isascii():
            raise UnknownOrder(f"No order {given[:60]!r}.", field="order_id")
    return ref


def order_history(exchange: Exchange, account: str, query: HistoryQuery) -> Page[Order]:
    """Orders of any state. The cursor is the last order's number, so orders that come or end meanwhile repeat nothing.

    Raises:
        UnknownInstrument, InvalidCursor, InvalidValue.
    """
    limit = page_limit(query.limit)
    query = attrs.evolve(query, limit=limit, instrument=_id(exchange, query.instrument))
    past = exchange.history.orders(account, query)
    before = None if query.cursor is None else int(query.cursor.partition("-")[2])
    now_open = [
        order
        for order in exchange.open_orders(account, query.instrument)
        if _wanted(order, query) and (before is None or _number(order) < before)
    ]
    found = sorted([*now_open, *past.items], key=_number, reverse=True)
    more = past.next_cursor is not None or len(found) > limit
    items = tuple(found[:limit])
    return Page(items, f"orders-{_number(items[-1])}" if more else None)


def fills(exchange: Exchange, account: str, query: FillQuery) -> Page[Fill]:
    """Own executions; `order_id` is the client's or the venue's.

    Raises:
        UnknownInstrument, InvalidCursor, InvalidValue.
    """
    limit, instrument, order_id = page_limit(query.limit), _id(exchange, query.instrument), query.order_id
    if order_id is not None:
        # An unknown one may still be the venue's id; if it is no order's, then there are no fills.
        with contextlib.suppress(UnknownOrder):
            order_id = exchange.order(account, OrderRef(client_order_id=order_id)).venue_order_id
    query = attrs.evolve(query, limit=limit, instrument=instrument, order_id=order_id)
    return exchange.history.fills(account, query)


def _id(exchange: Exchange, instrument: str | None) -> str | None:
    return None if instrument is None else exchange.market(instrument).scale.instrument.id


def _number(order: Order) -> int:
    return int(order.venue_order_id or 0)


def _wanted(order: Order, query: HistoryQuery) -> bool:
    return (
        (not query.statuses or order.status in query.statuses)
        and (query.side is None or order.side is query.side)
        and (query.type is None or order.type is query.type)
        and (query.start_ns is None or order.created_ns >= query.start_ns)
        and (query.end_ns is None or order.created_ns < query.end_ns)
    )
