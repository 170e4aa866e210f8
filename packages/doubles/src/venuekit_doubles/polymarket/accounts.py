"""Who trades: a key, its wallet of one kind, and what opens the endpoints for it."""

from __future__ import annotations

from functools import lru_cache

import attrs
from eth_account import Account as EthAccount
from eth_utils.crypto import keccak

from venuekit_doubles.polymarket.keys import ApiKey
from venuekit_doubles.polymarket.relayer_keys import BuilderKey, RelayerKey
from venuekit_doubles.polymarket.wallets import WalletKind, wallet_of


@lru_cache(maxsize=4096)
def _address_of(private_key: str) -> str:
    return str(EthAccount.from_key(private_key).address)


@attrs.frozen
class Account:
    """A trader, for tests: do not use these keys anywhere else."""

    private_key: str = attrs.field(repr=False)
    kind: WalletKind = WalletKind.EOA

    @classmethod
    def named(cls, name: str, kind: WalletKind = WalletKind.EOA) -> Account:
        """The account of a name; always the same."""
        return cls(f"0x{keccak(f'venuekit double {name}'.encode()).hex()}", kind)

    @property
    def address(self) -> str:
        """The key's address, which signs."""
        return _address_of(self.private_key)

    @property
    def wallet(self) -> str:
        """The wallet's address, which has the funds."""
        return wallet_of(self.address, self.kind)

    @property
    def credentials(self) -> ApiKey:
        """Its API key."""
        return ApiKey.of(self.address)

    @property
    def relayer_key(self) -> RelayerKey:
        """What opens the relayer for it."""
        return RelayerKey.of(self.address)

    @property
    def builder_key(self) -> BuilderKey:
        """The other key that opens it."""
        return BuilderKey.of(self.address)
