from __future__ import annotations

from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from official import Stream
from polymarket.models.clob.market_events import parse_market_event
from polymarket.models.clob.user_events import parse_user_event
from raw import Wire

from venuekit.adapter import Side
from venuekit_doubles.polymarket import Pace, PolymarketDouble, StreamFault

pytestmark = pytest.mark.anyio
FED = "fed-cuts-in-december"
D = Decimal


def _levels(book: dict[str, Any]) -> tuple[list[Decimal], list[Decimal]]:
    return [D(x["price"]) for x in book["bids"]], [D(x["price"]) for x in book["asks"]]


async def test_a_subscription_begins_with_the_books_in_one_frame_the_best_levels_last(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    async with Stream.market(double, yes, no) as stream:
        first, second = await stream.kind("book"), await stream.kind("book")
    bids, asks = _levels(first)
    assert (first["asset_id"], second["asset_id"]) == (yes, no)
    assert bids == sorted(bids)
    assert asks == sorted(asks, reverse=True)
    assert bids[-1] < asks[-1]
    mirrored = [1 - price for price in asks]
    assert _levels(second)[0] == mirrored


async def test_a_level_changes_in_both_outcomes_in_one_frame(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    async with Stream.market(double, yes) as stream:
        order = double.order(yes, Side.BUY, "0.62", "10")
        event = await stream.kind("price_change")
        assert [(c["asset_id"], c["price"], c["size"], c["side"]) for c in event["price_changes"]] == [
            (yes, "0.62", "10", "BUY"),
            (no, "0.38", "10", "SELL"),
        ]
        assert {c["hash"] for c in event["price_changes"]} == {order}
        assert event["price_changes"][0]["best_bid"] == "0.62"
        best = await stream.kind("best_bid_ask")
        assert (best["asset_id"], best["best_bid"], best["best_ask"], best["spread"]) == (yes, "0.62", "0.63", "0.01")


async def test_a_trade_is_told_with_its_takers_side_and_the_book_after_it(double: PolymarketDouble) -> None:
    yes, _ = double.market(FED).tokens
    async with Stream.market(double, yes) as stream:
        await stream.kind("book")
        double.order(yes, Side.BUY, "0.63", "10")
        trade = await stream.kind("last_trade_price")
        assert (trade["price"], trade["size"], trade["side"], trade["fee_rate_bps"]) == ("0.63", "10", "BUY", "400")
        book = await stream.kind("book")
        async with Wire.to(double) as wire:
            asked = (await wire.ask("GET", "/book", query=f"?token_id={yes}", headers={})).body
        assert (book["bids"], book["asks"]) == (asked["bids"], asked["asks"])


async def test_ticks_news_and_results_are_told(double: PolymarketDouble) -> None:
    market = double.market(FED)
    async with Stream.market(double, *market.tokens) as stream, Stream.market(double, market.tokens[0], custom=False):
        double.set_tick(FED, "0.001")
        tick = await stream.kind("tick_size_change")
        assert (tick["old_tick_size"], tick["new_tick_size"]) == ("0.01", "0.001")
        double.announce("rain-in-london-tomorrow")
        news = await stream.kind("new_market")
        assert news["clob_token_ids"] == list(double.market("rain-in-london-tomorrow").tokens)
        double.resolve(FED, "0")
        result = await stream.kind("market_resolved")
        assert (result["winning_asset_id"], result["winning_outcome"]) == (market.tokens[1], "No")


async def test_the_official_clients_models_read_every_event(double: PolymarketDouble) -> None:
    market = double.market(FED)
    async with Stream.market(double, *market.tokens) as stream, Stream.user(double) as mine, Wire.to(double) as wire:
        await wire.post(wire.draft(maker_amount=7_000_000))
        double.settle()
        double.set_tick(FED, "0.001")
        double.announce(FED)
        double.resolve(FED)
        seen = set()
        while "market_resolved" not in seen:
            event = await stream.next()
            assert parse_market_event(event).type == event["event_type"]
            seen.add(event["event_type"])
        assert len(seen) == 7
        for kind in ("order", "trade"):
            event = await mine.kind(kind)
            assert parse_user_event(event).type == kind


async def test_without_the_custom_flag_only_the_plain_events_come(double: PolymarketDouble) -> None:
    yes, _ = double.market(FED).tokens
    async with Stream.market(double, yes, custom=False) as stream:
        double.order(yes, Side.BUY, "0.62", "10")
        double.resolve(FED)
        kinds = [(await stream.next())["event_type"] for _ in range(3)]
        assert kinds == ["book", "price_change", "price_change"]


async def test_assets_come_and_go_on_an_open_connection(double: PolymarketDouble) -> None:
    yes, no = double.market(FED).tokens
    other = double.market("rain-in-london-tomorrow").tokens[0]
    async with Stream.market(double, yes) as stream:
        await stream.kind("book")
        await stream.socket.send_json({"operation": "subscribe", "assets_ids": [other]})
        assert (await stream.kind("book"))["asset_id"] == other
        await stream.socket.send_json({"operation": "unsubscribe", "assets_ids": [yes, no]})
        await double.until(lambda: double.venue.market_channel.sockets.subscriptions == [other])
        double.order(yes, Side.BUY, "0.62", "10")
        double.order(other, Side.BUY, "0.55", "10")
        change = await stream.kind("price_change")
        assert change["price_changes"][0]["asset_id"] == other


async def test_text_pings_are_answered_and_nonsense_is_an_invalid_operation(double: PolymarketDouble) -> None:
    async with Stream.market(double) as stream:
        for sent, answered in (
            ("PING", "PONG"),
            ("hello", "INVALID OPERATION"),
            ('{"operation": "dance"}', "INVALID OPERATION"),
            ("[1]", "INVALID OPERATION"),
        ):
            await stream.socket.send_str(sent)
            assert await stream.text() == answered


async def test_who_sends_no_ping_is_dropped() -> None:
    with PolymarketDouble(pace=Pace(moving=False, ping=0.05)) as double:
        async with Stream.market(double) as stream:
            assert (await stream.socket.receive(timeout=60)).type is aiohttp.WSMsgType.CLOSE


async def test_an_own_order_is_told_of_from_its_placement_to_its_end(double: PolymarketDouble) -> None:
    async with Stream.user(double) as mine, Wire.to(double) as wire:
        placed = await wire.post(wire.draft(maker_amount=6_200_000))
        event = await mine.kind("order")
        assert (event["type"], event["status"], event["size_matched"]) == ("PLACEMENT", "LIVE", "0")
        double.give(double.other.wallet, "4", double.market(FED).tokens[0])
        double.order(double.market(FED).tokens[0], Side.SELL, "0.62", "4", "FAK")
        trade = await mine.kind("trade")
        assert (trade["trader_side"], trade["status"]) == ("MAKER", "MATCHED")
        event = await mine.kind("order")
        assert (event["type"], event["size_matched"], event["associate_trades"]) == ("UPDATE", "4", [trade["id"]])
        await wire.ask("DELETE", "/order", {"orderID": placed.body["orderID"]})
        event = await mine.kind("order")
        assert (event["type"], event["status"], event["size_matched"]) == ("CANCELLATION", "CANCELED", "4")


async def test_a_user_channel_of_one_market_is_silent_on_others(double: PolymarketDouble) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{double.ws_url}/ws/user") as socket:
        market = double.market("rain-in-london-tomorrow")
        auth = double.account.credentials.answer()
        await socket.send_json({"type": "user", "auth": auth, "markets": [market.condition_id]})
        await double.subscribed(users=1)
        async with Wire.to(double) as wire:
            await wire.post(wire.draft())
            await wire.post(wire.draft("rain-in-london-tomorrow"))
        assert (await socket.receive_json(timeout=60))["market"] == market.condition_id


# -- what goes wrong


@pytest.mark.parametrize(
    ("fault", "kind"), [(StreamFault.DROP, aiohttp.WSMsgType.CLOSED), (StreamFault.CLOSE, aiohttp.WSMsgType.CLOSE)]
)
async def test_a_connection_breaks_or_ends_politely(
    double: PolymarketDouble, fault: StreamFault, kind: aiohttp.WSMsgType
) -> None:
    async with Stream.market(double) as stream:
        double.fail_streams(fault)
        assert (await stream.socket.receive(timeout=60)).type is kind
    assert double.connections == (1, 0)


async def test_a_stalled_stream_answers_pings_and_tells_nothing(double: PolymarketDouble) -> None:
    yes, _ = double.market(FED).tokens
    async with Stream.market(double, yes) as stream:
        await stream.kind("book")
        double.fail_streams(StreamFault.STALL)
        double.order(yes, Side.BUY, "0.62", "10")
        await stream.socket.send_str("PING")
        assert await stream.text() == "PONG"


async def test_a_frame_that_waits_for_another_goes_by_itself_when_none_comes(double: PolymarketDouble) -> None:
    yes, _ = double.market(FED).tokens
    async with Stream.market(double, yes, custom=False) as stream:
        await stream.kind("book")
        double.fail_streams(StreamFault.REORDER)
        double.order(yes, Side.BUY, "0.11", "10")
        assert (await stream.kind("price_change"))["price_changes"][0]["price"] == "0.11"


async def test_a_silent_stream_does_not_even_answer_pings(double: PolymarketDouble) -> None:
    async with Stream.market(double) as stream:
        double.fail_streams(StreamFault.SILENCE, "market")
        await stream.socket.send_str("PING")
        await double.until(lambda: "PING" in double.venue.market_channel.sockets.open[0].heard)
        with pytest.raises(TimeoutError):
            await stream.socket.receive_str(timeout=0.05)


@pytest.mark.parametrize(
    ("fault", "prices"),
    [
        (StreamFault.DUPLICATE, ["0.11", "0.11", "0.12"]),
        (StreamFault.REORDER, ["0.12", "0.11", "0.13"]),
        (StreamFault.LOSE, ["0.12", "0.13"]),
    ],
)
async def test_the_next_frame_comes_twice_or_late_or_never(
    double: PolymarketDouble, fault: StreamFault, prices: list[str]
) -> None:
    yes, _ = double.market(FED).tokens
    async with Stream.market(double, yes, custom=False) as stream:
        await stream.kind("book")
        double.fail_streams(fault, "market")
        for price in ("0.11", "0.12", "0.13"):
            double.order(yes, Side.BUY, price, "10")
        seen = [(await stream.kind("price_change"))["price_changes"][0]["price"] for _ in prices]
    assert seen == prices


async def test_garbage_and_unknown_events_come_on_demand(double: PolymarketDouble) -> None:
    async with Stream.market(double) as stream:
        double.fail_streams(StreamFault.GARBAGE)
        assert await stream.text() == "{not json"
        double.fail_streams(StreamFault.UNKNOWN)
        assert (await stream.next())["event_type"] == "moon_phase"
