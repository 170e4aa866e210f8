"""Who may see and who may decide: tokens for deciding, a session in memory for looking, and no other site's forms."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import attrs

from venuekit.console.web import Request
from venuekit.errors import PermissionRefused
from venuekit.protocols.approver import Operator
from venuekit.protocols.clock import Clock
from venuekit.settings.credentials import Credentials
from venuekit.settings.schema import DeskConfig

COOKIE = "venuekit_looking"
SOURCE = "http"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SESSION_SECONDS = 8 * 3600
_MOST_SESSIONS = 256
_NANOS = 1_000_000_000


class NotSignedIn(PermissionRefused):
    """No token, or one that nobody has."""


@attrs.frozen
class _Session:
    name: str
    until_ns: int


class Access:
    """Tells operators from everybody else.

    A session only looks: browsers send a host's cookies to every port of it, so any local server may come to hold
    one. A decision needs the token itself, each time.
    """

    def __init__(
        self, config: DeskConfig, host: str, clock: Clock, tokens: Callable[[int], str], *, tls: bool = False
    ) -> None:
        self._credentials = Credentials(config)
        self._clock = clock
        self._tokens = tokens
        self._sessions: dict[str, _Session] = {}
        address = urlsplit(config.approval.page_url)
        self._hosts = {host.lower(), *(LOOPBACK if host in LOOPBACK or host == "::1" else ())}
        if address.hostname:
            self._hosts.add(f"[{address.hostname}]" if ":" in address.hostname else address.hostname)
        self._secure = "; Secure" if tls or address.scheme == "https" else ""

    def admit(self, request: Request) -> None:
        """What holds for every request, whatever it asks.

        Raises:
            PermissionRefused: it is for another host (a rebound name), or carries an agent's token.
        """
        named = request.headers.get("host", "").lower()
        host = named if named.endswith("]") else named.rpartition(":")[0] or named
        if host not in self._hosts:
            raise PermissionRefused("This server does not answer for that host.", fix="Set [approval] page_url.")
        if request.bearer:
            self._no_agent(request.bearer)

    def _no_agent(self, token: str) -> None:
        if self._credentials.agent(token) is not None:
            self._credentials.named(token)  # says whose it is

    def own_form(self, request: Request) -> None:
        """The form comes from a page of ours.

        Raises:
            PermissionRefused: another site sent it.
        """
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if site not in (None, "same-origin", "none") or (
            origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
        ):
            raise PermissionRefused(
                "This form came from another site.", fix="Open the approval here, and decide there."
            )

    def operator(self, token: str | None) -> Operator:
        """The operator with this token.

        Raises:
            PermissionRefused: an agent's token. NotSignedIn: nobody's, or none.
        """
        if not token:
            raise NotSignedIn("This needs an operator's token.", fix="Send it as: Authorization: Bearer TOKEN")
        self._no_agent(token)
        name = self._credentials.operator(token)
        if name is None:
            raise NotSignedIn("This token is nobody's.", fix="Use the token of an [operators.NAME] table.")
        return Operator(name=name, source=SOURCE, token=token)

    # -- looking

    def sign_in(self, operator: Operator) -> str:
        """Begin a session that may look; the value of its Set-Cookie header."""
        now = self._clock.now_ns()
        self._sessions = {k: s for k, s in self._sessions.items() if s.until_ns > now}
        while len(self._sessions) >= _MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        key = self._tokens(32)
        self._sessions[key] = _Session(operator.name, now + SESSION_SECONDS * _NANOS)
        return f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS}{self._secure}"

    def sign_out(self, request: Request) -> str:
        """End the session; the value of a Set-Cookie header that forgets it."""
        self._sessions.pop(request.cookie(COOKIE), None)
        return f"{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{self._secure}"

    def looking(self, request: Request) -> str | None:
        """Whose session it is; None when there is none, or it is over."""
        session = self._sessions.get(request.cookie(COOKIE))
        return None if session is None or session.until_ns <= self._clock.now_ns() else session.name
