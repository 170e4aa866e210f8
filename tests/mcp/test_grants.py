"""Over MCP an agent sees and calls what its table grants, and nothing that it says of itself changes that."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

import mcp
from venuekit.protocols.approver import Caller, Role
from venuekit.settings.schema import AgentSettings

pytestmark = pytest.mark.anyio
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "49000", "reason": "t"}


async def _tools(client: Any) -> set[str]:
    return {t.name for t in (await client.list_tools()).tools}


async def test_tools_that_are_not_granted_are_not_listed_and_refused_when_called(bench: Any, era: str) -> None:
    agents = {"agent": AgentSettings(tools=("get_*", "check_trade_risk"))}
    async with bench(agents=agents) as b, b.client(era) as c:
        names = await _tools(c)
        assert "get_positions" in names
        assert "check_trade_risk" in names
        assert not names & {"place_order", "cancel_order", "subscribe", "search_instruments"}
        body = (await c.call_tool("place_order", BUY)).structured_content
        assert body["code"] == "PERMISSION_REFUSED"
        assert body["details"] == {"grant": "tools", "limit": "get_*, check_trade_risk", "value": "place_order"}
        assert not await b.venue.open_orders()
        assert (await c.call_tool("get_capabilities", {})).structured_content["may_trade"] is False


async def test_resources_and_prompts_follow_the_tools_that_tell_the_same(bench: Any, era: str) -> None:
    agents = {"agent": AgentSettings(tools=("get_positions", "get_market_data"))}
    async with bench(agents=agents) as b, b.client(era) as c:
        assert {str(r.uri) for r in (await c.list_resources()).resources} == {"account://positions"}
        templates = (await c.list_resource_templates()).resource_templates
        assert {t.uri_template for t in templates} == {"market://ticker/{id}"}
        assert {p.name for p in (await c.list_prompts()).prompts} == {"market_summary"}
        for uri in ("account://balances", "market://orderbook/BTC-USD", "audit://recent", "risk://state"):
            with pytest.raises(mcp.MCPError, match="not found"):
                await c.read_resource(uri)
        with pytest.raises(mcp.MCPError, match="Unknown prompt"):
            await c.get_prompt("daily_review", {})
        assert (await c.read_resource("market://ticker/BTC-USD")).contents


async def test_another_servers_name_needs_the_grant_of_the_tool_it_stands_for(bench: Any) -> None:
    agents = {"agent": AgentSettings(tools=("get_*", "shadow_*", "submit_order"))}
    async with bench(agents=agents, profile="polybot") as b, b.client() as c:
        names = await _tools(c)
        assert "get_portfolio" in names
        assert not names & {"shadow_buy", "shadow_sell", "submit_order", "list_markets"}
        uris = {str(r.uri) for r in (await c.list_resources()).resources}
        assert "polybot://portfolio" in uris
        assert "polybot://markets" not in uris


async def test_an_extra_is_a_tool_like_any(bench: Any) -> None:
    agents = {"agent": AgentSettings(tools=("get_*",))}
    async with bench(agents=agents, toolsets=("core", "simulation")) as b, b.client() as c:
        assert "nudge_market" not in await _tools(c)
        body = (await c.call_tool("nudge_market", {"instrument": "BTC-USD", "price": "1"})).structured_content
        assert body["code"] == "PERMISSION_REFUSED"


async def test_a_grant_that_has_ended_leaves_nothing(bench: Any, era: str) -> None:
    agents = {"agent": AgentSettings(expires="2020-01-01T00:00:00Z")}
    async with bench(agents=agents) as b, b.client(era) as c:
        assert await _tools(c) == set()
        assert not (await c.list_resources()).resources
        assert not (await c.list_prompts()).prompts
        body = (await c.call_tool("get_positions", {})).structured_content
        assert body["code"] == "PERMISSION_REFUSED"
        assert "ended at 2020-01-01T00:00:00Z" in body["message"]


@pytest.mark.filterwarnings("ignore:The logging capability is deprecated")
async def test_events_are_logged_only_to_who_may_wait_for_them(bench: Any) -> None:
    async def told(tools: tuple[str, ...]) -> list[Any]:
        heard: list[Any] = []

        async def on_log(message: Any) -> None:
            heard.append(message)

        who = Caller(agent_id="agent", role=Role.TRADER, source="mcp-stdio")
        async with (
            bench(agents={"agent": AgentSettings(tools=tools)}, caller=who) as b,
            b.client("legacy", logging_callback=on_log) as c,
        ):
            await c.session.set_logging_level("debug")
            await c.call_tool("place_order", BUY)
            await c.call_tool("get_positions", {})
        return heard

    assert await told(("place_order", "get_positions", "wait_for_event"))
    assert await told(("place_order", "get_positions")) == []


async def test_an_agent_is_told_what_is_left_and_when_it_starts_anew(bench: Any, era: str) -> None:
    grant = AgentSettings(
        instruments=("BTC-*",),
        max_order_notional=Decimal(600),
        max_notional_per_day=Decimal(1000),
        max_orders_per_minute=3,
        expires="2999-01-01T00:00:00Z",
    )
    async with bench(agents={"agent": grant}) as b, b.client(era) as c:
        assert not (await c.call_tool("place_order", BUY)).is_error
        told = (await c.call_tool("get_capabilities", {})).structured_content
        assert "Granted instruments: BTC-*." in told["notes"]
        assert "All of it ends at 2999-01-01T00:00:00Z." in told["notes"]
        status = (await c.call_tool("get_risk_status", {})).structured_content
        limits = json.loads((await c.read_resource("risk://limits")).contents[0].text)["limits"]
        state = json.loads((await c.read_resource("risk://state")).contents[0].text)["limits"]
        for rows in (told["limits"], status["limits"], limits, state):
            said = {row["check"]: row for row in rows}
            assert said["agent_notional_per_day"]["left"] == "510"
            assert said["agent_notional_per_day"]["message"].startswith(
                "you may still spend 510 USD today; the day ends at "
            )
            assert said["agent_orders_per_minute"]["message"] == "you may still send 2 orders this minute"
            assert said["agent_order_notional"]["left"] == "600"
        refused = await c.call_tool("place_order", {**BUY, "size": "0.012"})
        assert refused.structured_content["details"]["would_pass"].startswith("size 0.01, an order that reduces, or ")
        what_if = (await c.call_tool("check_trade_risk", {**BUY, "size": "0.012"})).structured_content
        assert what_if["checks"][0]["message"] in refused.structured_content["message"]
