"""The official SDK as a signer: it derives wallets, knows contracts, signs orders and requests, and opens no socket.

Only this file imports it, and `chain_client.py`, which signs transactions. Source for the seam: polymarket-client
0.14.0, read 2026-11. Its environments are sealed and its signing is private, so a test fails when one of these names
moves, and `Signer` says so in words.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from venuekit.adapter import NANOS, Clock, ConfigError, Side
from venuekit_polymarket.chain_client import ChainSigner
from venuekit_polymarket.config import PLACE, PolymarketOptions
from venuekit_polymarket.signing import Contracts, Credentials, Signed, Unsigned, Wallet, WalletKind

try:
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_account.signers.local import LocalAccount
    from eth_keys.datatypes import PrivateKey
    from eth_utils.address import is_address, to_checksum_address
    from eth_utils.crypto import keccak
    from polymarket._internal.actions.auth import build_l1_auth_headers
    from polymarket._internal.actions.orders.context import resolve_order_exchange_address
    from polymarket._internal.actions.orders.typed_data import (
        _order_contents_hash,
        build_order_signature,
        build_order_typed_data,
    )
    from polymarket._internal.actions.orders.types import UnsignedOrder
    from polymarket._internal.environment import (
        PRODUCTION_CONFIG,
        EnvironmentConfig,
        create_environment,
    )
    from polymarket._internal.hmac import build_hmac_signature
    from polymarket._internal.l1_auth import sign_api_key_auth
    from polymarket._internal.protocol import is_v2_position_id
    from polymarket._internal.wallet import (
        derive_beacon_deposit_wallet_address,
        derive_proxy_wallet_address,
        derive_safe_wallet_address,
        derive_uups_deposit_wallet_address,
    )
    from polymarket.environments import Environment
    from polymarket.errors import SigningError
    from polymarket.types import EvmAddress, HexString
except ImportError as error:
    raise ConfigError(
        f"The installed polymarket-client is not the one that this adapter was made for: {error}.",
        fix='Install it again: pip install "polymarket-client>=0.14,<0.15".',
        field=PLACE,
    ) from error

#: Bits of an order's salt: the venue reads it as a JSON number.
_SALT_BITS = 53
#: Our option → the SDK's name for the address.
_ADDRESSES = {
    "clob_url": "clob_url",
    "gamma_url": "gamma_url",
    "data_url": "data_url",
    "relayer_url": "relayer_url",
    "rpc_url": "rpc_url",
    "ws_market_url": "clob_market_ws_url",
    "ws_user_url": "clob_user_ws_url",
}


def environment_config(options: PolymarketOptions) -> EnvironmentConfig:
    """The SDK's production, at the configured addresses.

    Raises:
        ConfigError: it has no such addresses any more.
    """
    try:
        return dataclasses.replace(
            PRODUCTION_CONFIG, **{theirs: getattr(options, ours) for ours, theirs in _ADDRESSES.items()}
        )
    except TypeError as error:
        raise ConfigError(
            f"The installed polymarket-client names its addresses differently: {error}.",
            fix='Install it again: pip install "polymarket-client>=0.14,<0.15".',
            field=PLACE,
        ) from error


def environment(options: PolymarketOptions) -> Environment:
    """What the SDK's own clients take, for what only they can do."""
    return create_environment(name=options.environment, config=environment_config(options))


def contracts_of(config: EnvironmentConfig) -> Contracts:
    """The contracts, as the SDK knows them."""
    return Contracts(
        chain_id=config.chain_id,
        collateral=config.collateral_token,
        conditional_tokens=config.conditional_tokens,
        position_manager=config.position_manager,
        exchange=config.standard_exchange,
        neg_risk_exchange=config.neg_risk_exchange,
        exchange_v3=config.exchange_v3,
        neg_risk_adapter=config.neg_risk_adapter,
        collateral_adapter=config.collateral_adapter,
        neg_risk_collateral_adapter=config.neg_risk_collateral_adapter,
        router=config.protocol_v2_router,
    )


def wallets_of(owner: str, config: EnvironmentConfig) -> list[Wallet]:
    """Every wallet that a key may own, by its address; whether one exists on chain is not asked."""
    derivation = config.wallet_derivation
    found = [
        (WalletKind.EOA, owner),
        (WalletKind.DEPOSIT, derive_beacon_deposit_wallet_address(owner, derivation)),
        (WalletKind.DEPOSIT, derive_uups_deposit_wallet_address(owner, derivation)),
        (WalletKind.PROXY, derive_proxy_wallet_address(owner, derivation)),
        (WalletKind.SAFE, derive_safe_wallet_address(owner, derivation)),
    ]
    return [Wallet(kind=kind, address=address, owner=owner) for kind, address in found]


def wallet_of(owner: str, funder: str, config: EnvironmentConfig) -> Wallet:
    """The wallet at `funder`, whose kind is derived; without one, the key's own address.

    Raises:
        ConfigError: `funder` is no address, or none that the key owns. The SDK would sign for it all the same, and
            the venue refuse every order.
    """
    place = f"{PLACE}.funder"
    if funder and not is_address(funder):
        raise ConfigError(
            f"{place} is not an address.",
            fix="Give 0x and 40 hexadecimal digits, as the venue's site shows it.",
            field=place,
            details={"accepted": "0x and 40 hexadecimal digits"},
        )
    address = to_checksum_address(funder) if funder else owner
    known = wallets_of(owner, config)
    for wallet in known:
        if wallet.address == address:
            return wallet
    raise ConfigError(
        f"{place} {address} is not a wallet of the configured private key, whose address is {owner}.",
        fix="Use the address that the venue's site shows for this key, or the private key of that wallet's owner.",
        field=place,
        details={"accepted": [wallet.address for wallet in known]},
    )


class Signer:
    """Signs orders and requests with one key, which is read once."""

    def __init__(self, options: PolymarketOptions, clock: Clock) -> None:
        """Raises ConfigError when the key is none, or does not own the wallet; the key's text is in no message."""
        self._clock = clock
        self._config = config = environment_config(options)
        self.contracts = contracts_of(config)
        try:
            self._account: LocalAccount = Account.from_key(options.private_key)
        except Exception:  # noqa: BLE001 - whatever the libraries raise may quote the key
            raise ConfigError(
                f"{PLACE}.private_key is not a private key.",
                fix="Give its 64 hexadecimal digits, with or without 0x.",
                field=f"{PLACE}.private_key",
            ) from None
        self.wallet = wallet_of(self._account.address, options.funder, config)
        # Read once: the account would derive it, and its public half, with each signature.
        self._key = PrivateKey(bytes(self._account.key))
        #: Exchange and protocol version → the domain separator, which is the same for every order there.
        self._separators: dict[tuple[str, str], bytes] = {}
        #: Signs transactions of the wallet.
        self.chain = ChainSigner(self._account, self.wallet, config)

    @property
    def owner(self) -> str:
        """The address of the key; requests are made in its name, whatever the wallet."""
        return self.wallet.owner

    @property
    def wallets(self) -> list[Wallet]:
        """Every wallet that the key may own."""
        return wallets_of(self.owner, self._config)

    def exchange_of(self, token_id: str, *, neg_risk: bool) -> str:
        """The contract that trades an outcome, and must be allowed to take what an order gives."""
        return str(resolve_order_exchange_address(self._config, asset_id=token_id, neg_risk=neg_risk))

    @staticmethod
    def is_newer(token_id: str) -> bool:
        """Whether an outcome's shares are kept by the newer protocol's contract."""
        return is_v2_position_id(token_id)

    def unsigned(self, *, token_id: str, side: Side, maker_amount: int, taker_amount: int, neg_risk: bool) -> Unsigned:
        """An order of now with a salt of its own; amounts in millionths."""
        return Unsigned(
            token_id=token_id,
            side=side,
            maker_amount=maker_amount,
            taker_amount=taker_amount,
            neg_risk=neg_risk,
            salt=secrets.randbits(_SALT_BITS),
            time_ms=self._clock.now_ns() // 1_000_000,
        )

    def sign(self, order: Unsigned) -> Signed:
        """The order signed for the wallet and its exchange, with its id. Opens no connection."""
        data = self._as_sdk(order)
        separator = self._separator(data)
        digest = _digest(separator, _order_contents_hash(data))
        # A deposit wallet signs the order within a wrapping of its own; what is signed else is the order's digest.
        wrapped = self.wallet.kind is WalletKind.DEPOSIT
        signed = self._sign(_digest_of(build_order_typed_data(data)) if wrapped else digest)
        signature = build_order_signature(data, HexString("0x" + signed.hex()))
        body: Mapping[str, Any] = {
            "builder": data.builder,
            "expiration": "0",
            "maker": data.maker,
            "makerAmount": str(data.maker_amount),
            "metadata": data.metadata,
            "salt": data.salt,
            "side": data.side,
            "signature": signature,
            "signatureType": data.signature_type,
            "signer": data.signer,
            "takerAmount": str(data.taker_amount),
            "timestamp": str(data.timestamp),
            "tokenId": data.token_id,
        }
        return Signed(id="0x" + digest.hex(), order=body)

    def _separator(self, data: UnsignedOrder) -> bytes:
        name = (data.exchange_address, data.protocol_version)
        if name not in self._separators:
            typed = build_order_typed_data(data)
            self._separators[name] = encode_typed_data(full_message=typed).header
        return self._separators[name]

    def _sign(self, digest: bytes) -> bytes:
        """As the account signs a message: the recovery bit counted from 27."""
        made = self._key.sign_msg_hash(digest).to_bytes()
        return made[:-1] + bytes([made[-1] + 27])

    def _as_sdk(self, order: Unsigned) -> UnsignedOrder:
        return UnsignedOrder(
            chain_id=self._config.chain_id,
            builder=HexString(order.builder),
            exchange_address=resolve_order_exchange_address(
                self._config, asset_id=order.token_id, neg_risk=order.neg_risk
            ),
            expiration=0,
            maker=EvmAddress(self.wallet.address),
            maker_amount=order.maker_amount,
            metadata=HexString(order.metadata),
            order_type="GTC",  # neither this nor the expiration is signed
            salt=order.salt,
            side="BUY" if order.side is Side.BUY else "SELL",
            signature_type=int(self.wallet.kind),
            signer=EvmAddress(self.wallet.signer),
            taker_amount=order.taker_amount,
            timestamp=order.time_ms,
            token_id=order.token_id,  # type: ignore[arg-type]
            protocol_version="3" if is_v2_position_id(order.token_id) else "2",
        )

    def l1_headers(self, nonce: int = 0) -> dict[str, str]:
        """Headers that prove the key itself, for making or deriving API credentials."""
        now = self._clock.now_ns() // NANOS
        proof = sign_api_key_auth(self._account, chain_id=self._config.chain_id, timestamp=now, nonce=nonce)
        return build_l1_auth_headers(proof)

    def l2_headers(self, credentials: Credentials, method: str, path: str, body: bytes | None) -> dict[str, str]:
        """Headers of one request; the query is not part of what is signed, and `body` are the very bytes sent.

        Raises:
            ConfigError: the secret is not base64; its text is in no message.
        """
        now = self._clock.now_ns() // NANOS
        fix = "Give it whole, in quotes; or leave all three credentials out: they are derived then."
        signature = _hmac(credentials.secret, now, method, path, body, field=f"{PLACE}.api_secret", fix=fix)
        return {
            "POLY_ADDRESS": self.owner,
            "POLY_API_KEY": credentials.key,
            "POLY_PASSPHRASE": credentials.passphrase,
            "POLY_SIGNATURE": signature,
            "POLY_TIMESTAMP": str(now),
        }

    def builder_headers(self, key: Credentials, method: str, path: str, body: bytes | None) -> dict[str, str]:
        """Headers of a request to the relayer that a builder's key opens. Raises ConfigError as `l2_headers`."""
        now = self._clock.now_ns() // NANOS
        fix = "Give it whole, in quotes; or use a relayer key instead."
        signature = _hmac(key.secret, now, method, path, body, field=f"{PLACE}.builder_api_secret", fix=fix)
        return {
            "POLY_BUILDER_API_KEY": key.key,
            "POLY_BUILDER_PASSPHRASE": key.passphrase,
            "POLY_BUILDER_SIGNATURE": signature,
            "POLY_BUILDER_TIMESTAMP": str(now),
        }


def _hmac(secret: str, now: int, method: str, path: str, body: bytes | None, *, field: str, fix: str) -> str:
    try:
        return build_hmac_signature(
            secret=secret,
            timestamp=now,
            method=method,
            path=path,
            body=None if body is None else body.decode(),
        )
    except SigningError:
        raise ConfigError(f"{field} is not base64.", fix=fix, field=field) from None


def _digest(separator: bytes, body: bytes) -> bytes:
    """What is signed of typed data (EIP-712)."""
    return keccak(b"\x19\x01" + separator + body)


def _digest_of(typed: Mapping[str, Any]) -> bytes:
    signable = encode_typed_data(full_message=dict(typed))
    return _digest(signable.header, signable.body)
