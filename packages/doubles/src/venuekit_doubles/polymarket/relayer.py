"""The relayer: takes signed transactions of wallets, sends them to the chain, and tells how far each is."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from eth_utils.address import is_address, to_checksum_address

from venuekit.adapter import NANOS, iso
from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.keys import NotAuthorized
from venuekit_doubles.polymarket.refusals import Refusal, bad
from venuekit_doubles.polymarket.relayed import Malformed, Relayed, read
from venuekit_doubles.polymarket.relayer_keys import RelayerKeys
from venuekit_doubles.polymarket.transactions import Transaction, Transactions
from venuekit_doubles.polymarket.wallets import WalletKind, wallet_of
from venuekit_doubles.polymarket.wire import RELAYER, Route, body_of, needed

_KINDS = {"SAFE": WalletKind.SAFE, "PROXY": WalletKind.PROXY, "WALLET": WalletKind.DEPOSIT}
_MOST = 100


class Relayer:
    """Used on the double's event loop only."""

    def __init__(self, clob: Clob, transactions: Transactions, keys: RelayerKeys) -> None:
        self._clob = clob
        self._transactions = transactions
        self._keys = keys
        #: Wallets that are not on the chain yet.
        self.undeployed: set[str] = set()

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", f"{RELAYER}/deployed", self._deployed, "relayer_deployed"),
            Route("GET", f"{RELAYER}/nonce", self._nonce, "relayer_nonce"),
            Route("GET", f"{RELAYER}/relay-payload", self._relay, "relayer_relay"),
            Route("GET", f"{RELAYER}/v1/account/transactions/params", self._params, "relayer_params"),
            Route("GET", f"{RELAYER}/v1/account/transactions/{{id}}", self._one, "relayer_transaction"),
            Route("GET", f"{RELAYER}/transaction", self._listed_one, "relayer_transaction"),
            Route("GET", f"{RELAYER}/transactions", self._list, "relayer_transactions"),
            Route("POST", f"{RELAYER}/submit", self._submit, "relayer_submit"),
        ]

    async def _deployed(self, request: web.Request) -> Any:
        return {"deployed": needed(request, "address") not in self.undeployed}

    # -- what is signed

    def _wallet(self, request: web.Request) -> str:
        given, kind = needed(request, "address"), _KINDS.get(needed(request, "type"))
        if kind is None or not is_address(given):
            raise bad("invalid address or type")
        return wallet_of(to_checksum_address(given), kind)

    async def _params(self, request: web.Request) -> Any:
        wallet = self._wallet(request)
        # A deposit wallet has one transaction at a time, and its number is the chain's.
        pending = needed(request, "type") != "WALLET"
        return {"address": wallet, "nonce": str(self._transactions.nonce(wallet, pending=pending))}

    async def _relay(self, request: web.Request) -> Any:
        return {"address": contracts.RELAY, "nonce": str(self._transactions.nonce(self._wallet(request)))}

    async def _nonce(self, request: web.Request) -> Any:
        return {"nonce": str(self._transactions.nonce(self._wallet(request)))}

    # -- what is sent

    async def _whose(self, request: web.Request) -> str:
        path = request.path.removeprefix(RELAYER)
        try:
            return self._keys.whose(request.headers, request.method, path, await request.text())
        except NotAuthorized as error:
            raise Refusal(401, "invalid authorization") from error

    async def _submit(self, request: web.Request) -> Any:
        submitter = await self._whose(request)
        body = await body_of(request)
        try:
            relayed = read(body)
        except Malformed as error:
            raise bad(str(error)) from error
        self._check(relayed)
        begun = self._transactions.begin(
            Transaction(
                relayed.owner,
                relayed.wallet,
                relayed.kind,
                relayed.nonce,
                relayed.calls,
                self._clob.now_ns(),
                to=str(body["to"]),
                data=str(body.get("data", "")),
                signature=str(body["signature"]),
                metadata=str(body.get("metadata", "")),
                submitter=submitter,
            )
        )
        return {"transactionID": begun.id, "transactionHash": "", "state": begun.state}

    def _check(self, relayed: Relayed) -> None:
        """Raises Refusal."""
        if relayed.wallet in self.undeployed:
            raise bad("wallet is not deployed")
        if relayed.kind == "WALLET":
            if self._transactions.waiting(relayed.wallet):
                raise bad("wallet busy: 1 active action")
            assert relayed.deadline is not None
            if relayed.deadline <= self._clob.now_ns() // NANOS:
                raise bad("deadline expired")
        number = self._transactions.nonce(relayed.wallet)
        if relayed.nonce != number:
            raise bad(f"batch nonce {relayed.nonce} does not match on-chain nonce {number}")

    # -- what became of it

    async def _one(self, request: web.Request) -> Any:
        found = self._transactions.by_id(request.match_info["id"])
        if found is None:
            raise Refusal(404, "transaction not found")
        return {
            "transaction_id": found.id,
            "transaction_hash": found.hash or None,
            "state": found.state,
            "error_msg": found.error or None,
        }

    async def _listed_one(self, request: web.Request) -> Any:
        found = self._transactions.by_id(needed(request, "id"))
        if found is None:
            raise Refusal(404, "transaction not found")
        return [_told(found)]

    async def _list(self, request: web.Request) -> Any:
        who = await self._whose(request)
        found = [t for t in reversed(self._transactions.all) if t.kind and who in (t.owner, t.submitter)]
        return [_told(t) for t in found[:_MOST]]


def _told(transaction: Transaction) -> dict[str, Any]:
    return {
        "transactionID": transaction.id,
        "transactionHash": transaction.hash,
        "from": transaction.owner.lower(),
        "to": transaction.to.lower(),
        "proxyAddress": transaction.wallet.lower(),
        "data": transaction.data,
        "nonce": str(transaction.nonce),
        "value": "",
        "signature": transaction.signature,
        "state": transaction.state,
        "type": transaction.kind,
        "owner": transaction.owner.lower(),
        "metadata": transaction.metadata,
        "createdAt": iso(transaction.created_ns),
        "updatedAt": iso(transaction.changed_ns),
    }
