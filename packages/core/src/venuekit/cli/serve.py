"""`venuekit approvals serve`: the operators' page and HTTP API, in a process of its own."""

from __future__ import annotations

import asyncio
import secrets
import signal
import ssl
from contextlib import suppress
from pathlib import Path

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import note
from venuekit.cli.place import find, opened
from venuekit.console.access import LOOPBACK, Access
from venuekit.console.app import Console
from venuekit.console.serve import serving
from venuekit.errors import ConfigError
from venuekit.settings.credentials import Credentials
from venuekit.watch.clock import SystemClock

_LOOPBACK = (*LOOPBACK, "::1")


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8770,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    options: Options = DEFAULT,
) -> int:
    """Show what waits on a page, and take decisions there and as JSON, from holders of an operator's token.

    It reads and writes the store, as the command does, so it works beside any server, and needs none.

    Args:
        host: Address to listen on; without TLS only a loopback address, such as behind a proxy.
        port: Port to listen on; 0 takes a free one.
        tls_cert: Certificate chain (PEM).
        tls_key: Its private key (PEM).
    """
    place, clock = find(options), SystemClock()
    if not Credentials(place.config).needed:
        raise ConfigError(
            "The page takes decisions by token, and no operator has one.",
            fix="Run: venuekit approvals credential NAME",
            field="operators",
        )
    if tls_cert is None and host not in _LOOPBACK:
        raise ConfigError(
            f"Without TLS, tokens could be read on the way to {host}.",
            fix="Pass --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that has them.",
            field="host",
        )
    tls = None if tls_cert is None else _tls(tls_cert, tls_key)
    access = Access(place.config, host, clock, secrets.token_urlsafe, tls=tls is not None)
    async with opened(place) as store:
        console = Console(store, access, clock, place.loaded.secrets)
        async with serving(console, host, port, tls) as (at, number):
            where = f"[{at}]" if ":" in at else at
            note(f"Approvals are at http{'s' if tls else ''}://{where}:{number}/approvals (Ctrl-C ends it)")
            await _until_stopped()
    return OK


def _tls(cert: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{cert} cannot be used: {error}.", fix="Check the files.", field="tls_cert") from error
    return context


async def _until_stopped() -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, or not the main thread
            loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
