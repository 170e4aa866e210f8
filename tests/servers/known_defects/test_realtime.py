"""What is wrong with the realtime tools of the best-known Polymarket server, defect by defect, is right here.

There, all seven tools failed; the subscribe frame was one that the venue does not know; no PING was sent; no documented
message arrived; the user channel was never authenticated; a first connection that failed was the last one; a subscribe
that failed stayed; unsubscribing named nothing; and condition ids went where tokens belong.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from double_streams import a_double, until
from polymarket_agent import NO, ORDER, SLUG, YES, Waiting, agent, call, heard, refused

import mcp
from venuekit import Mode
from venuekit.adapter import Side
from venuekit_doubles.polymarket import Account, PolymarketDouble, StreamFault

pytestmark = pytest.mark.anyio
D = Decimal
PROFILE = "polymarket-realtime"


@pytest.fixture(scope="module")
def double() -> Iterator[PolymarketDouble]:
    with a_double() as running:
        yield running


async def test_all_seven_tools_answer(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, profile=PROFILE) as client:
        opened = [
            await call(client, "subscribe_market_prices", market_ids=[SLUG]),
            await call(client, "subscribe_orderbook_updates", token_ids=[YES], depth=5),
            await call(client, "subscribe_user_orders"),
            await call(client, "subscribe_user_trades", market_ids=[SLUG]),
            await call(client, "subscribe_market_resolution", market_ids=[SLUG]),
        ]
        ids = {one["subscription_id"] for one in opened}
        assert {s["id"] for s in (await call(client, "get_realtime_status"))["subscriptions"]} == ids
        for one in ids:
            assert (await call(client, "unsubscribe_realtime", subscription_id=one))["state"] == "closed"


async def test_the_subscribe_frame_is_the_venues_and_a_condition_id_becomes_its_tokens(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    market = double.markets[0]
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        opened = await call(client, "subscribe_market_prices", market_ids=[market.condition_id])
        await Waiting(client, opened).until("ticker")
        frames = [m for m in heard(double) if m != "PING"]
    assert frames == [{"type": "market", "assets_ids": sorted(market.tokens), "custom_feature_enabled": True}]


async def test_a_condition_id_where_a_token_is_asked_for_stands_for_both_outcomes(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    market = double.markets[0]
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        opened = await call(client, "subscribe_orderbook_updates", token_ids=[market.condition_id])
        assert len(opened["instruments"]) == 2
        one = await refused(client, "get_orderbook", instrument=market.condition_id)
        assert one["code"] == "AMBIGUOUS_INSTRUMENT"
        assert len(one["details"]["candidates"]) == 2


async def test_a_text_ping_is_sent_as_long_as_the_connection_lives(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, profile=PROFILE) as client:
        await call(client, "subscribe_market_prices", market_ids=[SLUG])
        await call(client, "subscribe_user_orders")
        await until(lambda: heard(double).count("PING") >= 2 and heard(double, "user").count("PING") >= 2)


async def test_frames_that_are_arrays_are_read_and_the_best_price_comes_first(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    """The first frame after a subscription is an array of books, each with its best price last."""
    token = double.markets[1].tokens[0]
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        waiting = Waiting(client, await call(client, "subscribe_orderbook_updates", token_ids=[token], depth=2))
        book = (await waiting.until("book_snapshot"))["book"]
        asks, bids = ([D(x["price"]) for x in book[side]] for side in ("asks", "bids"))
        assert len(asks) <= 2
        assert asks == sorted(asks)
        assert bids == sorted(bids, reverse=True)
        better = str(bids[0] + D("0.01"))
        double.order(token, Side.BUY, better, "12.5")
        waiting.events.clear()
        book = (await waiting.until("book_snapshot"))["book"]
        assert (D(book["bids"][0]["price"]), book["bids"][0]["size"]) == (D(better), "12.5")


async def test_each_documented_message_becomes_an_event(double: PolymarketDouble, tmp_path: Path) -> None:
    market = double.markets[2]
    token = market.tokens[0]
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        prices = Waiting(client, await call(client, "subscribe_market_prices", token_ids=[token]))
        books = Waiting(client, await call(client, "subscribe_orderbook_updates", token_ids=[token]))
        fates = Waiting(client, await call(client, "subscribe_market_resolution", market_ids=[market.slug]))
        trades = Waiting(client, await call(client, "subscribe", channel="trades", instruments=[token]))
        ask = (await prices.until("ticker"))["ticker"]["ask"]
        await books.until("book_snapshot")
        double.order(token, Side.BUY, ask, "5")
        assert D((await trades.until("trade"))["trade"]["price"]) == D(ask)
        await books.until("book_snapshot")
        double.set_tick(market.slug, "0.001")
        assert D((await fates.until("instrument"))["changed"]["tick_size"]) == D("0.001")
        await books.until("gap")
        double.resolve(market.slug, "1")
        assert (await fates.until("instrument", payout="1"))["changed"]["status"] == "RESOLVED"


async def test_the_user_channel_is_authenticated_on_an_address_of_its_own_and_tells_of_orders_and_trades(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    account = double.add_account(Account.named("streams"))
    async with agent(double, tmp_path, account=account, profile=PROFILE) as client:
        orders = Waiting(client, await call(client, "subscribe_user_orders"))
        fills = Waiting(client, await call(client, "subscribe_user_trades", market_ids=[SLUG]))
        await double.until(lambda: account.address in double.venue.user_channel.sockets.subscriptions)
        auth = {"apiKey": account.credentials.key, "secret": account.credentials.secret}
        auth["passphrase"] = account.credentials.passphrase
        assert [m for m in heard(double, "user") if m != "PING"] == [{"type": "user", "auth": auth}]
        assert not any("auth" in message for message in heard(double) if message != "PING")
        placed = await call(client, "place_order", **{**ORDER, "order_type": "MARKET", "price": None})
        order = placed["order"]["id"]
        assert (await orders.until("order"))["order"]["id"] == order
        assert (await fills.until("fill"))["fill"]["client_order_id"] == order


async def test_a_first_connection_that_fails_is_tried_again(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        await call(client, "get_orderbook", instrument=YES)
        double.call(double.vanish())
        try:
            books = Waiting(client, await call(client, "subscribe_orderbook_updates", token_ids=[YES]))
            await books.until("connection", state="disconnected")
        finally:
            double.call(double.come_back())
        await books.until("book_snapshot")
        [subscription] = (await call(client, "get_realtime_status"))["subscriptions"]
        assert subscription["state"] == "connected"


async def test_lost_streams_come_back_with_a_gap_and_what_is_not_understood_is_counted(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    token = double.markets[3].tokens[0]
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        books = Waiting(client, await call(client, "subscribe_orderbook_updates", token_ids=[token]))
        await books.until("book_snapshot")
        double.fail_streams(StreamFault.UNKNOWN, "market")
        double.fail_streams(StreamFault.GARBAGE, "market")
        with anyio.fail_after(60):
            while (await only(client))["not_understood"] != 2:  # noqa: ASYNC110 - it is another thread's doing
                await anyio.sleep(0.01)
        double.fail_streams(StreamFault.DROP, "market")
        await books.until("connection", state="disconnected")
        await books.until("gap")
        await books.until("book_snapshot")
        now = await only(client)
        assert (now["state"], now["reconnects"]) == ("connected", 1)


async def only(client: mcp.Client) -> dict[str, Any]:
    """The one subscription that there is."""
    [subscription] = (await call(client, "get_realtime_status"))["subscriptions"]
    return dict(subscription)


async def test_a_subscribe_that_fails_leaves_no_phantom(double: PolymarketDouble, tmp_path: Path) -> None:
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        nobodys = await refused(client, "subscribe_market_prices", market_ids=["0x" + "00" * 32])
        assert (nobodys["code"], nobodys["field"]) == ("UNKNOWN_INSTRUMENT", "market_ids")
        mixed = await refused(client, "subscribe_market_prices", market_ids=[SLUG, "nobodys-market"])
        assert mixed["code"] == "UNKNOWN_INSTRUMENT"
        assert (await call(client, "get_realtime_status"))["subscriptions"] == []
        assert heard(double) == []


async def test_unsubscribing_names_the_ids_and_the_last_one_closes_the_connection(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    one = double.market(SLUG).tokens[0]
    async with agent(double, tmp_path, Mode.READ_ONLY, profile=PROFILE) as client:
        first = await call(client, "subscribe_orderbook_updates", token_ids=[YES])
        second = await call(client, "subscribe_orderbook_updates", token_ids=[NO])
        await Waiting(client, second).until("book_snapshot")
        await Waiting(client, first).until("book_snapshot")
        await call(client, "unsubscribe_realtime", subscription_id=first["subscription_id"])
        await until(lambda: {"operation": "unsubscribe", "assets_ids": [one]} in heard(double))
        await call(client, "unsubscribe_realtime", subscription_id=second["subscription_id"])
        await until(lambda: not heard(double))
        unknown = await refused(client, "unsubscribe_realtime", subscription_id=first["subscription_id"])
        assert unknown["field"] == "subscription_id"
