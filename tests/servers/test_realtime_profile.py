"""The realtime tools of the best-known Polymarket server, over stdio, on the binary outcomes of the paper exchange."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import mcp_types as mt
import pytest
from mcp.client.stdio import StdioServerParameters

from mcp import Client

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]
YES, NO = "FED-CUT-DEC:YES", "FED-CUT-DEC:NO"
MARKET = "FED-CUT-DEC"
SEVEN = {
    "subscribe_market_prices",
    "subscribe_orderbook_updates",
    "subscribe_user_orders",
    "subscribe_user_trades",
    "subscribe_market_resolution",
    "get_realtime_status",
    "unsubscribe_realtime",
}
BUY = {"instrument": YES, "side": "BUY", "order_type": "MARKET", "size": "5", "reason": "a test"}


@asynccontextmanager
async def serving(
    folder: Path, era: str = "auto", log: Callable[[Any], Any] | None = None, *arguments: str
) -> AsyncIterator[Client]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VENUEKIT__DESK__DATA_DIR": str(folder),
        "VENUEKIT__VENUES__PAPER__TICK_INTERVAL_MS": "20",
    }
    flags = ["--mode", "live", "--profile", "polymarket-realtime", "--toolsets", "core,simulation", *arguments]
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "venuekit_mcp_paper", *flags], env=environ, cwd=folder
    )
    async with Client(command, mode=era, read_timeout_seconds=60, logging_callback=log) as client:  # type: ignore[arg-type]
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None
    assert not result.is_error, result.structured_content
    return dict(result.structured_content)


async def wait_for(client: Client, opened: dict[str, Any], wanted: str) -> list[dict[str, Any]]:
    """Events of a subscription until one of a kind has come."""
    cursor, found = opened["cursor"], list[dict[str, Any]]()
    with anyio.fail_after(60):
        while not any(event["event"] == wanted for event in found):
            answer = await call(
                client, "wait_for_event", subscription=opened["subscription_id"], cursor=cursor, timeout=5
            )
            found += answer["events"]
            cursor = answer["cursor"]
    return [event for event in found if event["event"] == wanted]


async def test_all_seven_tools_work_with_the_arguments_that_prompts_give_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) >= SEVEN
        prices = await call(client, "subscribe_market_prices", market_ids=[MARKET], callback_type="notification")
        assert (prices["channel"], sorted(prices["instruments"])) == ("ticker", [NO, YES])
        books = await call(
            client, "subscribe_orderbook_updates", token_ids=[YES], depth=3, callback_type="notification"
        )
        orders = await call(client, "subscribe_user_orders", market_ids=[MARKET])
        trades = await call(client, "subscribe_user_trades", market_ids=[NO])
        all_trades = await call(client, "subscribe_user_trades")
        resolution = await call(client, "subscribe_market_resolution", market_ids=[MARKET])

        [ticker, *_] = await wait_for(client, prices, "ticker")
        assert Decimal(ticker["ticker"]["bid"]) > 0
        [book, *_] = await wait_for(client, books, "book_snapshot")
        assert (len(book["book"]["bids"]), len(book["book"]["asks"])) == (3, 3)
        prices_of = [Decimal(level["price"]) for level in book["book"]["asks"]]
        assert prices_of == sorted(prices_of), "the best is first, not last as in the venue's arrays"

        placed = await call(client, "place_order", **BUY)
        [event, *_] = await wait_for(client, orders, "order")
        assert event["order"]["id"] == placed["order"]["id"]
        [fill, *_] = await wait_for(client, all_trades, "fill")
        assert Decimal(fill["fill"]["size"]) == 5
        quiet = await call(client, "wait_for_event", subscription=trades["subscription_id"], timeout=0)
        assert not [e for e in quiet["events"] if e["event"] == "fill"], "it follows the other outcome"

        await call(client, "resolve_market", instrument=YES, payout="1")
        told = {e["instrument"]: e["payout"] for e in await wait_for(client, resolution, "instrument")}
        assert told.get(YES, "1") == "1"
        assert told.get(NO, "0") == "0"

        status = await call(client, "get_realtime_status")
        ids = {s["id"] for s in status["subscriptions"]}
        assert ids == {x["subscription_id"] for x in (prices, books, orders, trades, all_trades, resolution)}
        assert all("not_understood" in s for s in status["subscriptions"])
        for subscription in ids:
            assert (await call(client, "unsubscribe_realtime", subscription_id=subscription))["state"] == "closed"
        assert (await call(client, "get_realtime_status"))["subscriptions"] == []


async def test_a_subscribe_that_fails_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for tool, arguments, code, field in (
            ("subscribe_market_prices", {"market_ids": ["0xnothing"]}, "UNKNOWN_INSTRUMENT", "market_ids"),
            ("subscribe_market_prices", {}, "INVALID_VALUE", "market_ids"),
            ("subscribe_orderbook_updates", {"token_ids": []}, "INVALID_VALUE", "token_ids"),
            ("subscribe_orderbook_updates", {"token_ids": [YES], "depth": 0}, "INVALID_VALUE", "depth"),
            ("subscribe_market_resolution", {"market_ids": ["x"]}, "UNKNOWN_INSTRUMENT", "market_ids"),
            ("subscribe_user_orders", {"market_ids": ["x"]}, "UNKNOWN_INSTRUMENT", "market_ids"),
            ("subscribe_user_trades", {"callback_type": "webhook"}, "INVALID_VALUE", "callback_type"),
            ("unsubscribe_realtime", {"subscription_id": "sub-99"}, "INVALID_VALUE", "subscription_id"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error, tool
            assert result.structured_content is not None
            found = result.structured_content["code"], result.structured_content.get("field")
            assert found == (code, field), result.structured_content
        assert (await call(client, "get_realtime_status"))["subscriptions"] == []


async def test_who_watches_the_status_resource_is_told_when_there_is_something_to_read(tmp_path: Path) -> None:
    uri = "polymarket://websocket-status"
    async with serving(tmp_path) as client, client.listen(resource_subscriptions=[uri]) as stream:
        opened = await call(client, "subscribe_market_prices", market_ids=[YES])
        with anyio.fail_after(60):
            async for update in stream:
                assert str(update.uri) == uri  # type: ignore[union-attr]
                break
        text = (await client.read_resource(uri)).contents[0]
        assert isinstance(text, mt.TextResourceContents)
        assert opened["subscription_id"] in text.text


async def test_with_callback_log_events_come_as_log_messages_of_that_connection(tmp_path: Path) -> None:
    heard: list[Any] = []

    async def log(message: Any) -> None:
        heard.append(message)

    async with serving(tmp_path, "legacy", log) as client:
        await call(client, "subscribe_market_prices", market_ids=[YES], callback_type="log")
        await call(client, "subscribe_user_orders")
        with anyio.fail_after(60):
            while not any(m.data.get("event") == "ticker" for m in heard):  # noqa: ASYNC110 - it comes from a process
                await anyio.sleep(0.02)
        assert {m.logger for m in heard} == {"venuekit.ticker"}
