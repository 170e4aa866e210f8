"""Sending the transactions that split, merge and redeem: known before they are sent, sent once, and waited for."""

from __future__ import annotations

from collections.abc import Mapping

from venuekit.adapter import NANOS, Clock, InsufficientFunds, OutcomeUnknown, Rejected, Unavailable, VenueDown
from venuekit_polymarket.api import Api
from venuekit_polymarket.config import PolymarketOptions
from venuekit_polymarket.errors import NEVER_DONE
from venuekit_polymarket.node import Node
from venuekit_polymarket.outcomes import DIGEST, Outcomes, Sent
from venuekit_polymarket.relayer import Relayer
from venuekit_polymarket.signing import WalletKind
from venuekit_polymarket.transactions import ChainCall, SignedTransaction, Step, Ticket

#: How long a deposit wallet takes what was signed for it, as the venue's own client has it.
_GOOD_SECONDS = 600
#: Gas and its price, of an own transaction, as a multiple of what the node says; a proxy's gas where it does not say.
_MORE_GAS, _PROXY_GAS = 1.2, 200_000
#: How long a number is another transaction's, where nothing was heard of that.
_TAKEN_SECONDS = 120
_LOOK = "Do not do it again: what became of it is asked for by its id, and told when it is known."


class Conversion:
    """The transactions of one wallet, one at a time."""

    def __init__(self, api: Api, node: Node, relayer: Relayer, clock: Clock, options: PolymarketOptions) -> None:
        self._api = api
        self._node = node
        self._relayer = relayer
        self._clock = clock
        self._outcomes = Outcomes(api, node, relayer, clock)
        self._wait_ns = int(options.transaction_wait_seconds * NANOS)
        self._poll = options.transaction_poll_seconds
        #: Until when the wallet is busy with a transaction that was prepared.
        self._busy_until_ns = 0
        #: Transactions that were sent, and of which nobody knows yet what became of them, by market.
        self._doubts: dict[str, Mapping[str, str]] = {}

    @property
    def _is_own(self) -> bool:
        return self._api.key.wallet.kind is WalletKind.EOA

    # -- before it is sent

    async def prepare(self, step: Step, tokens: tuple[str, str], note: str) -> dict[str, str]:
        """What the transaction will be known by, and all that is needed to make it again.

        No signature is in it, which is as good as the act; and nothing that is taken out of records as a secret:
        digests go by names that say so, and addresses are not in it, or without their mark.

        Raises:
            Unavailable: it may be tried again. Rejected: the chain would not let it through.
        """
        if self._clock.monotonic_ns() < self._busy_until_ns:
            raise Unavailable("The wallet has another transaction on its way.", fix="Try again when that is done.")
        self._busy_until_ns = self._clock.monotonic_ns() + _TAKEN_SECONDS * NANOS
        try:
            await self._check_doubt(step.condition_id)
            calls = self._api.key.chain.calls(step)
            ticket = await (self._own_ticket(calls) if self._is_own else self._relayed_ticket(calls))
            signed = self._api.key.chain.sign(calls, ticket, note)
        except BaseException:
            self._busy_until_ns = 0
            raise
        return {
            "act": step.act.value,
            "condition_id": step.condition_id,
            "newer": str(int(step.newer)),
            "neg_risk": str(int(step.neg_risk)),
            "amount_0": str(step.amounts[0]),
            "amount_1": str(step.amounts[1]),
            "first_id": tokens[0],
            "second_id": tokens[1],
            "made_at": str(self._clock.now_ns() // NANOS),
            "note": note,
            DIGEST: signed.id,
            **ticket.to_text(),
        }

    async def _check_doubt(self, condition_id: str) -> None:
        """Raises Unavailable while an earlier transaction of the same market may have been done, or not."""
        doubt = self._doubts.get(condition_id)
        if doubt is None:
            return
        try:
            known = await self.find_out(doubt) is not None
        except Rejected:
            known = True
        if not known:
            raise Unavailable(
                "What became of an earlier transaction in this market is not known yet.",
                fix="Wait until it is known: done again now, it might be done twice. Where it never will be, an "
                "operator looks at the chain, settles it with: venuekit actions settle ID, and starts the desk again.",
                details={DIGEST: doubt[DIGEST]},
            )

    async def _own_ticket(self, calls: list[ChainCall]) -> Ticket:
        """Raises InsufficientFunds: there is too little POL."""
        owner = self._api.key.owner
        [call] = calls
        gas = int(await self._node.gas(owner, call) * _MORE_GAS)
        price = int(await self._node.gas_price() * _MORE_GAS)
        money, needed = await self._node.gas_money(owner), gas * price
        if money < needed:
            raise InsufficientFunds(
                f"The address {owner} has {_pol(money)} POL, and the transaction may cost {_pol(needed)}.",
                fix="Send it some POL on Polygon: the key's own address pays for its transactions itself.",
                details={"asset": "POL", "required": _pol(needed), "available": _pol(money)},
            )
        return Ticket(nonce=await self._node.number_of_next(owner), gas=gas, gas_price=price)

    async def _relayed_ticket(self, calls: list[ChainCall]) -> Ticket:
        wallet = self._api.key.wallet
        nonce, relay = await self._relayer.next_number()
        if wallet.kind is WalletKind.PROXY:
            try:
                gas = await self._node.gas(wallet.owner, self._api.key.chain.proxied(calls))
            except VenueDown:
                gas = _PROXY_GAS  # as the venue's own client does
            return Ticket(nonce=nonce, relay=relay, gas=gas)
        deadline = self._clock.now_ns() // NANOS + _GOOD_SECONDS if wallet.kind is WalletKind.DEPOSIT else 0
        return Ticket(nonce=nonce, deadline=deadline)

    # -- sending

    async def send(self, reference: Mapping[str, str]) -> Sent:
        """Send what was prepared, once, and wait until the chain has it for good.

        Raises:
            Rejected, Unavailable: nothing was done.
            OutcomeUnknown: it was sent, and what became of it is not known yet; `details` has its ids.
        """
        try:
            signed = self._outcomes.again(reference)
            if signed is None:
                raise Unavailable("What was prepared cannot be signed any more: the key is another.")
            return await self._sent(reference, signed)
        finally:
            self._busy_until_ns = 0

    async def _sent(self, reference: Mapping[str, str], signed: SignedTransaction) -> Sent:
        known, lost = dict(reference), ""
        # Whoever is interrupted from here on does not know either.
        self._doubts[known["condition_id"]] = known
        try:
            if self._is_own:
                await self._node.send(signed.raw)
            else:
                known["relayer_id"] = await self._relayer.submit(signed)
        except OutcomeUnknown as error:
            lost = f" {error.message}"
        except (Rejected, Unavailable):
            self._settled(known)
            raise
        until = self._clock.monotonic_ns() + self._wait_ns
        while True:
            found = await self._looked(known, signed)
            if found is not None:
                return found
            if self._clock.monotonic_ns() >= until:
                break
            await self._clock.sleep(self._poll)
        raise OutcomeUnknown(
            f"The transaction was sent, and is not confirmed yet.{lost}",
            fix=_LOOK,
            details={name: known[name] for name in (DIGEST, "relayer_id") if name in known},
        )

    # -- what became of it

    async def find_out(self, reference: Mapping[str, str]) -> Sent | None:
        """What became of a transaction; None while that cannot be said.

        Raises:
            Rejected: it was not done, and never will be.
        """
        signed = self._outcomes.again(reference)
        if signed is None:
            return None  # another key is configured now, which has not sent it
        found = await self._looked(reference, signed)
        if found is None and await self._outcomes.is_void(reference, signed):
            self._settled(reference)
            raise Rejected(
                "The transaction was never done: its number is used up, or its time is over.",
                details={"venue_code": NEVER_DONE, DIGEST: reference[DIGEST]},
            )
        if found is None:  # it may be an earlier process's
            self._doubts.setdefault(reference["condition_id"], dict(reference))
        return found

    async def _looked(self, reference: Mapping[str, str], signed: SignedTransaction) -> Sent | None:
        try:
            found = await self._outcomes.look(reference, signed)
        except Rejected:
            self._settled(reference)
            raise
        if found is not None:
            self._settled(reference)
        return found

    def _settled(self, reference: Mapping[str, str]) -> None:
        """What became of it is known."""
        doubt = self._doubts.get(reference["condition_id"])
        if doubt is not None and doubt[DIGEST] == reference[DIGEST]:
            del self._doubts[reference["condition_id"]]


def _pol(amount: int) -> str:
    return f"{amount / 10**18:.4f}"
