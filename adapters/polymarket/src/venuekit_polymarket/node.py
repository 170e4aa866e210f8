"""A node of the chain: balances and allowances as they are, whether a call would go through, own transactions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from venuekit.adapter import OutcomeUnknown, Rejected, VenueDown
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call, Service
from venuekit_polymarket.capabilities import NODE
from venuekit_polymarket.errors import REVERTED, clean
from venuekit_polymarket.reading import table, text
from venuekit_polymarket.transactions import ChainCall

#: First bytes of a call of ``balanceOf(address)``, ``balanceOf(address,uint256)``, ``allowance(address,address)``,
#: ``isApprovedForAll(address,address)``.
_BALANCE, _SHARES, _ALLOWANCE, _APPROVED = "70a08231", "00fdd58e", "dd62ed3e", "e985e9c5"
_WORD = 64
_REVERT_CODE = 3
_REVERTED = re.compile(r"execution reverted:?\s*", re.IGNORECASE)
#: What a node says of a transaction that it certainly has not taken.
_NOT_TAKEN = re.compile(
    r"nonce too (low|high)|insufficient funds|underpriced|intrinsic gas|exceeds block gas"
    r"|invalid (sender|chain|signature)|tx(pool)? (is full|fee)|rlp:",
    re.IGNORECASE,
)
_ANOTHER_NODE = "Try again; or set rpc_url in [venues.polymarket] to another node of the Polygon network."


@attrs.frozen
class NodeError:
    """A node's refusal, in its words."""

    code: int
    words: str

    @property
    def reverted(self) -> bool:
        """Whether it is the contract's refusal."""
        return self.code == _REVERT_CODE or _REVERTED.search(self.words) is not None


def balance(token: str, wallet: str) -> ChainCall:
    """What a wallet has of a token such as pUSD."""
    return ChainCall(token, f"0x{_BALANCE}{_address(wallet)}")


def shares(contract: str, wallet: str, token_id: str) -> ChainCall:
    """What it has of an outcome's shares."""
    return ChainCall(contract, f"0x{_SHARES}{_address(wallet)}{int(token_id):0{_WORD}x}")


def allowance(token: str, wallet: str, spender: str) -> ChainCall:
    """How much of a token a contract may take."""
    return ChainCall(token, f"0x{_ALLOWANCE}{_address(wallet)}{_address(spender)}")


def approved(contract: str, wallet: str, operator: str) -> ChainCall:
    """Whether a contract may take a wallet's shares."""
    return ChainCall(contract, f"0x{_APPROVED}{_address(wallet)}{_address(operator)}")


def _address(address: str) -> str:
    return address.removeprefix("0x").lower().rjust(_WORD, "0")


class Node:
    """What is asked of the chain. Every method raises Unavailable when the node does not answer."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, calls: Sequence[ChainCall]) -> list[int]:
        """The number that each call answers with, as of the same moment."""
        asked = [("eth_call", [{"to": call.to, "data": call.data}, "latest"]) for call in calls]
        return [_number(_good(answer)) for answer in await self._ask(asked)]

    async def try_out(self, wallet: str, calls: Sequence[ChainCall]) -> None:
        """See whether the chain would let a wallet make each of these calls now; nothing is done.

        Raises:
            Rejected: in the contract's words, where it gives any.
        """
        asked = [("eth_call", [{"from": wallet, "to": call.to, "data": call.data}, "latest"]) for call in calls]
        for answer in await self._ask(asked):
            if isinstance(answer, NodeError) and answer.reverted:
                raise reverted(answer.words)
            _good(answer)

    async def chain_id(self) -> int:
        """Which chain it is."""
        return await self._one("eth_chainId")

    async def number_of_next(self, address: str, at: str = "pending") -> int:
        """How many transactions an address has sent; `at` is ``pending``, or ``finalized``: never undone."""
        return await self._one("eth_getTransactionCount", address, at)

    async def gas_price(self) -> int:
        """What a unit of gas costs."""
        return await self._one("eth_gasPrice")

    async def gas_money(self, address: str) -> int:
        """POL, 18 decimal places."""
        return await self._one("eth_getBalance", address, "latest")

    async def gas(self, sender: str, call: ChainCall) -> int:
        """How much gas a call takes. Raises Rejected when it would be undone."""
        [answer] = await self._ask([("eth_estimateGas", [{"from": sender, "to": call.to, "data": call.data}])])
        if isinstance(answer, NodeError) and answer.reverted:
            raise reverted(answer.words)
        return _number(_good(answer))

    async def receipt(self, transaction: str) -> Mapping[str, Any] | None:
        """What the chain has noted of a transaction; None while it is not on it."""
        [answer] = await self._ask([("eth_getTransactionReceipt", [transaction])])
        found = _good(answer)
        return found if isinstance(found, Mapping) else None

    async def send(self, raw: str) -> None:
        """Send a signed transaction.

        Raises:
            Rejected: the node has not taken it. OutcomeUnknown: whether it has is not known.
        """
        body = _envelope(0, "eth_sendRawTransaction", [raw])
        call = Call(service=Service.RPC, method="POST", path="", body=body, budget=NODE)
        answer = _answer((await self._api.answer(call)).body)
        if isinstance(answer, str):
            return
        if isinstance(answer, NodeError) and (_NOT_TAKEN.search(answer.words) or answer.reverted):
            raise Rejected(f"The node has not taken the transaction: {answer.words}.", details={"venue_code": "NODE"})
        said = f": {answer.words}" if isinstance(answer, NodeError) else ""
        raise OutcomeUnknown(f"The node does not say whether it took the transaction{said}.")

    async def _one(self, method: str, *params: Any) -> int:
        [answer] = await self._ask([(method, list(params))])
        return _number(_good(answer))

    async def _ask(self, asked: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """Results in the order of what was asked."""
        body: Any = [_envelope(number, method, params) for number, (method, params) in enumerate(asked)]
        single = len(body) == 1
        call = Call(
            service=Service.RPC, method="POST", path="", body=body[0] if single else body, budget=NODE, asks=True
        )
        answer = await self._api.answer(call)
        told = answer.body
        if not answer.ok and not (isinstance(told, Mapping) and "error" in told and single):
            raise VenueDown(f"The node of the chain does not answer (HTTP {answer.status}).", fix=_ANOTHER_NODE)
        found = [told] if single else told
        if not isinstance(found, list) or len(found) != len(body):
            raise _unreadable()
        by_number = {row.get("id"): row for row in found if isinstance(row, Mapping)}
        return [_answer(by_number.get(number)) for number in range(len(body))]


def reverted(words: str) -> Rejected:
    """The error for what the chain would undo, or has undone."""
    said = _REVERTED.sub("", words).strip(". ")
    return Rejected(
        f"The chain does not let it through{f': {said}' if said else ''}.",
        details={"venue_code": REVERTED, "said": said},
    )


def _envelope(number: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _answer(row: Any) -> Any:
    """A result, or the node's refusal. Raises VenueDown for neither."""
    if not isinstance(row, Mapping) or not ("result" in row or "error" in row):
        return NodeError(0, "an answer that is none")
    refused = table(row, "error")
    if not refused:
        return row.get("result")
    code = refused.get("code")
    return NodeError(code if isinstance(code, int) else 0, clean(text(refused, "message")))


def _good(answer: Any) -> Any:
    if isinstance(answer, NodeError):
        raise VenueDown(f"The node of the chain cannot say: {answer.words}.", fix=_ANOTHER_NODE)
    return answer


def _number(answer: Any) -> int:
    if not isinstance(answer, str):
        raise _unreadable()
    try:
        return int(answer, 16)
    except ValueError as error:
        raise _unreadable() from error


def _unreadable() -> VenueDown:
    return VenueDown("The node of the chain answers what cannot be read.", fix=_ANOTHER_NODE)
