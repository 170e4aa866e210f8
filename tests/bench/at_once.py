"""An HTTPS server that answers at once: ``at_once.py CERTIFICATE KEY FILE``, of bodies by the beginning of a path."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

#: Makes the body of an answer from a path and what was sent.
Answering = Callable[[str, bytes], bytes]


class AtOnce(asyncio.Protocol):
    """One connection."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            head, rest = self._seen.split(b"\r\n\r\n", 1)
            first, *lines = head.lower().split(b"\r\n")
            length = sum(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
            if len(rest) < length:
                return
            self._seen = rest[length:]
            body = self._answering(first.split(b" ")[1].decode(), rest[:length])
            assert isinstance(self._transport, asyncio.WriteTransport)
            said = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(said.encode() + body)


def fixed() -> Answering:
    """The answers of the file, the longest beginning first."""
    answers = json.loads(Path(sys.argv[3]).read_bytes())
    bodies = sorted(((path, json.dumps(body).encode()) for path, body in answers.items()), key=lambda a: -len(a[0]))
    return lambda path, _: next(body for beginning, body in bodies if path.startswith(beginning))


async def serve(answering: Answering) -> None:
    """Serve until it is ended; says its port first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AtOnce(answering), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(fixed()))
