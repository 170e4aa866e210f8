"""What calls of the venue's contracts say: arguments by function, and the calls within a wallet's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket import contracts

_SELECTOR_BYTES, _ADDRESS_BYTES, _WORD = 4, 20, 32
#: A call within a proxy's: it is an ordinary one.
_ORDINARY = 1


class NoSuchCall(Exception):
    """Data that no contract of the venue understands."""


@attrs.frozen
class Call:
    """A call of a contract. `value` in POL, 18 decimal places."""

    to: str
    data: bytes
    value: int = 0


def bytes_of(text: str) -> bytes:
    """Hexadecimal text as bytes. Raises ValueError."""
    return bytes.fromhex(text.removeprefix("0x"))


def selector(signature: str) -> bytes:
    """The first bytes of a call of a function."""
    return keccak(signature.encode())[:_SELECTOR_BYTES]


def arguments(call: Call, signature: str) -> tuple[Any, ...] | None:
    """What a function is called with; None when it is another one that is called. Raises NoSuchCall."""
    if call.data[:_SELECTOR_BYTES] != selector(signature):
        return None
    return decoded(call.data, signature)


def decoded(data: bytes, signature: str) -> tuple[Any, ...]:
    """The arguments in data. Raises NoSuchCall."""
    kinds = _kinds(signature[signature.index("(") + 1 : -1])
    try:
        return decode(kinds, data[_SELECTOR_BYTES:])
    except (DecodingError, ValueError, OverflowError) as error:
        raise NoSuchCall(f"{signature} with arguments that it does not have") from error


def _kinds(text: str) -> list[str]:
    """The kinds in a list of them, those of tuples kept together."""
    found, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def words(*values: int) -> str:
    """Numbers as a call's result."""
    return "0x" + "".join(f"{value:064x}" for value in values)


def many(values: Sequence[int]) -> str:
    """A list of numbers as a call's result."""
    return "0x" + encode(["uint256[]"], [list(values)]).hex()


def proxied(data: bytes) -> list[Call]:
    """The calls that a proxy's owner has its factory make. Raises NoSuchCall."""
    found = arguments(Call(contracts.PROXY_FACTORY, data), "proxy((uint8,address,uint256,bytes)[])")
    if found is None or any(kind != _ORDINARY for kind, *_ in found[0]):
        raise NoSuchCall("not a list of ordinary calls of a proxy")
    return [Call(to_checksum_address(to), inner, value) for _, to, value, inner in found[0]]


def sent_together(data: bytes) -> list[Call]:
    """The calls of a safe's ``multiSend``. Raises NoSuchCall."""
    found = arguments(Call(contracts.SAFE_MULTISEND, data), "multiSend(bytes)")
    if found is None:
        raise NoSuchCall("not a multiSend")
    packed, calls, head = found[0], [], 1 + _ADDRESS_BYTES + 2 * _WORD
    while packed:
        length = int.from_bytes(packed[head - _WORD : head], "big")
        if len(packed) < head + length or packed[0]:
            raise NoSuchCall("a multiSend of what are not ordinary calls")
        to = to_checksum_address(packed[1 : 1 + _ADDRESS_BYTES])
        value = int.from_bytes(packed[1 + _ADDRESS_BYTES : head - _WORD], "big")
        calls.append(Call(to, packed[head : head + length], value))
        packed = packed[head + length :]
    return calls
