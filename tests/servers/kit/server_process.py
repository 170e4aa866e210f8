"""A generated server as a host starts it, over stdio or HTTP; what it writes can be kept."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from mcp import Client

TRADING = {"place_order", "amend_order", "cancel_order", "cancel_all_orders", "close_position"}
TOKEN = "a-token-of-the-hosts-own-0123456789"
#: Everything that a process writes goes to a file too, byte by byte.
_KEPT = '"$@" 2>>"$WRITTEN.err" | tee -a "$WRITTEN.out"'


def machine(folder: Path, venue: str, options: Mapping[str, str], **more: str) -> dict[str, str]:
    """A machine with these options of a venue in its environment."""
    table = f"VENUEKIT__VENUES__{venue.upper()}__"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "WRITTEN": str(folder / "written"),
        "VENUEKIT__DESK__DATA_DIR": str(folder / "data"),
        **{f"{table}{name.upper()}": value for name, value in options.items() if value},
        **more,
    }


@asynccontextmanager
async def serving(
    module: str, environ: dict[str, str], mode: str, *more: str, transport: str = "stdio", **client: Any
) -> AsyncIterator[Client]:
    """A client of a server that is started for it."""
    command = [sys.executable, "-m", module, "--mode", mode, *more]
    if transport == "http":
        async with _over_http(command, environ, client) as connected:
            yield connected
        return
    parameters = StdioServerParameters(command="sh", args=["-c", _KEPT, "sh", *command], env=environ)
    async with Client(parameters, read_timeout_seconds=60, **client) as connected:
        yield connected


@asynccontextmanager
async def _over_http(command: list[str], environ: dict[str, str], given: dict[str, Any]) -> AsyncIterator[Client]:
    words = ["--transport", "http", "--port", "0", "--token-env", "HOST_TOKEN"]
    server = await asyncio.create_subprocess_exec(
        *command, *words, env={**environ, "HOST_TOKEN": TOKEN}, stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    try:
        said = await asyncio.wait_for(server.stderr.readline(), 60)
        url = said.decode().split()[-1]
        assert url.startswith("http://127.0.0.1:"), said
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as http_client,
            Client(streamable_http_client(url, http_client=http_client), **given) as connected,
        ):
            yield connected
    finally:
        server.terminate()
        rest = await server.stderr.read()
        await server.wait()
        Path(f"{environ['WRITTEN']}.err").write_bytes(said + rest)


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; an error is none."""
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None
    assert not result.is_error, result.structured_content
    return dict(result.structured_content)


async def refused(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The error that a tool answers."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    assert result.structured_content is not None
    return dict(result.structured_content)


async def listed(client: Client) -> set[str]:
    """Names of the tools that the client is offered."""
    return {tool.name for tool in (await client.list_tools()).tools}


def operator(environ: dict[str, str], *words: str) -> dict[str, Any]:
    """What the ``venuekit`` command answers a person at the same machine."""
    done = subprocess.run(
        [sys.executable, "-c", "from venuekit.cli.app import main; main()", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**environ, "USER": "operator"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


async def every_answer(
    client: Client, arguments: Mapping[str, Mapping[str, Any]], *, order_id: str = ""
) -> list[dict[str, Any]]:
    """What every tool that only reads answers, and every resource that has an address."""
    answers = []
    given = {**arguments, "get_order_status": {"order_id": order_id or "none"}}
    reading = [t for t in (await client.list_tools()).tools if t.annotations and t.annotations.read_only_hint]
    for tool in sorted(reading, key=lambda t: t.name):
        if tool.name in ("wait_for_event", "unsubscribe"):
            continue
        result = await client.call_tool(tool.name, dict(given.get(tool.name, {})))
        assert result.structured_content is not None
        answers.append({"tool": tool.name, **result.structured_content})
        if tool.name == "subscribe":
            identity = result.structured_content["subscription"]
            for name in ("wait_for_event", "unsubscribe"):
                more = await client.call_tool(name, {"subscription": identity})
                answers.append({"tool": name, **(more.structured_content or {})})
    for resource in (await client.list_resources()).resources:
        body = await client.read_resource(str(resource.uri))
        answers.append({"tool": str(resource.uri), **json.loads(body.contents[0].text)})  # type: ignore[union-attr]
    return answers
