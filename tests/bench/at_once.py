"""An HTTPS server that answers every request at once with the same body: ``at_once.py CERTIFICATE KEY BODY``."""

from __future__ import annotations

import asyncio
import ssl
import sys


class AtOnce(asyncio.Protocol):
    """One connection."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            head, rest = self._seen.split(b"\r\n\r\n", 1)
            lines = head.lower().split(b"\r\n")
            length = sum(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
            if len(rest) < length:
                return
            self._seen = rest[length:]
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write(self._answer)


async def main() -> None:
    """Serve until it is ended; says its port first."""
    body = sys.argv[3].encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AtOnce(head.encode() + body), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
