"""What a caller may not use is not listed, and refused when called anyway; nothing about it depends on earlier calls."""

from __future__ import annotations

import pytest

from venuekit.protocols.approver import Caller, Mode, Role

pytestmark = pytest.mark.anyio
ACTING = {"place_order", "amend_order", "cancel_order", "cancel_all_orders", "close_position"}
ANALYST = {"check_trade_risk", "calculate_position_metrics", "get_audit"}
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "49000", "reason": "t"}


async def _names(client):
    return {t.name for t in (await client.list_tools()).tools}


async def test_read_only_lists_no_acting_tool_and_refuses_it_by_mode(bench, era):
    async with bench(mode=Mode.READ_ONLY) as b, b.client(era) as c:
        before = await _names(c)
        assert not before & ACTING
        result = await c.call_tool("place_order", BUY)
        assert result.is_error
        assert result.structured_content["code"] == "MODE_REFUSED"
        assert result.structured_content["mode"] == "read_only"
        assert not await b.venue.open_orders()
        assert await _names(c) == before


async def test_a_callers_own_mode_is_stricter_than_the_desks(bench):
    caller = Caller(agent_id="a", role=Role.ADMIN, mode=Mode.READ_ONLY)
    async with bench(caller=caller) as b, b.client() as c:
        assert not await _names(c) & ACTING
        assert (await c.call_tool("get_positions", {})).structured_content["mode"] == "read_only"
        assert (await c.call_tool("cancel_all_orders", {})).structured_content["code"] == "MODE_REFUSED"


@pytest.mark.parametrize(
    ("role", "hidden"), [(Role.VIEWER, ACTING | ANALYST), (Role.ANALYST, ACTING), (Role.TRADER, set())]
)
async def test_roles_see_what_they_may_use(bench, role, hidden):
    async with bench(caller=Caller(agent_id="a", role=role)) as b, b.client() as c:
        names = await _names(c)
        assert not names & hidden
        for tool in sorted(hidden):
            body = (await c.call_tool(tool, BUY if tool == "place_order" else {})).structured_content
            assert body["code"] == "PERMISSION_REFUSED", tool
        uris = {str(r.uri) for r in (await c.list_resources()).resources}
        assert ("audit://recent" in uris) == (role is not Role.VIEWER)


async def test_the_caller_is_asked_for_with_every_request(bench):
    now = [Caller(agent_id="a", role=Role.VIEWER)]
    async with bench(caller=lambda: now[0]) as b, b.client() as c:
        assert (await c.call_tool("get_audit", {})).is_error
        now[0] = Caller(agent_id="b", role=Role.TRADER)
        assert not (await c.call_tool("get_audit", {})).is_error


async def test_too_many_calls_a_minute_are_refused_with_a_time(bench, monkeypatch):
    import attrs

    from venuekit.settings.schema import PaceSettings

    async with bench() as b, b.client() as c:
        monkeypatch.setattr(
            b.desk, "settings", attrs.evolve(b.desk.settings, pace=PaceSettings(agent_calls_per_minute=3))
        )
        codes = [(await c.call_tool("get_positions", {})).structured_content.get("code") for _ in range(5)]
        assert codes == [None, None, None, "RATE_LIMITED", "RATE_LIMITED"]


async def test_every_call_is_in_the_audit_with_its_caller_and_without_secrets(bench):
    async with bench() as b, b.client() as c:
        await c.call_tool("search_instruments", {"text": "api_key=abcd1234efgh5678"})
        rows = (await c.call_tool("get_audit", {"kind": "call"})).structured_content["rows"]
        assert rows[0]["subject"] == "search_instruments"
        assert rows[0]["agent_id"] == "agent"
        assert "abcd1234efgh5678" not in str(rows)
