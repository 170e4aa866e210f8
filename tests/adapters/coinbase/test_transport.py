"""Faults between the adapter and Coinbase: what is told as not sent, what as refused, and that nothing is sent twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from coinbase_desk import a_double, a_venue, connected, resting

from venuekit.adapter import (
    NANOS,
    Channel,
    ClientOrderIdReused,
    NotConnected,
    OrderRef,
    OrderStatus,
    OutcomeUnknown,
    RateLimited,
    VenueDown,
    VenuePermission,
)
from venuekit_coinbase.answers import read_answer
from venuekit_coinbase.client import Call
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.faults import Fault

pytestmark = pytest.mark.anyio
D = Decimal
TRANSPORTS = ["aiohttp", "sdk"]
READ = Call("GET", "/x", {}, None, public=False)
WRITE = Call("POST", "/x", {}, {}, public=False)
NOW = 1_800_000_000 * NANOS


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


def placed(double: CoinbaseDouble, name: str) -> list[Any]:
    """Orders with this client id at the double, whatever became of them."""
    return [o for o in double.call(double.backing.venue.open_orders()) if o.client_order_id == name]


# -- one answer


@pytest.mark.parametrize("header", ["Retry-After", "x-ratelimit-reset"])
def test_either_header_says_when_to_come_again(header: str) -> None:
    with pytest.raises(RateLimited) as limited:
        read_answer(READ, 429, {header: "7"}, b"", NOW)
    assert limited.value.retry_after == 7


@pytest.mark.parametrize("raw", [b'{"errors":[{"id":"rate_limit_exceeded"}]}', b"<html>", b""])
def test_429_is_a_rate_limit_whatever_its_body(raw: bytes) -> None:
    with pytest.raises(RateLimited) as limited:
        read_answer(WRITE, 429, {"Retry-After": "4"}, raw, NOW)
    assert limited.value.retry_after == 4


@pytest.mark.parametrize("status", [200, 302, 408, 500, 502, 504])
@pytest.mark.parametrize("raw", [b"<html>no</html>", b'{"success": tr', b""])
def test_what_cannot_be_read_is_doubt_only_where_something_may_have_changed(status: int, raw: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        read_answer(WRITE, status, {}, raw, NOW)
    with pytest.raises(VenueDown):
        read_answer(READ, status, {}, raw, NOW)


@pytest.mark.parametrize("raw", [b"<html>", b'{"error_details":"Missing required scopes"}', b"[1]", b"null"])
def test_403_is_a_permission_whatever_its_body(raw: bytes) -> None:
    with pytest.raises(VenuePermission):
        read_answer(WRITE, 403, {}, raw, NOW)


# -- an order whose answer is lost

LOST = [Fault.AFTER_HTML_WITH_200, Fault.AFTER_SERVER_ERROR, Fault.AFTER_TRUNCATED, Fault.AFTER_RESET]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("fault", [*LOST, Fault.RESET, Fault.HTML_WITH_200, Fault.BAD_GATEWAY_HTML, Fault.SERVER_ERROR])
async def test_a_lost_answer_is_asked_for_and_there_is_one_order(
    double: CoinbaseDouble, tmp_path: Path, fault: Fault, transport: str
) -> None:
    name = f"{fault.value}-{transport}"
    async with connected(double, tmp_path, transport=transport) as venue:
        double.fail("create", fault)
        order = await venue.submit(resting(name))
        assert order.status is OrderStatus.OPEN
        assert [o.venue_order_id for o in await venue.open_orders() if o.client_order_id == name] == [
            order.venue_order_id
        ]
        assert len(placed(double, name)) == 1
        await venue.cancel(OrderRef.of(order))


async def test_silence_after_the_order_was_taken_finds_that_order(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with connected(double, tmp_path, timeout_seconds=0.4) as venue:
        double.fail("create", Fault.AFTER_SILENCE)
        order = await venue.submit(resting("silence"))
        assert order.client_order_id == "silence"
        assert len(placed(double, "silence")) == 1


@pytest.mark.parametrize("second", [Fault.AFTER_RESET, Fault.RATE_LIMITED, Fault.RATE_LIMITED_HTML])
async def test_losing_the_second_answer_too_is_doubt(double: CoinbaseDouble, tmp_path: Path, second: Fault) -> None:
    async with connected(double, tmp_path) as venue:
        double.fail("create", Fault.AFTER_RESET, second)
        with pytest.raises(OutcomeUnknown):
            await venue.submit(resting(f"twice-{second.value}"))
        assert len(placed(double, f"twice-{second.value}")) == 1


async def test_a_key_that_is_refused_when_asking_again_is_doubt(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with connected(double, tmp_path) as venue:
        double.fail("create", Fault.AFTER_RESET, Fault.UNAUTHORIZED_ONCE, Fault.UNAUTHORIZED_ONCE)
        with pytest.raises(OutcomeUnknown):
            await venue.submit(resting("refused-later"))


async def test_an_order_that_was_taken_is_told_as_taken_even_when_it_cannot_be_read(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    async with connected(double, tmp_path) as venue:
        double.fail("order", Fault.UNAUTHORIZED_ONCE, Fault.UNAUTHORIZED_ONCE)
        order = await venue.submit(resting("unread"))
        assert (order.status, order.price) == (OrderStatus.OPEN, D(1000))
        double.fail("order", Fault.HTML_WITH_200)
        assert (await venue.submit(resting("unread"))).venue_order_id == order.venue_order_id


async def test_a_null_configuration_after_the_order_was_taken_is_that_order(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    async with connected(double, tmp_path) as venue:
        double.fail("create", Fault.NULL_CONFIGURATION)
        double.fail("order", Fault.NULL_CONFIGURATION)
        order = await venue.submit(resting("null"))
        assert order.client_order_id == "null"
        assert len(placed(double, "null")) == 1


async def test_another_order_under_the_same_id_is_named(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with connected(double, tmp_path) as venue:
        await venue.submit(resting("same"))
        with pytest.raises(ClientOrderIdReused, match="price"):
            await venue.submit(resting("same", price=D(900)))


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.RATE_LIMITED_HTML])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_too_many_calls_send_nothing(
    double: CoinbaseDouble, tmp_path: Path, fault: Fault, transport: str
) -> None:
    name = f"{fault.value}-{transport}-many"
    async with connected(double, tmp_path, transport=transport) as venue:
        double.fail("create", fault)
        with pytest.raises(RateLimited):
            await venue.submit(resting(name))
        assert placed(double, name) == []


# -- everything else


async def test_one_401_is_tried_again_with_a_new_token_and_two_are_the_key(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    async with connected(double, tmp_path) as venue:
        double.fail("accounts", Fault.UNAUTHORIZED_ONCE)
        assert await venue.balances()
        double.fail("accounts", Fault.UNAUTHORIZED_ONCE, Fault.UNAUTHORIZED_ONCE)
        with pytest.raises(VenuePermission, match="does not take the key"):
            await venue.balances()


@pytest.mark.parametrize("fault", [Fault.BAD_GATEWAY_HTML, Fault.HTML_WITH_200, Fault.AFTER_TRUNCATED])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_read_that_fails_may_be_tried_again(
    double: CoinbaseDouble, tmp_path: Path, fault: Fault, transport: str
) -> None:
    async with connected(double, tmp_path, transport=transport) as venue:
        double.fail("accounts", fault)
        with pytest.raises(VenueDown):
            await venue.balances()
        assert await venue.balances()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_certificate_of_another_authority_is_refused(
    double: CoinbaseDouble, tmp_path: Path, transport: str
) -> None:
    with a_double() as other:
        venue = a_venue(double, tmp_path, ca_file=other.ca_file, transport=transport)
        before = len(double.requests)
        with pytest.raises(VenueDown):
            await venue.connect()
        await venue.close()
        assert len(double.requests) == before


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_ca_file_adds_to_the_certificates_of_the_system(
    double: CoinbaseDouble, tmp_path: Path, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", double.ca_file)  # what a system trusts
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")  # what the environment would put in its place
    with a_double() as other:
        for known in (double, other):
            async with connected(known, tmp_path, ca_file=other.ca_file, transport=transport) as venue:
                assert await venue.balances()


async def test_a_stream_with_a_certificate_of_another_authority_is_refused(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    with a_double() as other:
        async with connected(double, tmp_path, ws_url=other.ws_url, ws_user_url=other.ws_url) as venue:
            for channel in (Channel.TICKER, Channel.OWN_ORDERS):
                with pytest.raises(NotConnected, match="certificate"):
                    await anext(venue.subscribe(channel, ["BTC-USD"]))


async def test_a_venue_that_cannot_be_reached_leaves_nothing_open(double: CoinbaseDouble, tmp_path: Path) -> None:
    for transport in TRANSPORTS:
        venue = a_venue(double, tmp_path, base_url="https://127.0.0.1:1", transport=transport)
        with pytest.raises(VenueDown, match="cannot be reached"):
            await venue.connect()


async def test_the_server_time_is_near(double: CoinbaseDouble, tmp_path: Path) -> None:
    async with connected(double, tmp_path) as venue:
        assert abs(await venue.server_time_ns() - time.time_ns()) < 60 * NANOS
