"""One request and its answer over HTTP; a failure says whether something may have happened at the venue."""

from __future__ import annotations

from venuekit.adapter import Clock, VenuePace
from venuekit_polymarket.answers import TITLE, read_answer
from venuekit_polymarket.calls import Call, Service
from venuekit_polymarket.capabilities import ORDERS
from venuekit_polymarket.config import CA_FILE, PolymarketOptions
from venuekit_wire.answers import Answer
from venuekit_wire.http import HttpClient, HttpSettings, paced

_AGENT = "venuekit-polymarket"


class Transport:
    """aiohttp, with a deadline for each answer, and the budgets of the desk."""

    def __init__(self, options: PolymarketOptions, pace: VenuePace, clock: Clock) -> None:
        self._options = options
        self._pace = pace
        self._clock = clock
        self._client = HttpClient(
            HttpSettings(
                venue=TITLE,
                agent=_AGENT,
                timeout_seconds=options.timeout_seconds,
                connect_timeout_seconds=options.connect_timeout_seconds,
                ca_file=options.ca_file,
                ca_file_option=CA_FILE,
                secure=any(service.base(options).startswith("https:") for service in Service),
            )
        )

    async def open(self) -> None:
        """Be ready; no connection is made yet. Raises ConfigError when the certificates cannot be read."""
        await self._client.open()

    async def close(self) -> None:
        """Close every connection; safe to call twice."""
        await self._client.close()

    async def send(self, call: Call, headers: dict[str, str], body: bytes | None) -> Answer:
        """The answer to a request: any that can be read, refusals (HTTP 4xx) included.

        Args:
            call: What is asked.
            headers: What proves who asks.
            body: The very bytes that the headers were made for.

        Raises:
            RateLimited, VenueDown, VenuePermission: nothing happened at the venue.
            OutcomeUnknown: the request may change something, and whether it did is not known.
        """
        answer = await paced(self._pace, call.budget, lambda: self._once(call, headers, body))
        self._heed(call, answer)
        return answer

    def _heed(self, call: Call, answer: Answer) -> None:
        """Take the venue's own count of orders, which it tells by key."""
        left = answer.count("Poly-RateLimit-Remaining")
        if call.changes and left is not None:
            self._pace.quota(ORDERS, left)

    async def _once(self, call: Call, headers: dict[str, str], body: bytes | None) -> Answer:
        reply = await self._client.fetch(call, call.service.base(self._options), headers, body)
        return read_answer(call, *reply, self._clock.now_ns())
