"""Whatever an agent asks for is a row, also what does not exist, is refused, or is not its to see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit.settings.schema import PaceSettings

pytestmark = pytest.mark.anyio
VIEWER = Caller(agent_id="looker", role=Role.VIEWER, source="mcp-stdio")
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.01", "price": "49000", "reason": "t"}


async def test_what_does_not_exist_is_a_row_with_what_was_given(bench: Any) -> None:
    async with bench() as b, b.client() as c:
        with pytest.raises(MCPError, match="Unknown tool"):
            await c.call_tool("steal_funds", {"to": "me"})
        with pytest.raises(MCPError, match="not found"):
            await c.read_resource("vault://keys")
        with pytest.raises(MCPError, match="Unknown prompt"):
            await c.get_prompt("jailbreak", {})
        await c.call_tool("get_positions", {})
        await c.call_tool("get_audit", {})  # which waits for what is not written yet
        found = [
            (row.subject, row.body["outcome"], row.body["arguments"])
            for row in b.desk.store.rows(RowQuery(kinds=(EntryKind.CALL,), newest_first=False))
        ]
    assert found[:4] == [
        ("steal_funds", "UNKNOWN_TOOL", {"to": "me"}),
        ("resources/read", "error -32602", {"subject": "vault://keys"}),
        ("prompts/get", "error -32602", {"subject": "jailbreak"}),
        ("get_positions", "ok", {}),
    ]


@pytest.mark.parametrize(
    ("caller", "mode", "outcome"),
    [(VIEWER, Mode.SHADOW, "PERMISSION_REFUSED"), (None, Mode.READ_ONLY, "MODE_REFUSED")],
    ids=["role", "mode"],
)
async def test_a_call_beyond_role_or_mode_is_a_row(bench: Any, caller: Caller | None, mode: Mode, outcome: str) -> None:
    more = {"caller": caller} if caller else {}
    async with bench(mode=mode, **more) as b, b.client() as c:
        assert (await c.call_tool("place_order", BUY)).is_error
        rows = b.desk.store.rows(RowQuery(kinds=(EntryKind.CALL,)))
    assert [(row.subject, row.body["outcome"]) for row in rows] == [("place_order", outcome)]


async def test_a_resource_beyond_the_callers_role_does_not_exist_and_its_reading_is_a_row(bench: Any) -> None:
    async with bench(caller=VIEWER) as b:
        async with b.client() as c:
            with pytest.raises(MCPError, match="not found"):
                await c.read_resource("audit://recent")
        rows = b.desk.store.rows(RowQuery(kinds=(EntryKind.CALL,)))
    assert [(row.agent_id, row.body["outcome"], row.body["arguments"]) for row in rows] == [
        ("looker", "error -32602", {"subject": "audit://recent"})
    ]


async def test_calls_of_too_many_are_rows_too(bench: Any) -> None:
    async with bench(pace=PaceSettings(agent_calls_per_minute=1)) as b:
        async with b.client() as c:
            await c.call_tool("get_positions", {})
            assert (await c.call_tool("get_positions", {})).is_error
            with pytest.raises(MCPError, match="Unknown tool"):
                await c.call_tool("steal_funds", {})
            with pytest.raises(MCPError, match="RATE_LIMITED"):
                await c.read_resource("order://active")
        rows = b.desk.store.rows(RowQuery(kinds=(EntryKind.CALL,), newest_first=False))
    assert [row.body["outcome"] for row in rows] == ["ok", "RATE_LIMITED", "RATE_LIMITED", "RATE_LIMITED"]


async def test_what_another_agent_asked_is_for_an_admin(bench: Any) -> None:
    async def seen(role: Role, name: str) -> set[tuple[str, str]]:
        who[0] = Caller(agent_id=name, role=role, source="mcp-http")
        async with b.client() as c:
            rows = (await c.call_tool("get_audit", {"limit": 100})).structured_content["rows"]
            read = json.loads((await c.read_resource("audit://recent")).contents[0].text)["rows"]
        assert {r["sequence"] for r in read} >= {r["sequence"] for r in rows[:5]}
        return {(r["kind"], r["agent_id"]) for r in rows}

    who = [Caller(agent_id="maker", role=Role.TRADER, source="mcp-http")]
    async with bench(caller=lambda: who[0]) as b:
        async with b.client() as c:
            await c.call_tool("place_order", BUY)
            await c.call_tool("place_order", {**BUY, "size": "9"})
        asked = {("call", "maker"), ("denied", "maker")}
        assert asked <= await seen(Role.TRADER, "maker")
        others = await seen(Role.TRADER, "taker")
        assert not asked & others
        assert ("order", "maker") in others, "what came of it is the account's"
        assert asked <= await seen(Role.ADMIN, "boss")
