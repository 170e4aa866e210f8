"""Transactions as wallets without a relayer send them: signed, encoded, with the sender's number and gas."""

from __future__ import annotations

from typing import Any

import attrs
import rlp  # type: ignore[import-untyped]
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from venuekit_doubles.polymarket.calldata import Call, bytes_of
from venuekit_doubles.polymarket.contracts import CHAIN_ID

#: Where the fields of a transaction without a type are, and below what its first byte is a type.
_LEGACY = ("nonce", "gasPrice", "gas", "to", "value", "data", "v", "r", "s")
_TYPES_BELOW = 0x80
#: What is added to twice the chain's number in ``v``, so that a signature is for that chain alone.
_CHAIN_OFFSET = 35


class NotRaw(Exception):
    """It is no signed transaction of this chain; the text is the node's."""


@attrs.frozen(kw_only=True)
class Raw:
    """A transaction, its signature checked. `price` is what it pays for gas at most, 18 decimal places."""

    sender: str
    nonce: int
    gas: int
    price: int
    call: Call
    hash: str


def read(text: Any) -> Raw:
    """What was sent. Raises NotRaw."""
    try:
        raw = bytes_of(text)
        sender = Account.recover_transaction(raw)
        fields = _typed(raw) if raw[0] < _TYPES_BELOW else _legacy(raw)
    except Exception as error:  # the libraries have an error of their own for each way of being none
        raise NotRaw("rlp: value is not a signed transaction") from error
    if fields.pop("chain") != CHAIN_ID:
        raise NotRaw("invalid chain id for signer")
    return Raw(sender=sender, hash=f"0x{keccak(raw).hex()}", **fields)


def _legacy(raw: bytes) -> dict[str, Any]:
    given = dict(zip(_LEGACY, rlp.decode(raw), strict=True))
    number = {name: int.from_bytes(given[name], "big") for name in ("nonce", "gasPrice", "gas", "value", "v")}
    return {
        "chain": (number["v"] - _CHAIN_OFFSET) // 2,
        "nonce": number["nonce"],
        "gas": number["gas"],
        "price": number["gasPrice"],
        "call": Call(to_checksum_address(given["to"]), given["data"], number["value"]),
    }


def _typed(raw: bytes) -> dict[str, Any]:
    given = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return {
        "chain": given["chainId"],
        "nonce": given["nonce"],
        "gas": given["gas"],
        "price": given.get("maxFeePerGas", given.get("gasPrice")),
        "call": Call(to_checksum_address(given["to"]), bytes(given["data"]), given["value"]),
    }
