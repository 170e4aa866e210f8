"""One request and its answer over HTTP; a failure says whether something may have happened at the venue."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from venuekit.adapter import Clock, VenuePace, VenuePermission
from venuekit_coinbase.answers import TITLE, budget_of, calls_left, read_answer
from venuekit_coinbase.client import Call, Signer
from venuekit_coinbase.config import CA_FILE, CoinbaseOptions
from venuekit_wire.answers import UNAUTHORIZED, Answer, encode
from venuekit_wire.http import HttpClient, HttpSettings, paced

_AGENT = "venuekit-coinbase"


class Transport(Protocol):
    """How requests travel."""

    async def open(self) -> None:
        """Be ready."""
        ...

    async def send(self, call: Call) -> Answer:
        """The answer to a request: any with a JSON body, refusals (HTTP 4xx) included.

        Raises:
            RateLimited, VenueDown: nothing happened at the venue. VenuePermission: the key does not do.
            OutcomeUnknown: the request may change something, and whether it did is not known.
        """
        ...

    async def close(self) -> None:
        """End; safe to call twice."""
        ...


class PacedTransport:
    """What every way to send has in common: the budgets, one more try with a new token, no calls that need a key."""

    def __init__(self, options: CoinbaseOptions, pace: VenuePace, clock: Clock) -> None:
        self._options = options
        self._has_key = options.has_key
        self._pace = pace
        self._clock = clock

    async def send(self, call: Call) -> Answer:
        """One request; a token that was not taken is made anew, once, since the venue is known to refuse good ones."""
        answer = await self._paced(call)
        if answer.status == UNAUTHORIZED and self._has_key and not call.public:
            answer = await self._paced(call)
        if answer.status == UNAUTHORIZED:
            raise VenuePermission(
                "Coinbase does not take the key.",
                fix="Check the key's name and secret, that it is not deleted, and this machine's clock.",
            )
        return answer

    async def _paced(self, call: Call) -> Answer:
        if not call.public and not self._has_key:
            raise VenuePermission(
                "This needs a key, and none is configured.",
                fix="Set COINBASE_API_KEY and COINBASE_API_SECRET.",
            )
        budget = budget_of(call)
        answer = await paced(self._pace, budget, lambda: self._once(call))
        left = calls_left(answer)
        if left is not None:
            self._pace.quota(budget, left)
        return answer

    async def _once(self, call: Call) -> Answer:
        raise NotImplementedError


class HttpTransport(PacedTransport):
    """Our own connections, with a token made for each request."""

    def __init__(self, options: CoinbaseOptions, signer: Signer | None, pace: VenuePace, clock: Clock) -> None:
        super().__init__(options, pace, clock)
        self._signer = signer
        self._base = options.base_url.rstrip("/")
        self._client = HttpClient(
            HttpSettings(
                venue=TITLE,
                agent=_AGENT,
                timeout_seconds=options.timeout_seconds,
                connect_timeout_seconds=options.connect_timeout_seconds,
                ca_file=options.ca_file,
                ca_file_option=CA_FILE,
                secure=urlsplit(self._base).scheme == "https",
            )
        )

    async def open(self) -> None:
        """Be ready; no connection is made yet."""
        await self._client.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    def _headers(self, call: Call) -> dict[str, str]:
        if call.public or self._signer is None:
            return {}
        return {"Authorization": f"Bearer {self._signer.for_request(call.method, self._options.host, call.path)}"}

    async def _once(self, call: Call) -> Answer:
        body = None if call.body is None else encode(call.body)
        reply = await self._client.fetch(call, self._base, self._headers(call), body)
        return read_answer(call, *reply, self._clock.now_ns())
