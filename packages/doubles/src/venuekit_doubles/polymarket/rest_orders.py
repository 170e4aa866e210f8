"""The CLOB's orders: posting and canceling them, one or many, and the heartbeat that keeps them alive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from venuekit_doubles.polymarket import admission, refusals, words
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.heartbeats import Heartbeats
from venuekit_doubles.polymarket.keys import ApiKey
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.records import OrderRecord
from venuekit_doubles.polymarket.refusals import Refusal, bad
from venuekit_doubles.polymarket.wire import KEY, Door, Route, body_of

_MOST_POSTED, _MOST_CANCELED = 15, 1000
_ID_LENGTH = 66


class Orders:
    """What changes the orders of whoever asks."""

    def __init__(self, clob: Clob, heartbeats: Heartbeats) -> None:
        self._clob = clob
        self._heartbeats = heartbeats
        #: Addresses that may do nothing, or only sell.
        self.banned: set[str] = set()
        self.closed_only: set[str] = set()

    def routes(self) -> list[Route]:
        """Every endpoint."""
        routes = [
            ("POST", "/order", self._post, "post_order", "orders"),
            ("POST", "/orders", self._post_many, "post_orders", "orders"),
            ("DELETE", "/order", self._cancel, "cancel_order", "cancels"),
            ("DELETE", "/orders", self._cancel_many, "cancel_orders", "cancels"),
            ("DELETE", "/cancel-all", self._cancel_all, "cancel_all", "cancels"),
            ("DELETE", "/cancel-market-orders", self._cancel_market, "cancel_market_orders", "cancels"),
            ("POST", "/v1/heartbeats", self._beat, "heartbeat", ""),
        ]
        return [Route(method, path, handler, name, Door.KEY, trades) for method, path, handler, name, trades in routes]

    # -- post

    async def _post(self, request: web.Request) -> Any:
        return self._placed(await body_of(request), request[KEY])

    def _placed(self, body: Any, key: ApiKey) -> dict[str, Any]:
        posted = admission.read(body)
        if key.address in self.banned:
            raise refusals.banned(key.address)
        if key.address in self.closed_only and posted.order.side.value == "BUY":
            raise refusals.closed_only(key.address)
        order = self._clob.post(posted, key)
        return words.placement(order, [self._clob.trades[name] for name in order.trades])

    async def _post_many(self, request: web.Request) -> Any:
        body = await body_of(request)
        if not isinstance(body, list) or not body:
            raise bad(refusals.INVALID_PAYLOAD)
        if len(body) > _MOST_POSTED:
            raise refusals.too_many(len(body), _MOST_POSTED)
        answers = []
        for leg in body:
            try:
                answers.append(self._placed(leg, request[KEY]))
            except Refusal as refusal:
                answers.append(words.refused_leg(refusal.error))
        return answers

    # -- cancel

    async def _cancel(self, request: web.Request) -> Any:
        body = await body_of(request)
        name = body.get("orderID") if isinstance(body, dict) else None
        if not _is_id(name):
            raise bad(refusals.INVALID_ORDER_ID)
        return self._canceled([str(name)], request[KEY])

    async def _cancel_many(self, request: web.Request) -> Any:
        body = await body_of(request)
        if not isinstance(body, list) or not body or not all(_is_id(name) for name in body):
            raise bad("Invalid order payload" if not isinstance(body, list) else refusals.INVALID_ORDER_ID)
        if len(body) > _MOST_CANCELED:
            raise refusals.too_many(len(body), _MOST_CANCELED)
        return self._canceled(dict.fromkeys(map(str, body)), request[KEY])

    async def _cancel_all(self, request: web.Request) -> Any:
        return self._canceled_orders(self._own(request[KEY]))

    async def _cancel_market(self, request: web.Request) -> Any:
        body = await body_of(request) or {}
        if not isinstance(body, dict):
            raise bad("Invalid payload")
        market, asset = body.get("market") or "", body.get("asset_id") or ""
        # Neither given is no filter: the venue cancels everything then.
        return self._canceled_orders(
            o for o in self._own(request[KEY]) if market in ("", o.market.condition_id) and asset in (CASH, o.asset)
        )

    def _own(self, key: ApiKey) -> list[OrderRecord]:
        return [o for o in self._clob.open_orders() if o.owner == key.address]

    def _canceled(self, names: Iterable[str], key: ApiKey) -> dict[str, Any]:
        canceled, kept = [], {}
        for name in names:
            order = self._clob.orders.get(name)
            why = refusals.NOT_FOUND_TO_CANCEL
            if order is not None and order.owner == key.address:
                why = self._clob.cancel(order)
            if why:
                kept[name] = why
            else:
                canceled.append(name)
        return {"canceled": canceled, "not_canceled": kept}

    def _canceled_orders(self, orders: Iterable[OrderRecord]) -> dict[str, Any]:
        canceled, kept = [], {}
        for order in list(orders):
            why = self._clob.cancel(order)
            if why:
                kept[order.id] = why
            else:
                canceled.append(order.id)
        return {"canceled": canceled, "not_canceled": kept}

    # -- heartbeat

    async def _beat(self, request: web.Request) -> Any:
        body = await body_of(request)
        if not isinstance(body, dict) or not isinstance(body.get("heartbeat_id"), str):
            raise bad("Invalid payload")
        return {"heartbeat_id": self._heartbeats.beat(request[KEY], body["heartbeat_id"])}


def _is_id(name: object) -> bool:
    if not isinstance(name, str) or len(name) != _ID_LENGTH or not name.startswith("0x"):
        return False
    try:
        int(name, 16)
    except ValueError:
        return False
    return True
