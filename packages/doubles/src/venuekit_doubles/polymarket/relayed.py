"""Relayed transactions as they are signed, for each kind of wallet: whose key it was, and which calls they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.calldata import Call, bytes_of, proxied, sent_together
from venuekit_doubles.polymarket.wallets import WalletKind, wallets_of

_NOBODY = "0x" + "0" * 40
#: What a safe's owner adds to the last byte of a signature of a message, and of typed data.
_SAFE_MESSAGE, _TYPED = (31, 32), (27, 28)
_SAFE_TX = (
    ("to", "address"),
    ("value", "uint256"),
    ("data", "bytes"),
    ("operation", "uint8"),
    ("safeTxGas", "uint256"),
    ("baseGas", "uint256"),
    ("gasPrice", "uint256"),
    ("gasToken", "address"),
    ("refundReceiver", "address"),
    ("nonce", "uint256"),
)
_CALL = (("target", "address"), ("value", "uint256"), ("data", "bytes"))
_BATCH = (("wallet", "address"), ("nonce", "uint256"), ("deadline", "uint256"), ("calls", "Call[]"))
_PROXY_DOMAIN = (("chainId", "uint256"), ("verifyingContract", "address"))
_DOMAIN = (("name", "string"), ("version", "string"), *_PROXY_DOMAIN)


class Malformed(Exception):
    """It is not a transaction of a wallet of the signer's; the text says why."""


@attrs.frozen(kw_only=True)
class Relayed:
    """A relayed transaction, its signature checked. `deadline` is in Unix seconds, of deposit wallets only."""

    kind: str
    owner: str
    wallet: str
    nonce: int
    calls: Sequence[Call]
    deadline: int | None = None


def read(body: Any) -> Relayed:
    """What was submitted. Raises Malformed."""
    if not isinstance(body, Mapping):
        raise Malformed("invalid payload")
    readers: Mapping[str, Callable[[Mapping[str, Any], str], Relayed]] = {
        "SAFE": _safe,
        "PROXY": _proxy,
        "WALLET": _deposit,
    }
    reader = readers.get(str(body.get("type")))
    if reader is None:
        raise Malformed("invalid transaction type")
    try:
        owner = to_checksum_address(_address(body, "from"))
        return reader(body, owner)
    except Malformed:
        raise
    except Exception as error:  # a field is missing or odd, and the libraries have errors of their own for that
        raise Malformed("invalid payload") from error


def _safe(body: Mapping[str, Any], owner: str) -> Relayed:
    wallet = _wallet(_address(body, "proxyWallet"), owner, WalletKind.SAFE)
    to, data, nonce = to_checksum_address(_address(body, "to")), bytes_of(body["data"]), int(body["nonce"])
    gas, value = body["signatureParams"], int(body.get("value") or 0)
    operation = int(gas["operation"])
    message = _typed(
        (("SafeTx", _SAFE_TX),),
        _PROXY_DOMAIN,
        {"chainId": contracts.CHAIN_ID, "verifyingContract": wallet},
        {
            "to": to,
            "value": value,
            "data": data,
            "operation": operation,
            "safeTxGas": int(gas["safeTxnGas"]),
            "baseGas": int(gas["baseGas"]),
            "gasPrice": int(gas["gasPrice"]),
            "gasToken": gas.get("gasToken") or _NOBODY,
            "refundReceiver": gas.get("refundReceiver") or _NOBODY,
            "nonce": nonce,
        },
    )
    signature = bytes_of(body["signature"])
    if signature[-1] in _SAFE_MESSAGE:
        digest = keccak(b"\x19" + message.version + message.header + message.body)
        message, signature = encode_defunct(primitive=digest), signature[:-1] + bytes([signature[-1] - 4])
    elif signature[-1] not in _TYPED:
        raise Malformed("invalid signature")
    _check(message, signature, owner)
    if operation and to != contracts.SAFE_MULTISEND:
        raise Malformed("a delegate call of another contract than the multisend")
    calls = sent_together(data) if operation else [Call(to, data, value)]
    return Relayed(kind="SAFE", owner=owner, wallet=wallet, nonce=nonce, calls=calls)


def _proxy(body: Mapping[str, Any], owner: str) -> Relayed:
    wallet = _wallet(_address(body, "proxyWallet"), owner, WalletKind.PROXY)
    if to_checksum_address(_address(body, "to")) != contracts.PROXY_FACTORY:
        raise Malformed("a proxy is called by its factory")
    data, nonce, gas = bytes_of(body["data"]), int(body["nonce"]), body["signatureParams"]
    if (gas["relayHub"], gas["relay"]) != (contracts.RELAY_HUB, contracts.RELAY):
        raise Malformed("another relay")
    numbers = [int(gas["relayerFee"]), int(gas["gasPrice"]), int(gas["gasLimit"]), nonce]
    digest = keccak(
        b"rlx:"
        + bytes_of(owner)
        + bytes_of(contracts.PROXY_FACTORY)
        + data
        + b"".join(n.to_bytes(32, "big") for n in numbers)
        + bytes_of(contracts.RELAY_HUB)
        + bytes_of(contracts.RELAY)
    )
    _check(encode_defunct(primitive=digest), bytes_of(body["signature"]), owner)
    return Relayed(kind="PROXY", owner=owner, wallet=wallet, nonce=nonce, calls=proxied(data))


def _deposit(body: Mapping[str, Any], owner: str) -> Relayed:
    given = body["depositWalletParams"]
    wallet = _wallet(_address(given, "depositWallet"), owner, WalletKind.DEPOSIT)
    if to_checksum_address(_address(body, "to")) != contracts.DEPOSIT_FACTORY:
        raise Malformed("a deposit wallet is called by its factory")
    nonce, deadline = int(body["nonce"]), int(given["deadline"])
    calls = [Call(to_checksum_address(c["target"]), bytes_of(c["data"]), int(c["value"])) for c in given["calls"]]
    message = _typed(
        (("Batch", _BATCH), ("Call", _CALL)),
        _DOMAIN,
        {"name": "DepositWallet", "version": "1", "chainId": contracts.CHAIN_ID, "verifyingContract": wallet},
        {
            "wallet": wallet,
            "nonce": nonce,
            "deadline": deadline,
            "calls": [{"target": c.to, "value": c.value, "data": c.data} for c in calls],
        },
    )
    _check(message, bytes_of(body["signature"]), owner)
    return Relayed(kind="WALLET", owner=owner, wallet=wallet, nonce=nonce, calls=calls, deadline=deadline)


def _typed(
    types: tuple[tuple[str, tuple[tuple[str, str], ...]], ...],
    domain_type: tuple[tuple[str, str], ...],
    domain: Mapping[str, Any],
    message: Mapping[str, Any],
) -> SignableMessage:
    """Typed data of the first of these types."""
    fields = {
        name: [{"name": n, "type": kind} for n, kind in members]
        for name, members in (("EIP712Domain", domain_type), *types)
    }
    return encode_typed_data(
        full_message={"types": fields, "primaryType": types[0][0], "domain": dict(domain), "message": dict(message)}
    )


def _check(message: SignableMessage, signature: bytes, owner: str) -> None:
    try:
        signer = Account.recover_message(message, signature=signature)
    except Exception as error:  # the library has an error of its own for each way of being no signature
        raise Malformed("invalid signature") from error
    if signer != owner:
        raise Malformed("invalid signature")


def _address(body: Mapping[str, Any], name: str) -> str:
    given = body[name]
    if not is_address(given):
        raise Malformed(f"invalid {name}")
    return str(given)


def _wallet(address: str, owner: str, kind: WalletKind) -> str:
    wallet = to_checksum_address(address)
    if wallets_of(owner).get(wallet) is not kind:
        raise Malformed("the wallet is not the signer's")
    return wallet
