"""Where a double listens: a port of this machine with TLS, which it may leave for a while, as a venue that restarts."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

from aiohttp import web

from venuekit.adapter import NANOS
from venuekit_doubles import tls
from venuekit_doubles.clock import WallClock


class Listener:
    """An application on 127.0.0.1. Everything is to be called on its event loop."""

    def __init__(self, *, secure: bool, port: int) -> None:
        self._secure = secure
        self._context: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        #: Where it listens; 0 before the first time, if any port does.
        self.port = port
        #: The PEM file of the authority that clients have to trust.
        self.ca_file = ""

    async def open(self, app: web.Application, folder: Path) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._secure:
            # Clients verify certificates by the machine's clock, whichever the exchange lives by.
            now = dt.datetime.fromtimestamp(WallClock().now_ns() / NANOS, dt.UTC)
            ca_file, self._context = tls.make(folder, now)
            self.ca_file = str(ca_file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await self.come_back()
        self.port = self._runner.addresses[0][1]

    async def come_back(self) -> None:
        """Listen again after `vanish`, at the same port."""
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._context)
        await self._site.start()

    async def vanish(self) -> None:
        """Break every connection and take no new one."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()
        self._break()

    def _break(self) -> None:
        # At once: a polite end of TLS would wait for every client.
        server = self._runner.server if self._runner is not None else None
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """End; safe without `open`."""
        if self._runner is not None:
            self._break()
            await self._runner.cleanup()
