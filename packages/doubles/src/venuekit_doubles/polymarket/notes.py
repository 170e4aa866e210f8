"""What the chain notes of a transaction: which collateral and which shares came to a wallet, and which went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.ledger import CASH

#: Where new shares come from, and used ones go.
_NOBODY = "0x" + "0" * 40


def _topic(signature: str) -> str:
    return f"0x{keccak(signature.encode()).hex()}"


_MONEY = _topic("Transfer(address,address,uint256)")
_ONE = _topic("TransferSingle(address,address,address,uint256,uint256)")
_SEVERAL = _topic("TransferBatch(address,address,address,uint256[],uint256[])")


def notes(wallet: str, changes: Mapping[str, int]) -> list[dict[str, Any]]:
    """The logs of what changed, by asset; shares of several outcomes that went the same way are noted together."""
    found = []
    if money := changes.get(CASH, 0):
        found.append(_log(contracts.COLLATERAL, [_MONEY, *_ends(wallet, money)], ["uint256"], [abs(money)]))
    for incoming in (True, False):
        shares = {asset: n for asset, n in changes.items() if asset != CASH and n and (n > 0) is incoming}
        if not shares:
            continue
        contract = contracts.shares_contract(next(iter(shares)))
        tokens, amounts = [int(asset) for asset in shares], [abs(n) for n in shares.values()]
        ends = [_word(contract), *_ends(wallet, 1 if incoming else -1)]
        if len(tokens) == 1:
            found.append(_log(contract, [_ONE, *ends], ["uint256", "uint256"], [tokens[0], amounts[0]]))
        else:
            found.append(_log(contract, [_SEVERAL, *ends], ["uint256[]", "uint256[]"], [tokens, amounts]))
    return found


def _log(contract: str, topics: list[str], kinds: list[str], values: list[Any]) -> dict[str, Any]:
    return {"address": contract.lower(), "topics": topics, "data": f"0x{encode(kinds, values).hex()}"}


def _ends(wallet: str, amount: int) -> list[str]:
    ends = [_word(_NOBODY), _word(wallet)]
    return ends if amount > 0 else ends[::-1]


def _word(address: str) -> str:
    return f"0x{address.removeprefix('0x').lower():0>64}"
