"""The venue's relayer: it sends what a wallet's owner has signed, and pays for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from venuekit.adapter import OutcomeUnknown, Rejected, Unavailable, VenueDown, VenuePermission
from venuekit_polymarket.api import Api
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.capabilities import RELAYER, RELAYER_SUBMIT
from venuekit_polymarket.errors import clean, text_of
from venuekit_polymarket.reading import flag, objects, text
from venuekit_polymarket.signing import WalletKind
from venuekit_polymarket.transactions import SignedTransaction
from venuekit_wire.answers import UNAUTHORIZED
from venuekit_wire.calls import segment

#: The relayer's words for a kind of wallet.
KINDS = {WalletKind.PROXY: "PROXY", WalletKind.SAFE: "SAFE", WalletKind.DEPOSIT: "WALLET"}
NEEDS_KEY = (
    "Set POLYMARKET_RELAYER_API_KEY to a relayer API key of this account, made in the settings of the venue's site, or "
    "set a builder's key. Until then it can be done on the venue's site."
)
#: The wallet is busy, or another program has used its number: nothing was taken, and it may be tried again.
_AGAIN = ("wallet busy", "in-flight action", "does not match on-chain nonce")


class RelayedState(StrEnum):
    """How far a relayed transaction is."""

    WAITING = "WAITING"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


_ENDS = {
    "STATE_CONFIRMED": RelayedState.CONFIRMED,
    "STATE_FAILED": RelayedState.FAILED,
    "STATE_INVALID": RelayedState.FAILED,
}


@attrs.frozen(kw_only=True)
class RelayedTransaction:
    """A transaction as the relayer tells of it. `hash` is empty until it is sent to the chain."""

    id: str
    state: RelayedState
    hash: str = ""
    words: str = ""
    nonce: str = ""
    wallet: str = ""
    signature: str = attrs.field(default="", repr=False)


class Relayer:
    """What is asked of the relayer. Every method raises Unavailable when it does not answer."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def _ask(self, path: str, *, missing: bool = False, **query: Any) -> Any:
        """What it tells; None for what it does not have, where that may be `missing`.

        Raises:
            Unavailable: it does not say. VenuePermission: it does not take the key.
        """
        call = Call(service=Service.RELAYER, method="GET", path=path, query=query, budget=RELAYER, proof=Proof.RELAYER)
        answer = await self._api.answer(call)
        if answer.ok:
            return answer.body
        if missing and not answer.found:
            return None
        words = clean(text_of(answer.body)) or f"HTTP {answer.status}"
        if answer.status == UNAUTHORIZED:
            raise VenuePermission(f"Polymarket's relayer does not take the key ({words}).", fix=NEEDS_KEY)
        raise VenueDown(f"Polymarket's relayer does not say: {words}.", fix="Try again.")

    @property
    def _kind(self) -> str:
        return KINDS[self._api.key.wallet.kind]

    async def deployed(self) -> bool:
        """Whether the wallet is on the chain."""
        wallet = self._api.key.wallet
        body = await self._ask("/deployed", address=wallet.address, type=self._kind)
        return isinstance(body, Mapping) and flag(body, "deployed")

    async def next_number(self) -> tuple[int, str]:
        """The number of the wallet's next transaction, and who would send it, of a proxy's."""
        wallet = self._api.key.wallet
        proxy = wallet.kind is WalletKind.PROXY
        path = "/relay-payload" if proxy else "/v1/account/transactions/params"
        told = await self._ask(path, address=wallet.owner, type=self._kind)
        body = told if isinstance(told, Mapping) else {}
        nonce, relay = text(body, "nonce"), text(body, "address") if proxy else ""
        if not (nonce.isascii() and nonce.isdigit()) or (proxy and not relay):
            raise VenueDown("Polymarket's relayer gives no number for the transaction.", fix="Try again.")
        return int(nonce), relay

    async def submit(self, signed: SignedTransaction) -> str:
        """Hand a transaction in; the relayer's id for it.

        Raises:
            Unavailable: it was not taken, and may be tried again. Rejected, VenuePermission: it was not taken.
            OutcomeUnknown: whether it was taken is not known.
        """
        call = Call(
            service=Service.RELAYER,
            method="POST",
            path="/submit",
            body=signed.body,
            budget=RELAYER_SUBMIT,
            proof=Proof.RELAYER,
        )
        answer = await self._api.answer(call)
        if answer.ok:
            found = text(answer.body, "transactionID") if isinstance(answer.body, Mapping) else ""
            if not found:
                raise OutcomeUnknown("Polymarket's relayer does not say whether it took the transaction.")
            return found
        words = clean(text_of(answer.body))
        if answer.status == UNAUTHORIZED:
            raise VenuePermission(f"Polymarket's relayer does not take the key ({words}).", fix=NEEDS_KEY)
        if any(part in words.lower() for part in _AGAIN):
            raise Unavailable(
                f"Polymarket's relayer has not taken the transaction: {words}.",
                fix="The wallet has another transaction on its way. Try again when that is done.",
            )
        raise Rejected(
            f"Polymarket's relayer has not taken the transaction: {words or f'HTTP {answer.status}'}.",
            details={"venue_code": "RELAYER"},
        )

    async def one(self, transaction_id: str) -> RelayedTransaction | None:
        """A transaction by the relayer's id; None when it has none."""
        body = await self._ask(f"/v1/account/transactions/{segment(transaction_id)}", missing=True)
        if not isinstance(body, Mapping):
            return None
        return RelayedTransaction(
            id=transaction_id,
            state=_ENDS.get(text(body, "state"), RelayedState.WAITING),
            hash=text(body, "transaction_hash"),
            words=clean(text(body, "error_msg")),
        )

    async def recent(self) -> list[RelayedTransaction]:
        """The latest transactions of the key's address, newest first."""
        return [
            RelayedTransaction(
                id=text(row, "transactionID"),
                state=_ENDS.get(text(row, "state"), RelayedState.WAITING),
                hash=text(row, "transactionHash"),
                nonce=text(row, "nonce"),
                wallet=text(row, "proxyAddress").lower(),
                signature=text(row, "signature").lower(),
            )
            for row in objects(await self._ask("/transactions"))
            if text(row, "transactionID")
        ]
