"""A client lists, reads, previews, trades, and every view agrees."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from venuekit.adapter import Feature
from venuekit_mcp.desk_surface import ORDER

D = Decimal
pytestmark = pytest.mark.anyio
BUY = {
    "instrument": "BTC-USD",
    "side": "BUY",
    "order_type": "LIMIT",
    "size": "0.01",
    "price": "50010",
    "reason": "test",
}
REST = {**BUY, "price": "49000", "post_only": True}


async def body(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_an_order_goes_through_and_every_view_of_it_agrees(bench, era):
    async with bench() as b, b.client(era) as c:
        placed = await body(c, "place_order", **BUY)
        assert placed["order"]["status"] == "FILLED"
        envelope = {k: placed[k] for k in ("mode", "venue", "environment", "account")}
        assert envelope == {"mode": "shadow", "venue": "pocket", "environment": "paper", "account": "default"}
        status = await body(c, "get_order_status", order_id=placed["order"]["id"])
        assert D(status["order"]["filled_size"]) == D("0.01")
        fills = (await body(c, "get_fills", order_id=placed["order"]["id"]))["fills"]
        assert [D(f["size"]) for f in fills] == [D("0.01")]
        history = (await body(c, "get_orders", view="history"))["orders"]
        assert [o["id"] for o in history] == [placed["order"]["id"]]
        assert (await body(c, "get_orders"))["orders"] == []


async def test_the_whole_list_in_its_fixed_order(bench):
    async with bench() as b, b.client() as c:
        assert tuple(t.name for t in (await c.list_tools()).tools) == ORDER


async def test_a_venue_that_cannot_amend_has_no_amend_tool(bench):
    async with bench(without=[Feature.AMEND, Feature.CANDLES]) as b, b.client() as c:
        names = {t.name for t in (await c.list_tools()).tools}
        assert names == set(ORDER) - {"amend_order", "get_historical_candles"}
        able = await body(c, "get_capabilities")
        assert able["features"]["amend"] == "unsupported: this venue cannot"


async def test_text_is_the_same_json_as_the_structured_content(bench):
    async with bench() as b, b.client() as c:
        result = await c.call_tool("get_orderbook", {"instrument": "bitcoin", "depth": 2})
        assert json.loads(result.content[0].text) == result.structured_content
        assert D(result.structured_content["bids"][0]["price"]) == 50000
        assert D(result.structured_content["mid"]) == 50005


async def test_every_read_tool_answers_to_its_schema(bench):
    """The SDK's client checks structured content against the listed schema, and raises."""
    calls = {
        "get_capabilities": {},
        "search_instruments": {"text": "btc"},
        "get_market_data": {"instruments": ["BTC-USD", "ETH-USD"], "trades": 3},
        "get_orderbook": {"instrument": "BTC-USD"},
        "get_historical_candles": {"instrument": "BTC-USD", "granularity": "1h", "count": 3},
        "get_balances": {},
        "get_positions": {},
        "get_orders": {"view": "history", "status": "FILLED"},
        "get_fills": {},
        "get_risk_status": {},
        "check_trade_risk": {k: v for k, v in BUY.items() if k != "reason"},
        "calculate_position_metrics": {"instrument": "BTC-USD", "size": "0.1", "entry_price": "40000"},
        "get_approval_status": {},
        "get_realtime_status": {},
        "get_audit": {"verify": True},
    }
    async with bench() as b, b.client() as c:
        await c.list_tools()
        await body(c, "place_order", **BUY)
        for tool, arguments in calls.items():
            assert (await body(c, tool, **arguments))["mode"] == "shadow", tool
        for view in ("profile", "transfers"):
            assert view in await body(c, "get_balances", view=view)


async def test_resting_orders_are_amended_and_canceled(bench):
    async with bench() as b, b.client() as c:
        order = (await body(c, "place_order", **REST))["order"]
        assert order["status"] == "OPEN"
        amended = (await body(c, "amend_order", order_id=order["id"], size="0.02", reason="more"))["order"]
        assert D(amended["size"]) == D("0.02")
        assert [o["id"] for o in (await body(c, "get_orders"))["orders"]] == [order["id"]]
        canceled = (await body(c, "cancel_order", order_id=order["id"]))["order"]
        assert canceled["status"] == "CANCELED"
        await body(c, "place_order", **REST)
        results = (await body(c, "cancel_all_orders"))["results"]
        assert [r["accepted"] for r in results] == [True]


async def test_a_position_is_closed(bench):
    async with bench() as b, b.client() as c:
        await body(c, "place_order", **BUY)
        closed = await body(c, "close_position", instrument="BTC-USD", reason="done")
        assert closed["order"]["side"] == "SELL"
        assert closed["order"]["status"] == "FILLED"


async def test_a_preview_sends_nothing_and_names_the_limit(bench):
    async with bench() as b, b.client() as c:
        small = {k: v for k, v in BUY.items() if k != "reason"}
        fine = await body(c, "check_trade_risk", **small)
        assert (fine["allowed"], fine["needs_approval"]) == (True, False)
        assert D(fine["notional"]) == D("500.10")
        big = await body(c, "check_trade_risk", **{**small, "size": "1"})
        assert big["allowed"] is False
        assert "max_order_notional" in [check["check"] for check in big["checks"]]
        assert (await body(c, "get_orders", view="history"))["orders"] == []


async def test_metrics_of_a_supposed_position_are_exact(bench):
    async with bench() as b, b.client() as c:
        found = await body(
            c, "calculate_position_metrics", instrument="BTC-USD", size="-2", entry_price="100", exit_price="90"
        )
        assert D(found["profit"]) == 20
        assert D(found["return_share"]) == D("0.1")
        assert D(found["fees_estimated"]) == D("0.76")
        assert D(found["break_even_price"]) == D("99.60079840")


async def test_lists_page_with_opaque_cursors(bench):
    async with bench() as b, b.client() as c:
        for price in ("49000", "49001", "49002"):
            await body(c, "place_order", **{**REST, "price": price})
        seen, cursor = [], None
        while True:
            page = await body(c, "get_orders", limit=2, **({"cursor": cursor} if cursor else {}))
            seen += [o["price"] for o in page["orders"]]
            cursor = page.get("next_cursor")
            if cursor is None:
                break
        assert [D(p) for p in seen] == [49000, 49001, 49002]
        first = await body(c, "search_instruments", limit=1)
        second = await body(c, "search_instruments", limit=1, cursor=first["next_cursor"])
        assert [first["instruments"][0]["id"], second["instruments"][0]["id"]] == ["BTC-USD", "ETH-USD"]
        assert "next_cursor" not in second
        rows = await body(c, "get_audit", limit=3)
        older = await body(c, "get_audit", limit=3, cursor=rows["next_cursor"])
        assert older["rows"][0]["sequence"] < rows["rows"][-1]["sequence"]


async def test_extras_come_only_with_their_toolset(bench):
    async with bench(toolsets=("core", "simulation")) as b, b.client() as c:
        assert "nudge_market" in {t.name for t in (await c.list_tools()).tools}
        assert D((await body(c, "nudge_market", instrument="BTC-USD", price="60000"))["last"]) == 60000
        assert D((await body(c, "get_orderbook", instrument="BTC-USD"))["bids"][0]["price"]) == 60000


async def test_an_unknown_toolset_or_profile_is_refused_by_name(bench):
    from venuekit.errors import ConfigError

    for build in ({"toolsets": ("core", "nope")}, {"profile": "nope"}):
        with pytest.raises(ConfigError, match="nope"):
            async with bench(**build):
                pass
