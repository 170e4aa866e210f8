"""The chain's node, the relayer and the geoblock: what clients read of balances, allowances and wallets."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from venuekit.adapter import NANOS
from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.ledger import CASH
from venuekit_doubles.polymarket.refusals import Refusal
from venuekit_doubles.polymarket.service import Service
from venuekit_doubles.polymarket.wire import RELAYER, RPC, Route, body_of, needed

_WORD = 64


def _selector(signature: str) -> str:
    return keccak(signature.encode())[:4].hex()


_BALANCE = _selector("balanceOf(address)")
_SHARES = _selector("balanceOf(address,uint256)")
_ALLOWANCE = _selector("allowance(address,address)")
_APPROVED = _selector("isApprovedForAll(address,address)")
_BEACON = "49493a4d"


class Chain:
    """Read-only: whatever would change the chain is refused."""

    def __init__(self, clob: Clob, service: Service) -> None:
        self._clob = clob
        self._service = service

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("POST", RPC, self._rpc, "rpc"),
            Route("GET", f"{RELAYER}/deployed", self._deployed, "relayer_deployed"),
            Route("POST", f"{RELAYER}/submit", self._submit, "relayer_submit"),
            Route("GET", "/api/geoblock", self._geoblock, "geoblock"),
        ]

    async def _geoblock(self, _: web.Request) -> Any:
        country = self._service.blocked_country
        return {"blocked": bool(country), "ip": "127.0.0.1", "country": country or "CH", "region": ""}

    async def _deployed(self, request: web.Request) -> Any:
        needed(request, "address")
        return {"deployed": True}

    async def _submit(self, _: web.Request) -> Any:
        raise Refusal(403, "the double's chain is read-only", {"error": "the double's chain is read-only"})

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
            return {**answer, "result": self._result(str(call.get("method")), call.get("params") or [])}
        except (LookupError, TypeError, ValueError) as error:
            return {**answer, "error": {"code": -32601, "message": f"the double does not know {error}"}}

    def _result(self, method: str, params: list[Any]) -> Any:
        now = self._clob.now_ns() // NANOS
        plain: dict[str, Any] = {
            "eth_chainId": hex(contracts.CHAIN_ID),
            "net_version": str(contracts.CHAIN_ID),
            "eth_blockNumber": hex(now // 2),
            "eth_gasPrice": hex(30 * 10**9),
            "eth_getBalance": hex(0),
            "eth_getCode": "0x60",
            "eth_getTransactionCount": hex(0),
            "eth_getBlockByNumber": {"number": hex(now // 2), "timestamp": hex(now)},
        }
        if method == "eth_call":
            return f"0x{self._called(params[0]):064x}"
        return plain[method]

    def _called(self, call: dict[str, str]) -> int:
        target, data = to_checksum_address(call["to"]), call["data"].removeprefix("0x")
        selector, words = data[:8], [data[n : n + _WORD] for n in range(8, len(data), _WORD)]
        ledger = self._clob.ledger
        if selector == _BEACON:
            return int(contracts.DEPOSIT_BEACON, 16)
        if selector == _BALANCE and target == contracts.COLLATERAL:
            return ledger.balance(_address(words[0]))
        if selector == _SHARES:
            asset = str(int(words[1], 16))
            self._clob.admission.market_of(asset)
            return ledger.balance(_address(words[0]), asset) if target == contracts.shares_contract(asset) else 0
        if selector == _ALLOWANCE and target == contracts.COLLATERAL:
            return ledger.allowance(_address(words[0]), CASH, _address(words[1]))
        if selector == _APPROVED:
            return int(ledger.allowance(_address(words[0]), "shares", _address(words[1])) > 0)
        raise LookupError(f"0x{selector} of {target}")


def _address(word: str) -> str:
    return to_checksum_address(f"0x{word[-40:]}")
