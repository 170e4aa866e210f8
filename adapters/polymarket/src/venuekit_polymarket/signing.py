"""Who signs, and what is signed: wallets, credentials, contracts and orders, as values without the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import attrs

from venuekit.adapter import Side

#: What `metadata` and `builder` of an order are unless somebody says otherwise.
NO_BYTES32 = "0x" + "0" * 64


class WalletKind(IntEnum):
    """How a wallet signs; its number is the venue's signature type."""

    EOA = 0
    PROXY = 1
    SAFE = 2
    DEPOSIT = 3

    @property
    def title(self) -> str:
        """For people."""
        return _TITLES[self]


_TITLES = {
    WalletKind.EOA: "the key's own address",
    WalletKind.PROXY: "a proxy wallet",
    WalletKind.SAFE: "a Gnosis Safe",
    WalletKind.DEPOSIT: "a deposit wallet",
}


@attrs.frozen(kw_only=True)
class Wallet:
    """Where the money is: `address` holds it, `owner` is the address of the key that signs."""

    kind: WalletKind
    address: str
    owner: str

    @property
    def signer(self) -> str:
        """The `signer` of an order: a deposit wallet names itself, and its owner's signature is wrapped."""
        return self.address if self.kind is WalletKind.DEPOSIT else self.owner


@attrs.frozen(kw_only=True)
class Credentials:
    """What requests to the order book are authenticated with."""

    key: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)
    passphrase: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Contracts:
    """The venue's contracts on Polygon, as the SDK knows them."""

    chain_id: int
    #: pUSD, 6 decimals.
    collateral: str
    conditional_tokens: str
    position_manager: str
    exchange: str
    neg_risk_exchange: str
    exchange_v3: str
    neg_risk_adapter: str
    collateral_adapter: str
    neg_risk_collateral_adapter: str
    #: Splits, merges and redeems position ids.
    router: str

    @property
    def names(self) -> Mapping[str, str]:
        """Lower-case address → what it is, for those that may be allowed to spend."""
        known = {
            "exchange": self.exchange,
            "negative-risk exchange": self.neg_risk_exchange,
            "exchange v3": self.exchange_v3,
            "negative-risk adapter": self.neg_risk_adapter,
            "collateral adapter": self.collateral_adapter,
            "negative-risk collateral adapter": self.neg_risk_collateral_adapter,
            "router of position ids": self.router,
        }
        return {address.lower(): name for name, address in known.items()}


@attrs.frozen(kw_only=True)
class Unsigned:
    """An order in exact amounts: what the wallet gives at most, and what it gets at least, in millionths.

    A buy gives collateral and gets shares; a sell the other way round. `salt` and `time_ms` make the order one of a
    kind: the same order, signed twice with the same salt and time, has the same id.
    """

    token_id: str
    side: Side
    maker_amount: int
    taker_amount: int
    neg_risk: bool
    salt: int
    time_ms: int
    builder: str = NO_BYTES32
    metadata: str = NO_BYTES32


@attrs.frozen(kw_only=True)
class Signed:
    """An order as it is sent. `id` is its EIP-712 digest, and the venue's id for it: known before it is sent."""

    id: str
    order: Mapping[str, Any] = attrs.field(repr=False)

    def body(
        self,
        *,
        owner: str,
        order_type: str,
        post_only: bool = False,
        expiration: int = 0,
        defer: bool = False,
    ) -> dict[str, Any]:
        """The body of ``POST /order``, or one of the list of ``POST /orders``.

        Args:
            owner: The API key.
            order_type: GTC, GTD, FOK or FAK.
            post_only: Whether it must not trade at once; GTC and GTD only.
            expiration: Unix seconds after which the venue ends it; 0 unless GTD.
            defer: Whether the venue may answer before it is matched.
        """
        body: dict[str, Any] = {
            "deferExec": defer,
            "order": {**self.order, "expiration": str(expiration)},
            "orderType": order_type,
            "owner": owner,
        }
        if post_only:
            body["postOnly"] = True
        return body
