"""The older interface: time, currencies, exchange rates, accounts and their transactions."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS, TransferKind, iso, plain
from venuekit_doubles.coinbase import words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.wire import Refusal, Route

_FIAT = ("USD", "EUR", "GBP")


class V2:
    """Handlers of ``/v2``."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self._venue = backing.venue

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", "/v2/time", self._get_time, "v2_time", public=True),
            Route("GET", "/v2/currencies", self._get_fiat, "v2_currencies", public=True),
            Route("GET", "/v2/currencies/crypto", self._get_crypto, "v2_currencies", public=True),
            Route("GET", "/v2/exchange-rates", self._get_rates, "v2_rates", public=True),
            Route("GET", "/v2/accounts", self._get_accounts, "v2_accounts"),
            Route("GET", "/v2/accounts/{id}/transactions", self._get_transactions, "v2_transactions"),
        ]

    async def _get_time(self, _: web.Request) -> Any:
        now = self._backing.now_ns()
        return {"data": {"iso": iso(now // NANOS * NANOS), "epoch": now // NANOS}}

    async def _assets(self) -> list[str]:
        return sorted({asset for i in await self._backing.instruments() for asset in (i.base, i.quote)})

    async def _get_fiat(self, _: web.Request) -> Any:
        return {"data": [{"id": a, "name": a, "min_size": "0.01"} for a in await self._assets() if a in _FIAT]}

    async def _get_crypto(self, _: web.Request) -> Any:
        found = [a for a in await self._assets() if a not in _FIAT]
        return {"data": [{"asset_id": words.wallet_id(a), "code": a, "name": a, "type": "crypto"} for a in found]}

    async def _get_rates(self, _: web.Request) -> Any:
        rates = {"USD": "1"}
        for instrument in await self._backing.instruments():
            [ticker] = await self._venue.tickers([instrument.id])
            if ticker.last:
                rates[instrument.base] = plain((1 / ticker.last).normalize())
        return {"data": {"currency": "USD", "rates": rates}}

    async def _get_accounts(self, request: web.Request) -> Any:
        balances = {b.asset: b for b in await self._venue.balances()}
        found = [
            {
                "id": words.wallet_id(asset),
                "name": f"{asset} Wallet",
                "type": "wallet",
                "primary": True,
                "currency": {"code": asset, "name": asset},
                "balance": {"amount": plain(balances[asset].total) if asset in balances else "0", "currency": asset},
                "created_at": "2021-05-31T09:59:59Z",
                "updated_at": "2021-05-31T09:59:59Z",
                "resource": "account",
                "resource_path": f"/v2/accounts/{words.wallet_id(asset)}",
            }
            for asset in sorted({*await self._assets(), *balances})
        ]
        return _paged(request, found)

    async def _get_transactions(self, request: web.Request) -> Any:
        wallet = request.match_info["id"]
        transfers = (await self._venue.transfers(limit=500)).items
        known = {words.wallet_id(asset) for asset in await self._assets()}
        if wallet not in known:
            raise Refusal(404, "not_found", "Not found")
        found = [
            {
                "id": t.id,
                "type": "fiat_deposit" if t.kind is TransferKind.DEPOSIT else "send",
                "status": "completed",
                "amount": {"amount": plain(t.amount), "currency": t.asset},
                "native_amount": {"amount": plain(t.amount), "currency": "USD"},
                "created_at": iso(t.time_ns),
                "updated_at": iso(t.time_ns),
                "resource": "transaction",
            }
            for t in transfers
            if words.wallet_id(t.asset) == wallet and t.kind in (TransferKind.DEPOSIT, TransferKind.WITHDRAWAL)
        ]
        return _paged(request, found)


def _paged(request: web.Request, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A page by the venue's links: ``starting_after`` an id."""
    limit = max(1, min(int(request.query.get("limit") or 25), 300))
    after = request.query.get("starting_after")
    ids = [row["id"] for row in found]
    start = ids.index(after) + 1 if after in ids else 0
    page = found[start : start + limit]
    more = start + limit < len(found)
    uri = f"{request.path}?limit={limit}&starting_after={page[-1]['id']}" if more else None
    pagination = {"ending_before": None, "starting_after": after, "limit": limit, "order": "desc", "next_uri": uri}
    return {"pagination": pagination, "data": page}
