"""A request's failure says whether anything was sent, whatever broke; and an answer is taken whole or not at all."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from network_venue import Budgets, Handler, served

from venuekit.adapter import NotConnected, OutcomeUnknown, RateLimited, VenueDown, VenuekitError
from venuekit_doubles.broken import aborted, broken
from venuekit_doubles.faults import Fault
from venuekit_wire.calls import Call
from venuekit_wire.http import HttpClient, HttpSettings, paced

pytestmark = pytest.mark.anyio
READ, QUESTION, CHANGE = Call("GET", "/x"), Call("POST", "/x", asks=True), Call("POST", "/x")


@asynccontextmanager
async def venue(handler: Handler, **settings: Any) -> AsyncIterator[tuple[HttpClient, str]]:
    """A client, and the address of a server that answers everything with `handler`."""
    client = HttpClient(HttpSettings(venue="Acme", agent="venuekit-acme", secure=False, **settings))
    async with served(handler) as base:
        await client.open()
        try:
            yield client, base
        finally:
            await client.close()


async def fine(request: web.Request) -> web.StreamResponse:
    return web.json_response({"body": await request.text(), "type": request.headers.get("Content-Type")})


def failing(fault: Fault) -> Handler:
    async def fail(request: web.Request) -> web.StreamResponse:
        return await broken(request, fault, "<html>", '{"a": 1}') or aborted(request)

    return fail


async def test_a_connection_that_was_idle_for_a_minute_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    came_from: list[Any] = []
    now = time.monotonic()
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: now)

    async def noting(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        came_from.append(request.transport.get_extra_info("peername"))
        return web.json_response({})

    async with venue(noting) as (client, base):
        for pause in (0, 60, 90):
            now += pause
            await client.fetch(READ, base, {}, None)
    first, soon, late = came_from
    assert soon == first
    assert late != first


async def error_of(client: HttpClient, call: Call, base: str) -> VenuekitError:
    with pytest.raises(VenuekitError) as found:
        await client.fetch(call, base, {}, None)
    return found.value


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.AFTER_TRUNCATED, Fault.SILENCE])
@pytest.mark.parametrize(("call", "kind"), [(READ, VenueDown), (QUESTION, VenueDown), (CHANGE, OutcomeUnknown)])
async def test_an_answer_that_does_not_come_whole_is_doubt_only_where_something_may_have_changed(
    fault: Fault, call: Call, kind: type
) -> None:
    async with venue(failing(fault), timeout_seconds=0.2) as (client, base):
        error = await error_of(client, call, base)
    assert type(error) is kind
    assert "Acme" in error.message


async def test_silence_is_called_by_its_name() -> None:
    async with venue(failing(Fault.SILENCE), timeout_seconds=0.05) as (client, base):
        assert (await error_of(client, CHANGE, base)).message == "Acme's answer did not arrive: it took too long."


async def test_without_a_connection_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with venue(fine) as (client, _):
        error = await error_of(client, CHANGE, f"http://127.0.0.1:{port}")
    assert type(error) is VenueDown
    assert error.message.startswith("Acme cannot be reached: ")


async def test_a_certificate_that_nobody_vouches_for_sends_nothing() -> None:
    async with venue(fine) as (client, base):
        error = await error_of(client, CHANGE, base.replace("http", "https"))
    assert type(error) is VenueDown


async def test_before_it_is_open_and_after_it_is_closed_nothing_is_sent() -> None:
    async with venue(fine) as (client, base):
        await client.close()
        await client.close()
        assert type(await error_of(client, CHANGE, base)) is NotConnected


async def test_what_is_sent_is_what_was_given_to_the_byte() -> None:
    async with venue(fine) as (client, base):
        reply = await client.fetch(CHANGE, base, {}, b'{"a": 1.10}')
        assert b'{\\"a\\": 1.10}' in reply.raw
        assert b"application/json" in reply.raw
        assert (await client.fetch(READ, base, {}, None)).status == 200


async def test_neither_redirects_nor_cookies_are_followed() -> None:
    seen: list[tuple[str, bool]] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        seen.append((request.path, "Cookie" in request.headers))
        return web.Response(status=302, headers={"Location": "/other", "Set-Cookie": "a=b"})

    async with venue(elsewhere) as (client, base):
        assert [(await client.fetch(READ, base, {}, None)).status for _ in range(2)] == [302, 302]
    assert seen == [("/x", False)] * 2


async def test_a_caller_that_gives_up_leaves_no_half_request_to_the_next() -> None:
    async def slow_first(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            await asyncio.sleep(30)
        return web.json_response({"mine": True})

    async with venue(slow_first) as (client, base):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.fetch(CHANGE, base, {}, b"{}")
        assert (await client.fetch(READ, base, {}, None)).raw == b'{"mine": true}'


@pytest.mark.parametrize(("budget", "told"), [("orders", [("orders", 0), ("orders", 3.0)]), ("", [])])
async def test_the_desk_hears_of_a_budget_that_it_gives_slots_of(budget: str, told: list[Any]) -> None:
    async def refused() -> None:
        raise RateLimited("Too many.", retry_after=3.0)

    budgets = Budgets()
    with pytest.raises(RateLimited):
        await paced(budgets, budget, refused)
    assert budgets.told == told


def test_what_a_configuration_needs_of_it_is_there_without_aiohttp() -> None:
    code = "import sys, venuekit_wire.answers, venuekit_wire.certificates, venuekit_wire.calls, venuekit_wire.options; print('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
