"""Advanced Trade's account: wallets, fees, permissions, portfolios and ways to pay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from venuekit.adapter import InstrumentKind, plain, times
from venuekit_doubles.coinbase import account_words as words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named, portfolio_id
from venuekit_doubles.coinbase.market_words import text
from venuekit_doubles.coinbase.seat import Seat
from venuekit_doubles.coinbase.wire import KEY, PREFIX, Refusal, Route, whole

_MOST_LISTED = 250


class Account:
    """What whoever asks has, and may do."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", f"{PREFIX}/accounts", self._get_accounts, "accounts"),
            Route("GET", f"{PREFIX}/accounts/{{id}}", self._get_account, "account"),
            Route("GET", f"{PREFIX}/transaction_summary", self._get_summary, "summary"),
            Route("GET", f"{PREFIX}/key_permissions", self._get_key_permissions, "key_permissions"),
            Route("GET", f"{PREFIX}/portfolios", self._get_portfolios, "portfolios"),
            Route("GET", f"{PREFIX}/portfolios/{{id}}", self._get_breakdown, "portfolio"),
            Route("GET", f"{PREFIX}/payment_methods", self._get_payment_methods, "payment_methods"),
            Route("GET", f"{PREFIX}/payment_methods/{{id}}", self._get_payment_method, "payment_method"),
        ]

    def _seat(self, request: web.Request) -> Seat:
        return self._backing.seat(request[KEY].account)

    async def _wallets(self, seat: Seat) -> list[dict[str, Any]]:
        balances = seat.balances()
        assets = sorted({*await self._backing.assets(), *balances})
        return [words.wallet(seat.account, asset, balances.get(asset)) for asset in assets]

    async def _get_accounts(self, request: web.Request) -> Any:
        found = await self._wallets(self._seat(request))
        start = whole(request, "cursor", 0)
        limit = max(1, min(whole(request, "limit", 49), _MOST_LISTED))
        more = start + limit < len(found)
        page = found[start : start + limit]
        return {"accounts": page, "has_next": more, "cursor": str(start + limit) if more else "", "size": len(page)}

    async def _get_account(self, request: web.Request) -> Any:
        for wallet in await self._wallets(self._seat(request)):
            if wallet["uuid"] == request.match_info["id"]:
                return {"account": wallet}
        raise Refusal(404, "NOT_FOUND", "account not found")

    async def _get_summary(self, request: web.Request) -> Any:
        profile, fills = await self._backing.venue.profile(), self._seat(request).fills()
        volume = sum((times(f.price, f.size) for f in fills), Decimal(0))
        fees = sum((f.fee for f in fills), Decimal(0))
        return {
            "total_volume": float(volume),
            "total_fees": float(fees),
            "fee_tier": {
                "pricing_tier": "Advanced 1",
                "usd_from": "0",
                "usd_to": "1000",
                "taker_fee_rate": text(profile.taker_fee_rate),
                "maker_fee_rate": text(profile.maker_fee_rate),
                "aop_from": "",
                "aop_to": "",
            },
            "margin_rate": None,
            "goods_and_services_tax": None,
            "has_promo_fee": False,
            "has_cost_plus_commission": False,
            "volume_breakdown": [],
            "advanced_trade_only_volume": float(volume),
            "advanced_trade_only_fees": float(fees),
            "coinbase_pro_volume": 0,
            "coinbase_pro_fees": 0,
            "total_balance": plain(await self._worth(self._seat(request))),
        }

    async def _worth(self, seat: Seat) -> Decimal:
        prices = await self._backing.prices()
        total = sum((b.total * prices.get(a, Decimal(0)) for a, b in seat.balances().items()), Decimal(0))
        return total.quantize(Decimal("0.01"))

    async def _get_key_permissions(self, request: web.Request) -> Any:
        key = request[KEY]
        return {
            "can_view": True,
            "can_trade": key.can_trade,
            "can_transfer": key.can_transfer,
            "portfolio_uuid": portfolio_id(key.account),
            "portfolio_type": "DEFAULT",
        }

    async def _get_portfolios(self, request: web.Request) -> Any:
        wanted = request.query.get("portfolio_type") or "DEFAULT"
        return {"portfolios": [words.portfolio(request[KEY].account)] if wanted == "DEFAULT" else []}

    async def _get_breakdown(self, request: web.Request) -> Any:
        seat = self._seat(request)
        if request.match_info["id"] != portfolio_id(seat.account):
            raise Refusal(404, "NOT_FOUND", "portfolio not found")
        kinds = {i.id: i.kind for i in await self._backing.instruments()}
        futures = [p for p in seat.positions() if kinds.get(p.instrument) is InstrumentKind.PERPETUAL]
        balances, prices = list(seat.balances().values()), await self._backing.prices()
        return {"breakdown": words.breakdown(seat.account, balances, prices, futures)}

    async def _get_payment_methods(self, request: web.Request) -> Any:
        return {"payment_methods": [_bank(request[KEY].account)]}

    async def _get_payment_method(self, request: web.Request) -> Any:
        bank = _bank(request[KEY].account)
        if request.match_info["id"] != bank["id"]:
            raise Refusal(404, "NOT_FOUND", "payment method not found")
        return {"payment_method": bank}


def _bank(account: str) -> dict[str, Any]:
    return {
        "id": named("bank", account),
        "type": "ACH",
        "name": "Double Bank ******1234",
        "currency": "USD",
        "verified": True,
        "allow_buy": True,
        "allow_sell": True,
        "allow_deposit": True,
        "allow_withdraw": True,
        "created_at": words.OPENED,
        "updated_at": words.OPENED,
    }
