"""The generated Coinbase server as a host starts it, over stdio or HTTP, at a double; what it writes can be kept."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from mcp import Client
from venuekit_doubles.coinbase import CoinbaseDouble

SERVER = [sys.executable, "-m", "venuekit_mcp_coinbase"]
TRADING = {"place_order", "amend_order", "cancel_order", "cancel_all_orders", "close_position"}
ORDER = {"instrument": "BTC-USD", "side": "BUY", "order_type": "MARKET", "size": "0.001", "reason": "a test"}
TOKEN = "a-token-of-the-hosts-own-0123456789"
#: Everything that a process writes goes to a file too, byte by byte.
_KEPT = '"$@" 2>>"$WRITTEN.err" | tee -a "$WRITTEN.out"'


def environment(folder: Path, double: CoinbaseDouble, *, key: bool = False, **more: str) -> dict[str, str]:
    """A machine whose Coinbase is the double."""
    table = "VENUEKIT__VENUES__COINBASE__"
    keys = {"COINBASE_API_KEY": double.key, "COINBASE_API_SECRET": double.secret} if key else {}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "WRITTEN": str(folder / "written"),
        "VENUEKIT__DESK__DATA_DIR": str(folder / "data"),
        f"{table}ENVIRONMENT": "sandbox",
        f"{table}BASE_URL": double.rest_url,
        f"{table}WS_URL": double.ws_url,
        f"{table}WS_USER_URL": double.ws_url,
        f"{table}CA_FILE": double.ca_file,
        **keys,
        **more,
    }


@asynccontextmanager
async def serving(
    environ: dict[str, str], mode: str, *more: str, transport: str = "stdio", **client: Any
) -> AsyncIterator[Client]:
    """A client of a server that is started for it."""
    command = [*SERVER, "--mode", mode, *more]
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
