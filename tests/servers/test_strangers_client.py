"""A client that knows nothing of us trades on the real server: over stdio and HTTP, in both eras of the protocol."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx2
import mcp_types as mt
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from mcp import Client

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:resources/")]
TOKEN = secrets.token_urlsafe(24)
WATCHERS_TOKEN = secrets.token_urlsafe(24)
CONFIG = """\
[desk]
venue = "paper"

[agents.watcher]
role = "viewer"
token_sha256 = "{digest}"
"""
ORDER = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.001", "reason": "a stranger's test"}
WATCHED = ["order://active", "market://ticker/BTC-USD"]


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "VENUEKIT__DESK__DATA_DIR": str(folder),
        "VENUEKIT__VENUES__PAPER__TICK_INTERVAL_MS": "50",
        "STRANGERS_TOKEN": TOKEN,
    }


@attrs.frozen
class Served:
    """Where a server listens."""

    host: str
    port: int

    @asynccontextmanager
    async def client(self, era: str, token: str = TOKEN, **more: Any) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://{self.host}:{self.port}/mcp"
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http_client:
            transport = streamable_http_client(url, http_client=http_client)
            async with Client(transport, mode=era, **more) as client:
                yield client

    def post(self, body: object, **headers: str) -> tuple[int, dict[str, str], str]:
        """The answer to one request, as a browser or a scanner would send it."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
            connection.request("POST", "/mcp", json.dumps(body), {k.replace("_", "-"): v for k, v in sent.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()


def start(folder: Path, *flags: str) -> tuple[subprocess.Popen[str], Served]:
    command = [sys.executable, "-m", "venuekit_mcp_paper", "--transport", "http", "--port", "0", *flags]
    process = subprocess.Popen(command, env=environment(folder), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"Listening on http://([\d.]+):(\d+)/mcp", line)
        if found:
            return process, Served(found[1], int(found[2]))
    pytest.fail("the server ended without listening")


def stop(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        return process.wait(20)
    finally:
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("http")
    config = folder / "desk.toml"
    config.write_text(CONFIG.format(digest=hashlib.sha256(WATCHERS_TOKEN.encode()).hexdigest()), encoding="utf-8")
    process, served = start(
        folder / "data", "--mode", "shadow", "--token-env", "STRANGERS_TOKEN", "--config", str(config)
    )
    yield served
    assert stop(process) == 0


@asynccontextmanager
async def connected(transport: str, era: str, trading: Served, folder: Path, **more: Any) -> AsyncIterator[Client]:
    """A client of a server that trades."""
    if transport == "http":
        async with trading.client(era, **more) as client:
            yield client
        return
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "venuekit_mcp_paper", "--mode", "shadow"], env=environment(folder)
    )
    async with Client(command, mode=era, read_timeout_seconds=60, **more) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    body = result.structured_content
    assert body is not None
    assert not result.is_error, body
    assert (body["mode"], body["venue"], body["environment"]) == ("shadow", "paper", "paper")
    return dict(body)


async def read(client: Client, uri: str) -> dict[str, Any]:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, mt.TextResourceContents)
    return dict(json.loads(content.text))


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_stranger_lists_reads_previews_places_and_is_kept_up_to_date(
    transport: str, era: str, trading: Served, tmp_path: Path
) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Any) -> None:
        if isinstance(message, mt.ResourceUpdatedNotification):
            told.put_nowait(str(message.params.uri))

    async with connected(transport, era, trading, tmp_path, message_handler=hear) as client:
        assert client.protocol_version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[era]
        assert {"place_order", "check_trade_risk", "wait_for_event"} <= {
            t.name for t in (await client.list_tools()).tools
        }
        assert "order://active" in {str(r.uri) for r in (await client.list_resources()).resources}
        templates = (await client.list_resource_templates()).resource_templates
        assert "market://ticker/{id}" in {t.uri_template for t in templates}
        assert (await client.list_prompts()).prompts

        (ticker,) = (await read(client, "market://ticker/BTC-USD"))["tickers"]
        size = {"auto": "0.001", "legacy": "0.002"}[era]  # an equal order soon after would be taken for a repetition
        order = {**ORDER, "size": size, "price": str(int(float(ticker["ask"]) * 1.02))}
        preview = await call(client, "check_trade_risk", **order)
        assert preview["allowed"], preview
        before = len((await call(client, "get_orders", view="history", limit=100))["orders"])

        own = await call(client, "subscribe", channel="own_orders")
        async with watching(client, era, told):
            placed = await call(client, "place_order", **order)
            assert placed["order"]["status"] == "FILLED"
            await told_of(told, set(WATCHED))

        kinds, cursor = [], own["cursor"]
        while "FILLED" not in kinds:
            answer = await call(
                client, "wait_for_event", subscription=own["subscription"], cursor=cursor, timeout=10, limit=1
            )
            assert len(answer["events"]) == 1, "each event once, in order"
            kinds += [e["order"]["status"] for e in answer["events"] if e["order"]["id"] == placed["order"]["id"]]
            cursor = answer["cursor"]
        assert (await call(client, "unsubscribe", subscription=own["subscription"]))["state"] == "closed"
        after = (await call(client, "get_orders", view="history", limit=100))["orders"]
        assert len(after) == before + 1
        assert placed["order"]["id"] in {f["client_order_id"] for f in (await call(client, "get_fills"))["fills"]}
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("approve_order", {})
        assert unknown.value.error.code == mt.INVALID_PARAMS


@asynccontextmanager
async def watching(client: Client, era: str, told: asyncio.Queue[str]) -> AsyncIterator[None]:
    """What is told of the watched resources goes into `told`, in whichever way the era has."""
    if era == "legacy":
        for uri in WATCHED:
            await client.session.subscribe_resource(uri)
        yield
        for uri in WATCHED:
            await client.session.unsubscribe_resource(uri)
        return
    async with client.listen(resource_subscriptions=WATCHED) as stream:

        async def pump() -> None:
            async for event in stream:
                told.put_nowait(str(event.uri))

        task = asyncio.create_task(pump())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told_of(told: asyncio.Queue[str], wanted: set[str]) -> None:
    async with asyncio.timeout(60):
        while wanted:
            wanted = wanted - {await told.get()}


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_read_only_server_lists_no_way_to_trade_and_refuses_it(era: str, tmp_path: Path) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "venuekit_mcp_paper"], env=environment(tmp_path)
    )
    async with Client(command, mode=era, read_timeout_seconds=60) as client:
        names = {t.name for t in (await client.list_tools()).tools}
        assert "check_trade_risk" in names
        assert not names & {"place_order", "amend_order", "cancel_order", "cancel_all_orders", "close_position"}
        refused = await client.call_tool("place_order", {**ORDER, "price": "50000"})
        assert refused.is_error
        assert refused.structured_content is not None
        assert refused.structured_content["code"] == "MODE_REFUSED"
        assert refused.structured_content["mode"] == "read_only"
        orders = await client.call_tool("get_orders", {"view": "history"})
        assert orders.structured_content is not None
        assert orders.structured_content["orders"] == []


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_each_token_is_an_agent_of_its_own_with_its_own_role(era: str, trading: Served) -> None:
    async with trading.client(era) as trader, trading.client(era, WATCHERS_TOKEN) as watcher:
        assert "place_order" in {t.name for t in (await trader.list_tools()).tools}
        assert "place_order" not in {t.name for t in (await watcher.list_tools()).tools}
        refused = await watcher.call_tool("place_order", {**ORDER, "price": "50000"})
        assert refused.structured_content is not None
        assert refused.structured_content["code"] == "PERMISSION_REFUSED"
        opened = await call(trader, "subscribe", channel="own_orders")
        stolen = await watcher.call_tool("wait_for_event", {"subscription": opened["subscription"], "timeout": 0})
        assert stolen.is_error
        others = (await call(trader, "get_audit", kind="call", agent_id="watcher"))["rows"]
        assert others == [], "what another agent was told is the admin's to read"
        await call(trader, "unsubscribe", subscription=opened["subscription"])


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example"}, 403),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "null"}, 403),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://localhost:3000"}, 200),
    ],
)
def test_http_answers_only_a_local_page_or_program_with_the_token(
    trading: Served, headers: dict[str, str], status: int
) -> None:
    found, answered, body = trading.post(INITIALIZE, **headers)
    assert found == status, body
    assert TOKEN not in body
    if status == 401:
        assert "Bearer" in {k.lower(): v for k, v in answered.items()}["www-authenticate"]


def test_a_body_beyond_the_limit_is_refused_and_the_server_goes_on(trading: Served) -> None:
    big = {**INITIALIZE, "padding": "x" * (5 * 1024 * 1024)}
    assert trading.post(big, Authorization=f"Bearer {TOKEN}")[0] == 413
    assert trading.post(INITIALIZE, Authorization=f"Bearer {TOKEN}")[0] == 200
