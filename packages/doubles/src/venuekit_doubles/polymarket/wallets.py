"""Which wallets a key owns: the addresses that the venue's factories give its proxy, safe and deposit wallets."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket import contracts

_WORD = 32
#: Creation code of the venue's proxies, around the addresses of factory and implementation (EIP-1167, with a
#: constructor call), and of Solady's ERC-1967 proxies with arguments, of an implementation and of a beacon.
_PROXY = (
    "3d3d606380380380913d393d73",
    "5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73",
    "5af43d82803e903d91602b57fd5bf352e831dd" + f"{32:064x}" + f"{0:064x}",
)
_UUPS_HEAD, _UUPS_TAIL = (
    0x61003D3D8160233D3973,
    (
        "60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"
        "cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"
    ),
)
_BEACON_HEAD, _BEACON_TAIL = (
    0x6100523D8160233D3973,
    (
        "60195155f3363d3d373d3d363d602036600436635c60da"
        "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
        "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"
    ),
)


class WalletKind(IntEnum):
    """A wallet's kind, by its number on the wire (``signatureType``)."""

    EOA = 0
    PROXY = 1
    SAFE = 2
    DEPOSIT = 3


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _create2(factory: str, salt: bytes, code_hash: bytes) -> str:
    return to_checksum_address(keccak(b"\xff" + _bytes(factory) + salt + code_hash)[12:])


def _deposit(owner: str, head: int, target: str, tail: str) -> str:
    arguments = _bytes(contracts.DEPOSIT_FACTORY).rjust(_WORD, b"\0") + _bytes(owner).rjust(_WORD, b"\0")
    code = (head + (len(arguments) << 56)).to_bytes(10, "big") + _bytes(target) + _bytes(tail) + arguments
    return _create2(contracts.DEPOSIT_FACTORY, keccak(arguments), keccak(code))


@lru_cache(maxsize=4096)
def wallets_of(owner: str) -> dict[str, WalletKind]:
    """Every wallet of a key, by address; its first deposit wallet is the one that new ones are made of."""
    proxy_code = _PROXY[0] + contracts.PROXY_FACTORY[2:] + _PROXY[1] + contracts.PROXY_IMPLEMENTATION[2:] + _PROXY[2]
    proxy = _create2(contracts.PROXY_FACTORY, keccak(_bytes(owner)), keccak(_bytes(proxy_code)))
    padded = _bytes(owner).rjust(_WORD, b"\0")
    safe = _create2(contracts.SAFE_FACTORY, keccak(padded), _bytes(contracts.SAFE_INIT_CODE_HASH))
    return {
        to_checksum_address(owner): WalletKind.EOA,
        proxy: WalletKind.PROXY,
        safe: WalletKind.SAFE,
        _deposit(owner, _BEACON_HEAD, contracts.DEPOSIT_BEACON, _BEACON_TAIL): WalletKind.DEPOSIT,
        _deposit(owner, _UUPS_HEAD, contracts.DEPOSIT_IMPLEMENTATION, _UUPS_TAIL): WalletKind.DEPOSIT,
    }


def wallet_of(owner: str, kind: WalletKind) -> str:
    """A key's wallet of a kind."""
    return next(address for address, known in wallets_of(owner).items() if known is kind)
