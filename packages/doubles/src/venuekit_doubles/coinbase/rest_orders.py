"""Advanced Trade's changes of orders: create, preview, edit, cancel, close a position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from venuekit.adapter import (
    MarketOrder,
    Order,
    OrderStatus,
    OrderType,
    Side,
    VenuekitError,
    iso,
    parse_decimal,
    plain,
)
from venuekit_doubles.coinbase import order_words as words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import exchange_id, order_id
from venuekit_doubles.coinbase.intents import BadOrder, refusal_of, request_of
from venuekit_doubles.coinbase.previews import preview
from venuekit_doubles.coinbase.seat import Seat
from venuekit_doubles.coinbase.wire import FAULT, KEY, PREFIX, Refusal, Route, body_of, invalid
from venuekit_doubles.faults import Fault

_MOST_CANCELED = 100
_EDITABLE = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET)


class Orders:
    """What changes the orders of whoever asks."""

    def __init__(self, backing: Backing, *, edit_errors_object: bool = False) -> None:
        self._backing = backing
        self._edit_errors_object = edit_errors_object
        #: Edits that were made, by the order's id on the wire.
        self.edits: defaultdict[str, list[dict[str, str]]] = defaultdict(list)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("POST", f"{PREFIX}/orders", self._post_create, "create", trades=True),
            Route("POST", f"{PREFIX}/orders/preview", self._post_preview, "preview"),
            Route("POST", f"{PREFIX}/orders/edit", self._post_edit, "edit", trades=True),
            Route("POST", f"{PREFIX}/orders/edit_preview", self._post_edit_preview, "edit_preview"),
            Route("POST", f"{PREFIX}/orders/batch_cancel", self._post_cancel, "cancel", trades=True),
            Route("POST", f"{PREFIX}/orders/close_position", self._post_close, "close", trades=True),
        ]

    def _seat(self, request: web.Request) -> Seat:
        return self._backing.seat(request[KEY].account)

    # -- create

    async def _post_create(self, request: web.Request) -> Any:
        body, seat = await body_of(request), self._seat(request)
        client_id = str(body.get("client_order_id") or "")
        if not client_id:
            raise invalid("client_order_id is required")
        try:
            order = seat.order(client_id=client_id)
            given = words.configuration(order) if order is not None else body.get("order_configuration")
            order = order or seat.submit(request_of(body))
        except BadOrder as bad:
            return _refused(body, bad)
        except VenuekitError as error:
            return _refused(body, refusal_of(error))
        return self._taken(request, order, given)

    def _taken(self, request: web.Request, order: Order, configuration: Any) -> dict[str, Any]:
        """The answer about an order that there is. The venue says UNKNOWN_FAILURE_REASON with successes, too."""
        number = order_id(order.venue_order_id)
        return {
            "success": True,
            "failure_reason": "UNKNOWN_FAILURE_REASON",
            "order_id": number,
            "success_response": {
                "order_id": number,
                "product_id": order.instrument,
                "side": order.side.value,
                "client_order_id": order.client_order_id or "",
            },
            "order_configuration": None if request.get(FAULT) is Fault.NULL_CONFIGURATION else configuration,
        }

    async def _post_close(self, request: web.Request) -> Any:
        body, seat = await body_of(request), self._seat(request)
        name, client_id = str(body.get("product_id") or ""), str(body.get("client_order_id") or "")
        await self._backing.instrument(name)
        held = next((p for p in seat.positions() if p.instrument == name), None)
        if held is None or not client_id:
            raise Refusal(400, "INVALID_ARGUMENT", "no position to close" if client_id else "client_order_id is needed")
        size = parse_decimal(str(body["size"]), field="size") if body.get("size") else abs(held.size)
        side = Side.SELL if held.size > 0 else Side.BUY
        wanted = MarketOrder(instrument=name, side=side, size=size, reduce_only=True, client_order_id=client_id)
        try:
            order = seat.submit(wanted)
        except VenuekitError as error:
            return _refused(body, refusal_of(error))
        return self._taken(request, order, words.configuration(order))

    async def _post_preview(self, request: web.Request) -> Any:
        return await preview(self._backing, self._seat(request), await body_of(request))

    # -- edit

    async def _post_edit(self, request: web.Request) -> Any:
        body, seat = await body_of(request), self._seat(request)
        wire = str(body.get("order_id") or "")
        order = _of(seat, wire)
        reason = await self._cannot_edit(order, body)
        if order is None or reason:
            return self._not_edited(reason, "")
        amounts = {n: parse_decimal(str(body[n]), field=n) if body.get(n) else None for n in ("price", "stop_price")}
        size = parse_decimal(str(body["size"]), field="size")
        try:
            seat.amend(order.venue_order_id or "", size=size, **amounts)
        except VenuekitError as error:
            bad = refusal_of(error)
            return self._not_edited("UNKNOWN_EDIT_ORDER_FAILURE_REASON" if bad.preview else bad.reason, bad.preview)
        made = {"price": str(body.get("price") or ""), "size": plain(size)}
        self.edits[wire].append({**made, "replace_accept_timestamp": iso(self._backing.now_ns())})
        return {"success": True, "success_response": {"order_id": wire}, "errors": []}

    async def _cannot_edit(self, order: Order | None, body: Mapping[str, Any]) -> str:
        if order is None:
            return "ORDER_NOT_FOUND"
        if order.is_done:
            return "ORDER_IS_NOT_OPEN"
        if await self._backing.product_type(order.instrument) != "SPOT":
            return "CANNOT_EDIT_FUTURES_ORDER"
        if order.type not in _EDITABLE or order.expires_at_ns is not None:
            return "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"
        if not body.get("size"):
            return "INVALID_EDITED_SIZE"
        if parse_decimal(str(body["size"]), field="size") <= order.filled_size:
            return "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"
        return "" if body.get("price") else "INVALID_EDITED_PRICE"

    def _not_edited(self, reason: str, preview_reason: str) -> dict[str, Any]:
        failed = {"edit_failure_reason": reason, "preview_failure_reason": preview_reason}
        return {"success": False, "errors": failed if self._edit_errors_object else [failed]}

    async def _post_edit_preview(self, request: web.Request) -> Any:
        body, seat = await body_of(request), self._seat(request)
        order = _of(seat, str(body.get("order_id") or ""))
        reason = await self._cannot_edit(order, body)
        if order is None or reason:
            return {"errors": [{"edit_failure_reason": reason}], "slippage": "0"}
        terms = {"base_size": str(body["size"]), "limit_price": str(body["price"])}
        edited = {
            "product_id": order.instrument,
            "side": order.side.value,
            "order_configuration": {"limit_limit_gtc": terms},
        }
        shown = await preview(self._backing, seat, edited)
        errors = [{"preview_failure_reason": word} for word in shown.pop("errs")]
        return {**shown, "errors": errors, "average_filled_price": shown["est_average_filled_price"]}

    # -- cancel

    async def _post_cancel(self, request: web.Request) -> Any:
        ids, seat = (await body_of(request)).get("order_ids"), self._seat(request)
        if not isinstance(ids, list) or not ids or len(ids) > _MOST_CANCELED:
            raise invalid(f"order_ids must have 1 to {_MOST_CANCELED} ids")
        results, seen = [], set()
        for wire in map(str, ids):
            reason = "DUPLICATE_CANCEL_REQUEST" if wire in seen else _canceled(seat, wire)
            seen.add(wire)
            failure = reason or "UNKNOWN_CANCEL_FAILURE_REASON"
            results.append({"success": not reason, "failure_reason": failure, "order_id": wire})
        return {"results": results}


def _of(seat: Seat, wire: str) -> Order | None:
    number = exchange_id(wire)
    return None if number is None else seat.order(number)


def _canceled(seat: Seat, wire: str) -> str:
    """Cancel an order: why not, or nothing."""
    order = _of(seat, wire)
    if order is None:
        return "UNKNOWN_CANCEL_ORDER"
    if order.status is OrderStatus.FILLED:
        return "ORDER_IS_FULLY_FILLED"
    if order.is_done:
        return "UNKNOWN_CANCEL_ORDER"
    try:
        seat.cancel(order.venue_order_id or "")
    except VenuekitError:  # it ended in the very moment of being canceled
        return "COMMANDER_REJECTED_CANCEL_ORDER"
    return ""


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
