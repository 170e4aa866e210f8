"""The older interface's private half: the user, wallets, and money and coins that came and went. It moves none."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from aiohttp import web

from venuekit.adapter import Balance, Transfer, TransferKind, iso, plain
from venuekit_doubles.coinbase.account_words import FIAT, OPENED
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named, wallet_id
from venuekit_doubles.coinbase.seat import Seat
from venuekit_doubles.coinbase.wire import KEY, Refusal, Route, whole

_KINDS = (TransferKind.DEPOSIT, TransferKind.WITHDRAWAL)
_MOST_LISTED = 300


class V2Accounts:
    """Private handlers of ``/v2``."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        #: Addresses that were asked for, by wallet.
        self._addresses: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        account = "/v2/accounts/{id}"
        return [
            Route("GET", "/v2/user", self._get_user, "v2_user"),
            Route("GET", "/v2/accounts", self._get_accounts, "v2_accounts"),
            Route("GET", account, self._get_account, "v2_account"),
            Route("GET", f"{account}/transactions", self._get_transactions, "v2_transactions"),
            Route("GET", f"{account}/transactions/{{transfer}}", self._get_transaction, "v2_transaction"),
            Route("GET", f"{account}/{{kind:deposits|withdrawals}}", self._get_moves, "v2_moves"),
            Route("GET", f"{account}/{{kind:deposits|withdrawals}}/{{transfer}}", self._get_move, "v2_move"),
            Route("GET", f"{account}/{{kind:buys|sells}}", self._get_none, "v2_buys"),
            Route("GET", f"{account}/addresses", self._get_addresses, "v2_addresses"),
            Route("POST", f"{account}/addresses", self._post_address, "v2_address"),
            Route("POST", f"{account}/{{kind:transactions|deposits|withdrawals}}", self._move, "v2_pay", trades=True),
        ]

    def _seat(self, request: web.Request) -> Seat:
        return self._backing.seat(request[KEY].account)

    async def _get_user(self, request: web.Request) -> Any:
        name = request[KEY].account
        body = {"id": named("user", name), "name": name, "resource": "user", "resource_path": "/v2/user"}
        return {"data": {**body, "native_currency": "USD", "country": {"code": "US", "name": "United States"}}}

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

    # -- what came and went

    async def _transfers(self, request: web.Request) -> list[Transfer]:
        asset = (await self._wallet_of(request))["currency"]["code"]
        return [t for t in self._seat(request).transfers() if t.asset == asset and t.kind in _KINDS]

    async def _one(self, request: web.Request) -> Transfer:
        for transfer in await self._transfers(request):
            if transfer.id == request.match_info["transfer"]:
                return transfer
        raise Refusal(404, "not_found", "Not found")

    async def _get_transactions(self, request: web.Request) -> Any:
        return _paged(request, [_transaction(t) for t in await self._transfers(request)])

    async def _get_transaction(self, request: web.Request) -> Any:
        return {"data": _transaction(await self._one(request))}

    async def _get_moves(self, request: web.Request) -> Any:
        wanted = TransferKind.DEPOSIT if request.match_info["kind"] == "deposits" else TransferKind.WITHDRAWAL
        return _paged(request, [_move(t) for t in await self._transfers(request) if t.kind is wanted])

    async def _get_move(self, request: web.Request) -> Any:
        return {"data": _move(await self._one(request))}

    async def _get_none(self, request: web.Request) -> Any:
        await self._wallet_of(request)
        return _paged(request, [])

    async def _move(self, _: web.Request) -> Any:
        raise Refusal(403, "invalid_scope", "Invalid scope: the double moves no money in or out")

    # -- addresses

    async def _get_addresses(self, request: web.Request) -> Any:
        return _paged(request, self._addresses[(await self._wallet_of(request))["id"]])

    async def _post_address(self, request: web.Request) -> Any:
        wallet = await self._wallet_of(request)
        made = self._addresses[wallet["id"]]
        made.insert(0, _address(wallet, len(made) + 1, iso(self._backing.now_ns())))
        return {"data": made[0]}


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


def _move(transfer: Transfer) -> dict[str, Any]:
    amount = {"amount": plain(abs(transfer.amount)), "currency": transfer.asset}
    at = iso(transfer.time_ns)
    return {
        "id": transfer.id,
        "status": "completed",
        "amount": amount,
        "subtotal": amount,
        "fee": {"amount": "0", "currency": transfer.asset},
        "transaction": {"id": transfer.id, "resource": "transaction"},
        "created_at": at,
        "updated_at": at,
        "payout_at": at,
        "committed": True,
        "resource": "deposit" if transfer.kind is TransferKind.DEPOSIT else "withdrawal",
    }


def _address(wallet: dict[str, Any], number: int, at: str) -> dict[str, Any]:
    """An address that belongs to nobody: its text says that it is the double's."""
    code = wallet["currency"]["code"]
    text = f"double-{code.lower()}-{named('address', wallet['id'], str(number))}"
    return {
        "id": named("address id", text),
        "address": text,
        "address_info": {"address": text},
        "name": None,
        "network": code.lower(),
        "uri_scheme": code.lower(),
        "deposit_uri": f"{code.lower()}:{text}",
        "created_at": at,
        "updated_at": at,
        "warnings": [],
        "resource": "address",
        "resource_path": f"{wallet['resource_path']}/addresses/{text}",
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
