"""A WebSocket's every end is told by its reason, and none leaves anything open."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from network_venue import served

from venuekit.adapter import NotConnected
from venuekit_doubles.listener import Listener
from venuekit_wire.certificates import trusted
from venuekit_wire.websocket import WebSocket, WebSocketSettings

pytestmark = pytest.mark.anyio
Talk = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]


async def nothing() -> None:
    """Nothing has to be said first."""


async def echo(line: web.WebSocketResponse, _: web.Request) -> None:
    async for message in line:
        await line.send_str(f"{message.data}!")


@asynccontextmanager
async def connected(
    talk: Talk, begin: Callable[[], Awaitable[None]] = nothing, within: float = 5
) -> AsyncIterator[WebSocket]:
    async def handle(request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse(timeout=0.1)
        await line.prepare(request)
        await talk(line, request)
        return line

    async with served(handle) as base:
        socket = a_socket(base.replace("http", "ws"))
        try:
            await socket.open(begin, within=within)
            yield socket
        finally:
            await socket.close()


def a_socket(url: str) -> WebSocket:
    return WebSocket(WebSocketSettings(venue="Acme", url=url))


async def test_messages_come_in_order() -> None:
    async with connected(echo) as socket:
        for word in ("a", "b"):
            await socket.send(word)
        assert [await socket.receive(), await socket.receive(5)] == ["a!", "b!"]


async def test_the_end_that_the_venue_makes_is_told_with_its_code() -> None:
    async def leave(line: web.WebSocketResponse, _: web.Request) -> None:
        await line.close(code=1012)

    async with connected(leave) as socket:
        with pytest.raises(NotConnected, match=r"Acme ended the stream \(1012\)\."):
            await socket.receive()


async def test_a_connection_that_breaks_is_an_end() -> None:
    async def cut(_: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.abort()

    async with connected(cut) as socket:
        with pytest.raises(NotConnected):
            await socket.receive()


async def test_silence_is_an_end_where_it_may_not_be() -> None:
    async with connected(echo) as socket:
        with pytest.raises(NotConnected, match="fell silent"):
            await socket.receive(0.02)


async def test_its_own_end_is_told_to_its_reader() -> None:
    async with connected(echo) as socket:
        reading = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(0)
        await socket.close()
        with pytest.raises(NotConnected, match="was closed"):
            await reading
        for again in (socket.receive, lambda: socket.send("a"), lambda: socket.open(nothing, within=1)):
            with pytest.raises(NotConnected, match="was closed"):
                await again()


async def test_whoever_watches_gives_it_up_once_and_the_first_reason_counts() -> None:
    came, ended = asyncio.Event(), asyncio.Event()
    given: list[str] = []
    async with connected(echo) as socket:

        async def watch() -> None:
            try:
                await socket.send("a")
                await came.wait()
                for why in ("It does not answer.", "Something else.", "And again."):
                    socket.fail(why)
                    given.append(why)
                    await asyncio.sleep(0)  # its reader has not come to its end yet
                await asyncio.sleep(3600)
            finally:
                ended.set()

        with pytest.raises(NotConnected, match=r"It does not answer\."):
            async with asyncio.timeout(60):
                await socket.run(lambda _: came.set(), watch)
    assert ended.is_set()
    assert len(given) > 1


async def test_a_watch_that_fails_ends_what_nobody_would_watch() -> None:
    async def watch() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async with connected(echo) as socket, asyncio.timeout(60):
        with pytest.raises(ZeroDivisionError):
            await socket.run(lambda _: None, watch)


async def test_what_was_given_up_before_it_was_read_is_not_read() -> None:
    async with connected(echo) as socket:
        socket.fail("Too late.")
        with pytest.raises(NotConnected, match="Too late"):
            await socket.run(lambda _: None)


async def test_a_reader_that_fails_ends_it_with_its_own_error() -> None:
    def take(_: str) -> None:
        raise ZeroDivisionError

    async with connected(echo, nothing) as socket:
        await socket.send("a")
        with pytest.raises(ZeroDivisionError):
            await socket.run(take)


async def test_a_venue_that_is_not_there_is_no_connection() -> None:
    socket = a_socket("ws://127.0.0.1:1/")
    with pytest.raises(NotConnected, match="could not be opened: Cannot connect"):
        await socket.open(nothing, within=5)
    await socket.close()


async def test_what_takes_too_long_is_no_connection() -> None:
    async def forever() -> None:
        await asyncio.sleep(3600)

    async def silent(_: web.Request) -> web.StreamResponse:
        await forever()
        raise AssertionError

    async with served(silent) as base:
        socket = a_socket(base.replace("http", "ws"))
        with pytest.raises(NotConnected, match="it took too long"):
            await socket.open(nothing, within=0.05)
        await socket.close()
    with pytest.raises(NotConnected, match="it took too long"):
        async with connected(echo, forever, within=0.2):
            raise AssertionError


async def test_giving_up_while_the_venue_is_slow_to_answer_leaves_no_tls_open(tmp_path: Path) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        asked.set()
        await answer.wait()
        line = web.WebSocketResponse(timeout=0.1)
        await line.prepare(request)
        await line.receive()
        return line

    app = web.Application()
    app.router.add_get("/", slow)
    listener = Listener(secure=True, port=0)
    await listener.open(app, tmp_path)
    trust = trusted(listener.ca_file, field="ca_file")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        socket = WebSocket(WebSocketSettings(venue="Acme", url=f"wss://127.0.0.1:{listener.port}/", tls=trust))
        opening = asyncio.ensure_future(socket.open(nothing, within=30))
        await asked.wait()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        answer.set()
        await socket.close()
        del socket, opening
        await listener.close()
        gc.collect()
    assert [str(each.message) for each in found if issubclass(each.category, ResourceWarning)] == []
