"""The official streams as they come, over TLS, with both kinds of key."""

from __future__ import annotations

import pytest
from coinbase.rest import RESTClient
from coinbase.websocket import WebsocketResponse, WSClient, WSUserClient
from coinbase_clients import official_stream

from venuekit_doubles.coinbase import CoinbaseDouble, Key

# The official client makes its TLS context in a way that Python has left behind.
pytestmark = [pytest.mark.filterwarnings("ignore:ssl.:DeprecationWarning")]
CHANNELS = ("ticker", "ticker_batch", "level2", "market_trades", "candles", "status", "heartbeats")
#: What the frame of a channel is called, where it is called otherwise.
FRAMES = {"level2": "l2_data"}


@pytest.mark.parametrize("kind", ["ec", "ed"])
def test_every_public_channel_is_heard_and_its_frames_are_what_the_client_expects(
    double: CoinbaseDouble, kind: str
) -> None:
    key = double.add_key(Key(f"organizations/double/apiKeys/stream-{kind}", kind=kind))
    with official_stream(double, key=key) as (client, heard):
        client.subscribe(["BTC-USD"], list(CHANNELS))
        for channel in CHANNELS:
            name = FRAMES.get(channel, channel)
            assert WebsocketResponse(heard.anywhere(name)).channel == name
        client.unsubscribe(["BTC-USD"], ["ticker"])
        while "ticker" in (listed := heard.channel("subscriptions")["subscriptions"]):
            pass
        assert set(listed) == set(CHANNELS) - {"ticker"}
    assert {said.key for said in double.logins} >= {key.name}


@pytest.mark.parametrize("kind", ["ec", "ed"])
def test_own_orders_are_heard(double: CoinbaseDouble, client: RESTClient, kind: str) -> None:
    key = double.add_key(Key(f"organizations/double/apiKeys/user-{kind}", kind=kind))
    with official_stream(double, WSUserClient, key=key) as (stream, heard):
        stream.user(["BTC-USD"])
        stream.futures_balance_summary()
        assert heard.channel("user")["type"] == "snapshot"
        heard.channel("futures_balance_summary")
        number = client.limit_order_gtc_buy(f"heard-{kind}", "BTC-USD", "0.01", "1000").success_response["order_id"]
        assert [o["order_id"] for o in heard.channel("user")["orders"]] == [number]
        client.cancel_orders([number])
        assert [o["status"] for o in heard.channel("user")["orders"]] == ["CANCELLED"]


def test_a_key_that_is_none_is_told_so(double: CoinbaseDouble) -> None:
    with official_stream(double, WSUserClient, key=Key("organizations/double/apiKeys/stranger")) as (stream, heard):
        stream.user(["BTC-USD"])
        assert heard.until(lambda f: f.get("type") == "error")["message"] == "authentication failure"


def test_a_connection_that_ended_is_made_again_by_hand(double: CoinbaseDouble) -> None:
    for _ in range(2):
        with official_stream(double, WSClient) as (stream, heard):
            stream.heartbeats()
            heard.channel("heartbeats")
