"""The CLOB's account endpoints: log-ins, own orders and trades, balances and allowances, restrictions."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS
from venuekit_doubles.polymarket import words
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.contracts import SPENDERS
from venuekit_doubles.polymarket.keys import ApiKey, Doorkeeper
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.records import OrderRecord, TradeRecord
from venuekit_doubles.polymarket.refusals import bad
from venuekit_doubles.polymarket.rest_orders import Orders
from venuekit_doubles.polymarket.wallets import WalletKind, wallet_of
from venuekit_doubles.polymarket.wire import KEY, Door, Route, needed, paged, whole

_FAR = 10**12


class Account:
    """What belongs to whoever asks."""

    def __init__(self, clob: Clob, doorkeeper: Doorkeeper, orders: Orders, page: int) -> None:
        self._clob = clob
        self._doorkeeper = doorkeeper
        self._restrictions = orders
        self._page = page

    def routes(self) -> list[Route]:
        """Every endpoint."""
        logins = [
            ("POST", "/auth/api-key", self._create_key, "create_api_key"),
            ("GET", "/auth/derive-api-key", self._derive_key, "derive_api_key"),
        ]
        private = [
            ("GET", "/auth/api-keys", self._keys, "api_keys"),
            ("DELETE", "/auth/api-key", self._delete_key, "delete_api_key"),
            ("GET", "/auth/ban-status/closed-only", self._closed_only, "closed_only"),
            ("GET", "/data/orders", self._orders, "data_orders"),
            ("GET", "/data/order/{id}", self._order, "data_order"),
            ("GET", "/data/trades", self._trades, "data_trades"),
            ("GET", "/balance-allowance", self._balance, "balance_allowance"),
            ("GET", "/balance-allowance/update", self._update, "balance_allowance_update"),
            ("GET", "/notifications", self._notifications, "notifications"),
            ("DELETE", "/notifications", self._drop_notifications, "drop_notifications"),
            ("GET", "/order-scoring", self._scoring, "order_scoring"),
            ("GET", "/v1/user/rate-limit-tier", self._tier, "rate_limit_tier"),
        ]
        return [Route(*one, Door.LOGIN) for one in logins] + [Route(*one, Door.KEY) for one in private]

    # -- keys

    async def _create_key(self, request: web.Request) -> Any:
        address, nonce = self._doorkeeper.login(request.headers)
        if self._doorkeeper.made(address, nonce) is not None:
            raise bad("Could not create api key")
        return self._doorkeeper.add(ApiKey.of(address, nonce)).answer()

    async def _derive_key(self, request: web.Request) -> Any:
        found = self._doorkeeper.made(*self._doorkeeper.login(request.headers))
        if found is None:
            raise bad("Could not derive api key!")
        return found.answer()

    async def _keys(self, request: web.Request) -> Any:
        return {"apiKeys": self._doorkeeper.keys_of(request[KEY].address)}

    async def _delete_key(self, request: web.Request) -> Any:
        self._doorkeeper.remove(request[KEY])
        return "OK"

    async def _closed_only(self, request: web.Request) -> Any:
        return {"closed_only": request[KEY].address in self._restrictions.closed_only}

    async def _tier(self, _: web.Request) -> Any:
        return {"tier": "standard"}

    # -- orders and trades

    async def _orders(self, request: web.Request) -> Any:
        given = request.query

        def wanted(order: OrderRecord) -> bool:
            return (
                order.owner == request[KEY].address
                and given.get("id", order.id) == order.id
                and given.get("market", order.market.condition_id) == order.market.condition_id
                and given.get("asset_id", order.asset) == order.asset
            )

        return paged(request, [words.open_order(o) for o in self._clob.open_orders() if wanted(o)], self._page)

    async def _order(self, request: web.Request) -> Any:
        order = self._clob.orders.get(request.match_info["id"])
        if order is None or order.owner != request[KEY].address or not order.state.is_open:
            return None
        return words.open_order(order)

    async def _trades(self, request: web.Request) -> Any:
        given, owner = request.query, request[KEY].address
        after, before = whole(request, "after", 0, _FAR), whole(request, "before", _FAR, _FAR)

        def wanted(trade: TradeRecord) -> bool:
            parts = [trade.taker, *(part.order for part in trade.makers)]
            return (
                given.get("id", trade.id) == trade.id
                and given.get("market", trade.market.condition_id) == trade.market.condition_id
                and ("asset_id" not in given or any(o.asset == given["asset_id"] for o in parts))
                and ("maker_address" not in given or any(o.wallet == given["maker_address"] for o in parts))
                and after <= trade.matched_ns // NANOS <= before
            )

        found = [words.listed_trade(t, owner) for t in self._clob.trades_of(owner) if wanted(t)]
        return paged(request, found, self._page)

    async def _scoring(self, request: web.Request) -> Any:
        return {"scoring": needed(request, "order_id") in self._clob.orders}

    # -- money

    async def _balance(self, request: web.Request) -> Any:
        kind = whole(request, "signature_type", 0, max(WalletKind))
        wallet = wallet_of(request[KEY].address, WalletKind(kind))
        asset = CASH
        if needed(request, "asset_type") != "COLLATERAL":
            asset = needed(request, "token_id")
            self._clob.admission.market_of(asset)
        ledger = self._clob.ledger
        return {
            "balance": str(ledger.balance(wallet, asset)),
            "allowances": {spender: str(ledger.allowance(wallet, asset, spender)) for spender in SPENDERS},
        }

    async def _update(self, request: web.Request) -> Any:
        needed(request, "asset_type")
        return ""

    # -- the rest

    async def _notifications(self, _: web.Request) -> Any:
        return []

    async def _drop_notifications(self, _: web.Request) -> Any:
        return "OK"
