"""The documented table of roles is what every tool, resource and prompt does, and the same when it is called anyway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import mcp
from venuekit.protocols.approver import Caller, Role

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]
PAGE = Path(__file__).parents[2] / "docs/reference/roles.md"
_ROW = re.compile(r"\| (prompt )?`([^`]+)`(, acts)? \| (.+) \|")


def documented() -> Mapping[str, Mapping[Role, bool]]:
    """What each role may use: tools and prompts by name, resources by address."""
    rows = [found for line in PAGE.read_text(encoding="utf-8").splitlines() if (found := _ROW.fullmatch(line))]
    return {
        f"{found[1] or ''}{found[2]}": dict(zip(Role, [cell == "yes" for cell in found[4].split(" | ")], strict=True))
        for found in rows
    }


TABLE = documented()
RESOURCES = [name for name in TABLE if "://" in name]
PROMPTS = [name for name in TABLE if name.startswith("prompt ")]
TOOLS = [name for name in TABLE if name not in RESOURCES and name not in PROMPTS]


async def listed(client: Any) -> set[str]:
    """Everything that the server lists for its caller."""
    return {
        *(t.name for t in (await client.list_tools()).tools),
        *(str(r.uri) for r in (await client.list_resources()).resources),
        *(t.uri_template for t in (await client.list_resource_templates()).resource_templates),
        *(f"prompt {p.name}" for p in (await client.list_prompts()).prompts),
    }


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_has_what_the_table_says_and_nothing_more(bench: Any, era: str, role: Role) -> None:
    async with bench(caller=Caller(agent_id="a", role=role)) as b, b.client(era) as client:
        assert await listed(client) == {name for name, may in TABLE.items() if may[role]}
        for tool in TOOLS:
            answer = await client.call_tool(tool, {})
            code = (answer.structured_content or {}).get("code")
            assert (code == "PERMISSION_REFUSED") is not TABLE[tool][role], (tool, answer)
        for address in RESOURCES:
            uri = re.sub(r"\{id\}", "BTC-USD", re.sub(r"\{\?.*\}", "", address))
            if not TABLE[address][role]:
                with pytest.raises(mcp.MCPError, match="not found"):
                    await client.read_resource(uri)
        for prompt in PROMPTS:
            if not TABLE[prompt][role]:
                with pytest.raises(mcp.MCPError, match="Unknown prompt"):
                    await client.get_prompt(prompt.removeprefix("prompt "), {})
        assert await b.venue.open_orders() == []


def test_each_role_includes_the_ones_before() -> None:
    assert len(TABLE) >= 40
    for name, may in TABLE.items():
        assert list(may.values()) == sorted(may.values()), name
