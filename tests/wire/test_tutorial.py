"""What the tutorial shows of a venue on the network does what it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web
from network_venue import Budgets, served

from venuekit.adapter import NotConnected, OutcomeUnknown, RateLimited, VenueDown, VenuePermission
from venuekit.testing.clock import SimulatedClock
from venuekit_wire.calls import Call

pytestmark = pytest.mark.anyio
NETWORK = Path(__file__).parents[2] / "docs/tutorials/adapter/network"
READ, ORDER = Call("GET", "/orders", {"open": True}), Call("POST", "/orders", body={"size": "1"})


def shown(name: str) -> ModuleType:
    """A file that the tutorial includes."""
    spec = importlib.util.spec_from_file_location(f"acme_{name}", NETWORK / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def acme() -> ModuleType:
    return shown("transport")


async def test_an_answer_comes_back_and_the_key_goes_with_the_request(acme: ModuleType) -> None:
    async def orders(request: web.Request) -> web.StreamResponse:
        told = {"key": request.headers["X-Key"], "open": request.query.get("open"), "body": await request.text()}
        return web.json_response(told)

    async with served(orders) as base:
        transport = acme.Transport(base, "k-1", Budgets(), SimulatedClock())
        await transport.open()
        assert (await transport.send(READ, "orders")).body == {"key": "k-1", "open": "true", "body": ""}
        assert (await transport.send(ORDER, "orders")).body["body"] == '{"size":"1"}'
        await transport.close()


@pytest.mark.parametrize(
    ("status", "raw", "of_a_read", "of_an_order"),
    [
        (429, b"<html>", RateLimited, RateLimited),
        (401, b"{}", VenuePermission, VenuePermission),
        (200, b"<html>", VenueDown, OutcomeUnknown),
        (503, b"{}", VenueDown, OutcomeUnknown),
        (200, b'{"a": 1', VenueDown, OutcomeUnknown),
    ],
)
def test_a_failure_is_told_by_what_may_have_happened(
    acme: ModuleType, status: int, raw: bytes, of_a_read: type[Any], of_an_order: type[Any]
) -> None:
    for call, kind in ((READ, of_a_read), (ORDER, of_an_order)):
        with pytest.raises(kind):
            acme.read_answer(call, status, {}, raw, 0)


def test_a_refusal_is_an_answer(acme: ModuleType) -> None:
    assert not acme.read_answer(ORDER, 400, {}, b'{"error": "no money"}', 0).ok


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        (['{"number": 7, "kind": "trade"}', '{"number": 9, "kind": "trade"}'], "lost frames"),
        (['{"number": 7, "kind": "trade"}', "{not json"], "no JSON"),
        (['{"number": 6, "kind": "heartbeat"}', '{"number": 7, "kind": "trade"}'], r"Acme ended the stream \(1000\)"),
    ],
)
async def test_a_stream_gives_its_frames_until_one_is_missing_or_it_ends(sent: list[str], end: str) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse(timeout=0.1)
        await line.prepare(request)
        assert await line.receive_json() == {"op": "subscribe", "channel": "trades"}
        for frame in sent:
            await line.send_str(frame)
        await line.close()
        return line

    given: list[Any] = []

    async def read_on(url: str) -> None:
        async for frame in shown("stream").frames(url, "trades"):
            given.append(frame["number"])  # noqa: PERF401 - it ends by raising

    async with served(stream) as base:
        with pytest.raises(NotConnected, match=end):
            await read_on(base.replace("http", "ws"))
    assert given == [7]
