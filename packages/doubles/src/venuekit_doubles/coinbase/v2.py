"""The older interface: time, currencies, exchange rates, accounts and their transactions."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS, Balance, Transfer, TransferKind, iso, normal, plain
from venuekit_doubles.coinbase.account_words import FIAT, OPENED
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named, wallet_id
from venuekit_doubles.coinbase.seat import Seat
from venuekit_doubles.coinbase.wire import KEY, Refusal, Route, whole

_KINDS = (TransferKind.DEPOSIT, TransferKind.WITHDRAWAL)
_MOST_LISTED = 300


class V2:
    """Handlers of ``/v2``."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", "/v2/time", self._get_time, "v2_time", public=True),
            Route("GET", "/v2/currencies", self._get_fiat, "v2_currencies", public=True),
            Route("GET", "/v2/currencies/crypto", self._get_crypto, "v2_crypto", public=True),
            Route("GET", "/v2/exchange-rates", self._get_rates, "v2_rates", public=True),
            Route("GET", "/v2/accounts", self._get_accounts, "v2_accounts"),
            Route("GET", "/v2/accounts/{id}", self._get_account, "v2_account"),
            Route("GET", "/v2/accounts/{id}/transactions", self._get_transactions, "v2_transactions"),
        ]

    def _seat(self, request: web.Request) -> Seat:
        return self._backing.seat(request[KEY].account)

    async def _get_time(self, _: web.Request) -> Any:
        now = self._backing.now_ns()
        return {"data": {"iso": iso(now // NANOS * NANOS), "epoch": now // NANOS}}

    async def _get_fiat(self, _: web.Request) -> Any:
        found = [a for a in await self._backing.assets() if a in FIAT]
        return {"data": [{"id": a, "name": a, "min_size": "0.01"} for a in found]}

    async def _get_crypto(self, _: web.Request) -> Any:
        found = [a for a in await self._backing.assets() if a not in FIAT]
        return {"data": [{"asset_id": named("asset", a), "code": a, "name": a, "type": "crypto"} for a in found]}

    async def _get_rates(self, request: web.Request) -> Any:
        prices = await self._backing.prices()
        currency = request.query.get("currency") or "USD"
        if currency not in prices:
            raise Refusal(400, "invalid_request", "Invalid currency")
        places = 12
        rates = {a: plain(normal(round(prices[currency] / price, places))) for a, price in sorted(prices.items())}
        return {"data": {"currency": currency, "rates": rates}}

    async def _wallets(self, seat: Seat) -> list[dict[str, Any]]:
        balances = seat.balances()
        assets = sorted({*await self._backing.assets(), *balances})
        return [_wallet(seat.account, asset, balances.get(asset)) for asset in assets]

    async def _get_accounts(self, request: web.Request) -> Any:
        return _paged(request, await self._wallets(self._seat(request)))

    async def _wallet_of(self, request: web.Request) -> dict[str, Any]:
        wanted = request.match_info["id"]  # an id, or a currency's code
        for wallet in await self._wallets(self._seat(request)):
            if wanted in (wallet["id"], wallet["currency"]["code"]):
                return wallet
        raise Refusal(404, "not_found", "Not found")

    async def _get_account(self, request: web.Request) -> Any:
        return {"data": await self._wallet_of(request)}

    async def _get_transactions(self, request: web.Request) -> Any:
        asset = (await self._wallet_of(request))["currency"]["code"]
        found = [t for t in self._seat(request).transfers() if t.asset == asset and t.kind in _KINDS]
        return _paged(request, [_transaction(t) for t in found])


def _wallet(account: str, asset: str, balance: Balance | None) -> dict[str, Any]:
    number = wallet_id(account, asset)
    return {
        "id": number,
        "name": f"{asset} Wallet",
        "type": "fiat" if asset in FIAT else "wallet",
        "primary": True,
        "currency": {"code": asset, "name": asset, "type": "fiat" if asset in FIAT else "crypto"},
        "balance": {"amount": plain(balance.total) if balance is not None else "0", "currency": asset},
        "created_at": OPENED,
        "updated_at": OPENED,
        "resource": "account",
        "resource_path": f"/v2/accounts/{number}",
    }


def _transaction(transfer: Transfer) -> dict[str, Any]:
    fiat = "fiat_deposit" if transfer.kind is TransferKind.DEPOSIT else "fiat_withdrawal"
    return {
        "id": transfer.id,
        "type": fiat if transfer.asset in FIAT else "send",
        "status": "completed",
        "amount": {"amount": plain(transfer.amount), "currency": transfer.asset},
        "native_amount": {"amount": plain(transfer.amount), "currency": "USD"},
        "created_at": iso(transfer.time_ns),
        "updated_at": iso(transfer.time_ns),
        "resource": "transaction",
    }


def _paged(request: web.Request, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A page by the venue's links: ``starting_after`` an id."""
    limit = max(1, min(whole(request, "limit", 25), _MOST_LISTED))
    after = request.query.get("starting_after")
    ids = [row["id"] for row in found]
    start = ids.index(after) + 1 if after in ids else 0
    page = found[start : start + limit]
    more = start + limit < len(found)
    uri = f"{request.path}?limit={limit}&starting_after={page[-1]['id']}" if more else None
    pagination = {"ending_before": None, "starting_after": after, "limit": limit, "order": "desc", "next_uri": uri}
    return {"pagination": pagination, "data": page}
