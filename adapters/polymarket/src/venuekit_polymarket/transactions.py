"""Transactions of a wallet before they are sent: the call, what makes it one of a kind, and the form it goes out in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs


class Act(StrEnum):
    """What is done with the shares of one market."""

    SPLIT = "split"
    MERGE = "merge"
    REDEEM = "redeem"


@attrs.frozen(kw_only=True)
class Step:
    """One act in one market, exact, in millionths: so much collateral to split, or so many of both shares to merge.

    Of a redemption `amounts` are the shares of each outcome that are burned: all that the wallet has, which is how the
    contracts of the older conditions do it; those of position ids are told how many.
    """

    act: Act
    condition_id: str
    #: Whether the shares are position ids, which a router looks after.
    newer: bool
    neg_risk: bool
    amounts: tuple[int, int]


@attrs.frozen
class ChainCall:
    """A call of a contract: its address, and what it is told."""

    to: str
    data: str


@attrs.frozen(kw_only=True)
class Ticket:
    """What makes a transaction one of a kind, beside its calls.

    Args:
        nonce: Its number: the wallet's next one.
        deadline: Unix seconds until when a deposit wallet takes it; 0 for other wallets.
        gas: Gas limit, of a proxy's and of an own transaction.
        gas_price: What gas may cost, of an own transaction, in 18 decimal places of POL.
        relay: Who sends a proxy's transaction.
    """

    nonce: int
    deadline: int = 0
    gas: int = 0
    gas_price: int = 0
    relay: str = ""

    def to_text(self) -> dict[str, str]:
        """As it is kept until the outcome is known; the relay's address without its mark, by which it would be cut."""
        kept = {name: str(value) for name, value in attrs.asdict(self).items() if value or name == "nonce"}
        return kept | ({"relay": self.relay.removeprefix("0x")} if self.relay else {})

    @classmethod
    def from_text(cls, kept: Mapping[str, str]) -> Ticket:
        """As it was kept. Raises ValueError, KeyError."""
        return cls(
            nonce=int(kept["nonce"]),
            deadline=int(kept.get("deadline", 0)),
            gas=int(kept.get("gas", 0)),
            gas_price=int(kept.get("gas_price", 0)),
            relay=f"0x{kept['relay']}" if "relay" in kept else "",
        )


@attrs.frozen(kw_only=True)
class SignedTransaction:
    """A transaction as it is sent.

    `id` is what was signed, as a digest; of an own transaction it is its hash on the chain. `body` goes to the relayer
    and has the signature; `raw` goes to the node.
    """

    id: str
    signature: str = attrs.field(default="", repr=False)
    body: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    raw: str = attrs.field(default="", repr=False)
