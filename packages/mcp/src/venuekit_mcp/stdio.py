"""The wire over standard input and output, on the event loop itself where they are pipes.

The SDK reads and writes them in worker threads, which costs each call three hand-overs, and lets a message that is
no message go without an answer; it still serves where the loop cannot wait for them (terminals, files, Windows).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import mcp_types as mt
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from venuekit_mcp.wire import clean

#: Longest message, in bytes: as much as a request over HTTP may have.
LONGEST = 4 * 1024 * 1024


class _Wire:
    """One client at the other end of two pipes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, inbox: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        """What the client says goes to the server, until the client leaves."""
        async with inbox:
            while line := await self._line():
                try:
                    message = mt.jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValidationError as wrong:
                    if line.strip():
                        await self._say(_refusal(line, wrong))
                    continue
                with contextlib.suppress(anyio.BrokenResourceError):  # the server has ended: nobody reads any more
                    await inbox.send(SessionMessage(message))

    async def write(self, outbox: MemoryObjectReceiveStream[SessionMessage]) -> None:
        """What the server says goes to the client."""
        async with outbox:
            async for item in outbox:
                await self._say(item.message)

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError:  # how a StreamReader says that no line ended within its limit
            sys.stderr.write(f"venuekit-mcp: a message of more than {LONGEST} bytes came; the connection ends.\n")
        except ConnectionError:
            pass  # the client is gone, which is how every connection ends
        return b""

    async def _say(self, message: mt.JSONRPCMessage) -> None:
        self._writer.write(message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
        # A client that is gone shows when its input ends; what was for it has no other reader.
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


def _refusal(line: bytes, wrong: ValidationError) -> mt.JSONRPCError:
    """The answer to what is no message, under the id that it came with if it has one."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        body = None
    asked = body.get("id") if isinstance(body, dict) else None
    code = mt.PARSE_ERROR if body is None else mt.INVALID_REQUEST
    return mt.JSONRPCError(
        jsonrpc="2.0",
        id=asked if isinstance(asked, int | str) else None,
        error=mt.ErrorData(code=code, message=f"Not a message: {clean(wrong.errors()[0]['msg'], 200)}."),
    )


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


@contextlib.contextmanager
def _taken(fd: int, instead: int) -> Iterator[int]:
    """A private duplicate of `fd`, which meanwhile is `instead`: stray prints and reads must miss the wire."""
    private = os.dup(fd)
    os.dup2(instead, fd)
    try:
        yield private
    finally:
        os.dup2(private, fd)
        os.close(private)


@contextlib.asynccontextmanager
async def _on_the_loop() -> AsyncIterator[tuple[Any, Any]]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST)
    inbox, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    said, outbox = anyio.create_memory_object_stream[SessionMessage](0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    with _taken(0, nothing) as wire_in, _taken(1, 2) as wire_out:
        os.close(nothing)
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(wire_in), "rb", 0)
        )
        writing, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(os.dup(wire_out), "wb", 0)
        )
        wire = _Wire(reader, asyncio.StreamWriter(writing, protocol, None, loop))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wire.read, inbox)
                tasks.start_soon(wire.write, outbox)
                yield heard, said
                tasks.cancel_scope.cancel()
        finally:
            reading.close()
            writing.close()


@contextlib.asynccontextmanager
async def wire() -> AsyncIterator[tuple[Any, Any]]:
    """The streams that a server runs on. While they are open, whatever prints goes to standard error."""
    direct = sys.platform != "win32" and _is_pipe(0) and _is_pipe(1)
    async with _on_the_loop() if direct else stdio_server() as streams:
        yield streams
