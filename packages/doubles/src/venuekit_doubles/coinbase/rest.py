"""The REST interface of Advanced Trade: its endpoints, paging, refusals and status codes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from venuekit.adapter import (
    NANOS,
    Granularity,
    InstrumentKind,
    Order,
    OrderRef,
    OrderStatus,
    OrderType,
    VenuekitError,
    iso,
    parse_decimal,
    parse_iso,
    plain,
)
from venuekit_doubles.coinbase import words
from venuekit_doubles.coinbase.auth import KEY
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.intents import BadOrder, refusal_of, request_of

_PREFIX = "/api/v3/brokerage"
_GRANULARITIES = {
    "ONE_MINUTE": Granularity.ONE_MINUTE,
    "FIVE_MINUTE": Granularity.FIVE_MINUTES,
    "FIFTEEN_MINUTE": Granularity.FIFTEEN_MINUTES,
    "THIRTY_MINUTE": Granularity.THIRTY_MINUTES,
    "ONE_HOUR": Granularity.ONE_HOUR,
    "TWO_HOUR": Granularity.TWO_HOURS,
    "FOUR_HOUR": Granularity.FOUR_HOURS,
    "SIX_HOUR": Granularity.SIX_HOURS,
    "ONE_DAY": Granularity.ONE_DAY,
}
_MOST_CANDLES = 350
_MOST_CANCELED = 100
_MOST_LISTED = 1000
_EDITABLE = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.BRACKET)
Handler = Callable[[web.Request], Awaitable[Any]]


class Refusal(Exception):
    """An answer with an HTTP status of its own."""

    def __init__(self, status: int, error: str, message: str) -> None:
        self.status = status
        self.body = {"error": error, "error_details": message, "message": message, "code": status, "details": []}
        super().__init__(message)


class Rest:
    """Handlers by endpoint. Each returns the body of its answer."""

    def __init__(self, backing: Backing, *, null_configuration: Callable[[], bool] = lambda: False) -> None:
        self._backing = backing
        self._venue = backing.venue
        self._null_configuration = null_configuration
        #: What key permissions are asked by, set by the server for each request.
        self.permissions: dict[str, Any] = {}

    def routes(self) -> list[tuple[str, str, Handler, bool, str]]:
        """Method, path, handler, whether it is public, and its name for faults."""
        p = _PREFIX
        public: list[tuple[str, Handler, str]] = [
            ("products", self.products, "products"),
            ("products/{id}", self.product, "product"),
            ("products/{id}/ticker", self.trades, "trades"),
            ("products/{id}/candles", self.candles, "candles"),
            ("product_book", self.book, "book"),
        ]
        found = [("GET", f"{p}/market/{path}", h, True, name) for path, h, name in public]
        found += [("GET", f"{p}/{path}", h, False, name) for path, h, name in public]
        found += [
            ("GET", f"{p}/time", self.time, True, "time"),
            ("GET", f"{p}/best_bid_ask", self.best_bid_ask, False, "best_bid_ask"),
            ("GET", f"{p}/accounts", self.accounts, False, "accounts"),
            ("GET", f"{p}/accounts/{{id}}", self.account, False, "account"),
            ("POST", f"{p}/orders", self.create, False, "create"),
            ("POST", f"{p}/orders/preview", self.preview, False, "preview"),
            ("POST", f"{p}/orders/edit", self.edit, False, "edit"),
            ("POST", f"{p}/orders/edit_preview", self.edit_preview, False, "edit_preview"),
            ("POST", f"{p}/orders/batch_cancel", self.cancel, False, "cancel"),
            ("GET", f"{p}/orders/historical/batch", self.orders, False, "orders"),
            ("GET", f"{p}/orders/historical/fills", self.fills, False, "fills"),
            ("GET", f"{p}/orders/historical/{{id}}", self.order, False, "order"),
            ("GET", f"{p}/transaction_summary", self.summary, False, "summary"),
            ("GET", f"{p}/key_permissions", self.key_permissions, False, "key_permissions"),
            ("GET", f"{p}/portfolios", self.portfolios, False, "portfolios"),
            ("GET", f"{p}/payment_methods", self.payment_methods, False, "payment_methods"),
            ("GET", f"{p}/cfm/positions", self.futures, False, "futures"),
            ("GET", f"{p}/cfm/balance_summary", self.futures_balance, False, "futures_balance"),
        ]
        return found

    # -- market data

    async def time(self, _: web.Request) -> Any:
        now = self._backing.now_ns()
        return {"iso": iso(now), "epochSeconds": str(now // NANOS), "epochMillis": str(now // 1_000_000)}

    async def products(self, request: web.Request) -> Any:
        kind, ids = request.query.get("product_type"), request.query.getall("product_ids", [])
        found = []
        for instrument in await self._backing.instruments():
            name = "SPOT" if instrument.kind is InstrumentKind.SPOT else "FUTURE"
            if kind in (None, "", "UNKNOWN_PRODUCT_TYPE", name) and (not ids or instrument.id in ids):
                found.append(await self._product(instrument.id))
        start = int(request.query.get("offset") or 0)
        limit = int(request.query.get("limit") or len(found) or 1)
        page = found[start : start + limit]
        return {"products": page, "num_products": len(page)}

    async def _product(self, name: str) -> dict[str, Any]:
        instrument = await self._backing.instrument(name)
        [ticker] = await self._venue.tickers([name])
        return words.product(instrument, ticker)

    async def product(self, request: web.Request) -> Any:
        return await self._product(request.match_info["id"])

    async def book(self, request: web.Request) -> Any:
        name = request.query.get("product_id", "")
        await self._backing.instrument(name)
        book = await self._venue.order_book(name, depth=max(1, int(request.query.get("limit") or 500)))
        return {
            "pricebook": words.pricebook(book),
            "last": "",
            "mid_market": "",
            "spread_bps": "",
            "spread_absolute": "",
        }

    async def best_bid_ask(self, request: web.Request) -> Any:
        ids = request.query.getall("product_ids", []) or [i.id for i in await self._backing.instruments()]
        books = [await self._venue.order_book((await self._backing.instrument(i)).id, depth=1) for i in ids]
        return {"pricebooks": [words.pricebook(book) for book in books]}

    async def trades(self, request: web.Request) -> Any:
        name = (await self._backing.instrument(request.match_info["id"])).id
        found = await self._venue.trades(name, limit=max(1, min(int(request.query.get("limit") or 100), 1000)))
        [ticker] = await self._venue.tickers([name])
        best = words.ticker(ticker)
        return {"trades": [words.trade(t) for t in found], "best_bid": best["best_bid"], "best_ask": best["best_ask"]}

    async def candles(self, request: web.Request) -> Any:
        name = (await self._backing.instrument(request.match_info["id"])).id
        granularity = _GRANULARITIES.get(request.query.get("granularity", ""))
        if granularity is None:
            raise Refusal(400, "INVALID_ARGUMENT", "granularity is not valid")
        start, end = int(request.query["start"]), int(request.query["end"])
        if (end - start) // granularity.seconds + 1 > _MOST_CANDLES:
            raise Refusal(400, "INVALID_ARGUMENT", f"number of candles requested should be less than {_MOST_CANDLES}")
        found = await self._venue.candles(
            name, granularity, start_ns=start * NANOS, end_ns=end * NANOS + 1, limit=_MOST_CANDLES
        )
        return {"candles": [words.candle(c) for c in reversed(found)]}

    # -- orders

    async def create(self, request: web.Request) -> Any:
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

    async def preview(self, request: web.Request) -> Any:
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
        except BadOrder as bad:
            errors.append(bad.preview or f"PREVIEW_{bad.reason}")
        except VenuekitError as error:
            bad = refusal_of(error)
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

    async def edit(self, request: web.Request) -> Any:
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

    async def edit_preview(self, request: web.Request) -> Any:
        body = await _body(request)
        reason = await self._cannot_edit(await self._of(str(body.get("order_id") or "")), body)
        return {"errors": [{"edit_failure_reason": reason}] if reason else [], "slippage": "0"}

    async def cancel(self, request: web.Request) -> Any:
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

    async def order(self, request: web.Request) -> Any:
        order = await self._of(request.match_info["id"])
        if order is None:
            raise Refusal(404, "NOT_FOUND", "order not found")
        return {"order": await self._shown(order)}

    async def _shown(self, order: Order) -> dict[str, Any]:
        count = len(await self._backing.fills_of(order))
        return words.order(order, count, null_configuration=self._null_configuration())

    async def orders(self, request: web.Request) -> Any:
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

    async def fills(self, request: web.Request) -> Any:
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

    # -- account

    async def _wallets(self) -> list[dict[str, Any]]:
        balances = {b.asset: b for b in await self._venue.balances()}
        assets = {asset for i in await self._backing.instruments() for asset in (i.base, i.quote)}
        return [words.account(asset, balances.get(asset)) for asset in sorted({*assets, *balances})]

    async def accounts(self, request: web.Request) -> Any:
        found = await self._wallets()
        start = int(request.query.get("cursor") or 0)
        limit = min(int(request.query.get("limit") or 49), 250)
        more = start + limit < len(found)
        page = found[start : start + limit]
        return {"accounts": page, "has_next": more, "cursor": str(start + limit) if more else "", "size": len(page)}

    async def account(self, request: web.Request) -> Any:
        for wallet in await self._wallets():
            if wallet["uuid"] == request.match_info["id"]:
                return {"account": wallet}
        raise Refusal(404, "NOT_FOUND", "account not found")

    async def summary(self, _: web.Request) -> Any:
        profile = await self._venue.profile()
        return {
            "total_volume": 0,
            "total_fees": 0,
            "fee_tier": {
                "pricing_tier": "Advanced 1",
                "usd_from": "0",
                "usd_to": "1000",
                "taker_fee_rate": plain(profile.taker_fee_rate) if profile.taker_fee_rate is not None else "",
                "maker_fee_rate": plain(profile.maker_fee_rate) if profile.maker_fee_rate is not None else "",
                "aop_from": "",
                "aop_to": "",
            },
            "margin_rate": None,
            "goods_and_services_tax": None,
            "advanced_trade_only_volume": 0,
            "advanced_trade_only_fees": 0,
            "coinbase_pro_volume": 0,
            "coinbase_pro_fees": 0,
            "total_balance": "",
        }

    async def key_permissions(self, request: web.Request) -> Any:
        key = request[KEY]
        return {
            "can_view": True,
            "can_trade": key.can_trade,
            "can_transfer": key.can_transfer,
            "portfolio_uuid": "7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e",
            "portfolio_type": "DEFAULT",
        }

    async def portfolios(self, _: web.Request) -> Any:
        listed = {
            "name": "Default",
            "uuid": "7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e",
            "type": "DEFAULT",
            "deleted": False,
        }
        return {"portfolios": [listed]}

    async def payment_methods(self, _: web.Request) -> Any:
        return {"payment_methods": []}

    async def futures(self, _: web.Request) -> Any:
        kinds = {i.id: i.kind for i in await self._backing.instruments()}
        found = [p for p in await self._venue.positions() if kinds.get(p.instrument) is InstrumentKind.PERPETUAL]
        return {"positions": [words.futures_position(p) for p in found if p.size]}

    async def futures_balance(self, _: web.Request) -> Any:
        usd = next((b for b in await self._venue.balances() if b.asset == "USD"), None)
        value = {"value": plain(usd.available) if usd is not None else "0", "currency": "USD"}
        return {"balance_summary": {"futures_buying_power": value, "total_usd_balance": value}}


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
