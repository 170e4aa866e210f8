"""Advanced Trade's lists of orders and fills, filtered and paged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from venuekit.adapter import Order
from venuekit_doubles.coinbase import order_words as words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import exchange_id, named, order_id
from venuekit_doubles.coinbase.seat import Seat
from venuekit_doubles.coinbase.wire import FAULT, KEY, PREFIX, Refusal, Route, invalid, many, moment, whole
from venuekit_doubles.faults import Fault

_MOST_LISTED = 1000


class History:
    """Orders and fills of whoever asks. `edits` are those that were made, by the order's id on the wire."""

    def __init__(
        self, backing: Backing, edits: Mapping[str, Sequence[Mapping[str, str]]], *, size_in_quote: bool = False
    ) -> None:
        self._backing = backing
        self._edits = edits
        self._size_in_quote = size_in_quote

    def routes(self) -> list[Route]:
        """Every endpoint; the fixed paths before the one with an id."""
        return [
            Route("GET", f"{PREFIX}/orders/historical/batch", self._get_orders, "orders"),
            Route("GET", f"{PREFIX}/orders/historical/fills", self._get_fills, "fills"),
            Route("GET", f"{PREFIX}/orders/historical/{{id}}", self._get_order, "order"),
        ]

    def _seat(self, request: web.Request) -> Seat:
        return self._backing.seat(request[KEY].account)

    async def _get_order(self, request: web.Request) -> Any:
        number = exchange_id(request.match_info["id"])
        order = None if number is None else self._seat(request).order(number)
        if order is None:
            raise Refusal(404, "NOT_FOUND", "order not found")
        return {"order": await self._shown(request, order)}

    async def _shown(self, request: web.Request, order: Order) -> dict[str, Any]:
        return words.listed(
            order,
            self._seat(request).fills_of(order),
            product_type=await self._backing.product_type(order.instrument),
            edits=list(self._edits.get(order_id(order.venue_order_id), ())),
            null_configuration=request.get(FAULT) is Fault.NULL_CONFIGURATION,
        )

    async def _get_orders(self, request: web.Request) -> Any:
        states = many(request, "order_status")
        if "OPEN" in states and len(states) > 1:
            raise invalid("OPEN orders cannot be queried with other statuses")
        products = many(request, "product_ids", "product_id")
        ids, kinds, times = many(request, "order_ids"), many(request, "order_types"), many(request, "time_in_forces")
        side, product_type = request.query.get("order_side"), request.query.get("product_type")
        start, end = moment(request, "start_date"), moment(request, "end_date")
        types = {i.id: await self._backing.product_type(i.id) for i in await self._backing.instruments()}
        found = [
            order
            for order in self._seat(request).orders()
            if (not states or words.state(order) in states)
            and (not products or order.instrument in products)
            and (not ids or order_id(order.venue_order_id) in ids)
            and (not kinds or words.kind(order) in kinds)
            and (not times or words.until(order) in times)
            and (not side or order.side.value == side)
            and product_type in (None, "", "UNKNOWN_PRODUCT_TYPE", types.get(order.instrument))
            and (start is None or order.created_ns >= start)
            and (end is None or order.created_ns < end)
        ]
        page, cursor = _page(found, request, key=lambda o: int(o.venue_order_id or 0))
        shown = [await self._shown(request, order) for order in page]
        return {"orders": shown, "sequence": "0", "has_next": cursor != "", "cursor": cursor}

    async def _get_fills(self, request: web.Request) -> Any:
        products, ids = many(request, "product_ids", "product_id"), many(request, "order_ids", "order_id")
        trades = many(request, "trade_ids")
        start, end = moment(request, "start_sequence_timestamp"), moment(request, "end_sequence_timestamp")
        seat = self._seat(request)
        found = [
            fill
            for fill in seat.fills()
            if (not products or fill.instrument in products)
            and (not ids or order_id(fill.venue_order_id) in ids)
            and (not trades or named("trade", fill.id) in trades)
            and (start is None or fill.time_ns >= start)
            and (end is None or fill.time_ns < end)
        ]
        page, cursor = _page(found, request, key=lambda f: int(f.id[:-1]))
        return {"fills": [words.fill(f, in_quote=self._in_quote(seat, f)) for f in page], "cursor": cursor}

    def _in_quote(self, seat: Seat, fill: Any) -> bool:
        order = seat.order(fill.venue_order_id) if self._size_in_quote else None
        return order is not None and order.quote_size is not None


def _page(newest_first: Sequence[Any], request: web.Request, *, key: Callable[[Any], int]) -> tuple[Sequence[Any], str]:
    """A page, and the cursor of the next: the last entry's number, so that what comes meanwhile moves nothing."""
    before = whole(request, "cursor", 0)
    rest = [x for x in newest_first if not before or key(x) < before]
    page = rest[: max(1, min(whole(request, "limit", 100), _MOST_LISTED))]
    return page, str(key(page[-1])) if len(rest) > len(page) else ""
