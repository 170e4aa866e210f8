"""Streamable HTTP: loopback by default, a bearer token for every agent, each with its own role and mode."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl

from venuekit.errors import ConfigError
from venuekit.protocols.approver import Caller
from venuekit.settings.credentials import Credentials, digest
from venuekit.settings.schema import DeskConfig
from venuekit_mcp.run import LOOPBACK, Options, own_caller, started
from venuekit_mcp.server import build_server

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from venuekit.desk.desk import Desk

SOURCE = "mcp-http"
SHORTEST_TOKEN = 16
#: Sessions of clients of the handshake revisions, and how long one of them may be silent.
MOST_SESSIONS = 512
IDLE_SECONDS = 900


@attrs.frozen
class Tokens:
    """Whose token it is. Only digests are kept, and they are compared in constant time."""

    callers: Mapping[str, Caller]

    def caller(self, token: str) -> Caller | None:
        """The agent with this token."""
        given, found = digest(token), None
        for known, caller in self.callers.items():
            if hmac.compare_digest(known, given):
                found = caller
        return found

    async def verify_token(self, token: str) -> AccessToken | None:
        """For the SDK's middleware; the agent's name stands for the client."""
        caller = self.caller(token)
        return None if caller is None else AccessToken(token=digest(token), client_id=caller.agent_id, scopes=[])

    def current(self) -> Caller:
        """The caller of the request being served."""
        access = get_access_token()
        if access is None or access.token not in self.callers:
            raise RuntimeError("a request reached a handler without a token")
        return self.callers[access.token]


def tokens_of(config: DeskConfig, token_env: str | None, environ: Mapping[str, str]) -> Tokens:
    """Every agent with a token in the configuration, and this process's own agent where there is none.

    Raises:
        ConfigError: the named variable is missing, or its token too short.
    """
    callers = {
        agent.token_sha256.lower(): Caller(agent_id=name, role=agent.role, mode=agent.mode, source=SOURCE)
        for name, agent in config.agents.items()
        if agent.token_sha256
    }
    if token_env is not None:
        token = environ.get(token_env, "")
        if len(token) < SHORTEST_TOKEN:
            raise ConfigError(
                f"--token-env {token_env}: the variable must hold a token of at least {SHORTEST_TOKEN} characters.",
                field="--token-env",
            )
        if Credentials(config).operator(token) is not None:
            raise ConfigError(
                f"--token-env {token_env}: this is an operator's token, and an agent must not have one.",
                fix="Give the agent a token of its own.",
                field="--token-env",
            )
        callers[digest(token)] = own_caller(config, SOURCE)
    elif not callers:
        token = secrets.token_urlsafe(32)
        callers[digest(token)] = own_caller(config, SOURCE)
        sys.stderr.write(f"Bearer token for this run (shown once): {token}\n")
    return Tokens(callers)


def http_app(desk: Desk, options: Options, config: DeskConfig, tokens: Tokens | None) -> Starlette:
    """The ASGI application; without `tokens`, anybody who reaches it is the process's own agent."""
    one = own_caller(config, SOURCE)
    caller: Callable[[], Caller] = tokens.current if tokens is not None else lambda: one
    server = build_server(desk, caller=caller, toolsets=options.toolsets, profile=options.profile)
    names = [*LOOPBACK[:2], "[::1]"] if options.host in LOOPBACK else [options.host]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*names, *(f"{n}:*" for n in names)],
        allowed_origins=[f"http://{n}" for n in names] + [f"http://{n}:*" for n in names],
    )
    auth = None
    if tokens is not None:
        auth = AuthSettings(
            issuer_url=AnyHttpUrl("http://127.0.0.1/"), resource_server_url=None, validate_token_resource=False
        )
    return server.streamable_http_app(
        transport_security=security,
        host=options.host,
        auth=auth,
        token_verifier=tokens,
        max_sessions=MOST_SESSIONS,
        session_idle_timeout=IDLE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Uvicorn, leaving signals to the command, and saying where it listens."""

    def install_signal_handlers(self) -> None:
        """None: the command stops it."""

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                sys.stderr.write(f"Listening on http://{f'[{host}]' if ':' in host else host}:{port}/mcp\n")


async def serve_http(desk: Desk, options: Options, config: DeskConfig, environ: Mapping[str, str]) -> None:
    """Serve until cancelled."""
    tokens = None if options.no_auth else tokens_of(config, options.token_env, environ)
    app = http_app(desk, options, config, tokens)
    settings = uvicorn.Config(
        app, host=options.host, port=options.port, log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    server = _Server(settings)
    started()
    serving = asyncio.ensure_future(server.serve(sockets=[_listening(options.host, options.port)]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Its protocol has to be named: asyncio sends small answers at once (TCP_NODELAY) only where it says TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        why = str(error.strerror).partition(" (")[0]
        raise ConfigError(
            f"Cannot listen on {host} port {port}: {why}.",
            fix="Pass another --port, 0 for a free one, or another --host.",
            field="--port",
        ) from error
    return listening
