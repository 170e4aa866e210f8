"""One request and its answer over HTTP; a failure says whether something may have happened at the venue."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import msgspec

from venuekit.adapter import Clock, ConfigError, NotConnected, RateLimited, VenueDown, VenuePace
from venuekit_polymarket.answers import Answer, lost, read_answer
from venuekit_polymarket.calls import Call, Service
from venuekit_polymarket.capabilities import ORDERS
from venuekit_polymarket.config import PLACE, PolymarketOptions

encode = msgspec.json.Encoder().encode
_AGENT = "venuekit-polymarket"
#: Errors before anything was sent.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError, aiohttp.ConnectionTimeoutError)


def trusted(options: PolymarketOptions) -> ssl.SSLContext:
    """Certificates of the system, and of `ca_file`. Raises ConfigError when that cannot be read."""
    context = ssl.create_default_context()
    if options.ca_file:
        try:
            context.load_verify_locations(cafile=options.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"{PLACE}.ca_file {options.ca_file} cannot be read: {error.strerror or 'it has no certificate'}.",
                field=f"{PLACE}.ca_file",
            ) from error
    return context


class Transport:
    """aiohttp, with a deadline for each answer, and the budgets of the desk."""

    def __init__(self, options: PolymarketOptions, pace: VenuePace, clock: Clock) -> None:
        self._options = options
        self._pace = pace
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=options.timeout_seconds, connect=options.connect_timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Be ready; no connection is made yet. Raises ConfigError when the certificates cannot be read."""
        if self._session is None:
            secure = any(s.base(self._options).startswith("https:") for s in Service)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trusted(self._options) if secure else True),
                timeout=self._timeout,
                headers={"User-Agent": _AGENT, "Accept": "application/json"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def close(self) -> None:
        """Close every connection; safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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
        if call.budget:
            await self._pace.take(call.budget)
        try:
            answer = await self._once(call, headers, body)
        except RateLimited as error:
            if call.budget:
                self._pace.too_many(call.budget, error.retry_after)
            raise
        self._heed(call, answer)
        return answer

    def _heed(self, call: Call, answer: Answer) -> None:
        """Take the venue's own count of orders, which it tells by key."""
        left = answer.headers.get("Poly-RateLimit-Remaining", "")
        if call.changes and left.isascii() and left.isdigit():
            self._pace.quota(ORDERS, int(left))

    async def _once(self, call: Call, headers: dict[str, str], body: bytes | None) -> Answer:
        session = self._session
        if session is None:
            raise NotConnected("The session with Polymarket is not open.", fix="Call connect first.")
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
        try:
            async with session.request(
                call.method,
                call.service.base(self._options) + call.path,
                params=call.pairs,
                data=body,
                headers=headers,
                allow_redirects=False,
            ) as response:
                raw = await response.read()
                return read_answer(call, response.status, response.headers, raw, self._clock.now_ns())
        except _NOT_SENT as error:
            raise VenueDown(f"Polymarket cannot be reached: {_short(error)}.", fix="Try again.") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise lost(call, _short(error)) from error


def _short(error: BaseException) -> str:
    """What went wrong, without addresses of objects, in a line."""
    if isinstance(error, asyncio.TimeoutError):
        return "it took too long"
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
