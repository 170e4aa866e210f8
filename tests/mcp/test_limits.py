"""An agent sees that an operator changed a limit, at once and with the reason; it can change none itself."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from mcp.shared.exceptions import MCPError

from venuekit.protocols.approver import Caller, Operator, Role
from venuekit.settings.schema import RiskSettings

pytestmark = pytest.mark.anyio
ANN = Operator(name="ann", source="test")
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.1", "price": "50010", "reason": "t"}


async def test_a_changed_limit_shows_in_state_and_in_the_next_order(bench):
    async with bench(risk=RiskSettings(max_order_notional=Decimal(20_000))) as b, b.client() as c:
        await b.desk.limits.set("max_order_notional", "500", ANN, reason="news at eight")
        state = json.loads((await c.read_resource("risk://state")).contents[0].text)
        (change,) = state["state"]["limit_changes"]
        assert (change["name"], change["value"], change["by"]) == ("max_order_notional", "500", "ann")
        assert "news at eight" in str(change["reason"])
        limits = json.loads((await c.read_resource("risk://limits")).contents[0].text)
        assert "500" in [row["limit"] for row in limits["limits"] if row["check"] == "max_order_notional"]
        refused = await c.call_tool("place_order", BUY)
        assert refused.structured_content["code"] == "RISK_REFUSED"


@pytest.mark.parametrize("role", list(Role))
async def test_no_tool_of_any_role_changes_a_limit(bench, role):
    caller = Caller(agent_id="agent", role=role, source="mcp-stdio")
    async with bench(caller=caller, toolsets=("core", "simulation")) as b, b.client() as c:
        for tool in (await c.list_tools()).tools:
            described = f"{tool.name} {tool.description}".lower()
            assert not ("limit" in described and ("change" in described or "set" in described.split())), tool.name
        for name in ("set_limit", "unset_limit", "risk_set", "set_risk_limit"):
            with pytest.raises(MCPError, match="Unknown tool"):
                await c.call_tool(name, {"name": "max_order_notional", "value": "off"})
        assert b.desk.limits.changes == ()
