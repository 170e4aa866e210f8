"""Orders and log-ins as they are signed: their digests, and who signed them."""

from __future__ import annotations

from typing import Any

import attrs
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak

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


def _fields(types: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


def _domain(exchange: str, version: str) -> dict[str, Any]:
    return {"name": DOMAIN_NAME, "version": version, "chainId": CHAIN_ID, "verifyingContract": exchange}


def _plain(order: SignedOrder, exchange: str, version: str) -> SignableMessage:
    return encode_typed_data(
        full_message={
            "types": {"EIP712Domain": _fields(_DOMAIN), "Order": _fields(_ORDER)},
            "primaryType": "Order",
            "domain": _domain(exchange, version),
            "message": order.message(),
        }
    )


def _wrapped(order: SignedOrder, exchange: str, version: str) -> SignableMessage:
    return encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": _fields(_DOMAIN),
                "Order": _fields(_ORDER),
                "TypedDataSign": _fields(_WRAPPED),
            },
            "primaryType": "TypedDataSign",
            "domain": _domain(exchange, version),
            "message": {
                "contents": order.message(),
                "name": "DepositWallet",
                "version": "1",
                "chainId": CHAIN_ID,
                "verifyingContract": order.signer,
                "salt": b"\0" * _WORD,
            },
        }
    )


def order_id(order: SignedOrder, exchange: str, version: str) -> str:
    """An order's id: the digest of its typed data."""
    message = _plain(order, exchange, version)
    return "0x" + keccak(b"\x19" + message.version + message.header + message.body).hex()


def signed_by(order: SignedOrder, exchange: str, version: str) -> str | None:
    """The address of the key that signed an order for a contract; None when the signature is none."""
    if order.kind is not WalletKind.DEPOSIT:
        return _recovered(_plain(order, exchange, version), order.signature)
    plain = _plain(order, exchange, version)
    trailer = plain.header + plain.body + _ORDER_WORDS + len(_ORDER_WORDS).to_bytes(2, "big")
    if order.signature[_SIGNATURE_BYTES:] != trailer:
        return None
    return _recovered(_wrapped(order, exchange, version), order.signature[:_SIGNATURE_BYTES])


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
    return _recovered(message, signature)


def _recovered(message: SignableMessage, signature: bytes) -> str | None:
    if len(signature) != _SIGNATURE_BYTES:
        return None
    try:
        return str(Account.recover_message(message, signature=signature))
    except Exception:  # noqa: BLE001 - the library has an error of its own for each way of being no signature
        return None
