"""What a transaction moved is read off what the chain noted of it, and of this wallet alone."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from venuekit_polymarket.receipts import moved

MONEY, SHARES = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB", "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045"
ME, ADAPTER, NOBODY = "0x" + "aB" * 20, "0x" + "cd" * 20, "0x" + "00" * 20


def log(contract: str, signature: str, ends: list[str], kinds: list[str], values: list[Any]) -> dict[str, Any]:
    topics = [f"0x{keccak(signature.encode()).hex()}", *(f"0x{'0' * 24}{end[2:].lower()}" for end in ends)]
    return {"address": contract, "topics": topics, "data": f"0x{encode(kinds, values).hex()}"}


def paid(source: str, target: str, amount: int, contract: str = MONEY) -> dict[str, Any]:
    return log(contract, "Transfer(address,address,uint256)", [source, target], ["uint256"], [amount])


def given(source: str, target: str, token: int, amount: int) -> dict[str, Any]:
    signature = "TransferSingle(address,address,address,uint256,uint256)"
    return log(SHARES, signature, [ADAPTER, source, target], ["uint256", "uint256"], [token, amount])


def several(source: str, target: str, tokens: list[int], amounts: list[int]) -> dict[str, Any]:
    signature = "TransferBatch(address,address,address,uint256[],uint256[])"
    return log(SHARES, signature, [ADAPTER, source, target], ["uint256[]", "uint256[]"], [tokens, amounts])


def read(*logs: Any) -> dict[str, int] | None:
    return moved({"logs": list(logs)}, ME, collateral=MONEY, shares=SHARES)


def test_a_split_as_the_venues_adapter_does_it() -> None:
    found = read(
        paid(ME, ADAPTER, 25),
        paid(ADAPTER, NOBODY, 25),
        several(NOBODY, ADAPTER, [2**255 + 1, 7], [25, 25]),
        several(ADAPTER, ME, [2**255 + 1, 7], [25, 25]),
    )
    assert found == {"": -25, str(2**255 + 1): 25, "7": 25}


def test_a_redemption_of_one_outcome() -> None:
    assert read(given(ME, ADAPTER, 7, 10), paid(ADAPTER, ME, 10), paid(ADAPTER, ME, 99, "0x" + "11" * 20)) == {
        "7": -10,
        "": 10,
    }


def test_what_goes_out_and_comes_back_is_nothing() -> None:
    assert read(paid(ME, ADAPTER, 5), paid(ADAPTER, ME, 5)) == {}


@pytest.mark.parametrize(
    "broken",
    [
        {"address": MONEY, "topics": [paid(ME, ADAPTER, 1)["topics"][0]], "data": "0x"},
        {**paid(ME, ADAPTER, 1), "data": "0xzz"},
        {**several(ADAPTER, ME, [1, 2], [3, 4]), "data": several(ADAPTER, ME, [1, 2], [3, 4])["data"][:-64]},
        {**several(ADAPTER, ME, [1, 2], [3, 4]), "topics": [several(ADAPTER, ME, [1], [1])["topics"][0], 1, 2, 3]},
    ],
)
def test_notes_that_cannot_be_read_are_not_guessed_at(broken: dict[str, Any]) -> None:
    assert read(paid(ME, ADAPTER, 1), broken) is None
