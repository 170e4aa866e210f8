"""Advanced Trade's orders: create, preview, edit, cancel, and the lists of orders and fills."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from venuekit.adapter import Order, OrderRef, OrderStatus, OrderType, VenuekitError, parse_decimal, parse_iso, plain
from venuekit_doubles.coinbase import words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.intents import BadOrder, refusal_of, request_of
from venuekit_doubles.coinbase.wire import PREFIX, Refusal, Route

_MOST_CANCELED = 100
_MOST_LISTED = 1000
_EDITABLE = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET)


class Orders:
    """Orders of the one account. `null_configuration` says whether an answer leaves its configuration null."""

    def __init__(self, backing: Backing, null_configuration: Callable[[], bool]) -> None:
        self._backing = backing
        self._venue = backing.venue
        self._null_configuration = null_configuration

    def routes(self) -> list[Route]:
        """Every endpoint; the fixed paths before the one with an id."""
        return [
            Route("POST", f"{PREFIX}/orders", self._post_create, "create"),
            Route("POST", f"{PREFIX}/orders/preview", self._post_preview, "preview"),
            Route("POST", f"{PREFIX}/orders/edit", self._post_edit, "edit"),
            Route("POST", f"{PREFIX}/orders/edit_preview", self._post_edit_preview, "edit_preview"),
            Route("POST", f"{PREFIX}/orders/batch_cancel", self._post_cancel, "cancel"),
            Route("GET", f"{PREFIX}/orders/historical/batch", self._get_orders, "orders"),
            Route("GET", f"{PREFIX}/orders/historical/fills", self._get_fills, "fills"),
            Route("GET", f"{PREFIX}/orders/historical/{{id}}", self._get_order, "order"),
        ]

    async def _post_create(self, request: web.Request) -> Any:
        body = await _body(request)
        client_id = str(body.get("client_order_id") or "")
        if not client_id:
            raise Refusal(400, "INVALID_ARGUMENT", "client_order_id is required")
        try:
            before = await self._backing.order(client_id=client_id)
            order = before if before is not None else await self._venue.submit(request_of(body))
        except BadOrder as bad:
            return _refused(body, bad)
        except VenuekitError as error:
            return _refused(body, refusal_of(error))
        number = words.order_id(order.venue_order_id or "0")
        return {
            "success": True,
            "failure_reason": "UNKNOWN_FAILURE_REASON",
            "order_id": number,
            "success_response": {
                "order_id": number,
                "product_id": order.instrument,
                "side": order.side.value,
                "client_order_id": client_id,
            },
            "order_configuration": None if self._null_configuration() else body.get("order_configuration"),
        }

    async def _post_preview(self, request: web.Request) -> Any:
        body = await _body(request)
        errors: list[str] = []
        total = commission = "0"
        try:
            wanted = request_of({**body, "client_order_id": None})
            book = await self._venue.order_book((await self._backing.instrument(wanted.instrument)).id, depth=1)
            price = getattr(wanted, "price", None) or (book.best_ask if wanted.side.sign > 0 else book.best_bid).price
            value = getattr(wanted, "quote_size", None) or (wanted.size or 0) * price
            rate = (await self._venue.profile()).taker_fee_rate or 0
            total, commission = plain(value + value * rate), plain(value * rate)
        except (BadOrder, VenuekitError) as error:
            bad = error if isinstance(error, BadOrder) else refusal_of(error)
            errors.append(bad.preview or f"PREVIEW_{bad.reason}")
        return {
            "order_total": total,
            "commission_total": commission,
            "errs": errors,
            "warning": [],
            "quote_size": total,
            "base_size": "0",
            "best_bid": "0",
            "best_ask": "0",
            "is_max": False,
            "preview_id": "preview",
        }

    async def _post_edit(self, request: web.Request) -> Any:
        body = await _body(request)
        order = await self._of(str(body.get("order_id") or ""))
        reason = await self._cannot_edit(order, body)
        if reason:
            return {"success": False, "errors": [{"edit_failure_reason": reason, "preview_failure_reason": ""}]}
        assert order is not None
        sizes = [parse_decimal(str(body[n]), field=n) if body.get(n) else None for n in ("size", "price", "stop_price")]
        try:
            await self._venue.amend(
                OrderRef(venue_order_id=order.venue_order_id), size=sizes[0], price=sizes[1], stop_price=sizes[2]
            )
        except VenuekitError as error:
            bad = refusal_of(error)
            failed = {"edit_failure_reason": "UNKNOWN_EDIT_ORDER_FAILURE_REASON", "preview_failure_reason": bad.preview}
            if not bad.preview:
                failed["edit_failure_reason"] = bad.reason
            return {"success": False, "errors": [failed]}
        return {"success": True, "success_response": {"order_id": body["order_id"]}, "errors": []}

    async def _cannot_edit(self, order: Order | None, body: Mapping[str, Any]) -> str:
        if order is None:
            return "ORDER_NOT_FOUND"
        if order.is_done:
            return "ORDER_IS_NOT_OPEN"
        if order.type not in _EDITABLE or order.expires_at_ns is not None:
            return "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"
        if not body.get("size"):
            return "INVALID_EDITED_SIZE"
        return ""

    async def _post_edit_preview(self, request: web.Request) -> Any:
        body = await _body(request)
        reason = await self._cannot_edit(await self._of(str(body.get("order_id") or "")), body)
        return {"errors": [{"edit_failure_reason": reason}] if reason else [], "slippage": "0"}

    async def _post_cancel(self, request: web.Request) -> Any:
        ids = (await _body(request)).get("order_ids")
        if not isinstance(ids, list) or not ids or len(ids) > _MOST_CANCELED:
            raise Refusal(400, "INVALID_ARGUMENT", f"order_ids must have 1 to {_MOST_CANCELED} ids")
        return {"results": [await self._canceled(str(each)) for each in ids]}

    async def _canceled(self, wire: str) -> dict[str, Any]:
        order = await self._of(wire)
        reason = ""
        if order is None:
            reason = "UNKNOWN_CANCEL_ORDER"
        elif order.status is OrderStatus.FILLED:
            reason = "ORDER_IS_FULLY_FILLED"
        elif order.is_done:
            reason = "UNKNOWN_CANCEL_ORDER"
        else:
            await self._venue.cancel(OrderRef(venue_order_id=order.venue_order_id))
        return {
            "success": not reason,
            "failure_reason": reason or "UNKNOWN_CANCEL_FAILURE_REASON",
            "order_id": wire,
        }

    async def _of(self, wire: str) -> Order | None:
        number = words.exchange_id(wire)
        return None if number is None else await self._backing.order(number)

    async def _get_order(self, request: web.Request) -> Any:
        order = await self._of(request.match_info["id"])
        if order is None:
            raise Refusal(404, "NOT_FOUND", "order not found")
        return {"order": await self._shown(order)}

    async def _shown(self, order: Order) -> dict[str, Any]:
        count = len(await self._backing.fills_of(order))
        return words.order(order, count, null_configuration=self._null_configuration())

    async def _get_orders(self, request: web.Request) -> Any:
        query = request.query
        states = set(query.getall("order_status", []))
        if "OPEN" in states and len(states) > 1:
            raise Refusal(400, "INVALID_ARGUMENT", "OPEN orders cannot be queried with other statuses")
        products = {*query.getall("product_ids", []), *query.getall("product_id", [])}
        ids, kinds = set(query.getall("order_ids", [])), set(query.getall("order_types", []))
        start, end = _time(query.get("start_date")), _time(query.get("end_date"))
        found = []
        for order in await self._backing.all_orders():
            body = words.order(order, 0)
            if (
                (not states or body["status"] in states)
                and (not products or order.instrument in products)
                and (not ids or body["order_id"] in ids)
                and (not kinds or body["order_type"] in kinds)
                and query.get("order_side", body["side"]) == body["side"]
                and (start is None or order.created_ns >= start)
                and (end is None or order.created_ns < end)
            ):
                found.append(order)
        page, cursor = _page(found, query, key=lambda o: int(o.venue_order_id or 0))
        shown = [await self._shown(order) for order in page]
        return {"orders": shown, "sequence": "0", "has_next": cursor != "", "cursor": cursor}

    async def _get_fills(self, request: web.Request) -> Any:
        query = request.query
        products = {*query.getall("product_ids", []), *query.getall("product_id", [])}
        ids = {*query.getall("order_ids", []), *query.getall("order_id", [])}
        start, end = _time(query.get("start_sequence_timestamp")), _time(query.get("end_sequence_timestamp"))
        found = [
            fill
            for fill in await self._backing.all_fills()
            if (not products or fill.instrument in products)
            and (not ids or words.order_id(fill.venue_order_id) in ids)
            and (start is None or fill.time_ns >= start)
            and (end is None or fill.time_ns < end)
        ]
        page, cursor = _page(found, query, key=lambda f: int(f.id[:-1]))
        return {"fills": [words.fill(fill) for fill in page], "cursor": cursor}


def _refused(body: Mapping[str, Any], bad: BadOrder) -> dict[str, Any]:
    return {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": "",
        "error_response": {
            "error": bad.reason,
            "message": bad.message,
            "error_details": "",
            "preview_failure_reason": bad.preview or "UNKNOWN_PREVIEW_FAILURE_REASON",
            "new_order_failure_reason": bad.reason,
        },
        "order_configuration": body.get("order_configuration"),
    }


def _page(
    newest_first: Sequence[Any], query: Mapping[str, str], *, key: Callable[[Any], int]
) -> tuple[Sequence[Any], str]:
    """A page, and the cursor of the next: the last entry's number, so that what comes meanwhile moves nothing."""
    cursor = query.get("cursor")
    if cursor and not cursor.isdigit():
        raise Refusal(400, "INVALID_ARGUMENT", "cursor is not valid")
    rest = [x for x in newest_first if not cursor or key(x) < int(cursor)]
    limit = max(1, min(int(query.get("limit") or 100), _MOST_LISTED))
    page = rest[:limit]
    return page, str(key(page[-1])) if len(rest) > limit else ""


def _time(text: str | None) -> int | None:
    return parse_iso(text, field="time") if text else None


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise Refusal(400, "INVALID_ARGUMENT", "the body is no JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "INVALID_ARGUMENT", "the body is no object")
    return body
