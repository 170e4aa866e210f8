"""One request and its answer over HTTP; a failure says whether something may have happened at the venue."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import attrs
import msgspec

from venuekit.adapter import (
    ConfigError,
    NotConnected,
    OutcomeUnknown,
    RateLimited,
    VenueDown,
    VenuePace,
    VenuePermission,
)
from venuekit_coinbase.capabilities import PRIVATE, PUBLIC, V2
from venuekit_coinbase.client import Call, Signer
from venuekit_coinbase.config import PLACE, CoinbaseOptions
from venuekit_coinbase.retry_after import seconds_of

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder().encode
_AGENT = "venuekit-coinbase"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
#: Errors before anything was sent.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError, aiohttp.ConnectionTimeoutError)


@attrs.frozen
class Answer:
    """What came back: the HTTP status, and the body's JSON. `calls_left` is the venue's own count, where it tells."""

    status: int
    body: Any
    calls_left: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the venue took the request."""
        return self.status < 400

    @property
    def found(self) -> bool:
        """Whether what was asked for exists."""
        return self.status != _NOT_FOUND


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


def trusted(options: CoinbaseOptions) -> ssl.SSLContext:
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


class HttpTransport:
    """aiohttp, with a token made for each request."""

    def __init__(self, options: CoinbaseOptions, signer: Signer | None, pace: VenuePace) -> None:
        self._options = options
        self._signer = signer
        self._pace = pace
        self._base = options.base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=options.timeout_seconds, connect=options.connect_timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Be ready; no connection is made yet."""
        if self._session is None:
            secure = urlsplit(self._base).scheme == "https"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trusted(self._options) if secure else True),
                timeout=self._timeout,
                headers={"User-Agent": _AGENT, "Accept": "application/json"},
                auto_decompress=True,
            )

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, call: Call) -> Answer:
        """One request; a token that was not taken is made anew, once, since the venue is known to refuse good ones."""
        answer = await self._paced(call)
        if answer.status == _UNAUTHORIZED and self._signer is not None and not call.public:
            answer = await self._paced(call)
        if answer.status == _UNAUTHORIZED:
            raise VenuePermission(
                "Coinbase does not take the key.",
                fix="Check the key's name and secret, that it is not deleted, and this machine's clock.",
            )
        return answer

    async def _paced(self, call: Call) -> Answer:
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

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        if not call.public:
            if self._signer is None:
                raise VenuePermission(
                    "This needs a key, and none is configured.",
                    fix="Set COINBASE_API_KEY and COINBASE_API_SECRET.",
                )
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
                return _answer(call, response.status, response.headers, await response.read())
        except _NOT_SENT as error:
            raise VenueDown(f"Coinbase cannot be reached: {_short(error)}.", fix="Try again.") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise lost(call, _short(error)) from error


def budget_of(call: Call) -> str:
    """Which of the venue's budgets a request draws on."""
    if call.path.startswith("/v2/"):
        return V2
    return PUBLIC if call.public else PRIVATE


def lost(call: Call, why: str) -> VenueDown | OutcomeUnknown:
    """The error when no answer came, or none that can be read."""
    if call.changes:
        return OutcomeUnknown(f"Coinbase's answer did not arrive: {why}.")
    return VenueDown(f"Coinbase did not answer: {why}.", fix="Try again.")


def _answer(call: Call, status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    if status == _TOO_MANY:
        raise RateLimited("Coinbase says that there were too many calls.", retry_after=seconds_of(headers))
    left = headers.get("x-ratelimit-remaining", "")
    calls_left = int(left) if left.isascii() and left.isdigit() else None
    if status == _UNAUTHORIZED:
        return Answer(status, {}, calls_left)  # its body is text
    try:
        body = _decode(raw)
    except msgspec.DecodeError as error:
        if status == _FORBIDDEN:
            raise VenuePermission(
                "Coinbase does not allow the request from here, or with this key.",
                fix="Check the key's permissions and its list of addresses, and Coinbase's list of countries.",
            ) from error
        raise lost(call, f"HTTP {status} with a body that is no JSON") from error
    if status >= 500:
        raise lost(call, f"HTTP {status}")
    if status == _FORBIDDEN:
        said = body.get("error_details") or body.get("message") if isinstance(body, dict) else ""
        raise VenuePermission(
            f"Coinbase does not allow that with this key{f' ({str(said)[:200]})' if said else ''}.",
            fix="Give the key the permission at the Coinbase Developer Platform, or use another portfolio's key.",
        )
    return Answer(status, body, calls_left)


def _short(error: BaseException) -> str:
    """What went wrong, without addresses of objects, in a line."""
    if isinstance(error, asyncio.TimeoutError):
        return "it took too long"
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
