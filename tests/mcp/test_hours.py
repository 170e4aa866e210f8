"""An agent is told its hours, and nothing that it can say changes them."""

from __future__ import annotations

import json

import pytest

from venuekit.protocols.approver import Caller, Role
from venuekit.settings.schema import AppliesTo, HoursWindow

pytestmark = pytest.mark.anyio
QUIET = HoursWindow(name="no agents", closed=True, applies_to=AppliesTo.AGENTS)
WHY = 'closed by hours[0] "no agents"'
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "49000", "reason": "t"}


async def test_an_agent_in_quiet_hours_is_told_so_everywhere_and_may_cancel_and_read(bench, era):
    async with bench(hours=[QUIET]) as b, b.client(era) as c:
        body = (await c.call_tool("get_risk_status", {})).structured_content
        assert body["state"]["hours"] == [{"instruments": [], "open": False, "why": WHY, "changes": ""}]
        resource = json.loads((await c.read_resource("risk://state")).contents[0].text)
        assert resource["state"]["hours"] == body["state"]["hours"]
        notes = (await c.call_tool("get_capabilities", {})).structured_content["notes"]
        assert f"Closed for orders ({WHY}): all other instruments, until further notice." in notes
        checked = (
            await c.call_tool("check_trade_risk", {k: v for k, v in BUY.items() if k != "reason"})
        ).structured_content
        assert not checked["allowed"]
        refused = await c.call_tool("place_order", BUY)
        assert refused.is_error
        assert refused.structured_content["code"] == "MARKET_CLOSED"
        assert WHY in refused.structured_content["message"]
        assert not (await c.call_tool("cancel_all_orders", {"reason": "t"})).is_error
        assert not await b.venue.open_orders()


@pytest.mark.parametrize("role", [Role.TRADER, Role.ADMIN])
async def test_no_role_makes_an_agent_a_bot(bench, role):
    async with bench(hours=[QUIET], caller=Caller(agent_id="a", role=role, source="mcp-http")) as b, b.client() as c:
        assert (await c.call_tool("place_order", BUY)).structured_content["code"] == "MARKET_CLOSED"
        assert (await c.call_tool("close_position", {"instrument": "BTC-USD", "reason": "t"})).is_error
        assert not await b.venue.open_orders()


async def test_without_hours_nothing_is_said_of_them(bench):
    async with bench() as b, b.client() as c:
        assert (await c.call_tool("get_risk_status", {})).structured_content["state"]["hours"] == []
        assert not any("orders (" in n for n in (await c.call_tool("get_capabilities", {})).structured_content["notes"])
