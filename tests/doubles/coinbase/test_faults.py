"""Every fault of an answer and of a stream does what it says, once, and no more."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import ssl
from collections.abc import Iterator

import anyio
import pytest
import requests
from coinbase_clients import API, PATIENCE, Plain, a_double, a_stream, order

from venuekit_doubles.coinbase import CoinbaseDouble, Fault, StreamFault

pytestmark = pytest.mark.anyio
_NAMES = (f"fault-{n}" for n in itertools.count())
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def fresh() -> Iterator[Plain]:
    with a_double() as double:
        made = Plain(double)
        yield made
        made.http.close()


def outcome(plain: Plain, name: str) -> object:
    """What comes of placing an order: status and kind of body, or that the connection broke."""
    plain.http.close()  # a connection that broke is not used again, and none is asked again behind our back
    try:
        answer = plain.http.post(
            f"{plain.double.rest_url}{API}/orders",
            headers={"Authorization": f"Bearer {plain.token('POST', f'{API}/orders')}"},
            json=order(name),
            timeout=PATIENCE,
        )
    except BROKEN:
        return "broken"
    return answer.status_code, answer.headers["Content-Type"].partition(";")[0]


def silence(plain: Plain, name: str, fault: Fault) -> object:
    """What comes of placing an order that is known to have arrived; ``silence`` is nothing."""
    played = plain.double.faults.played
    before = played[fault.value]
    trust = ssl.create_default_context(cafile=plain.double.ca_file)
    line = http.client.HTTPSConnection(plain.double.host, context=trust, timeout=PATIENCE)
    path, body = f"{API}/orders", json.dumps(order(name))
    headers = {"Authorization": f"Bearer {plain.token('POST', path)}", "Content-Type": "application/json"}
    line.request("POST", path, body, headers)
    while played[fault.value] == before:
        plain.get(f"{API}/time")
    try:
        line.sock.settimeout(0.05)
        return line.getresponse().status
    except TimeoutError:
        return "silence"
    finally:
        line.close()


#: Fault → what the client sees.
SEEN = {
    Fault.RATE_LIMITED: (429, "application/json"),
    Fault.RATE_LIMITED_HTML: (429, "text/html"),
    Fault.SERVER_ERROR: (500, "application/json"),
    Fault.BAD_GATEWAY_HTML: (502, "text/html"),
    Fault.UNAUTHORIZED_ONCE: (401, "text/plain"),
    Fault.HTML_WITH_200: (200, "text/html"),
    Fault.AFTER_HTML_WITH_200: (200, "text/html"),
    Fault.AFTER_SERVER_ERROR: (500, "application/json"),
    Fault.AFTER_TRUNCATED: "broken",
    Fault.AFTER_SILENCE: "silence",
    Fault.AFTER_RESET: "broken",
    Fault.SILENCE: "silence",
    Fault.RESET: "broken",
    Fault.NULL_CONFIGURATION: (200, "application/json"),
}


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_seen_once_and_the_order_is_there_only_after_after(plain: Plain, fault: Fault) -> None:
    name = next(_NAMES)
    plain.double.fail("create", fault)
    seen = silence(plain, name, fault) if SEEN[fault] == "silence" else outcome(plain, name)
    assert seen == SEEN[fault]
    placed = [o["client_order_id"] for o in plain.get(f"{API}/orders/historical/batch", limit=5)["orders"]]
    assert (name in placed) is fault.is_after
    assert outcome(plain, name) == (200, "application/json")
    assert plain.double.faults.played[fault.value] >= 1


def test_a_429_says_when_to_come_again_unless_it_is_html(plain: Plain) -> None:
    plain.double.fail("accounts", Fault.RATE_LIMITED, Fault.RATE_LIMITED_HTML)
    told, untold = (plain.ask("GET", f"{API}/accounts") for _ in range(2))
    assert told.headers["Retry-After"] == "1"
    assert told.json()["errors"][0]["id"] == "rate_limit_exceeded"
    assert "Retry-After" not in untold.headers


def test_an_order_without_a_configuration_is_listed_without_one_too(plain: Plain) -> None:
    name = next(_NAMES)
    plain.double.fail("create", Fault.NULL_CONFIGURATION)
    placed = plain.post(f"{API}/orders", order(name))
    assert placed["order_configuration"] is None
    number = placed["order_id"]
    plain.double.fail("orders", Fault.NULL_CONFIGURATION)
    plain.double.fail("order", Fault.NULL_CONFIGURATION)
    assert plain.get(f"{API}/orders/historical/batch", order_ids=[number])["orders"][0]["order_configuration"] is None
    assert plain.get(f"{API}/orders/historical/{number}")["order"]["order_configuration"] is None
    assert plain.get(f"{API}/orders/historical/{number}")["order"]["order_configuration"] is not None


def test_half_a_body_is_sent_before_the_end(plain: Plain) -> None:
    plain.double.fail("products", Fault.AFTER_TRUNCATED)
    url = f"{plain.double.rest_url}{API}/market/products"
    with plain.http.get(url, stream=True, timeout=60) as answer:
        whole = int(answer.headers["Content-Length"])
        parts = answer.iter_content(100)
        got = next(parts)
        with pytest.raises(BROKEN):
            list(parts)
    assert 0 < len(got) < whole


def test_faults_wait_for_their_endpoint_and_any_is_for_the_next(fresh: Plain) -> None:
    fresh.double.fail("accounts", Fault.SERVER_ERROR)
    fresh.double.fail("*", Fault.BAD_GATEWAY_HTML)
    assert fresh.ask("GET", f"{API}/time").status_code == 502
    assert fresh.ask("GET", f"{API}/time").status_code == 200
    assert fresh.ask("GET", f"{API}/accounts").status_code == 500
    assert fresh.ask("GET", f"{API}/accounts").status_code == 200


def test_faults_are_forgotten_when_they_are_cleared(fresh: Plain) -> None:
    fresh.double.fail("*", Fault.SERVER_ERROR)
    fresh.double.faults.clear()
    assert fresh.ask("GET", f"{API}/time").status_code == 200


def test_a_fault_of_no_endpoint_is_an_error(plain: Plain) -> None:
    with pytest.raises(ValueError, match="No endpoint 'order_create'; there are: account"):
        plain.double.fail("order_create", Fault.RESET)


# -- streams


@pytest.mark.parametrize(
    ("fault", "code"), [(StreamFault.CLOSE_1000, 1000), (StreamFault.CLOSE_1001, 1001), (StreamFault.ABORT, 1006)]
)
async def test_a_connection_ends_and_another_may_be_made(double: CoinbaseDouble, fault: StreamFault, code: int) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await stream.until("heartbeats")
        _, seen = await asyncio.gather(double.fail_streams(fault), stream.closed())
        assert seen == code
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await stream.until("heartbeats", times=2)


async def test_a_gap_leaves_one_number_out(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await stream.until("heartbeats")
        await double.fail_streams(StreamFault.GAP)
        numbers = [(await stream.frame())["sequence_num"] for _ in range(6)]
    steps = [b - a for a, b in itertools.pairwise(numbers)]
    assert sorted(set(steps)) in ([1, 2], [1]), steps
    assert sum(step == 2 for step in [numbers[0] - 1, *steps]) == 1


async def test_a_frame_comes_twice(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await stream.until("heartbeats")
        await double.fail_streams(StreamFault.DUPLICATE)
        numbers = [(await stream.frame())["sequence_num"] for _ in range(5)]
    assert len(set(numbers)) == 4


async def test_a_frame_that_is_no_json(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await stream.until("heartbeats")
        await double.fail_streams(StreamFault.GARBAGE)
        texts = [str((await stream.socket.receive(timeout=60)).data) for _ in range(4)]
        assert sum(not text.endswith("}") for text in texts) == 1
        await stream.until("heartbeats")


async def test_silence_is_of_all_channels_and_the_connection_stays(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        await stream.until("heartbeats")
        await double.fail_streams(StreamFault.SILENCE)
        await double.subscribed("heartbeats")
        frames = 0
        with anyio.CancelScope() as quiet:
            while True:  # what was on its way still comes
                quiet.deadline = anyio.current_time() + 0.3  # six heartbeats
                await stream.frame()
                frames += 1
                assert frames < 100, "it goes on"
        assert not stream.socket.closed


@pytest.mark.parametrize("channel", ["ticker", None])
async def test_channels_fall_silent_and_heartbeats_go_on(double: CoinbaseDouble, channel: str | None) -> None:
    async with a_stream(double) as stream:
        for name in ("ticker", "market_trades"):
            await stream.say(name, "BTC-USD")
            await stream.until(name)
        await double.fail_streams(StreamFault.CHANNEL_SILENCE, channel)
        await double.advance(30)
        await stream.say("heartbeats")
        heard = set()
        while "heartbeats" not in heard:  # it comes after what the half minute brought
            heard.add((await stream.frame())["channel"])
        assert ("market_trades" in heard) is (channel is not None)
        assert "ticker" not in heard
