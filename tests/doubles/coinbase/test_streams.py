"""The streams: every channel's snapshots and updates, numbers, and what a connection may ask for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from coinbase_clients import Official, Stream, a_double, a_stream

from venuekit.adapter import InstrumentStatus
from venuekit_doubles.coinbase import CoinbaseDouble, Key, Limits, Quirk

pytestmark = pytest.mark.anyio
D = Decimal
SPOT = ("BTC-USD", "ETH-USD", "SOL-USD")
ALL = {*SPOT, "BTC-PERP", "ETH-PERP"}


@pytest.fixture
def fresh() -> Iterator[CoinbaseDouble]:
    with a_double() as double:
        yield double


async def said(stream: Stream, channel: str) -> dict[str, Any]:
    """What the next acknowledgement lists of a channel."""
    found: dict[str, Any] = (await stream.until("subscriptions"))["subscriptions"]
    return {"channel": found.get(channel), "all": found}


async def test_frames_are_numbered_over_all_channels_of_a_connection(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream, a_stream(double) as other:
        for channel in ("heartbeats", "ticker", "level2", "market_trades", "candles", "status"):
            await stream.say(channel, *SPOT)
        frames = [await stream.frame() for _ in range(40)]
        assert [frame["sequence_num"] for frame in frames] == list(range(40))
        assert {frame["channel"] for frame in frames} >= {"subscriptions", "heartbeats", "l2_data", "status"}
        assert all(frame["client_id"] == "" and frame["timestamp"].endswith("Z") for frame in frames)
        await other.say("heartbeats")
        assert (await other.frame())["sequence_num"] == 0


async def test_heartbeats_are_counted(double: CoinbaseDouble) -> None:
    async with a_stream(double) as stream:
        await stream.say("heartbeats")
        beats = [(await stream.until("heartbeats"))["heartbeat_counter"] for _ in range(4)]
    assert [b - a for a, b in itertools.pairwise(beats)] == [1, 1, 1]


@pytest.mark.parametrize("channel", ["ticker", "level2", "market_trades", "candles", "ticker_batch"])
async def test_without_products_a_channel_is_of_all(double: CoinbaseDouble, channel: str) -> None:
    async with a_stream(double) as stream:
        await stream.say(channel)
        assert set((await said(stream, channel))["channel"]) == ALL


async def test_tickers_tell_of_each_change(fresh: CoinbaseDouble) -> None:
    async with a_stream(fresh) as stream:
        await stream.say("ticker", "BTC-USD")
        first = await stream.until("ticker")
        [ticker] = first["tickers"]
        assert (first["type"], ticker["type"], ticker["product_id"]) == ("snapshot", "ticker", "BTC-USD")
        assert D(ticker["best_bid"]) < D(ticker["best_ask"])
        assert D(ticker["low_24_h"]) <= D(ticker["price"]) <= D(ticker["high_24_h"])
        await fresh.advance(5)
        later = await stream.until("ticker")
        assert later["type"] == "update"
        assert later["tickers"][0] != ticker


async def test_batched_tickers_come_together_and_only_those_that_changed(fresh: CoinbaseDouble) -> None:
    async with a_stream(fresh) as stream:
        await stream.say("ticker_batch", "BTC-USD", "ETH-USD")
        first = await stream.until("ticker_batch")
        assert [t["product_id"] for t in first["tickers"]] == ["BTC-USD", "ETH-USD"]
        assert "best_bid" not in first["tickers"][0]
        await fresh.advance(5)
        later = await stream.until("ticker_batch")
        assert later["type"] == "update"
        assert later["tickers"] != first["tickers"]


async def test_a_book_kept_from_its_updates_is_the_book_that_rest_shows(
    fresh: CoinbaseDouble, official: Official
) -> None:
    client = official(fresh)
    async with a_stream(fresh) as stream:
        await stream.say("level2", "BTC-USD")
        book: dict[str, dict[Decimal, Decimal]] = {"bid": {}, "offer": {}}
        kinds = []
        await fresh.subscribed("level2")
        for seconds in (3, 3, 3):
            await fresh.advance(seconds)
        await stream.say("heartbeats")  # comes after all of that
        while (frame := await stream.frame())["channel"] != "heartbeats":
            for event in frame["events"] if frame["channel"] == "l2_data" else ():
                kinds.append(event["type"])
                for update in event["updates"]:
                    book[update["side"]][D(update["price_level"])] = D(update["new_quantity"])
    assert kinds[0] == "snapshot"
    assert set(kinds[1:]) == {"update"}
    shown = client.get_product_book("BTC-USD", limit=500).pricebook
    for side, levels in (("bid", shown.bids), ("offer", shown.asks)):
        kept = {price: size for price, size in book[side].items() if size}
        assert kept == {D(x.price): D(x.size) for x in levels}


async def test_public_trades_come_newest_first_and_then_each(fresh: CoinbaseDouble, official: Official) -> None:
    client = official(fresh)
    await fresh.advance(60)
    async with a_stream(fresh) as stream:
        await stream.say("market_trades", "BTC-USD")
        times = [t["time"] for t in (await stream.until("market_trades"))["trades"]]
        assert times == sorted(times, reverse=True)
        assert times
        client.market_order_buy("taker", "BTC-USD", base_size="0.01")
        [trade] = (await stream.until("market_trades"))["trades"]
    # Its side is the maker's, who sold.
    assert (trade["product_id"], trade["side"], D(trade["size"])) == ("BTC-USD", "SELL", D("0.01"))


async def test_candles_are_of_five_minutes_and_the_open_one_comes_again(
    fresh: CoinbaseDouble, official: Official
) -> None:
    client = official(fresh)
    async with a_stream(fresh) as stream:
        await stream.say("candles", "BTC-USD")
        first = (await stream.until("candles"))["candles"]
        starts = [int(c["start"]) for c in first]
        assert {a - b for a, b in itertools.pairwise(starts)} == {300}
        before = first[0]
        for number in range(2):
            client.market_order_buy(f"taker-{number}", "BTC-USD", base_size="0.01")
            [newest] = (await stream.until("candles"))["candles"]
            same = newest["start"] == before["start"]
            assert D(newest["volume"]) == D("0.01") + (D(before["volume"]) if same else 0)
            before = newest


async def test_status_lists_products_and_tells_of_one_that_stops(fresh: CoinbaseDouble) -> None:
    async with a_stream(fresh) as stream:
        await stream.say("status")
        assert {p["id"] for p in (await stream.until("status"))["products"]} == ALL
        await stream.say("status", "SOL-USD")  # the subscription to all goes on
        assert {p["id"] for p in (await stream.until("status"))["products"]} == ALL
        fresh.call(fresh.backing.venue.set_status("SOL-USD", InstrumentStatus.HALTED))
        told = await stream.until("status")
        assert [(p["id"], p["status"]) for p in told["products"]] == [("SOL-USD", "offline")]
        assert told["type"] == "update"


async def test_own_orders_begin_with_the_open_ones_and_then_each_change(
    fresh: CoinbaseDouble, official: Official
) -> None:
    client = official(fresh)
    resting = client.limit_order_gtc_buy("before", "BTC-USD", "0.01", "1000").success_response["order_id"]
    async with a_stream(fresh) as stream:
        await stream.say("user", jwt=stream.token())
        first = await stream.until("user")
        assert [o["order_id"] for o in first["orders"]] == [resting]
        assert first["positions"] == {"perpetual_futures_positions": [], "expiring_futures_positions": []}
        client.cancel_orders([resting])
        [canceled] = (await stream.until("user"))["orders"]
        assert (canceled["status"], canceled["cancel_reason"]) == ("CANCELLED", "User requested cancel")
        client.market_order_buy("taker", "ETH-USD", base_size="1")
        told = (await stream.until("user"))["orders"][0]
        while told["status"] != "FILLED":
            told = (await stream.until("user"))["orders"][0]
        assert (told["client_order_id"], told["cumulative_quantity"], told["leaves_quantity"]) == (
            "taker",
            "1.000",
            "0",
        )
        order = client.get_order(told["order_id"]).order
        assert (told["total_fees"], told["filled_value"]) == (order.total_fees, order.filled_value)


async def test_own_orders_may_be_of_some_products_and_are_of_one_account(
    fresh: CoinbaseDouble, official: Official
) -> None:
    client = official(fresh)
    other = fresh.add_key(Key("other", account="other"))
    async with a_stream(fresh) as some, a_stream(fresh) as theirs:
        await some.say("user", "ETH-USD", jwt=some.token())
        await theirs.say("user", jwt=theirs.token(other))
        await fresh.subscribed("user", 2)
        client.limit_order_gtc_buy("bitcoin", "BTC-USD", "0.01", "1000")
        client.limit_order_gtc_buy("ether", "ETH-USD", "0.01", "1000")
        await some.until("user")
        assert [o["client_order_id"] for o in (await some.until("user"))["orders"]] == ["ether"]
        await theirs.until("user")
        official(fresh, other).limit_order_gtc_buy("theirs", "BTC-USD", "0.01", "1000")
        assert [o["client_order_id"] for o in (await theirs.until("user"))["orders"]] == ["theirs"]


async def test_positions_and_the_futures_balance_are_told(fresh: CoinbaseDouble, official: Official) -> None:
    client = official(fresh)
    async with a_stream(fresh) as stream:
        await stream.say("futures_balance_summary", jwt=stream.token())
        first = await stream.until("futures_balance_summary")
        before = first["fcm_balance_summary"]
        assert (first["type"], D(before["futures_buying_power"])) == ("snapshot", 1_000_000)
        client.market_order_buy("long", "BTC-PERP", base_size="1")
        later = await stream.until("futures_balance_summary")
        assert later["type"] == "update"
        assert D(later["fcm_balance_summary"]["futures_buying_power"]) < 1_000_000
        await stream.say("user", jwt=stream.token())
        [position] = (await stream.until("user"))["positions"]["expiring_futures_positions"]
        assert (position["product_id"], position["side"]) == ("BTC-PERP", "LONG")


async def test_what_was_unsubscribed_is_told_no_more(fresh: CoinbaseDouble) -> None:
    async with a_stream(fresh) as stream:
        await stream.say("ticker", "BTC-USD", "ETH-USD")
        await stream.say("market_trades", "BTC-USD")
        await fresh.subscribed("ticker", 2)
        await fresh.subscribed("market_trades")
        await stream.say("ticker", "BTC-USD", kind="unsubscribe")
        for _ in range(2):
            await stream.until("subscriptions")
        assert (await said(stream, "ticker"))["all"] == {"ticker": ["ETH-USD"], "market_trades": ["BTC-USD"]}
        await fresh.advance(10)
        await stream.say("ticker", kind="unsubscribe")
        while (frame := await stream.frame())["channel"] != "subscriptions":
            assert [t["product_id"] for e in frame["events"] for t in e.get("tickers", ())] in ([], ["ETH-USD"])
        assert frame["events"] == [{"subscriptions": {"market_trades": ["BTC-USD"]}}]
        await stream.say("market_trades", "BTC-USD", kind="unsubscribe")
        assert (await said(stream, "market_trades"))["all"] == {}


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("no json", "malformed message"),
        ("[]", "malformed message"),
        ('{"type": "subscribe"}', "malformed message"),
        ('{"type": "order", "channel": "ticker"}', "type is not valid"),
        ('{"type": "subscribe", "channel": "prices"}', "channel prices is not valid"),
        ('{"type": "subscribe", "channel": "ticker", "product_ids": ["DOGE-USD"]}', "product DOGE-USD is not valid"),
        ('{"type": "subscribe", "channel": "user"}', "authentication failure"),
        ('{"type": "subscribe", "channel": "futures_balance_summary"}', "authentication failure"),
    ],
)
async def test_what_cannot_be_asked_is_an_error_and_the_connection_stays(
    double: CoinbaseDouble, message: str, error: str
) -> None:
    async with a_stream(double) as stream:
        await stream.socket.send_str(message)
        assert await stream.frame() == {"type": "error", "message": error}
        await stream.say("heartbeats")
        await stream.until("heartbeats")


async def test_who_never_subscribes_is_sent_away() -> None:
    with a_double(subscribe_seconds=0.05) as double:
        async with a_stream(double) as idle, a_stream(double) as stream:
            await stream.say("heartbeats")
            message = await idle.socket.receive(timeout=60)
            assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 1000, "no subscription")
            await stream.until("heartbeats", times=3)


async def test_messages_without_a_token_are_limited() -> None:
    with a_double(limits=Limits(messages=2)) as double:
        async with a_stream(double) as stream:
            for channel in ("ticker", "level2", "market_trades"):
                await stream.say(channel, "BTC-USD")
            assert await stream.frame_of_error() == {"type": "error", "message": "rate limit exceeded"}
            await stream.say("user", jwt=stream.token())
            await stream.until("user")


async def test_quirks_of_the_streams() -> None:
    with a_double(quirks=[Quirk.TEXT_HEARTBEATS, Quirk.NO_CLIENT_ID]) as double:
        async with a_stream(double) as stream:
            await stream.say("heartbeats")
            frame = await stream.frame()
            while frame["channel"] != "heartbeats":
                frame = await stream.frame()
    assert frame["events"][0]["heartbeat_counter"] == "0"
    assert "client_id" not in frame
