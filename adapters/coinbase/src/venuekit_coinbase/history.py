"""Past orders and fills, a page at a time, and finding an order by the id that we gave it."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from venuekit.adapter import (
    NANOS,
    Clock,
    Fill,
    FillQuery,
    HistoryQuery,
    InvalidCursor,
    InvalidValue,
    Kept,
    Order,
    OrderStatus,
    Page,
    Unavailable,
    iso,
)
from venuekit_coinbase.api import Api, no_order
from venuekit_coinbase.instruments import Instruments
from venuekit_coinbase.order_words import LIVE_STATES
from venuekit_coinbase.orders import Orders
from venuekit_coinbase.reading import table

T = TypeVar("T")
#: What our cursors begin with.
_MARK = "coinbase:"
#: Entries of one page, at most.
MAX_PAGE = 250
#: Ids that are remembered: what was told in the other order is then found without a search.
_MOST_KNOWN = 20_000
#: How far a search for an order goes back before it gives up, in pages.
_MOST_SEARCHED = 40
#: How long an order that was read counts as new.
_NEW_SECONDS = 2.0
_STATES = {
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELLED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "FAILED",
}


class History:
    """Reads orders and fills of one account."""

    def __init__(self, api: Api, orders: Orders, instruments: Instruments, clock: Clock) -> None:
        #: New orders as they were read first: whoever placed one and the stream both want to know at the same time.
        self._new = Kept[Order](clock, _NEW_SECONDS)
        self._api = api
        self._orders = orders
        self._instruments = instruments
        self._by_client_id: OrderedDict[str, str] = OrderedDict()
        self._by_venue_id: OrderedDict[str, str] = OrderedDict()

    def read(self, body: Mapping[str, Any]) -> Order:
        """An order, whose ids are remembered."""
        order = self._orders.order(body)
        self.remember(order)
        return order

    def remember(self, order: Order) -> None:
        """Remember which of its ids belong together."""
        if order.client_order_id and order.venue_order_id:
            self._by_client_id[order.client_order_id] = order.venue_order_id
            self._by_venue_id[order.venue_order_id] = order.client_order_id
            if len(self._by_client_id) > _MOST_KNOWN:
                self._by_client_id.popitem(last=False)
                self._by_venue_id.popitem(last=False)

    async def close(self) -> None:
        """End what is being asked."""
        await self._new.close()

    def client_id_of(self, venue_order_id: str) -> str | None:
        """Our id of an order, if it was told."""
        return self._by_venue_id.get(venue_order_id)

    def venue_id_of(self, order_id: str) -> str:
        """The venue's id of an order by either id, as far as it was told."""
        return self._by_client_id.get(order_id, order_id)

    async def by_venue_id(self, order_id: str) -> Order:
        """One order. Raises UnknownOrder."""
        if not order_id.isascii() or not order_id.isprintable() or "/" in order_id or not order_id:
            raise no_order(order_id)
        body = await self._api.ask(self._api.sdk.get_order, order_id=order_id, missing=no_order(order_id))
        return self.read(table(body, "order"))

    async def placed(self, order_id: str) -> Order:
        """One order after it was placed, read now; with the stream's question, where that is under way."""
        self._new.drop(order_id)
        return await self._new.get(order_id, lambda: self.by_venue_id(order_id))

    async def told_of(self, order_id: str) -> Order:
        """One order that a stream tells of for the first time, as it was read now or a moment ago."""
        return await self._new.get(order_id, lambda: self.by_venue_id(order_id))

    async def by_client_id(self, client_id: str) -> Order:
        """One order by the id that we gave it: the venue cannot be asked for it, so its lists are searched.

        Raises:
            UnknownOrder: none of the account's orders has it.
            Unavailable: the account has more orders than were searched.
        """
        known = self._by_client_id.get(client_id)
        if known is not None:
            return await self.by_venue_id(known)
        if client_id.isascii():
            for order in [o async for o in self.live()]:
                if order.client_order_id == client_id:
                    return order
            searched = 0
            async for rows_, following in self._api.pages(self._api.sdk.list_orders, "orders", limit=MAX_PAGE):
                for row in rows_:
                    order = self.read(row)
                    if order.client_order_id == client_id:
                        return order
                searched += 1
                if searched == _MOST_SEARCHED and following is not None:
                    raise Unavailable(
                        f"{client_id} is not among the last {searched * MAX_PAGE} orders.",
                        fix="Ask by the venue's own id.",
                    )
        raise no_order(client_id)

    async def live(self, instrument: str | None = None) -> AsyncIterator[Order]:
        """Every order that may still trade. OPEN ones cannot be asked for together with others."""
        products = None if instrument is None else [instrument]
        seen: set[str] = set()
        for states in (LIVE_STATES[:1], LIVE_STATES[1:]):
            pages = self._api.pages(
                self._api.sdk.list_orders, "orders", order_status=list(states), product_ids=products, limit=MAX_PAGE
            )
            async for rows_, _ in pages:
                for order in map(self.read, rows_):
                    if not order.is_done and order.id not in seen:
                        seen.add(order.id)
                        yield order

    async def orders(self, query: HistoryQuery) -> Page[Order]:
        """Orders of any state, newest first.

        Raises:
            InvalidCursor, InvalidValue, UnknownInstrument.
        """
        limit, wanted = page_limit(query.limit), _wanted(query)
        named: dict[str, Any] = {}
        if query.instrument is not None:
            named["product_ids"] = [(await self._instruments.one(query.instrument)).id]
        if query.side is not None:
            named["order_side"] = query.side.value
        states = [_STATES[s] for s in query.statuses if s in _STATES]
        if query.statuses and len(states) == len(query.statuses):
            named["order_status"] = states
        named |= _between(query.start_ns, query.end_ns, "start_date", "end_date")
        return await self._page(self._api.sdk.list_orders, "orders", self.read, wanted, limit, query.cursor, named)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first. `order_id` is either id of an order.

        Raises:
            InvalidCursor, InvalidValue, UnknownInstrument.
        """
        named: dict[str, Any] = {}
        if query.instrument is not None:
            named["product_ids"] = [(await self._instruments.one(query.instrument)).id]
        if query.order_id is not None:
            named["order_ids"] = [self.venue_id_of(query.order_id)]
        named |= _between(query.start_ns, query.end_ns, "start_sequence_timestamp", "end_sequence_timestamp")

        def wanted(fill: Fill) -> bool:
            return (query.start_ns is None or fill.time_ns >= query.start_ns) and (
                query.end_ns is None or fill.time_ns < query.end_ns
            )

        return await self._page(
            self._api.sdk.get_fills, "fills", self.fill, wanted, page_limit(query.limit), query.cursor, named
        )

    def fill(self, row: Mapping[str, Any]) -> Fill:
        """A fill with our id of its order, if that was told."""
        return self._orders.fill(row, self.client_id_of(str(row.get("order_id") or "")))

    async def _page(
        self,
        method: Callable[..., Any],
        name: str,
        read: Callable[[Mapping[str, Any]], T],
        wanted: Callable[[T], bool],
        limit: int,
        cursor: str | None,
        named: Mapping[str, Any],
    ) -> Page[T]:
        """So many wanted entries from `cursor` on. No more is asked for than is wanted, so that cursors stay true."""
        theirs = _opened(cursor)
        items: list[T] = []
        for _ in range(_MOST_SEARCHED):
            named_ = {**named, "limit": limit - len(items)}
            found, theirs = await self._api.page(method, name, cursor=theirs, **named_)
            items += [entry for entry in map(read, found) if wanted(entry)]
            if theirs is None or len(items) == limit:
                break
        return Page(items, None if theirs is None else _sealed(theirs))


def page_limit(limit: int) -> int:
    """`limit`, or the most that a page holds. Raises InvalidValue below 1."""
    if limit < 1:
        raise InvalidValue(
            f"limit must be 1 or more; {limit} is not.", field="limit", details={"accepted": "1 or more"}
        )
    return min(limit, MAX_PAGE)


def _wanted(query: HistoryQuery) -> Callable[[Order], bool]:
    def wanted(order: Order) -> bool:
        return (
            (not query.statuses or order.status in query.statuses)
            and (query.side is None or order.side is query.side)
            and (query.type is None or order.type is query.type)
            and (query.start_ns is None or order.created_ns >= query.start_ns)
            and (query.end_ns is None or order.created_ns < query.end_ns)
        )

    return wanted


def _between(start_ns: int | None, end_ns: int | None, start: str, end: str) -> dict[str, str]:
    """The venue's bounds, a second wider: ours are exact, its own are not documented."""
    found = {}
    if start_ns is not None:
        found[start] = iso(max(start_ns - NANOS, 0) // NANOS * NANOS)
    if end_ns is not None:
        found[end] = iso((end_ns // NANOS + 2) * NANOS)
    return found


def _sealed(theirs: str) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{theirs}".encode()).decode()


def _opened(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        text = ""
    if not text.startswith(_MARK):
        raise InvalidCursor(f"{cursor[:40]!r} is not a cursor of this list.", field="cursor")
    return text.removeprefix(_MARK)
