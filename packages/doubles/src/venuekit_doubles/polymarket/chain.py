"""The chain's node: what clients read of balances and allowances, and transactions that wallets send it themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from aiohttp import web
from eth_utils.address import to_checksum_address

from venuekit.adapter import NANOS
from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.calldata import (
    Call,
    NoSuchCall,
    arguments,
    bytes_of,
    many,
    proxied,
    words,
)
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.execution import Reverted
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.raw_transactions import NotRaw, read
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.service import Service
from venuekit_doubles.polymarket.transactions import (
    DONE,
    GAS,
    GAS_PRICE,
    Transaction,
    Transactions,
    TransactionState,
)
from venuekit_doubles.polymarket.wallets import WalletKind, wallet_of
from venuekit_doubles.polymarket.wire import RPC, Route, body_of

_BEACON = bytes.fromhex("49493a4d")
_SHARES = (contracts.CONDITIONAL_TOKENS, contracts.POSITION_MANAGER, contracts.NEG_RISK_ADAPTER)
_NO_METHOD, _SERVER, _REVERTED = -32601, -32000, 3


@attrs.define(auto_exc=True)
class NodeError(Exception):
    """An error as the node tells it."""

    code: int
    message: str


class Chain:
    """Used on the double's event loop only."""

    def __init__(self, clob: Clob, service: Service, transactions: Transactions) -> None:
        self._clob = clob
        self._service = service
        self._transactions = transactions
        self._methods: Mapping[str, Callable[[Sequence[Any]], Any]] = {
            "eth_chainId": lambda _: hex(contracts.CHAIN_ID),
            "net_version": lambda _: str(contracts.CHAIN_ID),
            "eth_blockNumber": lambda _: hex(self._seconds // 2),
            "eth_gasPrice": lambda _: hex(GAS_PRICE),
            "eth_getCode": lambda _: "0x60",
            "eth_getBlockByNumber": lambda _: {"number": hex(self._seconds // 2), "timestamp": hex(self._seconds)},
            "eth_getBalance": lambda p: hex(transactions.gas_money[to_checksum_address(p[0])]),
            "eth_getTransactionCount": self._count,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_sendRawTransaction": self._send,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
        }

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("POST", RPC, self._rpc, "rpc", part=asked_method, parts=tuple(self._methods)),
            Route("GET", "/api/geoblock", self._geoblock, "geoblock"),
        ]

    async def _geoblock(self, _: web.Request) -> Any:
        country = self._service.blocked_country
        return {"blocked": bool(country), "ip": "127.0.0.1", "country": country or "CH", "region": ""}

    # -- JSON-RPC

    async def _rpc(self, request: web.Request) -> Any:
        body = await body_of(request)
        if isinstance(body, list):
            return [self._answer(one) for one in body]
        return self._answer(body)

    def _answer(self, call: Any) -> dict[str, Any]:
        if not isinstance(call, dict):
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Invalid request"}}
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id")}
        try:
            return {**answer, "result": self._methods[str(call.get("method"))](call.get("params") or [])}
        except NodeError as error:
            return {**answer, "error": {"code": error.code, "message": error.message}}
        except Reverted as error:
            return {**answer, "error": {"code": _REVERTED, "message": f"execution reverted: {error}", "data": "0x"}}
        except (LookupError, TypeError, ValueError, AttributeError, NoSuchCall, Refusal) as error:
            return {**answer, "error": {"code": _NO_METHOD, "message": f"the double does not know {error}"}}

    @property
    def _seconds(self) -> int:
        return self._clob.now_ns() // NANOS

    # -- what is there

    def _call(self, params: Sequence[Any]) -> str:
        given = params[0]
        call = _called(given)
        ledger, shares = self._clob.ledger, call.to in _SHARES
        if call.data[:4] == _BEACON:
            return words(int(contracts.DEPOSIT_BEACON, 16))
        if (found := arguments(call, "balanceOf(address)")) and call.to == contracts.COLLATERAL:
            return words(ledger.balance(to_checksum_address(found[0])))
        if (found := arguments(call, "balanceOf(address,uint256)")) and shares:
            return words(self._shares(call.to, *found))
        if (found := arguments(call, "balanceOfBatch(address[],uint256[])")) and shares:
            return many([self._shares(call.to, who, token) for who, token in zip(*found, strict=True)])
        if (found := arguments(call, "allowance(address,address)")) and call.to == contracts.COLLATERAL:
            return words(ledger.allowance(to_checksum_address(found[0]), CASH, to_checksum_address(found[1])))
        if (found := arguments(call, "isApprovedForAll(address,address)")) and shares:
            return words(
                int(ledger.allowance(to_checksum_address(found[0]), "shares", to_checksum_address(found[1])) > 0)
            )
        if "from" in given:
            self._transactions.execution.attempt(to_checksum_address(given["from"]), [call])
            return "0x"
        raise LookupError(f"0x{call.data[:4].hex()} of {call.to}")

    def _shares(self, contract: str, wallet: str, token: int) -> int:
        market, _ = self._clob.admission.market_of(str(token))
        # The adapter of negative risk answers for the shares of its markets as the contract does that keeps them.
        kept = contracts.shares_contract(str(token))
        right = contract == kept or (contract == contracts.NEG_RISK_ADAPTER and market.neg_risk)
        return self._clob.ledger.balance(to_checksum_address(wallet), str(token)) if right else 0

    # -- what is sent

    def _count(self, params: Sequence[Any]) -> str:
        pending = len(params) > 1 and params[1] == "pending"
        return hex(self._transactions.nonce(to_checksum_address(params[0]), pending=pending))

    def _estimate(self, params: Sequence[Any]) -> str:
        call, sender = _called(params[0]), to_checksum_address(params[0]["from"])
        if call.to == contracts.PROXY_FACTORY:
            self._transactions.execution.attempt(wallet_of(sender, WalletKind.PROXY), proxied(call.data))
        else:
            self._transactions.execution.attempt(sender, [call])
        return hex(GAS)

    def _send(self, params: Sequence[Any]) -> str:
        try:
            raw = read(params[0])
        except NotRaw as error:
            raise NodeError(_SERVER, str(error)) from error
        if self._transactions.by_hash(raw.hash) is not None:
            raise NodeError(_SERVER, "already known")
        number = self._transactions.nonce(raw.sender)
        if raw.nonce < number:
            raise NodeError(_SERVER, f"nonce too low: next nonce {number}, tx nonce {raw.nonce}")
        if raw.nonce > number:
            raise NodeError(_SERVER, f"nonce too high: next nonce {number}, tx nonce {raw.nonce}")
        if self._transactions.gas_money[raw.sender] < raw.gas * raw.price + raw.call.value:
            raise NodeError(_SERVER, "insufficient funds for gas * price + value")
        begun = Transaction(raw.sender, raw.sender, "", raw.nonce, [raw.call], self._clob.now_ns())
        begun.hash, begun.state = raw.hash, TransactionState.EXECUTED
        return self._transactions.begin(begun).hash

    def _transaction(self, params: Sequence[Any]) -> dict[str, Any] | None:
        found = self._transactions.by_hash(params[0])
        if found is None:
            return None
        block = hex(self._seconds // 2) if self._receipt(params) else None
        return {"hash": found.hash, "from": found.owner, "nonce": hex(found.nonce), "blockNumber": block}

    def _receipt(self, params: Sequence[Any]) -> dict[str, Any] | None:
        found = self._transactions.by_hash(params[0])
        ended = found is not None and (found.state in DONE or found.state is TransactionState.FAILED)
        if found is None or not ended:
            return None
        return {
            "transactionHash": found.hash,
            "from": found.owner,
            "status": "0x1" if found.state in DONE else "0x0",
            "blockNumber": hex(self._seconds // 2),
            "gasUsed": hex(GAS),
            "logs": found.logs,
        }


def asked_method(text: str) -> str:
    """The method of a JSON-RPC request; empty where there is none, or several."""
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    return str(body.get("method", "")) if isinstance(body, dict) else ""


def _called(given: Mapping[str, Any]) -> Call:
    return Call(to_checksum_address(given["to"]), bytes_of(given["data"]), int(str(given.get("value", "0x0")), 16))
