"""What became of a transaction, by what is known of it since before it was sent; asking changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import attrs

from venuekit.adapter import NANOS, Clock, Rejected, VenuekitError
from venuekit_polymarket.api import Api
from venuekit_polymarket.errors import REVERTED
from venuekit_polymarket.node import Node
from venuekit_polymarket.receipts import moved
from venuekit_polymarket.relayer import RelayedState, Relayer
from venuekit_polymarket.signing import WalletKind
from venuekit_polymarket.transactions import Act, SignedTransaction, Step, Ticket

#: The name of a transaction's id in a reference.
DIGEST = "digest"
log = logging.getLogger("venuekit.polymarket")

#: A relayer that has not heard of a transaction after that long has not got it; a deposit wallet's is over before.
_FORGOTTEN_SECONDS = 900


@attrs.frozen(kw_only=True)
class Sent:
    """A transaction that is on the chain for good. `moved` is None where that could not be read."""

    step: Step
    tokens: tuple[str, str]
    hash: str
    relayer_id: str = ""
    moved: Mapping[str, int] | None = None


class _Undone(Exception):
    """The chain has undone it; `words` are the contract's, where it gives any."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Outcomes:
    """Asks the node for what an own address sent, and the relayer for the rest.

    A reference is what `Conversion.prepare` gave, with the relayer's id once that is known.
    """

    def __init__(self, api: Api, node: Node, relayer: Relayer, clock: Clock) -> None:
        self._api = api
        self._node = node
        self._relayer = relayer
        self._clock = clock

    @property
    def _is_own(self) -> bool:
        return self._api.key.wallet.kind is WalletKind.EOA

    def again(self, reference: Mapping[str, str]) -> SignedTransaction | None:
        """The very same transaction, signed again; None when another key signs now."""
        calls = self._api.key.chain.calls(step_of(reference))
        signed = self._api.key.chain.sign(calls, Ticket.from_text(reference), reference.get("note", ""))
        return signed if signed.id == reference[DIGEST] else None

    async def look(self, reference: Mapping[str, str], signed: SignedTransaction) -> Sent | None:
        """The transaction once it is confirmed; None while it is not, or nobody says. Raises Rejected: undone."""
        try:
            if self._is_own:
                return await self._own(reference)
            return await self._relayed(reference, signed)
        except _Undone as undone:
            why = f": {undone.words}" if undone.words else ""
            raise Rejected(
                f"The chain has undone the transaction{why}. Nothing was moved.",
                details={"venue_code": REVERTED, DIGEST: reference[DIGEST]},
            ) from undone
        except VenuekitError as error:
            log.info("What became of the transaction %s is not known yet: %s", reference[DIGEST], error)
            return None

    async def _own(self, reference: Mapping[str, str]) -> Sent | None:
        receipt = await self._node.receipt(reference[DIGEST])
        if receipt is None:
            return None
        if str(receipt.get("status")) in ("0x0", "0"):
            raise _Undone("")
        return self._done(reference, reference[DIGEST], receipt)

    async def _relayed(self, reference: Mapping[str, str], signed: SignedTransaction) -> Sent | None:
        relayer_id = reference.get("relayer_id") or await self._id_of(signed)
        found = await self._relayer.one(relayer_id) if relayer_id else None
        if found is None or found.state is RelayedState.WAITING:
            return None
        if found.state is RelayedState.FAILED:
            raise _Undone(found.words)
        try:
            receipt = await self._node.receipt(found.hash) if found.hash else None
        except VenuekitError:
            receipt = None  # it is done all the same; only what it moved is not told
        return self._done({**reference, "relayer_id": relayer_id}, found.hash, receipt)

    async def _id_of(self, signed: SignedTransaction) -> str:
        """The relayer's id of what was handed in without an answer; empty where it has none."""
        wanted = signed.signature.lower()
        return next((t.id for t in await self._relayer.recent() if t.signature == wanted), "")

    def _done(self, reference: Mapping[str, str], digest: str, receipt: Mapping[str, Any] | None) -> Sent:
        step, collateral = step_of(reference), self._api.key.contracts.collateral
        kept = self._api.key.chain.shares_contract(newer=step.newer)
        wallet = self._api.key.wallet.address
        told = None if receipt is None else moved(receipt, wallet, collateral=collateral, shares=kept)
        return Sent(
            step=step,
            tokens=(reference["first_id"], reference["second_id"]),
            hash=digest,
            relayer_id=reference.get("relayer_id", ""),
            moved=told,
        )

    async def is_void(self, reference: Mapping[str, str], signed: SignedTransaction) -> bool:
        """Whether a transaction of which nothing is heard can certainly not be done any more."""
        try:
            return await (self._own_is_void(reference) if self._is_own else self._relayed_is_void(reference, signed))
        except VenuekitError as error:
            log.info("Whether %s can still be done is not known: %s", reference[DIGEST], error)
            return False

    async def _own_is_void(self, reference: Mapping[str, str]) -> bool:
        """Another transaction has its number, and that will never be undone."""
        if await self._node.number_of_next(self._api.key.owner, "finalized") <= int(reference["nonce"]):
            return False
        return await self._node.receipt(reference[DIGEST]) is None

    async def _relayed_is_void(self, reference: Mapping[str, str], signed: SignedTransaction) -> bool:
        """The relayer does not have it long after it was sent, and it was not done, or another has its number."""
        late = self._clock.now_ns() // NANOS - int(reference["made_at"])
        if reference.get("relayer_id") or late < _FORGOTTEN_SECONDS:
            return False
        number, _ = await self._relayer.next_number()
        known = [t for t in await self._relayer.recent() if t.wallet == self._api.key.wallet.address.lower()]
        if any(t.signature == signed.signature.lower() for t in known):
            return False
        same = [t for t in known if t.nonce == reference["nonce"] and t.state is RelayedState.CONFIRMED]
        return number <= int(reference["nonce"]) or bool(same)


def step_of(reference: Mapping[str, str]) -> Step:
    """What a transaction does, as it was written down."""
    return Step(
        act=Act(reference["act"]),
        condition_id=reference["condition_id"],
        newer=reference["newer"] == "1",
        neg_risk=reference["neg_risk"] == "1",
        amounts=(int(reference["amount_0"]), int(reference["amount_1"])),
    )
