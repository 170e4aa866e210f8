"""Orders and log-ins as they are signed: their digests, and who signed them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import attrs
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from venuekit.adapter import Side
from venuekit_doubles.polymarket.contracts import CHAIN_ID, DOMAIN_NAME
from venuekit_doubles.polymarket.wallets import WalletKind

_ORDER = {
    "salt": "uint256",
    "maker": "address",
    "signer": "address",
    "tokenId": "uint256",
    "makerAmount": "uint256",
    "takerAmount": "uint256",
    "side": "uint8",
    "signatureType": "uint8",
    "timestamp": "uint256",
    "metadata": "bytes32",
    "builder": "bytes32",
}
_ORDER_WORDS = f"Order({','.join(f'{kind} {name}' for name, kind in _ORDER.items())})".encode()
#: ERC-7739: what a contract wallet signs is wrapped with its own domain.
_WRAPPED = {
    "contents": "Order",
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
    "salt": "bytes32",
}
_DOMAIN = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}
_LOGIN = {"address": "address", "timestamp": "string", "nonce": "uint256", "message": "string"}
_LOGIN_MESSAGE = "This message attests that I control the given wallet"
_SIGNATURE_BYTES, _WORD = 65, 32
#: The last byte of a signature; wallets count from 27, some libraries from 0.
_RECOVERY_BITS = (27, 28, 0, 1)


@attrs.frozen(kw_only=True)
class SignedOrder:
    """An order as it was posted. Amounts in millionths of pUSD and of shares; `expiration` is not signed."""

    salt: int
    maker: str
    signer: str
    token: str
    maker_amount: int
    taker_amount: int
    side: Side
    kind: WalletKind
    timestamp: int
    metadata: str
    builder: str
    expiration: int
    signature: bytes

    def message(self) -> dict[str, Any]:
        """The fields that are signed."""
        return {
            "salt": self.salt,
            "maker": self.maker,
            "signer": self.signer,
            "tokenId": int(self.token),
            "makerAmount": self.maker_amount,
            "takerAmount": self.taker_amount,
            "side": 0 if self.side is Side.BUY else 1,
            "signatureType": int(self.kind),
            "timestamp": self.timestamp,
            "metadata": self.metadata,
            "builder": self.builder,
        }


def _type_hash(name: str, types: dict[str, str], *others: bytes) -> bytes:
    return keccak(f"{name}({','.join(f'{kind} {field}' for field, kind in types.items())})".encode() + b"".join(others))


_ORDER_TYPE = keccak(_ORDER_WORDS)
_WRAPPED_TYPE = _type_hash("TypedDataSign", _WRAPPED, _ORDER_WORDS)
_DOMAIN_TYPE = _type_hash("EIP712Domain", _DOMAIN)


def _word(value: int | str) -> bytes:
    """A number, an address or 32 bytes in hexadecimal, as one word."""
    return (value if isinstance(value, int) else int(value.removeprefix("0x"), 16)).to_bytes(_WORD, "big")


def _body(order: SignedOrder) -> bytes:
    """The hash of an order's fields, without the contract that it is for."""
    return keccak(_ORDER_TYPE + b"".join(_word(value) for value in order.message().values()))


@lru_cache(maxsize=64)
def _domain(exchange: str, version: str) -> bytes:
    """The hash of a contract: orders that are signed for it are no orders for another."""
    words = keccak(DOMAIN_NAME.encode()) + keccak(version.encode()) + _word(CHAIN_ID) + _word(exchange)
    return keccak(_DOMAIN_TYPE + words)


def _wrapped(order: SignedOrder) -> bytes:
    """The hash of what a deposit wallet signs: the order, and the wallet's own domain."""
    own = keccak(b"DepositWallet") + keccak(b"1") + _word(CHAIN_ID) + _word(order.signer) + _word(0)
    return keccak(_WRAPPED_TYPE + _body(order) + own)


def _digest(domain: bytes, body: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain + body)


def order_id(order: SignedOrder, exchange: str, version: str) -> str:
    """An order's id: the digest of its typed data."""
    return "0x" + _digest(_domain(exchange, version), _body(order)).hex()


def signed_by(order: SignedOrder, exchange: str, version: str) -> str | None:
    """The address of the key that signed an order for a contract; None when the signature is none."""
    domain = _domain(exchange, version)
    if order.kind is not WalletKind.DEPOSIT:
        return _recovered(_digest(domain, _body(order)), order.signature)
    trailer = domain + _body(order) + _ORDER_WORDS + len(_ORDER_WORDS).to_bytes(2, "big")
    if order.signature[_SIGNATURE_BYTES:] != trailer:
        return None
    return _recovered(_digest(domain, _wrapped(order)), order.signature[:_SIGNATURE_BYTES])


def _fields(types: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


def login_by(address: str, timestamp: str, nonce: int, signature: bytes) -> str | None:
    """The address of the key that signed a log-in (``ClobAuth``)."""
    domain = {name: _DOMAIN[name] for name in ("name", "version", "chainId")}
    message = encode_typed_data(
        full_message={
            "types": {"EIP712Domain": _fields(domain), "ClobAuth": _fields(_LOGIN)},
            "primaryType": "ClobAuth",
            "domain": {"name": "ClobAuthDomain", "version": "1", "chainId": CHAIN_ID},
            "message": {"address": address, "timestamp": timestamp, "nonce": nonce, "message": _LOGIN_MESSAGE},
        }
    )
    return _recovered(_digest(message.header, message.body), signature)


def _recovered(digest: bytes, signature: bytes) -> str | None:
    if len(signature) != _SIGNATURE_BYTES or signature[-1] not in _RECOVERY_BITS:
        return None
    try:
        made = Signature(signature[:-1] + bytes([signature[-1] % _RECOVERY_BITS[0]]))
        return str(made.recover_public_key_from_msg_hash(digest).to_checksum_address())
    except (BadSignature, ValidationError):
        return None
