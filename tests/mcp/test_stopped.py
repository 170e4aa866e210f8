"""While a desk is stopped an agent may cancel and see why, with what breakers measure; it can start nothing itself."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from venuekit.protocols.approver import Caller, Role
from venuekit.settings.schema import BreakerSettings, FigureSettings

pytestmark = pytest.mark.anyio
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.1", "price": "49000", "reason": "t"}


async def test_while_halted_cancels_go_and_orders_do_not(bench):
    async with bench() as b, b.client() as c:
        orders = [(await c.call_tool("place_order", BUY)).structured_content["order"]["id"] for _ in range(2)]
        await b.desk.halt(by="ann", reason="news at eight")
        refused = (await c.call_tool("place_order", BUY)).structured_content
        assert refused["code"] == "TRADING_HALTED"
        assert "news at eight" in refused["message"]
        canceled = await c.call_tool("cancel_order", {"order_id": orders[0]})
        assert not canceled.is_error, canceled.structured_content
        assert not (await c.call_tool("cancel_all_orders", {})).is_error
        assert list(await b.desk.open_orders()) == []


async def test_a_tripped_figure_shows_value_limit_and_age_and_no_tool_reports_one(bench):
    figures = {"coverage": FigureSettings(floor=Decimal("0.85"))}
    admin = Caller(agent_id="agent", role=Role.ADMIN, source="mcp-stdio")
    settings = BreakerSettings(figures=figures)
    async with bench(caller=admin, breakers=settings, toolsets=("core", "simulation")) as b, b.client() as c:
        b.desk.report("coverage", Decimal("0.5"))
        state = json.loads((await c.read_resource("risk://state")).contents[0].text)["state"]
        assert state["trading_state"] == "REDUCING"
        (shown,) = [x for x in state["breakers"] if x["name"] == "figures.coverage"]
        assert (shown["state"], shown["value"], shown["limit"]) == ("OPEN", "0.5", "0.85 or more")
        assert shown["measured_at"]
        assert shown["tripped_at"]
        assert (await c.call_tool("place_order", BUY)).structured_content["code"] == "TRADING_REDUCING"
        names = {tool.name for tool in (await c.list_tools()).tools}
        assert not [name for name in names if "report" in name or "resume" in name or "breaker" in name]
