"""Advanced Trade's account: wallets, fees, permissions, portfolios and US futures."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from venuekit.adapter import InstrumentKind, plain
from venuekit_doubles.coinbase import words
from venuekit_doubles.coinbase.auth import KEY
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.wire import PREFIX, Refusal, Route

_PORTFOLIO = "7d0f4f2e-6c1d-4d44-9a51-6b8a4f1f0c5e"


class Account:
    """The account behind the key."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self._venue = backing.venue

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", f"{PREFIX}/accounts", self._get_accounts, "accounts"),
            Route("GET", f"{PREFIX}/accounts/{{id}}", self._get_account, "account"),
            Route("GET", f"{PREFIX}/transaction_summary", self._get_summary, "summary"),
            Route("GET", f"{PREFIX}/key_permissions", self._get_key_permissions, "key_permissions"),
            Route("GET", f"{PREFIX}/portfolios", self._get_portfolios, "portfolios"),
            Route("GET", f"{PREFIX}/payment_methods", self._get_payment_methods, "payment_methods"),
            Route("GET", f"{PREFIX}/cfm/positions", self._get_futures, "futures"),
            Route("GET", f"{PREFIX}/cfm/balance_summary", self._get_futures_balance, "futures_balance"),
        ]

    async def _wallets(self) -> list[dict[str, Any]]:
        balances = {b.asset: b for b in await self._venue.balances()}
        assets = {asset for i in await self._backing.instruments() for asset in (i.base, i.quote)}
        return [words.account(asset, balances.get(asset)) for asset in sorted({*assets, *balances})]

    async def _get_accounts(self, request: web.Request) -> Any:
        found = await self._wallets()
        start = int(request.query.get("cursor") or 0)
        limit = min(int(request.query.get("limit") or 49), 250)
        more = start + limit < len(found)
        page = found[start : start + limit]
        return {"accounts": page, "has_next": more, "cursor": str(start + limit) if more else "", "size": len(page)}

    async def _get_account(self, request: web.Request) -> Any:
        for wallet in await self._wallets():
            if wallet["uuid"] == request.match_info["id"]:
                return {"account": wallet}
        raise Refusal(404, "NOT_FOUND", "account not found")

    async def _get_summary(self, _: web.Request) -> Any:
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

    async def _get_key_permissions(self, request: web.Request) -> Any:
        key = request[KEY]
        return {
            "can_view": True,
            "can_trade": key.can_trade,
            "can_transfer": key.can_transfer,
            "portfolio_uuid": _PORTFOLIO,
            "portfolio_type": "DEFAULT",
        }

    async def _get_portfolios(self, _: web.Request) -> Any:
        listed = {
            "name": "Default",
            "uuid": _PORTFOLIO,
            "type": "DEFAULT",
            "deleted": False,
        }
        return {"portfolios": [listed]}

    async def _get_payment_methods(self, _: web.Request) -> Any:
        return {"payment_methods": []}

    async def _get_futures(self, _: web.Request) -> Any:
        kinds = {i.id: i.kind for i in await self._backing.instruments()}
        found = [p for p in await self._venue.positions() if kinds.get(p.instrument) is InstrumentKind.PERPETUAL]
        return {"positions": [words.futures_position(p) for p in found if p.size]}

    async def _get_futures_balance(self, _: web.Request) -> Any:
        usd = next((b for b in await self._venue.balances() if b.asset == "USD"), None)
        value = {"value": plain(usd.available) if usd is not None else "0", "currency": "USD"}
        return {"balance_summary": {"futures_buying_power": value, "total_usd_balance": value}}
