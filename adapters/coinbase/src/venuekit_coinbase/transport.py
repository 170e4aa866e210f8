"""One request and its answer over HTTP; a failure says whether something may have happened at the venue."""

from __future__ import annotations

import asyncio
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
import msgspec

from venuekit.adapter import Clock, NotConnected, RateLimited, VenueDown, VenuePace, VenuePermission
from venuekit_coinbase.answers import UNAUTHORIZED, Answer, budget_of, lost, read_answer
from venuekit_coinbase.certificates import shared
from venuekit_coinbase.client import Call, Signer
from venuekit_coinbase.config import CoinbaseOptions

_encode = msgspec.json.Encoder().encode
_AGENT = "venuekit-coinbase"
#: Errors before anything was sent.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError, aiohttp.ConnectionTimeoutError)


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
        await self._pace.take(budget)
        try:
            answer = await self._once(call)
        except RateLimited as error:
            self._pace.too_many(budget, error.retry_after)
            raise
        if answer.calls_left is not None:
            self._pace.quota(budget, answer.calls_left)
        return answer

    async def _once(self, call: Call) -> Answer:
        raise NotImplementedError


class HttpTransport(PacedTransport):
    """aiohttp, with a token made for each request."""

    def __init__(self, options: CoinbaseOptions, signer: Signer | None, pace: VenuePace, clock: Clock) -> None:
        super().__init__(options, pace, clock)
        self._signer = signer
        self._base = options.base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=options.timeout_seconds, connect=options.connect_timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Be ready; no connection is made yet."""
        if self._session is None:
            secure = urlsplit(self._base).scheme == "https"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=shared(self._options) if secure else True),
                timeout=self._timeout,
                headers={"User-Agent": _AGENT, "Accept": "application/json"},
                auto_decompress=True,
            )

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        if not call.public and self._signer is not None:
            headers["Authorization"] = f"Bearer {self._signer.for_request(call.method, self._options.host, call.path)}"
        return headers

    async def _once(self, call: Call) -> Answer:
        session = self._session
        if session is None:
            raise NotConnected("The session with Coinbase is not open.", fix="Call connect first.")
        try:
            async with session.request(
                call.method,
                self._base + call.path,
                params=call.pairs,
                data=None if call.body is None else _encode(call.body),
                headers=self._headers(call),
                allow_redirects=False,
            ) as response:
                raw = await response.read()
                return read_answer(call, response.status, response.headers, raw, self._clock.now_ns())
        except _NOT_SENT as error:
            raise VenueDown(f"Coinbase cannot be reached: {_short(error)}.", fix="Try again.") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise lost(call, _short(error)) from error


def _short(error: BaseException) -> str:
    """What went wrong, without addresses of objects, in a line."""
    if isinstance(error, asyncio.TimeoutError):
        return "it took too long"
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
