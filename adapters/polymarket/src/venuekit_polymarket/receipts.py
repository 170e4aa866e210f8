"""What a transaction moved, as the chain has noted it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venuekit_polymarket.reading import objects, text

#: ``Transfer(address,address,uint256)``, ``TransferSingle(address,address,address,uint256,uint256)``,
#: ``TransferBatch(address,address,address,uint256[],uint256[])``.
_MONEY = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_SHARES = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62"
_SEVERAL = "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb"
_WORD_BYTES = 32
#: The asset that is not a token.
COLLATERAL = ""


def moved(receipt: Mapping[str, Any], wallet: str, *, collateral: str, shares: str) -> dict[str, int] | None:
    """Millionths of each asset (`COLLATERAL`, or a token id) that came to a wallet, or went when negative.

    Args:
        receipt: Of the transaction.
        wallet: Whose.
        collateral: The contract of pUSD.
        shares: The contract that keeps the shares.

    Returns:
        None where the notes cannot be read.
    """
    found: dict[str, int] = {}
    try:
        for log in objects(receipt.get("logs")):
            contract, kinds = text(log, "address").lower(), log.get("topics")
            if not isinstance(kinds, list) or not kinds:
                continue
            words = _words(text(log, "data"))
            if contract == collateral.lower() and kinds[0] == _MONEY:
                _add(found, COLLATERAL, words[0] * _way(kinds[1], kinds[2], wallet))
            elif contract == shares.lower() and kinds[0] == _SHARES:
                _add(found, str(words[0]), words[1] * _way(kinds[2], kinds[3], wallet))
            elif contract == shares.lower() and kinds[0] == _SEVERAL:
                for token, amount in zip(_list(words, 0), _list(words, 1), strict=True):
                    _add(found, str(token), amount * _way(kinds[2], kinds[3], wallet))
    except (ValueError, IndexError, TypeError, AttributeError):
        return None
    return {asset: amount for asset, amount in found.items() if amount}


def _add(found: dict[str, int], asset: str, amount: int) -> None:
    found[asset] = found.get(asset, 0) + amount


def _way(source: str, target: str, wallet: str) -> int:
    """1 where it came to the wallet, -1 where it went, 0 where it is none of its business."""
    mine = wallet.lower().removeprefix("0x")
    return int(target.lower().endswith(mine)) - int(source.lower().endswith(mine))


def _words(data: str) -> list[int]:
    raw = bytes.fromhex(data.removeprefix("0x"))
    return [int.from_bytes(raw[n : n + _WORD_BYTES], "big") for n in range(0, len(raw), _WORD_BYTES)]


def _list(words: list[int], place: int) -> list[int]:
    """The list that the word at a place points to."""
    start = words[place] // _WORD_BYTES
    found = words[start + 1 : start + 1 + words[start]]
    if len(found) != words[start]:
        raise IndexError("a list that is cut off")
    return found
