"""Where a double listens: a port of this machine with TLS, which it may leave for a while, as a venue that restarts."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from pathlib import Path

from aiohttp import web

from venuekit.adapter import NANOS
from venuekit_doubles import tls
from venuekit_doubles.clock import WallClock

#: Turns of the event loop in which a connection that was taken is made.
_TURNS = 4


class Listener:
    """An application on 127.0.0.1. Everything is to be called on its event loop."""

    def __init__(self, *, secure: bool, port: int) -> None:
        self._secure = secure
        self._context: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._socket: socket.socket | None = None
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
        self._turn_away()
        await self.come_back()
        self.port = self._runner.addresses[0][1]

    async def come_back(self) -> None:
        """Listen again after `vanish`, at the same port."""
        assert self._runner is not None
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._site = web.SockSite(self._runner, self._socket, ssl_context=self._context)
        await self._site.start()

    def _turn_away(self) -> None:
        """Let a connection that was taken, and is made only when nobody is here any more, break like the others."""
        server = self._runner.server if self._runner is not None else None
        assert server is not None
        made = server.connection_made

        def unless_away(handler: web.RequestHandler, transport: asyncio.Transport) -> None:
            made(handler, transport)
            if self._site is None:
                asyncio.get_running_loop().call_soon(transport.abort)  # the handler has to begin before it can end

        server.connection_made = unless_away  # type: ignore[method-assign]

    async def vanish(self) -> None:
        """Break every connection and take no new one."""
        site, self._site = self._site, None
        if site is not None and self._socket is not None:
            # What was taken already is made first: asyncio forgets it, open, if its server closes before that.
            asyncio.get_running_loop().remove_reader(self._socket)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
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
        await self.vanish()
        if self._runner is not None:
            await self._runner.cleanup()
