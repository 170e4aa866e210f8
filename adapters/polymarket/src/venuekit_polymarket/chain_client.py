"""The official SDK as a signer of transactions: calls of the venue's contracts, for each kind of wallet, no sockets.

Only this file and `client.py` import it. Source for the seam: polymarket-client 0.14.0, read 2026-11. It signs only
what it sends at once, so its private parts are used, and a test fails when one of them moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from venuekit.adapter import ConfigError
from venuekit_polymarket.config import PLACE
from venuekit_polymarket.signing import Wallet, WalletKind
from venuekit_polymarket.transactions import Act, ChainCall, SignedTransaction, Step, Ticket

try:
    from eth_account.messages import encode_typed_data
    from eth_account.signers.local import LocalAccount
    from eth_utils.crypto import keccak
    from polymarket._internal.actions.relayer.gasless import (
        build_deposit_wallet_payload,
        build_proxy_payload,
        build_safe_payload,
    )
    from polymarket._internal.actions.relayer.signing.deposit_wallet import (
        build_deposit_wallet_typed_data,
        sign_deposit_wallet_batch,
    )
    from polymarket._internal.actions.relayer.signing.proxy import build_proxy_transaction_hash, sign_proxy_message
    from polymarket._internal.actions.relayer.signing.safe import build_safe_typed_data, sign_safe_transaction
    from polymarket._internal.environment import EnvironmentConfig
    from polymarket.calls import (
        TransactionCall,
        ctf_merge_positions_call,
        ctf_redeem_positions_call,
        ctf_split_position_call,
        encode_proxy_call,
        encode_safe_multisend_call,
        router_merge_call,
        router_redeem_call,
        router_split_call,
    )
    from polymarket.types import EvmAddress, HexString
except ImportError as error:
    raise ConfigError(
        f"The installed polymarket-client is not the one that this adapter was made for: {error}.",
        fix='Install it again: pip install "polymarket-client>=0.14,<0.15".',
        field=PLACE,
    ) from error

#: A safe's own call, and one that its code makes as if it were the safe's own: how several are made at once.
_ONE, _SEVERAL = 0, 1
_FREE = "0"


class ChainSigner:
    """Makes and signs the transactions of one wallet."""

    def __init__(self, account: LocalAccount, wallet: Wallet, config: EnvironmentConfig) -> None:
        self._account = account
        self._wallet = wallet
        self._config = config

    # -- what is called

    def target(self, *, newer: bool, neg_risk: bool) -> str:
        """The contract that splits, merges and redeems: it must be allowed to take what it turns."""
        config = self._config
        if newer:
            return config.protocol_v2_router
        return config.neg_risk_collateral_adapter if neg_risk else config.collateral_adapter

    def shares_contract(self, *, newer: bool) -> str:
        """The contract that keeps the shares."""
        return self._config.position_manager if newer else self._config.conditional_tokens

    @property
    def proxy_factory(self) -> str:
        """Whom a proxy's transactions are told."""
        return self._config.wallet_derivation.proxy_factory

    def calls(self, step: Step) -> list[ChainCall]:
        """The calls that a step is made of: more than one where both outcomes of position ids are redeemed."""
        target = EvmAddress(self.target(newer=step.newer, neg_risk=step.neg_risk))
        collateral, condition, amount = EvmAddress(self._config.collateral_token), step.condition_id, step.amounts[0]
        if step.newer:
            if step.act is Act.SPLIT:
                found = [router_split_call(router=target, condition_id=condition, amount=amount)]
            elif step.act is Act.MERGE:
                found = [router_merge_call(router=target, condition_id=condition, amount=amount)]
            else:
                found = [
                    router_redeem_call(router=target, condition_id=condition, outcome_index=index, amount=shares)
                    for index, shares in enumerate(step.amounts)
                    if shares
                ]
        elif step.act is Act.REDEEM:
            found = [ctf_redeem_positions_call(ctf=target, collateral=collateral, condition_id=condition)]
        else:
            make = ctf_split_position_call if step.act is Act.SPLIT else ctf_merge_positions_call
            found = [make(target=target, collateral=collateral, condition_id=condition, amount=amount)]
        return [ChainCall(str(call.to), call.data) for call in found]

    def proxied(self, calls: Sequence[ChainCall]) -> ChainCall:
        """The call of the factory that has a proxy make these."""
        return ChainCall(self.proxy_factory, encode_proxy_call(_theirs(calls)))

    # -- what is signed

    def sign(self, calls: Sequence[ChainCall], ticket: Ticket, note: str = "") -> SignedTransaction:
        """Sign a transaction; the same ticket and calls have the same id and signature. Opens no connection.

        Args:
            calls: At least one, and exactly one where the key's own address sends it.
            ticket: What makes it one of a kind.
            note: Kept by the relayer with it, up to 500 characters; not signed.
        """
        by_kind: dict[WalletKind, Callable[[Sequence[ChainCall], Ticket, str], SignedTransaction]] = {
            WalletKind.EOA: self._own,
            WalletKind.PROXY: self._proxy,
            WalletKind.SAFE: self._safe,
            WalletKind.DEPOSIT: self._deposit,
        }
        return by_kind[self._wallet.kind](calls, ticket, note)

    def _own(self, calls: Sequence[ChainCall], ticket: Ticket, _: str) -> SignedTransaction:
        [call] = calls
        fields: Any = {
            "to": call.to,
            "value": 0,
            "data": call.data,
            "gas": ticket.gas,
            "gasPrice": ticket.gas_price,
            "nonce": ticket.nonce,
            "chainId": self._config.chain_id,
        }
        signed = self._account.sign_transaction(fields)
        return SignedTransaction(id="0x" + bytes(signed.hash).hex(), raw="0x" + bytes(signed.raw_transaction).hex())

    def _proxy(self, calls: Sequence[ChainCall], ticket: Ticket, note: str) -> SignedTransaction:
        owner, factory, hub = self._wallet.owner, EvmAddress(self.proxy_factory), EvmAddress(self._config.relay_hub)
        data = encode_proxy_call(_theirs(calls))
        digest = build_proxy_transaction_hash(
            from_address=EvmAddress(owner),
            to=factory,
            data=data,
            relayer_fee=_FREE,
            gas_price=_FREE,
            gas_limit=str(ticket.gas),
            nonce=str(ticket.nonce),
            relay_hub=hub,
            relay=EvmAddress(ticket.relay),
        )
        signature = sign_proxy_message(self._account, digest)
        body = build_proxy_payload(
            signer_address=owner,
            proxy_factory=factory,
            wallet=EvmAddress(self._wallet.address),
            data=data,
            nonce=str(ticket.nonce),
            signature=signature,
            gas_limit=str(ticket.gas),
            relay=EvmAddress(ticket.relay),
            relay_hub=hub,
            metadata=note,
        )
        return SignedTransaction(id=digest, signature=signature, body=body)

    def _safe(self, calls: Sequence[ChainCall], ticket: Ticket, note: str) -> SignedTransaction:
        given = _theirs(calls)
        to, data, operation = given[0].to, given[0].data, _ONE
        if len(given) > 1:
            to, data = EvmAddress(self._config.safe_multisend), encode_safe_multisend_call(given)
            operation = _SEVERAL
        wallet, number = EvmAddress(self._wallet.address), str(ticket.nonce)
        typed = build_safe_typed_data(
            safe_address=wallet,
            to=to,
            data=data,
            value=0,
            operation=operation,
            nonce=number,
            chain_id=self._config.chain_id,
        )
        signature = sign_safe_transaction(
            self._account,
            safe_address=wallet,
            to=to,
            data=data,
            value=0,
            operation=operation,
            nonce=number,
            chain_id=self._config.chain_id,
        )
        body = build_safe_payload(
            signer_address=self._wallet.owner,
            wallet=wallet,
            target=to,
            data=data,
            value=0,
            operation=operation,
            nonce=number,
            signature=signature,
            metadata=note,
        )
        return SignedTransaction(id=_digest(typed), signature=signature, body=body)

    def _deposit(self, calls: Sequence[ChainCall], ticket: Ticket, note: str) -> SignedTransaction:
        given, wallet = _theirs(calls), EvmAddress(self._wallet.address)
        number, deadline, chain = str(ticket.nonce), str(ticket.deadline), self._config.chain_id
        typed = build_deposit_wallet_typed_data(
            wallet=wallet, calls=given, nonce=number, deadline=deadline, chain_id=chain
        )
        signature = sign_deposit_wallet_batch(
            self._account, wallet=wallet, calls=given, nonce=number, deadline=deadline, chain_id=chain
        )
        body = build_deposit_wallet_payload(
            signer_address=self._wallet.owner,
            deposit_wallet_factory=self._config.wallet_derivation.deposit_wallet_factory,
            wallet=wallet,
            calls=given,
            nonce=number,
            deadline=deadline,
            signature=signature,
            metadata=note,
        )
        return SignedTransaction(id=_digest(typed), signature=signature, body=body)


def _theirs(calls: Sequence[ChainCall]) -> list[TransactionCall]:
    return [TransactionCall(to=EvmAddress(call.to), data=HexString(call.data)) for call in calls]


def _digest(typed: dict[str, Any]) -> str:
    signable = encode_typed_data(full_message=typed)
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()
