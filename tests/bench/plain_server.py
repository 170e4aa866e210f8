"""A hand-written server on the plain SDK: one tool, with the schemas of ours, that answers a payload it is given."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

Fetch = Callable[[], Awaitable[dict[str, Any]]]
EMPTY: dict[str, object] = {"payload": {}, "input": {"type": "object"}, "output": None}


def build(given: dict[str, Any], fetch: Fetch | None = None) -> Server[object]:
    """The server; its tool answers what `fetch` gives, or `payload`, as structured content and as text."""
    tool = types.Tool(name="plain", description="Plain.", input_schema=given["input"], output_schema=given["output"])

    async def list_tools(_context: object, _parameters: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool])

    async def call_tool(_context: object, _parameters: object) -> types.CallToolResult:
        payload = given["payload"] if fetch is None else await fetch()
        text = json.dumps(payload, separators=(",", ":"))
        return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=payload)

    return Server("plain", version="1", on_list_tools=list_tools, on_call_tool=call_tool)


async def _stdio(server: Server[object]) -> None:
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


if __name__ == "__main__":
    found = json.loads(os.environ.get("BENCH_TOOL", "null")) or EMPTY
    if sys.argv[1] == "stdio":
        anyio.run(_stdio, build(found))
    else:
        import uvicorn

        uvicorn.run(build(found).streamable_http_app(), host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
