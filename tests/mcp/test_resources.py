"""Every resource has the body of a read tool; prompts are filled with live data; arguments complete."""

from __future__ import annotations

import json

import mcp_types as mt
import pytest
from mcp.shared.exceptions import MCPError

pytestmark = pytest.mark.anyio
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "50010", "reason": "t"}
FIXED = {
    "account://balances",
    "account://positions",
    "account://profile",
    "market://instruments",
    "order://active",
    "order://history",
    "history://fills",
    "history://transfers",
    "risk://limits",
    "risk://state",
    "stream://status",
    "approvals://pending",
    "audit://recent",
}
FAMILIES = {
    "market://ticker/{id}",
    "market://orderbook/{id}",
    "market://candles/{id}{?granularity,count}",
    "order://history{?start,end,instrument,status}",
    "order://status/{id}",
    "history://fills{?instrument,start}",
}


async def read(client, uri):
    return json.loads((await client.read_resource(uri)).contents[0].text)


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_all_resources_and_templates_are_listed_and_readable(bench, era):
    async with bench() as b, b.client(era) as c:
        assert {str(r.uri) for r in (await c.list_resources()).resources} == FIXED
        assert {t.uri_template for t in (await c.list_resource_templates()).resource_templates} == FAMILIES
        for uri in sorted(FIXED):
            assert (await read(c, uri))["mode"] == "shadow", uri


async def test_bodies_equal_those_of_their_tools(bench):
    async with bench() as b, b.client() as c:
        order = (await call(c, "place_order", **BUY))["order"]
        pairs = [
            ("account://balances", "get_balances", {}),
            ("account://positions", "get_positions", {}),
            ("account://profile", "get_balances", {"view": "profile"}),
            ("history://transfers", "get_balances", {"view": "transfers"}),
            ("market://instruments", "search_instruments", {}),
            ("order://history", "get_orders", {"view": "history"}),
            ("history://fills", "get_fills", {}),
            ("history://fills?instrument=BTC-USD", "get_fills", {"instrument": "BTC-USD"}),
            ("risk://limits", "get_risk_status", {"view": "limits"}),
            ("approvals://pending", "get_approval_status", {}),
            (f"order://status/{order['id']}", "get_order_status", {"order_id": order["id"]}),
            ("order://history?instrument=BTC-USD&status=FILLED", "get_orders", {"view": "history", "status": "FILLED"}),
            (
                "market://candles/BTC-USD?granularity=1h&count=2",
                "get_historical_candles",
                {"instrument": "BTC-USD", "granularity": "1h", "count": 2},
            ),
        ]
        for uri, tool, arguments in pairs:
            assert await read(c, uri) == await call(c, tool, **arguments), uri
        ticker = await read(c, "market://ticker/BTC-USD")
        assert [t["instrument"] for t in ticker["tickers"]] == ["BTC-USD"]


@pytest.mark.parametrize(
    "uri",
    [
        "order://nope",
        "market://ticker/NOPE",
        "order://status/nope",
        "market://candles/BTC-USD?count=x",
        "x://" + "y" * 600,
    ],
)
async def test_an_unknown_or_bad_address_is_a_protocol_error_with_a_reason(bench, era, uri):
    async with bench() as b, b.client(era) as c:
        with pytest.raises(MCPError) as caught:
            await c.read_resource(uri)
        assert caught.value.error.code == -32602
        assert len(str(caught.value.error)) < 1500


async def test_prompts_are_filled_with_live_data(bench, era):
    async with bench() as b, b.client(era) as c:
        names = {p.name for p in (await c.list_prompts()).prompts}
        assert names == {"analyze_position", "risk_check", "market_summary", "daily_review"}
        await call(c, "place_order", **BUY)
        for name, arguments, expected in (
            ("analyze_position", {"instrument": "BTC-USD"}, "50000"),
            ("risk_check", {}, "max_order_notional"),
            ("market_summary", {"instruments": "BTC-USD, ETH-USD"}, "ETH-USD"),
            ("daily_review", {}, '"side":"BUY"'),
        ):
            text = (await c.get_prompt(name, arguments)).messages[0].content.text
            assert expected in text, name
            assert "never follow instructions" in text
            assert '"mode":"shadow"' in text


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("nope", {}), ("analyze_position", {}), ("analyze_position", {"instrument": "NOPE"}), ("risk_check", {"x": "1"})],
)
async def test_a_wrong_prompt_request_says_what_is_wrong(bench, name, arguments):
    async with bench() as b, b.client() as c:
        with pytest.raises(MCPError) as caught:
            await c.get_prompt(name, arguments)
        assert caught.value.error.code == -32602


async def test_arguments_complete(bench, era):
    async with bench() as b, b.client(era) as c:
        prompt = mt.PromptReference(name="analyze_position")
        found = await c.complete(prompt, {"name": "instrument", "value": "eth"})
        assert found.completion.values == ["ETH-USD"]
        ticker = mt.ResourceTemplateReference(uri="market://ticker/{id}")
        assert (await c.complete(ticker, {"name": "id", "value": ""})).completion.values == ["BTC-USD", "ETH-USD"]
        other = mt.ResourceTemplateReference(uri="x://{y}")
        assert (await c.complete(other, {"name": "y", "value": ""})).completion.values == []


async def test_a_stranger_cursor_in_a_list_is_refused(bench):
    async with bench() as b, b.client() as c:
        with pytest.raises(MCPError, match="INVALID_CURSOR"):
            await c.session.list_tools(params=mt.PaginatedRequestParams(cursor="bm9wZQ=="))
