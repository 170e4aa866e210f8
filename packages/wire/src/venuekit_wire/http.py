"""Requests over HTTPS on one pool of connections; a failure says whether something may have happened at the venue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeVar

import aiohttp
import attrs

from venuekit.adapter import NotConnected, RateLimited, VenuePace
from venuekit_wire import answers
from venuekit_wire.calls import Call
from venuekit_wire.certificates import shared
from venuekit_wire.failures import reason

T = TypeVar("T")
#: How long a connection that nobody uses is kept. A desk compares with its venue every minute: an order finds one open,
#: and waits for no handshake, as long as the venue keeps it too.
_IDLE_SECONDS = 75.0
#: Errors before anything was sent.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError, aiohttp.ConnectionTimeoutError)


@attrs.frozen(kw_only=True)
class HttpSettings:
    """How requests travel. Seconds are real ones: a network knows no other."""

    #: The venue's name, for people.
    venue: str
    #: What requests say they come from.
    agent: str
    timeout_seconds: float = 10.0
    connect_timeout_seconds: float = 5.0
    #: Certificates to trust besides the system's, and the option that names them.
    ca_file: str = ""
    ca_file_option: str = "ca_file"
    #: Whether any address is HTTPS; without, no certificates are read.
    secure: bool = True


class Reply(NamedTuple):
    """An answer as it came, whole; `headers` are found in any case."""

    status: int
    headers: Mapping[str, str]
    raw: bytes


class HttpClient:
    """A pool of connections. It follows no redirect, keeps no cookie, and takes nothing from the environment."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds, connect=settings.connect_timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Be ready; no connection is made yet. Raises ConfigError when the certificates cannot be read."""
        if self._session is None:
            given = self._settings
            trust = shared(given.ca_file, field=given.ca_file_option) if given.secure else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust, keepalive_timeout=_IDLE_SECONDS),
                timeout=self._timeout,
                headers={"User-Agent": given.agent, "Accept": "application/json"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def close(self) -> None:
        """Close every connection; safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(self, call: Call, base: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """The answer to a request, whatever its status.

        Args:
            call: What is asked: its method, path and query are sent, and whether it changes something decides on doubt.
            base: The address before the path, without a slash at its end.
            headers: What proves who asks.
            body: The very bytes to send, which are JSON; None for none.

        Raises:
            NotConnected, VenueDown: nothing happened at the venue.
            OutcomeUnknown: the request may change something, and whether it did is not known.
        """
        session, venue = self._session, call.who or self._settings.venue
        if session is None:
            raise NotConnected(f"The session with {venue} is not open.", fix="Call connect first.")
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
        try:
            async with session.request(
                call.method, base + call.path, params=call.pairs, data=body, headers=headers, allow_redirects=False
            ) as response:
                return Reply(response.status, response.headers, await response.read())
        except _NOT_SENT as error:
            raise answers.unreachable(venue, reason(error)) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise answers.lost(venue, call, reason(error)) from error


async def paced(pace: VenuePace, budget: str, ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` gives, in its turn: the desk gives the slots of `budget`, and hears when there were too many.

    An empty budget is one whose slot the desk has taken itself, before it called.
    """
    if not budget:
        return await ask()
    await pace.take(budget)
    try:
        return await ask()
    except RateLimited as error:
        pace.too_many(budget, error.retry_after)
        raise
