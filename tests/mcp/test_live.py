"""Live updates reach clients of both eras, and those that can only ask; each sees what is its own."""

from __future__ import annotations

import asyncio

import mcp_types as mt
import pytest
from mcp.shared.exceptions import MCPError

import mcp
from venuekit.adapter import Channel
from venuekit.protocols.approver import Caller, Role
from venuekit_mcp.rings import MOST_SUBSCRIPTIONS, Ring

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/", "ignore:The logging capability")]
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "50010", "reason": "t"}
REST = {**BUY, "price": "49000"}


async def body(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_a_listen_stream_tells_of_orders_and_prices(bench):
    uris = ["order://active", "account://positions", "market://ticker/BTC-USD"]
    async with bench() as b, b.client() as c, c.listen(resource_subscriptions=uris) as stream:
        seen = set()
        await body(c, "place_order", **BUY)
        b.venue.quote("BTC-USD", "51000", "51010")
        async with asyncio.timeout(60):
            async for event in stream:
                seen.add(str(event.uri))
                if seen == set(uris):
                    break


async def test_a_handshake_client_is_told_until_it_unsubscribes(bench):
    got: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message):
        if isinstance(message, mt.ResourceUpdatedNotification):
            got.put_nowait(str(message.params.uri))

    async with bench() as b, b.client("legacy", message_handler=hear) as c:
        await c.session.subscribe_resource("order://active")
        await body(c, "place_order", **REST)
        async with asyncio.timeout(60):
            assert await got.get() == "order://active"
        await c.session.unsubscribe_resource("order://active")
        while not got.empty():
            got.get_nowait()
        await body(c, "cancel_all_orders")
        await body(c, "get_positions")
        assert got.empty()


async def test_a_handshake_client_gets_events_as_log_messages_of_the_level_it_asked_for(bench):
    got: asyncio.Queue[mt.LoggingMessageNotification] = asyncio.Queue()

    async def hear(message):
        if isinstance(message, mt.LoggingMessageNotification):
            got.put_nowait(message)

    async with bench() as b, b.client("legacy", message_handler=hear) as c, b.client("legacy") as other:
        assert c.server_capabilities.logging is not None
        await body(other, "place_order", **REST)
        await body(c, "get_positions")
        assert got.empty(), "nobody asked yet"
        await c.session.set_logging_level("info")
        placed = await body(other, "place_order", **{**BUY, "reason": "planted \u202e text"})
        seen = []
        async with asyncio.timeout(60):
            while "FILLED" not in [s for _, s in seen]:
                params = (await got.get()).params
                assert params.level == "info"
                if params.data["event"] == "order":
                    assert params.data["order"]["reason"]["untrusted"] is True
                    seen.append((params.data["order"]["id"], params.data["order"]["status"]))
        assert {number for number, _ in seen} == {placed["order"]["id"]}
        await c.session.set_logging_level("warning")
        while not got.empty():
            got.get_nowait()
        await body(other, "place_order", **REST)
        b.venue.reject_with = "no"
        await other.call_tool("place_order", REST)
        async with asyncio.timeout(60):
            loud = (await got.get()).params
        assert (loud.level, loud.data["order"]["status"]) == ("warning", "REJECTED")


async def test_only_what_may_be_read_can_be_watched(bench):
    viewer = Caller(agent_id="v", role=Role.VIEWER)
    async with bench(caller=viewer) as b:
        async with b.client("legacy") as c:
            for uri in ("audit://recent", "order://nope", "file:///etc/passwd"):
                with pytest.raises(MCPError):
                    await c.session.subscribe_resource(uri)
        async with b.client() as c, c.listen(resource_subscriptions=["audit://recent", "order://active"]) as stream:
            assert [str(u) for u in stream.honored.resource_subscriptions] == ["order://active"]
            assert stream.honored.tools_list_changed is None


async def test_prices_are_coalesced_and_orders_are_not(bench):
    async with bench() as b, b.client() as c, c.listen(resource_subscriptions=["market://ticker/BTC-USD"]) as stream:
        await asyncio.sleep(0)
        for step in range(50):
            b.venue.quote("BTC-USD", str(50_000 + step), str(50_010 + step))
            await asyncio.sleep(0)
        count = 0
        try:
            async with asyncio.timeout(0.2):
                async for _ in stream:
                    count += 1
        except TimeoutError:
            pass
        assert 1 <= count <= 3


async def test_events_are_waited_for_with_a_cursor(bench, era):
    async with bench() as b, b.client(era) as c:
        opened = await body(c, "subscribe", channel="own_orders")
        none = await body(c, "wait_for_event", subscription=opened["subscription"], timeout=0)
        assert (none["events"], none["timed_out"]) == ([], True)
        placed = await body(c, "place_order", **BUY)
        got, cursor = [], opened["cursor"]
        while not got or got[-1]["order"]["status"] != "FILLED":
            answer = await body(c, "wait_for_event", subscription=opened["subscription"], cursor=cursor, timeout=5)
            got += [e for e in answer["events"] if e["event"] == "order"]
            cursor = answer["cursor"]
        assert {e["order"]["id"] for e in got} == {placed["order"]["id"]}
        status = await body(c, "get_realtime_status")
        assert [s["id"] for s in status["subscriptions"]] == [opened["subscription"]]
        assert (await body(c, "unsubscribe", subscription=opened["subscription"]))["state"] == "closed"
        assert (await body(c, "get_realtime_status"))["subscriptions"] == []
        gone = await c.call_tool("wait_for_event", {"subscription": opened["subscription"]})
        assert gone.structured_content["code"] == "INVALID_VALUE"


async def test_a_waiting_call_is_woken_by_the_event(bench):
    async with bench() as b, b.client() as c:
        opened = await body(c, "subscribe", channel="ticker", instruments=["bitcoin"])
        waiting = asyncio.create_task(body(c, "wait_for_event", subscription=opened["subscription"], timeout=25))
        await body(c, "get_positions")
        b.venue.quote("BTC-USD", "51000", "51010")
        async with asyncio.timeout(60):
            answer = await waiting
        assert answer["events"]
        assert not answer["timed_out"]


async def test_a_subscription_belongs_to_its_agent(bench):
    now = [Caller(agent_id="a", role=Role.TRADER)]
    async with bench(caller=lambda: now[0]) as b, b.client() as c:
        opened = await body(c, "subscribe", channel="own_fills")
        now[0] = Caller(agent_id="b", role=Role.TRADER)
        for tool in ("wait_for_event", "unsubscribe"):
            result = await c.call_tool(tool, {"subscription": opened["subscription"]})
            assert result.structured_content["code"] == "INVALID_VALUE"
        assert (await body(c, "get_realtime_status"))["subscriptions"] == []


async def test_an_agent_has_a_bounded_number_of_subscriptions(bench):
    async with bench() as b, b.client() as c:
        for _ in range(MOST_SUBSCRIPTIONS):
            await body(c, "subscribe", channel="own_fills")
        result = await c.call_tool("subscribe", {"channel": "own_fills"})
        assert result.structured_content["code"] == "RATE_LIMITED"


async def test_a_reader_that_was_overrun_is_told_how_much_it_lost(bench):
    async with bench() as b:
        ring = Ring(await b.desk.subscribe(Channel.TICKER, ["BTC-USD"]), "agent", size=5)
        start = ring.last
        for step in range(12):
            b.venue.quote("BTC-USD", str(50_000 + step), str(50_010 + step))
            for _ in range(20):
                await asyncio.sleep(0)
        events, last, lost = ring.after(start, 100)
        assert len(events) == 5
        assert last == ring.last
        assert lost == ring.last - 5
        await ring.close()


async def test_everything_is_closed_with_the_last_client(bench):
    async with bench() as b:
        async with b.client() as c:
            await body(c, "subscribe", channel="own_fills")
            before = len(b.desk.subscriptions())
        assert len(b.desk.subscriptions()) == before - 1
        async with mcp.Client(b.server) as c:
            assert (await body(c, "get_realtime_status"))["subscriptions"] == []
