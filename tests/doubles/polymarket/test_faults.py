from __future__ import annotations

import asyncio

import aiohttp
import pytest
from raw import Answer, Wire

from venuekit_doubles.polymarket import EngineState, Fault, PolymarketDouble

pytestmark = pytest.mark.anyio


async def _open(wire: Wire) -> list[str]:
    return [order["id"] for order in (await wire.ask("GET", "/data/orders")).body["data"]]


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.RATE_LIMITED, 429, {"error": "Too Many Requests"}),
        (Fault.SERVER_ERROR, 500, {"error": "could not insert order"}),
        (Fault.RESTARTING, 425, {"error": "Too Early: the matching engine is restarting"}),
        (Fault.DISABLED, 503, {"error": "Trading is currently disabled. Check polymarket.com for updates"}),
        (
            Fault.CANCEL_ONLY,
            503,
            {"error": "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."},
        ),
        (
            Fault.POST_ONLY,
            503,
            {
                "code": "post_only_mode",
                "error": "post-only mode: only post-only orders and cancels are allowed",
                "retry_after_seconds": 79,
            },
        ),
        (Fault.UNAUTHORIZED, 401, {"error": "Unauthorized/Invalid api key"}),
    ],
)
async def test_a_fault_before_the_work_answers_as_the_venue_does_and_does_nothing(
    double: PolymarketDouble, fault: Fault, status: int, body: dict[str, object]
) -> None:
    async with Wire.to(double) as wire:
        double.fail("post_order", fault)
        answer = await wire.post(wire.draft())
        assert (answer.status, answer.body) == (status, body)
        assert await _open(wire) == []
        assert (await wire.post(wire.draft())).status == 200


async def test_too_many_requests_say_when_to_come_again_and_what_is_left(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        double.fail("data_orders", Fault.RATE_LIMITED)
        headers = (await wire.ask("GET", "/data/orders")).headers
    assert (headers["Retry-After"], headers["Poly-RateLimit-Remaining"]) == ("1", "0")


@pytest.mark.parametrize(("fault", "status"), [(Fault.FORBIDDEN_HTML, 403), (Fault.BAD_GATEWAY_HTML, 502)])
async def test_the_gateway_answers_with_a_page(double: PolymarketDouble, fault: Fault, status: int) -> None:
    async with Wire.to(double) as wire:
        double.fail("*", fault)
        answer = await wire.ask("GET", "/time", headers={})
    assert answer.status == status
    assert answer.body.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.SILENCE])
async def test_no_answer_and_nothing_done(double: PolymarketDouble, fault: Fault) -> None:
    async with Wire.to(double) as wire:
        await _unanswered(wire, fault)
        assert await _open(wire) == []


@pytest.mark.parametrize("fault", [Fault.AFTER_RESET, Fault.AFTER_SILENCE, Fault.AFTER_TRUNCATED])
async def test_an_answer_is_lost_and_the_order_is_there(double: PolymarketDouble, fault: Fault) -> None:
    async with Wire.to(double) as wire:
        await _unanswered(wire, fault)
        assert len(await _open(wire)) == 1
        assert "Duplicated." in (await wire.post(wire.draft())).error


async def test_the_answer_that_refuses_is_lost_like_any_other(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        double.fail("post_order", Fault.AFTER_RESET)
        with pytest.raises(aiohttp.ClientError):
            await wire.post(wire.draft(maker_amount=1))


async def _unanswered(wire: Wire, fault: Fault) -> None:
    wire.double.fail("post_order", fault)
    posting = asyncio.ensure_future(wire.post(wire.draft()))
    if "silence" in fault:
        await wire.double.until(lambda: bool(wire.double.venue.faults.played[fault.value]))
        await asyncio.wait([posting], timeout=0.05)
        assert not posting.done()
        posting.cancel()
    with pytest.raises((aiohttp.ClientError, asyncio.CancelledError)):
        await posting


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault.AFTER_THIN, (200, {"success": True})),
        (Fault.AFTER_SERVER_ERROR, (500, {"error": "order timed out"})),
    ],
)
async def test_an_answer_goes_wrong_and_the_order_is_there(
    double: PolymarketDouble, fault: Fault, wanted: tuple[int, dict[str, object]]
) -> None:
    async with Wire.to(double) as wire:
        double.fail("post_order", fault)
        answer: Answer = await wire.post(wire.draft())
        assert (answer.status, answer.body) == wanted
        assert len(await _open(wire)) == 1


async def test_a_page_with_200_instead_of_the_answer(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        double.fail("post_order", Fault.AFTER_HTML_WITH_200)
        answer = await wire.post(wire.draft())
        assert answer.status == 200
        assert "<html>" in answer.body
        assert len(await _open(wire)) == 1


async def test_faults_come_one_after_the_other_and_only_where_they_were_asked_for(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        double.fail("time", Fault.SERVER_ERROR, Fault.DISABLED)
        assert (await wire.ask("GET", "/ok", headers={})).status == 200
        statuses = [(await wire.ask("GET", "/time", headers={})).status for _ in range(3)]
        assert statuses == [500, 503, 200]
    with pytest.raises(ValueError, match="No endpoint 'nowhere'"):
        double.fail("nowhere", Fault.RESET)


@pytest.mark.parametrize(
    ("state", "posted", "post_only", "canceled"),
    [
        (EngineState.RUNNING, 200, 200, 200),
        (EngineState.RESTARTING, 425, 425, 425),
        (EngineState.POST_ONLY, 503, 200, 200),
        (EngineState.CANCEL_ONLY, 503, 503, 200),
        (EngineState.DISABLED, 503, 503, 200),
    ],
)
async def test_the_engines_state_says_what_it_takes(
    double: PolymarketDouble, state: EngineState, posted: int, post_only: int, canceled: int
) -> None:
    async with Wire.to(double) as wire:
        double.set_state(state)
        assert (await wire.post(wire.draft())).status == posted
        assert (await wire.post(wire.draft(salt=2, post_only=True))).status == post_only
        assert (await wire.ask("DELETE", "/cancel-all")).status == canceled
        assert (await wire.ask("GET", "/data/orders")).status == 200


async def test_after_a_restart_the_venue_says_for_how_long_only_post_only_orders_are_taken(
    double: PolymarketDouble,
) -> None:
    async with Wire.to(double) as wire:
        double.set_state(EngineState.POST_ONLY)
        body = (await wire.post(wire.draft())).body
    assert (body["code"], body["retry_after_seconds"]) == ("post_only_mode", 79)


async def test_a_blocked_country_gets_the_gateways_page_for_orders_and_is_told_by_the_geoblock(
    double: PolymarketDouble,
) -> None:
    async with Wire.to(double) as wire:
        assert (await wire.ask("GET", "/api/geoblock", headers={})).body["blocked"] is False
        double.block_country("US")
        told = (await wire.ask("GET", "/api/geoblock", headers={})).body
        assert (told["blocked"], told["country"]) == (True, "US")
        answer = await wire.post(wire.draft())
        assert answer.status == 403
        assert "blocked" in answer.body
