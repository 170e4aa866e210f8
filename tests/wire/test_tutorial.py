"""What the tutorial shows of a venue on the network does what it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web
from network_venue import Budgets, served

from venuekit.adapter import OutcomeUnknown, RateLimited, VenueDown, VenuePermission
from venuekit.testing.clock import SimulatedClock
from venuekit_wire.calls import Call

pytestmark = pytest.mark.anyio
TRANSPORT = Path(__file__).parents[2] / "docs/tutorials/adapter/network/transport.py"
READ, ORDER = Call("GET", "/orders", {"open": True}), Call("POST", "/orders", body={"size": "1"})


@pytest.fixture(scope="module")
def acme() -> ModuleType:
    spec = importlib.util.spec_from_file_location("acme_transport", TRANSPORT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
