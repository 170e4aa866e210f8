"""The realtime tools at Polymarket: what is known to be wrong in the best-known server for them is right here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest
from double_streams import a_double, options, until

import mcp
from venuekit import Mode, open_desk, registry
from venuekit.adapter import Side
from venuekit.settings.schema import DeskConfig, DeskSettings, StreamSettings
from venuekit_doubles.polymarket import PolymarketDouble, StreamFault
from venuekit_mcp import build_server
from venuekit_polymarket import factory

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture(scope="module")
def double() -> Iterator[PolymarketDouble]:
    with a_double() as running:
        yield running


@asynccontextmanager
async def client_of(double: PolymarketDouble, folder: Path, **more: Any) -> AsyncIterator[mcp.Client]:
    registry.register(factory)
    config = DeskConfig(
        desk=DeskSettings(venue="polymarket", mode=Mode.READ_ONLY, data_dir=str(folder)),
        streams=StreamSettings(backoff_first_seconds=0.05, backoff_longest_seconds=0.2),
    )
    given = options(double, **more)
    async with (
        open_desk(config, environ={}, venue_options=given) as desk,
        mcp.Client(build_server(desk, profile="polymarket-realtime")) as client,
    ):
        yield client


async def call(client: mcp.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None
    assert not result.is_error, result.structured_content
    return dict(result.structured_content)


class Waiting:
    """Reads a subscription on from where it was."""

    def __init__(self, client: mcp.Client, opened: dict[str, Any]) -> None:
        self._client = client
        self._id = opened["subscription_id"]
        self._cursor = opened["cursor"]
        self.events: list[dict[str, Any]] = []

    async def until(self, kind: str, **told: Any) -> dict[str, Any]:
        with anyio.fail_after(60):
            while True:
                for event in self.events:
                    if event["event"] == kind and all(event.get(k) == v for k, v in told.items()):
                        return event
                answer = await call(
                    self._client, "wait_for_event", subscription=self._id, cursor=self._cursor, timeout=2, limit=100
                )
                self.events = answer["events"]
                self._cursor = answer["cursor"]


def heard(double: PolymarketDouble) -> list[str]:
    """What the venue heard on the connections of the market channel that are open."""
    return double.do(lambda: [m for c in double.venue.market_channel.sockets.open for m in c.heard])


async def test_a_market_goes_by_condition_id_and_the_venue_is_told_its_tokens(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    market = double.markets[0]
    async with client_of(double, tmp_path) as client:
        opened = await call(client, "subscribe_market_prices", market_ids=[market.condition_id])
        assert sorted(opened["instruments"]) == sorted(market.tokens)
        event = await Waiting(client, opened).until("ticker")
        assert event["instrument"] in market.tokens
        frames = [json.loads(m) for m in heard(double) if m != "PING"]
        assert frames == [{"type": "market", "assets_ids": sorted(market.tokens), "custom_feature_enabled": True}]
        await until(lambda: heard(double).count("PING") >= 2)


async def test_the_book_is_best_first_and_follows_what_the_venue_tells(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    token = double.markets[1].tokens[0]
    async with client_of(double, tmp_path) as client:
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
    async with client_of(double, tmp_path) as client:
        prices = Waiting(client, await call(client, "subscribe_market_prices", token_ids=[token]))
        books = Waiting(client, await call(client, "subscribe_orderbook_updates", token_ids=[token]))
        fates = Waiting(client, await call(client, "subscribe_market_resolution", market_ids=[market.slug]))
        trades = Waiting(
            client,
            {
                **(opened := await call(client, "subscribe", channel="trades", instruments=[token])),
                "subscription_id": opened["subscription"],
            },
        )
        ask = (await prices.until("ticker"))["ticker"]["ask"]
        await books.until("book_snapshot")
        double.order(token, Side.BUY, ask, "5")
        assert D((await trades.until("trade"))["trade"]["price"]) == D(ask)
        await books.until("book_snapshot")
        double.set_tick(market.slug, "0.001")
        assert D((await fates.until("instrument", instrument=token))["changed"]["tick_size"]) == D("0.001")
        await books.until("gap")
        double.resolve(market.slug, "1")
        assert (await fates.until("instrument", instrument=token, payout="1"))["changed"]["status"] == "RESOLVED"


async def test_lost_streams_come_back_and_what_is_not_understood_is_shown(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    token = double.markets[3].tokens[0]
    async with client_of(double, tmp_path) as client:
        opened = await call(client, "subscribe_orderbook_updates", token_ids=[token])
        books = Waiting(client, opened)
        await books.until("book_snapshot")
        double.fail_streams(StreamFault.UNKNOWN, "market")
        double.fail_streams(StreamFault.GARBAGE, "market")

        async def status() -> dict[str, Any]:
            answer = await call(client, "get_realtime_status")
            return next(s for s in answer["subscriptions"] if s["id"] == opened["subscription_id"])

        with anyio.fail_after(60):
            while (await status())["not_understood"] != 2:  # noqa: ASYNC110 - it is another thread's doing
                await anyio.sleep(0.01)
        double.fail_streams(StreamFault.DROP, "market")
        await books.until("connection", state="disconnected")
        await books.until("gap")
        await books.until("book_snapshot")
        now = await status()
        assert (now["state"], now["reconnects"]) == ("connected", 1)


async def test_what_fails_leaves_no_subscription_and_ending_one_tells_the_venue(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    one, other = double.markets[4].tokens
    async with client_of(double, tmp_path) as client:
        wrong = await client.call_tool("subscribe_market_prices", {"market_ids": ["0x" + "00" * 32]})
        assert wrong.is_error
        assert (await call(client, "get_realtime_status"))["subscriptions"] == []
        first = await call(client, "subscribe_orderbook_updates", token_ids=[one])
        second = await call(client, "subscribe_orderbook_updates", token_ids=[other])
        await Waiting(client, second).until("book_snapshot")
        await Waiting(client, first).until("book_snapshot")
        await call(client, "unsubscribe_realtime", subscription_id=first["subscription_id"])
        await until(lambda: {"operation": "unsubscribe", "assets_ids": [one]} in [_parsed(m) for m in heard(double)])
        await call(client, "unsubscribe_realtime", subscription_id=second["subscription_id"])
        await until(lambda: not heard(double))


def _parsed(message: str) -> Any:
    return None if message == "PING" else json.loads(message)
