"""Asking Polymarket: each call proven and paced, its answer read, its refusal told in our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.adapter import Unsupported, VenuekitError, VenuePermission
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.capabilities import AUTH, CLOB, DATA, GAMMA
from venuekit_polymarket.conditions import Conditions
from venuekit_polymarket.errors import refusal, text_of
from venuekit_polymarket.reading import text
from venuekit_polymarket.relayer_keys import RelayerKeys
from venuekit_polymarket.signing import Credentials
from venuekit_polymarket.transport import Transport
from venuekit_wire.answers import Answer, encode

if TYPE_CHECKING:  # the SDK behind it is large
    from venuekit_polymarket.client import Signer

_NO_KEY = "Set POLYMARKET_PRIVATE_KEY, and POLYMARKET_FUNDER where a wallet holds the money."


class Api:
    """The venue's REST interfaces. `signer` is None for public data only."""

    def __init__(
        self,
        transport: Transport,
        signer: Signer | None,
        conditions: Conditions,
        credentials: Credentials | None = None,
        *,
        may_create: bool = False,
        relayer_keys: RelayerKeys | None = None,
    ) -> None:
        self._relayer_keys = relayer_keys or RelayerKeys()
        self._transport = transport
        self.conditions = conditions
        self._credentials = credentials
        self._may_create = may_create
        self.signer = signer

    @property
    def opens_relayer(self) -> bool:
        """Whether there is a key that lets transactions in to the relayer."""
        return self._relayer_keys.given

    @property
    def key(self) -> Signer:
        """Who signs. Raises Unsupported without a private key."""
        if self.signer is None:
            raise Unsupported("This needs a private key, and none is configured.", fix=_NO_KEY)
        return self.signer

    # -- asking

    async def clob(self, path: str, *, budget: str = CLOB, missing: VenuekitError | None = None, **query: Any) -> Any:
        """Public data of the order book; `missing` is the error for what does not exist."""
        call = Call(service=Service.CLOB, method="GET", path=path, query=query, budget=budget)
        return await self.body(call, missing=missing)

    async def gamma(self, path: str, *, budget: str = GAMMA, missing: VenuekitError | None = None, **query: Any) -> Any:
        """Events and markets."""
        call = Call(service=Service.GAMMA, method="GET", path=path, query=query, budget=budget)
        return await self.body(call, missing=missing)

    async def data(self, path: str, *, budget: str = DATA, missing: VenuekitError | None = None, **query: Any) -> Any:
        """Positions, public trades, price history."""
        call = Call(service=Service.DATA, method="GET", path=path, query=query, budget=budget)
        return await self.body(call, missing=missing)

    async def own(self, path: str, *, budget: str, missing: VenuekitError | None = None, **query: Any) -> Any:
        """What belongs to the API key."""
        call = Call(service=Service.CLOB, method="GET", path=path, query=query, budget=budget, proof=Proof.CREDENTIALS)
        return await self.body(call, missing=missing)

    async def change(self, method: str, path: str, body: Any = None, *, what: str, budget: str = "") -> Any:
        """Send what changes something; `what` is it in words (``the order``).

        Raises:
            OutcomeUnknown: no trustworthy answer came. Rejected and others of `errors`: the venue refused.
        """
        call = Call(service=Service.CLOB, method=method, path=path, body=body, budget=budget, proof=Proof.CREDENTIALS)
        return await self.body(call, what=what)

    async def body(self, call: Call, *, what: str = "the request", missing: VenuekitError | None = None) -> Any:
        """The body of the answer to `call`.

        Raises:
            As `errors.refusal` for what the venue refuses; `missing` for what it does not have.
        """
        answer = await self.answer(call)
        if answer.ok:
            return answer.body
        if missing is not None and not answer.found:
            raise missing
        raise refusal(answer.body, what=what, status=answer.status)

    async def answer(self, call: Call) -> Answer:
        """The answer to a request, a refusal included."""
        body = None if call.body is None else encode(call.body)
        headers: dict[str, str] = {}
        if call.proof is Proof.KEY:
            headers = self.key.l1_headers()
        elif call.proof is Proof.CREDENTIALS:
            headers = self.key.l2_headers(await self.credentials(), call.method, call.path, body)
        elif call.proof is Proof.RELAYER:
            headers = self._relayer_keys.headers(self.key, call.method, call.path, body)
        try:
            answer = await self._transport.send(call, headers, body)
        except VenuekitError as error:
            self.conditions.failed(error)
            raise
        if call.service is Service.CLOB:
            self.conditions.answered(call, answer)
        return answer

    # -- credentials

    async def credentials(self) -> Credentials:
        """The API credentials: configured, or derived from the private key, once.

        Raises:
            VenuePermission: the key has none, and none may be made.
        """
        if self._credentials is None:
            self._credentials = await self._derived()
        return self._credentials

    async def _derived(self) -> Credentials:
        ask = Call(
            service=Service.CLOB, method="GET", path="/auth/derive-api-key", proof=Proof.KEY, budget=AUTH, asks=True
        )
        answer = await self.answer(ask)
        found = _credentials_in(answer)
        if found is None and not answer.ok and answer.status < 500 and self._may_create:
            make = attrs.evolve(ask, method="POST", path="/auth/api-key")
            answer = await self.answer(make)
            found = _credentials_in(answer)
        if found is None:
            words = text_of(answer.body)
            raise VenuePermission(
                f"Polymarket has no API key for this private key{f' ({words})' if words else ''}.",
                fix="Set create_api_key = true in [venues.polymarket] once, or make one at the venue.",
            )
        return found


def _credentials_in(answer: Answer) -> Credentials | None:
    body = answer.body if isinstance(answer.body, Mapping) else {}
    found = [text(body, name) for name in ("apiKey", "secret", "passphrase")]
    if not answer.ok or not all(found):
        return None
    return Credentials(key=found[0], secret=found[1], passphrase=found[2])
