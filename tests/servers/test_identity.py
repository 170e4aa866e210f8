"""Who is counted is who has the token, or whom the process was started for; nothing that a caller says changes it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import httpx2
import mcp_types as mt
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from mcp import Client

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]
TOKENS = {name: secrets.token_urlsafe(24) for name in ("ann", "bob")}
CONFIG = """\
[desk]
venue = "paper"
data_dir = "{folder}"

[agents.default]
max_orders_per_day = 100

[agents.ann]
token_sha256 = "{ann}"
max_orders_per_day = 10

[agents.bob]
token_sha256 = "{bob}"
max_orders_per_day = 2
"""
_prices = count(1000)
ORDER = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.001", "price": "1000", "reason": "t"}
#: Ways to say that one is somebody else.
HEADERS = {
    **dict.fromkeys(("X-Agent-Id", "Agent-Id", "X-Forwarded-User", "X-Client-Id", "From", "Mcp-Agent"), "bob"),
    "X-Authorization": f"Bearer {TOKENS['bob']}",
    "Cookie": f"agent_id=bob; token={TOKENS['bob']}",
}
META: dict[str, Any] = {"agent_id": "bob", "caller": {"agent_id": "bob", "role": "admin"}, "client_id": "bob"}
BOB = mt.Implementation(name="bob", version="1", title="bob")


@attrs.frozen
class Served:
    """A running server and its configuration."""

    config: Path
    url: str

    @asynccontextmanager
    async def client(self, token: str, era: str = "auto", query: str = "", **headers: str) -> AsyncIterator[Client]:
        sent = {"Authorization": f"Bearer {token}", **headers}
        async with httpx2.AsyncClient(headers=sent, timeout=60) as http_client:
            transport = streamable_http_client(self.url + query, http_client=http_client)
            async with Client(transport, mode=era, client_info=BOB) as client:
                yield client


def write_config(folder: Path) -> Path:
    config = folder / "desk.toml"
    digests = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
    config.write_text(CONFIG.format(folder=folder / "data", **digests), encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    config = write_config(tmp_path_factory.mktemp("identity"))
    command = [sys.executable, "-m", "venuekit_mcp_paper", "--transport", "http", "--port", "0", "--mode", "shadow"]
    process = subprocess.Popen([*command, "--config", str(config)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = next((found[1] for line in process.stderr if (found := re.search(r"(http://[\d.:]+/mcp)", line))), None)
    assert address is not None, "the server ended without listening"
    yield Served(config, address)
    process.terminate()
    process.wait(20)
    process.stderr.close()


async def place(client: Client, **more: Any) -> dict[str, Any]:
    """An order like no other: equal ones are taken for a repetition."""
    answer = await client.call_tool("place_order", {**ORDER, "price": f"{next(_prices)}"}, **more)
    assert answer.structured_content is not None
    return dict(answer.structured_content)


async def left(client: Client) -> str:
    status = await client.call_tool("get_risk_status", {})
    assert status.structured_content is not None
    (row,) = [r for r in status.structured_content["limits"] if r["check"] == "agent_orders_per_day"]
    return str(row["left"])


async def test_two_tokens_are_two_agents_with_budgets_apart(served: Served) -> None:
    async with served.client(TOKENS["ann"]) as ann, served.client(TOKENS["bob"]) as bob:
        before = int(await left(ann))
        while int(await left(bob)):
            assert (await place(bob))["order"]["agent_id"] == "bob"
        refused = await place(bob)
        assert refused["details"]["check"] == "agent_orders_per_day"
        assert (await place(ann))["order"]["agent_id"] == "ann"
        assert (int(await left(ann)), await left(bob)) == (before - 1, "0")


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_nothing_that_a_caller_says_changes_who_it_is(served: Served, era: str) -> None:
    query = f"?agent_id=bob&token={TOKENS['bob']}"
    async with served.client(TOKENS["bob"]) as bob:
        of_bob = await left(bob)
    async with served.client(TOKENS["ann"], era, query, **HEADERS) as client:
        before = int(await left(client))
        told = (await client.call_tool("get_capabilities", {}, meta=META)).structured_content
        assert told is not None
        assert (told["agent"], told["role"]) == ("ann", "trader")
        assert (await place(client, meta=META))["order"]["agent_id"] == "ann"
        for name in ("agent_id", "agent", "caller", "role"):
            answer = await client.call_tool("place_order", {**ORDER, name: "bob"}, meta=META)
            assert answer.structured_content is not None
            assert answer.structured_content["code"] == "INVALID_VALUE", "no argument of the name"
        read = await client.read_resource("risk://state", meta=META)
        assert isinstance(read.contents[0], mt.TextResourceContents)
        limits = json.loads(read.contents[0].text)["limits"]
        assert [r["left"] for r in limits if r["check"] == "agent_orders_per_day"] == [str(before - 1)]
        rows = (await client.call_tool("get_audit", {"limit": 100})).structured_content
        assert rows is not None
        assert ("place_order", "ann") in {(r["subject"], r["agent_id"]) for r in rows["rows"] if r["kind"] == "call"}
        assert {r["agent_id"] for r in rows["rows"] if r["kind"] in ("call", "denied")} <= {"ann"}
    async with served.client(TOKENS["bob"]) as bob:
        assert await left(bob) == of_bob


async def test_an_unknown_token_is_refused_although_there_is_a_table_for_all_others(served: Served) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with httpx2.AsyncClient(timeout=60) as client:
        for token in ("none", "bob", "default", TOKENS["bob"][:-1], TOKENS["bob"].swapcase()):
            sent = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}", **HEADERS}
            answer = await client.post(f"{served.url}?token={TOKENS['bob']}", json=body, headers=sent)
            assert answer.status_code == 401, token


async def test_over_stdio_the_process_says_who_it_is_for(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    for agent, flags in (("bob", ["--agent-id", "bob"]), ("claude", ["--agent-id", "claude"])):
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "venuekit_mcp_paper", "--mode", "shadow", "--config", str(config), *flags],
            env=dict(os.environ),
        )
        async with Client(command, client_info=BOB, read_timeout_seconds=60) as client:
            assert (await place(client, meta={**META, "agent_id": "ann"}))["order"]["agent_id"] == agent
            assert await left(client) == {"bob": "1", "claude": "99"}[agent]
