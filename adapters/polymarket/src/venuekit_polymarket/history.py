"""Past orders and fills, a page at a time: what the venue tells now, and what we wrote down while it did."""

from __future__ import annotations

import base64
import binascii
import logging

from venuekit.adapter import (
    NANOS,
    Fill,
    FillQuery,
    HistoryQuery,
    InvalidCursor,
    InvalidValue,
    Order,
    OrderRef,
    Page,
    UnknownOrder,
)
from venuekit_polymarket.finding import Finder
from venuekit_polymarket.ledger import Ledger
from venuekit_polymarket.orders import Orders
from venuekit_polymarket.records import Place, Records
from venuekit_polymarket.sender import Markets

log = logging.getLogger("venuekit.polymarket")

#: What our cursors begin with.
_MARK = "polymarket"
MAX_PAGE = 500
#: Orders that were open when last told of and are not any more: so many are asked for, each time.
_MOST_ASKED = 20


class History:
    """Reads past orders and fills of one account."""

    def __init__(self, records: Records, orders: Orders, finder: Finder, ledger: Ledger, markets: Markets) -> None:
        self._records = records
        self._orders = orders
        self._finder = finder
        self._ledger = ledger
        self._markets = markets

    async def orders(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first: every open one, and of those that are over the ones that were seen here.

        Raises:
            InvalidCursor, InvalidValue, UnknownInstrument.
        """
        limit, before = page_limit(query.limit), opened(query.cursor)
        token = None if query.instrument is None else (await self._markets.one(query.instrument)).id
        if before is None:
            await self._refresh()

        def wanted(order: Order) -> bool:
            return (
                (token is None or order.instrument == token)
                and (not query.statuses or order.status in query.statuses)
                and (query.side is None or order.side is query.side)
                and (query.type is None or order.type is query.type)
                and (query.start_ns is None or order.created_ns >= query.start_ns)
                and (query.end_ns is None or order.created_ns < query.end_ns)
            )

        found, following = self._records.orders(before, limit, wanted)
        return Page([self._orders.settled(order) for order in found], sealed(following))

    async def _refresh(self) -> None:
        there = {order.venue_order_id async for order in self._finder.open()}
        gone = [o for o in self._records.unfinished() if o.venue_order_id not in there]
        for order in gone[:_MOST_ASKED]:
            try:
                await self._finder.find(OrderRef(venue_order_id=order.venue_order_id))
            except UnknownOrder:
                log.info("%s was taken by the venue, which does not know it now.", order.id)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first. `order_id` is either id of an order.

        Raises:
            InvalidCursor, InvalidValue, UnknownInstrument.
        """
        limit, before = page_limit(query.limit), opened(query.cursor)
        if query.instrument is not None:
            query = _of_instrument(query, (await self._markets.one(query.instrument)).id)
        venue_id, since = None, query.start_ns or 0
        if query.order_id is not None:
            kept = self._records.by_client_id(query.order_id) or self._records.by_venue_id(query.order_id)
            venue_id = query.order_id if kept is None else kept.order.venue_order_id
            since = since if kept is None else max(since, kept.order.created_ns - 60 * NANOS)
        if before is None:
            await self._ledger.cover(since)
        found = self._records.newest_fills(query, venue_id, before, limit + 1)
        more = found[limit - 1 : limit] if len(found) > limit else []
        following = (more[0].fill.time_ns, more[0].number) if more else None
        return Page([kept.fill for kept in found[:limit]], sealed(following))


def _of_instrument(query: FillQuery, token: str) -> FillQuery:
    return FillQuery(
        instrument=token,
        order_id=query.order_id,
        start_ns=query.start_ns,
        end_ns=query.end_ns,
        limit=query.limit,
        cursor=query.cursor,
    )


def page_limit(limit: int) -> int:
    """`limit`, or the most that a page holds. Raises InvalidValue below 1."""
    if limit < 1:
        raise InvalidValue(
            f"limit must be 1 or more; {limit} is not.", field="limit", details={"accepted": "1 or more"}
        )
    return min(limit, MAX_PAGE)


def sealed(place: Place | None) -> str | None:
    """A place as a cursor; None where nothing follows."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(f"{_MARK}:{place[0]}:{place[1]}".encode()).decode()


def opened(cursor: str | None) -> Place | None:
    """The place that a cursor names. Raises InvalidCursor for one that we did not make."""
    if cursor is None:
        return None
    try:
        mark, first, second = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode().split(":")
        place = int(first), int(second)
    except (ValueError, binascii.Error):
        mark, place = "", (0, 0)
    if mark != _MARK:
        raise InvalidCursor(f"{cursor[:40]!r} is not a cursor of this list.", field="cursor")
    return place
