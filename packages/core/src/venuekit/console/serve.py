"""The console on a socket: one request a connection, small ones only, and none that waits for ever."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from venuekit.console.app import Console
from venuekit.console.web import HEADERS, Request, Response, page
from venuekit.errors import ConfigError

#: Longest body, and how long a client may take to send one.
MOST_BYTES = 8192
PATIENCE_SECONDS = 10
_MOST_CONNECTIONS = 64
_POLL_SECONDS = 0.05


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, and hands it to the loop that holds the store."""

    server: _Server
    timeout = PATIENCE_SECONDS
    server_version = "venuekit"
    sys_version = ""

    def handle(self) -> None:
        """One connection, unless too many are open; a client that goes away is nobody's error."""
        if not self.server.room.acquire(blocking=False):
            return
        try:
            super().handle()
        except OSError:  # it has gone, or its TLS failed: there is nobody to tell
            self.close_connection = True
        finally:
            self.server.room.release()

    def do_GET(self) -> None:
        """Look."""
        self._serve()

    def do_HEAD(self) -> None:
        """Look at the headers only."""
        self._serve()

    def do_POST(self) -> None:
        """Decide."""
        self._serve()

    def end_headers(self) -> None:
        """What every answer says, errors of the library included."""
        for name, value in HEADERS:
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Nothing: decisions are in the journal, and addresses of approvals are nobody else's business."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            self._send(page("", HTTPStatus.BAD_REQUEST))
            return
        if int(length) > MOST_BYTES:
            self._send(page("", HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        address = urlsplit(self.path)
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=address.path,
            query=dict(parse_qsl(address.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        answering = asyncio.run_coroutine_threadsafe(self.server.console.answer(request), self.server.loop)
        try:
            self._send(answering.result(timeout=PATIENCE_SECONDS))
        except (CancelledError, TimeoutError):
            answering.cancel()
            self._send(page("", HTTPStatus.SERVICE_UNAVAILABLE))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, console: Console, address: tuple[str, int], loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None
    ) -> None:
        self.console = console
        self.loop = loop
        self.room = threading.Semaphore(_MOST_CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)
        if tls is not None:
            # Shaken hands in the connection's own thread, so that a slow client keeps nobody else waiting.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no error of ours."""


@asynccontextmanager
async def serving(
    console: Console, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve until the block ends; gives the address it listens on.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    try:
        server = _Server(console, (host, port), asyncio.get_running_loop(), tls)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"Cannot listen on {host} port {port}: {error}.", fix="Pass another --port, or --host.", field="port"
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield str(server.server_address[0]), int(server.server_address[1])
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
