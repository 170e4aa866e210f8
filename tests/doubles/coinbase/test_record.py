"""What the double remembers of those who asked it, and when it is sure that subscriptions are live."""

from __future__ import annotations

import pytest
from coinbase.rest import RESTClient
from coinbase_clients import API, Official, Plain, a_double, a_stream, order
from requests.exceptions import HTTPError

from venuekit_doubles.coinbase import CoinbaseDouble, Fault, Key, StreamFault

pytestmark = pytest.mark.anyio
NAMES = ("method", "path", "authorized", "private", "mutating", "status")


def seen(double: CoinbaseDouble) -> list[tuple[object, ...]]:
    return [tuple(getattr(asked, name) for name in NAMES) for asked in double.requests]


def test_public_data_without_a_key_is_nothing_private(double: CoinbaseDouble, official: Official) -> None:
    nobody = official(double, signed=False)
    double.forget()
    nobody.get_public_product("BTC-USD")
    nobody.get_unix_time()
    assert seen(double) == [
        ("GET", f"{API}/market/products/BTC-USD", False, False, False, 200),
        ("GET", f"{API}/time", False, False, False, 200),
    ]
    assert double.private == double.mutating == []


def test_every_request_is_listed_with_what_it_could_do(double: CoinbaseDouble, client: RESTClient) -> None:
    double.forget()
    client.get_public_product("BTC-USD")
    client.get_accounts()
    placed = client.limit_order_gtc_buy("listed", "BTC-USD", "0.01", "1000")
    client.preview_market_order_buy("BTC-USD", quote_size="10")
    client.cancel_orders([placed.success_response["order_id"]])
    assert seen(double) == [
        ("GET", f"{API}/market/products/BTC-USD", True, True, False, 200),
        ("GET", f"{API}/accounts", True, True, False, 200),
        ("POST", f"{API}/orders", True, True, True, 200),
        ("POST", f"{API}/orders/preview", True, True, False, 200),
        ("POST", f"{API}/orders/batch_cancel", True, True, True, 200),
    ]
    assert [asked.endpoint for asked in double.mutating] == ["create", "cancel"]
    assert len(double.private) == 5


def test_what_was_asked_is_listed_also_when_it_was_refused_failed_or_is_nowhere(plain: Plain) -> None:
    double = plain.double
    double.forget()
    plain.ask("GET", f"{API}/accounts", token="")
    plain.ask("DELETE", f"{API}/orders/1", token="")
    double.fail("create", Fault.RESET)
    with pytest.raises(OSError, match="Connection"):
        plain.ask("POST", f"{API}/orders", body=order("reset"))
    assert seen(double) == [
        ("GET", f"{API}/accounts", False, True, False, 401),
        ("DELETE", f"{API}/orders/1", False, False, True, 404),
        ("POST", f"{API}/orders", True, True, True, None),
    ]


def test_an_address_that_there_is_not_is_named(client: RESTClient) -> None:
    with pytest.raises(HTTPError, match="the double has no GET /api/v3/brokerage/nowhere"):
        client.get("/api/v3/brokerage/nowhere")


async def test_logins_to_streams_are_listed_and_whether_they_were_let_in(double: CoinbaseDouble) -> None:
    key = double.add_key(Key("viewer", can_trade=False))
    double.forget()
    async with a_stream(double) as stream:
        await stream.say("ticker", "BTC-USD")
        await stream.until("ticker")
        assert double.private == double.logins == []
        await stream.say("user", "BTC-USD", jwt=stream.token(key))
        await stream.until("user")
        await stream.say("heartbeats", jwt="nonsense")
        assert (await stream.frame_of_error())["message"] == "authentication failure"
        await stream.say("user")
        await stream.frame_of_error()
    said = [(s.kind, s.channel, set(s.products), s.authorized, s.key, s.refused) for s in double.messages]
    assert said == [
        ("subscribe", "ticker", {"BTC-USD"}, False, None, ""),
        ("subscribe", "user", {"BTC-USD"}, True, "viewer", ""),
        ("subscribe", "heartbeats", set(), True, None, "authentication failure"),
        ("subscribe", "user", set(), False, None, "authentication failure"),
    ]
    assert [s.channel for s in double.logins] == ["user", "heartbeats"]
    assert [entry.authorized for entry in double.private] == [True, True, False]
    assert len(double.refused_tokens) == 2


async def test_subscriptions_are_known_to_be_live_and_to_be_gone() -> None:
    with a_double() as double:
        async with a_stream(double) as one, a_stream(double) as other:
            await one.say("market_trades", "BTC-USD", "ETH-USD")
            await other.say("market_trades", "BTC-USD")
            await other.say("user", jwt=other.token())
            await double.subscribed("market_trades", 3)
            await double.subscribed("market_trades", 2, product="BTC-USD")
            await double.subscribed("user", product="BTC-USD")
            with pytest.raises(TimeoutError, match=r"2 live subscriptions to market_trades of ETH-USD .* there are 1"):
                await double.subscribed("market_trades", 2, product="ETH-USD", within=0.01)
            await one.say("market_trades", "ETH-USD", kind="unsubscribe")
            await one.until("subscriptions", times=2)
            with pytest.raises(TimeoutError):
                await double.subscribed("market_trades", product="ETH-USD", within=0.01)
        with pytest.raises(TimeoutError):
            await double.subscribed("market_trades", within=0.01)


@pytest.mark.parametrize("channel", ["ticker", "level2", "market_trades", "candles", "user"])
async def test_what_happens_once_a_subscription_is_live_is_told(channel: str, official: Official) -> None:
    with a_double() as double:
        client = official(double)
        async with a_stream(double) as stream:
            await stream.say(channel, "BTC-USD", jwt=stream.token())
            await double.subscribed(channel)
            placed = client.market_order_buy("now", "BTC-USD", base_size="0.01")
            number = placed.success_response["order_id"]
            frame = "l2_data" if channel == "level2" else channel
            snapshot, update = await stream.until(frame), await stream.until(frame)
        assert [snapshot["type"], update["type"]] == ["snapshot", "update"]
        if channel == "user":
            assert [o["order_id"] for o in update["orders"]] == [number]


async def test_a_broken_connections_subscriptions_are_not_counted(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("ticker", "SOL-USD")
        await double.subscribed("ticker", product="SOL-USD")
        await double.fail_streams(StreamFault.ABORT)
        with pytest.raises(TimeoutError):
            await double.subscribed("ticker", product="SOL-USD", within=0.01)


async def test_a_channel_that_there_is_not_is_said_at_once(double: CoinbaseDouble) -> None:
    with pytest.raises(ValueError, match="there are: ticker, level2"):
        await double.subscribed("prices")


async def test_a_new_subscription_is_not_taken_for_one_that_ends(double: CoinbaseDouble) -> None:
    async with a_stream(double) as old, a_stream(double) as new:
        await old.say("ticker", "SOL-USD")
        await double.subscribed("ticker", product="SOL-USD")
        with pytest.raises(TimeoutError, match="subscriptions to ticker that began"):
            async with double.subscribing("ticker", within=0.01):
                pass
        async with double.subscribing("ticker"):
            await new.say("ticker", "SOL-USD")
        await double.subscribed("ticker", 2, product="SOL-USD")
    with pytest.raises(ValueError, match="there are: ticker, level2"):
        async with double.subscribing("prices"):
            pass
