"""The wire over standard input and output, on the event loop itself where they are pipes.

The SDK reads and writes them in worker threads, which costs each call three hand-overs; it still does so where
the loop cannot wait for them (terminals, files, Windows).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from anyio import AsyncFile

#: Longest message, in bytes: as much as a request over HTTP may have.
LONGEST = 4 * 1024 * 1024


class _Lines:
    """What the client writes, line by line, until it leaves."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        try:
            line = await self._reader.readline()
        except ValueError:  # how a StreamReader says that no line ended within its limit
            sys.stderr.write(f"venuekit-mcp: a message of more than {LONGEST} bytes came; the connection ends.\n")
            raise StopAsyncIteration from None
        except ConnectionError:
            raise StopAsyncIteration from None
        if not line:
            raise StopAsyncIteration
        return line.decode("utf-8", errors="replace")


class _Out:
    """What the client reads."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def write(self, text: str) -> None:
        self._writer.write(text.encode())

    async def flush(self) -> None:
        # A client that is gone shows when its input ends; what was for it has no other reader.
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _taken(fd: int, instead: int) -> int:
    """A private duplicate of `fd`, which from now on is `instead`: stray prints and reads must miss the wire."""
    private = os.dup(fd)
    os.dup2(instead, fd)
    return private


@contextlib.asynccontextmanager
async def _on_the_loop() -> AsyncIterator[tuple[Any, Any]]:
    loop = asyncio.get_running_loop()
    with open(os.devnull, "rb") as nothing:  # noqa: ASYNC230, PTH123  (opening the null device does not wait)
        private_in = _taken(0, nothing.fileno())
    private_out = _taken(1, 2)
    try:
        reader = asyncio.StreamReader(limit=LONGEST)
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(private_in), "rb", 0)
        )
        writing, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(os.dup(private_out), "wb", 0)
        )
        writer = asyncio.StreamWriter(writing, protocol, None, loop)
        try:
            async with stdio_server(
                cast("AsyncFile[str]", _Lines(reader)), cast("AsyncFile[str]", _Out(writer))
            ) as streams:
                yield streams
        finally:
            reading.close()
            writing.close()
    finally:
        os.dup2(private_in, 0)
        os.dup2(private_out, 1)
        os.close(private_in)
        os.close(private_out)


@contextlib.asynccontextmanager
async def wire() -> AsyncIterator[tuple[Any, Any]]:
    """The streams that a server runs on. While they are open, whatever prints goes to standard error."""
    direct = sys.platform != "win32" and _is_pipe(0) and _is_pipe(1)
    async with _on_the_loop() if direct else stdio_server() as streams:
        yield streams
