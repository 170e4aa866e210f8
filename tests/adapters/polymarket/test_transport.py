"""Requests to Polymarket: what is sent, what each answer means, and what is unknown when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from polymarket_loopback import KEY, OWNER, Loopback, loopback, page, refused

from venuekit.adapter import (
    InstrumentNotTrading,
    InstrumentStatus,
    InvalidPrice,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unsupported,
    VenueDown,
    VenuekitError,
    VenuePermission,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_polymarket.api import Api
from venuekit_polymarket.client import Signer
from venuekit_polymarket.conditions import Conditions
from venuekit_polymarket.signing import Credentials
from venuekit_polymarket.transport import Transport

pytestmark = pytest.mark.anyio
GIVEN = Credentials(key="the-key", secret="c2VjcmV0", passphrase="pp")


class Budgets:
    """Which budgets were drawn on, and what the venue said of them."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.told: list[tuple[str, float]] = []

    async def take(self, name: str) -> None:
        self.taken.append(name)

    def too_many(self, name: str, retry_after: float) -> None:
        self.told.append((name, retry_after))

    def quota(self, name: str, remaining: int, resets_seconds: float | None = None) -> None:
        self.told.append((name, remaining))


@asynccontextmanager
async def asking(
    here: Loopback,
    *,
    credentials: Credentials | None = GIVEN,
    may_create: bool = False,
    key: str = KEY,
    budgets: Budgets | None = None,
    moving: SimulatedClock | None = None,
    **options: Any,
) -> AsyncIterator[Api]:
    now = moving or SimulatedClock()
    read = here.options(**({"private_key": key} if key else {}), **options)
    transport = Transport(read, budgets or Budgets(), now)
    await transport.open()
    signer = Signer(read, now) if key else None
    try:
        yield Api(transport, signer, Conditions(now), credentials, may_create=may_create)
    finally:
        await transport.close()


async def test_numbers_keep_every_digit() -> None:
    raw = web.Response(
        text='{"p": 0.1000000000000000055, "i": 71321045679252212594626385532706912750332728571942532289631379312455583992563, "s": ".48"}'
    )
    async with loopback({"GET /x": lambda _: raw}) as here, asking(here) as api:
        body = await api.clob("/x")
    assert body["p"] == Decimal("0.1000000000000000055")
    assert str(body["i"]) == "71321045679252212594626385532706912750332728571942532289631379312455583992563"


async def test_what_is_sent_is_what_was_signed() -> None:
    budgets = Budgets()
    async with loopback({"POST /order": {"success": True}}) as here, asking(here, budgets=budgets) as api:
        await api.change("POST", "/order", {"a": [1, "é"]}, what="the order")
        [headers], [body] = here.headers, here.bodies
        made = Signer(here.options(private_key=KEY), SimulatedClock()).l2_headers(GIVEN, "POST", "/order", body)
    assert body == '{"a":[1,"é"]}'.encode()
    assert {name: headers[name] for name in made} == made
    assert headers["POLY_ADDRESS"] == OWNER
    assert budgets.taken == []  # the desk takes those of orders


async def test_a_query_is_not_part_of_what_is_signed_and_lists_become_pairs() -> None:
    async with loopback({"GET /data/orders": {}}) as here, asking(here) as api:
        await api.own("/data/orders", budget="clob_ledger", ids=["a", "b"], flag=True, nothing=None)
        made = Signer(here.options(private_key=KEY), SimulatedClock()).l2_headers(GIVEN, "GET", "/data/orders", None)
        assert here.asked == ["GET /data/orders?ids=a&ids=b&flag=true"]
        assert here.headers[0]["POLY_SIGNATURE"] == made["POLY_SIGNATURE"]


ANSWERS: list[tuple[Any, type[VenuekitError], type[VenuekitError], str]] = [
    (refused(500, {"error": "could not insert order"}), OutcomeUnknown, VenueDown, "could not insert"),
    (refused(502, {"error": "bad gateway"}), OutcomeUnknown, VenueDown, "502"),
    (page("<html>Bad gateway</html>", 502), OutcomeUnknown, VenueDown, "502"),
    (page(), VenuePermission, VenuePermission, "does not serve"),
    (refused(408, {"error": "timeout"}), OutcomeUnknown, VenueDown, "408"),
    (refused(425, {"error": "too early"}), VenueDown, VenueDown, "restarting"),
    (refused(403, {"error": "forbidden"}), VenuePermission, VenuePermission, "forbidden"),
    (refused(401, {"error": "Unauthorized/Invalid api key"}), VenuePermission, VenuePermission, "Invalid api key"),
    (refused(401, {}), VenuePermission, VenuePermission, "401"),
    (refused(429, {"error": "slow down"}, **{"Retry-After": "7"}), RateLimited, RateLimited, "too many"),
    (refused(503, {"error": "Trading is currently disabled"}), InstrumentNotTrading, InstrumentNotTrading, "disabled"),
    (refused(503, {"error": "service unavailable"}), OutcomeUnknown, VenueDown, "503"),
    (web.Response(text="{half", status=200), OutcomeUnknown, VenueDown, "no JSON"),
    (page(status=451), VenuePermission, VenuePermission, "does not serve"),
    (page(status=200), OutcomeUnknown, VenueDown, "no JSON"),
    (
        refused(400, {"error": "order 0xab is invalid. Price (0.505) breaks minimum tick size rule: 0.01"}),
        InvalidPrice,
        InvalidPrice,
        "0.505",
    ),
    (refused(400, {"error": "something new"}), Rejected, Rejected, "something new"),
]


@pytest.mark.parametrize(("answer", "change", "read", "words"), ANSWERS, ids=lambda x: getattr(x, "status", None))
async def test_each_answer_says_whether_something_may_have_happened(
    answer: web.Response, change: type[VenuekitError], read: type[VenuekitError], words: str
) -> None:
    async def again(_: web.Request) -> web.Response:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async with loopback({"POST /order": again, "GET /book": again}) as here, asking(here) as api:
        with pytest.raises(VenuekitError, match=words) as sent:
            await api.change("POST", "/order", {}, what="the order")
        with pytest.raises(VenuekitError) as asked:
            await api.clob("/book")
    assert type(sent.value) is change
    assert type(asked.value) is read
    assert sent.value.fix or type(sent.value) is Rejected


async def test_a_429_stops_the_budget_for_as_long_as_the_venue_says() -> None:
    budgets = Budgets()
    routes = {"GET /book": lambda _: refused(429, {}, **{"Retry-After": "7"})}
    async with loopback(routes) as here, asking(here, budgets=budgets) as api:
        with pytest.raises(RateLimited) as limited:
            await api.clob("/book", budget="clob_books")
    assert limited.value.retry_after == 7
    assert (budgets.taken, budgets.told) == (["clob_books"], [("clob_books", 7.0)])


async def test_the_venues_own_count_of_orders_is_heeded() -> None:
    budgets = Budgets()
    routes = {"POST /order": lambda _: refused(200, {}, **{"Poly-RateLimit-Remaining": "3"})}
    async with loopback(routes) as here, asking(here, budgets=budgets) as api:
        await api.change("POST", "/order", {}, what="the order")
    assert budgets.told == [("orders", 3)]


async def test_an_answer_that_never_comes_is_given_up_at_its_deadline() -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with (
        loopback({"POST /order": silent, "GET /book": silent}) as here,
        asking(here, timeout_seconds=0.1) as api,
    ):
        with pytest.raises(OutcomeUnknown, match="too long"):
            await api.change("POST", "/order", {}, what="the order")
        with pytest.raises(VenueDown, match="too long"):
            await api.clob("/book")


async def test_a_connection_that_cannot_be_made_sent_nothing() -> None:
    async with loopback() as here:
        gone = here
    async with asking(gone) as api:
        with pytest.raises(VenueDown, match="cannot be reached"):
            await api.change("POST", "/order", {}, what="the order")


async def test_a_connection_that_breaks_leaves_an_order_unknown() -> None:
    async def broken(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with loopback({"POST /order": broken}) as here, asking(here) as api:
        with pytest.raises(OutcomeUnknown):
            await api.change("POST", "/order", {}, what="the order")


async def test_credentials_are_derived_once_and_made_only_if_that_is_allowed() -> None:
    made = {"apiKey": "k2", "secret": "c2VjcmV0", "passphrase": "p2"}
    none = {"GET /auth/derive-api-key": lambda _: refused(400, {"error": "Could not derive api key!"})}
    async with loopback({"GET /auth/derive-api-key": made}) as here, asking(here, credentials=None) as api:
        assert [(await api.credentials()).key for _ in range(2)] == ["k2", "k2"]
        assert here.asked == ["GET /auth/derive-api-key"]
        assert here.headers[0]["POLY_NONCE"] == "0"
    async with loopback(none) as here, asking(here, credentials=None) as api:
        with pytest.raises(VenuePermission, match="Could not derive") as refusal:
            await api.credentials()
        assert "create_api_key" in refusal.value.fix
    async with (
        loopback({**none, "POST /auth/api-key": made}) as here,
        asking(here, credentials=None, may_create=True) as api,
    ):
        assert (await api.credentials()).passphrase == "p2"


async def test_without_a_key_nothing_private_is_sent() -> None:
    async with loopback() as here, asking(here, key="") as api:
        with pytest.raises(Unsupported, match="none is configured"):
            await api.own("/data/orders", budget="clob_ledger")
        assert here.asked == []


STATES = [
    (
        {"error": "Trading is currently cancel-only. New orders are not accepted"},
        "CANCEL_ONLY_MODE",
        InstrumentStatus.CANCEL_ONLY,
        30,
    ),
    ({"error": "Trading is currently disabled"}, "TRADING_DISABLED", InstrumentStatus.HALTED, 30),
    ({"code": "post_only_mode", "retry_after_seconds": 79}, "POST_ONLY_MODE", InstrumentStatus.POST_ONLY, 79),
]


@pytest.mark.parametrize(("body", "code", "status", "seconds"), STATES)
async def test_a_state_of_the_venue_is_shown_until_it_has_passed(
    body: dict[str, Any], code: str, status: InstrumentStatus, seconds: int
) -> None:
    moving = SimulatedClock()
    async with (
        loopback({"POST /order": lambda _: refused(503, body)}) as here,
        asking(here, moving=moving) as api,
    ):
        told: list[str] = []
        api.conditions.listen(lambda: told.append(api.conditions.code))
        for _ in range(2):
            with pytest.raises(InstrumentNotTrading):
                await api.change("POST", "/order", {}, what="the order")
        assert (told, api.conditions.code, api.conditions.seconds) == ([code], code, seconds)
        assert api.conditions.status(InstrumentStatus.TRADING) is status
        assert api.conditions.status(InstrumentStatus.RESOLVED) is InstrumentStatus.RESOLVED
        await moving.advance(seconds)
        assert (api.conditions.code, api.conditions.seconds) == ("", 0)
        assert api.conditions.status(InstrumentStatus.TRADING) is InstrumentStatus.TRADING


async def test_an_order_that_is_taken_ends_a_state_but_not_post_only() -> None:
    async with loopback({"POST /order": lambda _: refused(503, STATES[0][0])}) as here, asking(here) as api:
        for left, state in (("", STATES[0][0]), ("POST_ONLY_MODE", STATES[2][0])):
            here.routes["POST /order"] = lambda _, state=state: refused(503, state)
            with pytest.raises(InstrumentNotTrading):
                await api.change("POST", "/order", {}, what="the order")
            here.routes["POST /order"] = {"success": True}
            await api.change("POST", "/order", {}, what="the order")
            assert api.conditions.code == left


async def test_a_restart_of_the_engine_halts_every_instrument() -> None:
    async with loopback({"POST /order": lambda _: refused(425, {})}) as here, asking(here) as api:
        with pytest.raises(VenueDown):
            await api.change("POST", "/order", {}, what="the order")
        assert api.conditions.status(InstrumentStatus.TRADING) is InstrumentStatus.HALTED
