"""Relayed transactions signed by the official client's own functions, for each kind of wallet, so as to forge them."""

from __future__ import annotations

import time
from typing import Any

from eth_account import Account as EthAccount
from polymarket._internal.actions.relayer.calls import TransactionCall, encode_proxy_call
from polymarket._internal.actions.relayer.gasless import (
    build_deposit_wallet_payload,
    build_proxy_payload,
    build_safe_payload,
)
from polymarket._internal.actions.relayer.signing.deposit_wallet import sign_deposit_wallet_batch
from polymarket._internal.actions.relayer.signing.proxy import build_proxy_transaction_hash, sign_proxy_message
from polymarket._internal.actions.relayer.signing.safe import sign_safe_transaction
from polymarket._internal.environment import PRODUCTION_CONFIG
from polymarket.calls import ctf_split_position_call
from polymarket.types import EvmAddress

from venuekit_doubles.polymarket import Account, PolymarketDouble, WalletKind
from venuekit_doubles.polymarket.contracts import RELAY, RELAY_HUB

_CHAIN, _GAS = 137, "200000"
_FACTORIES = PRODUCTION_CONFIG.wallet_derivation


def splitting(double: PolymarketDouble, slug: str, amount: int) -> TransactionCall:
    """The call that splits so many millionths of collateral."""
    return ctf_split_position_call(
        target=EvmAddress(PRODUCTION_CONFIG.collateral_adapter),
        collateral=EvmAddress(PRODUCTION_CONFIG.collateral_token),
        condition_id=double.market(slug).condition_id,
        amount=amount,
    )


def submission(
    account: Account, call: TransactionCall, *, nonce: int = 0, signed_by: Account | None = None, late: int = 0
) -> dict[str, Any]:
    """What is posted to the relayer."""
    signer = EthAccount.from_key((signed_by or account).private_key)
    wallet, owner, number = EvmAddress(account.wallet), account.address, str(nonce)
    if account.kind is WalletKind.SAFE:
        signature = sign_safe_transaction(
            signer,
            safe_address=wallet,
            to=call.to,
            data=call.data,
            value=0,
            operation=0,
            nonce=number,
            chain_id=_CHAIN,
        )
        payload = build_safe_payload(
            signer_address=owner,
            wallet=wallet,
            target=call.to,
            data=call.data,
            value=0,
            operation=0,
            nonce=number,
            signature=signature,
            metadata="",
        )
        return dict(payload)
    if account.kind is WalletKind.PROXY:
        data, factory = encode_proxy_call([call]), EvmAddress(_FACTORIES.proxy_factory)
        digest = build_proxy_transaction_hash(
            from_address=EvmAddress(owner),
            to=factory,
            data=data,
            relayer_fee="0",
            gas_price="0",
            gas_limit=_GAS,
            nonce=number,
            relay_hub=EvmAddress(RELAY_HUB),
            relay=EvmAddress(RELAY),
        )
        payload = build_proxy_payload(
            signer_address=owner,
            proxy_factory=factory,
            wallet=wallet,
            data=data,
            nonce=number,
            signature=sign_proxy_message(signer, digest),
            gas_limit=_GAS,
            relay=EvmAddress(RELAY),
            relay_hub=RELAY_HUB,
            metadata="",
        )
        return dict(payload)
    deadline = str(int(time.time()) + 600 - late)
    signature = sign_deposit_wallet_batch(
        signer, wallet=wallet, calls=[call], nonce=number, deadline=deadline, chain_id=_CHAIN
    )
    payload = build_deposit_wallet_payload(
        signer_address=owner,
        deposit_wallet_factory=_FACTORIES.deposit_wallet_factory,
        wallet=wallet,
        calls=[call],
        nonce=number,
        deadline=deadline,
        signature=signature,
        metadata="",
    )
    return dict(payload)


def door(account: Account) -> dict[str, str]:
    """The headers that let an account in to the relayer."""
    return {"RELAYER_API_KEY": account.relayer_key.key, "RELAYER_API_KEY_ADDRESS": account.address}
