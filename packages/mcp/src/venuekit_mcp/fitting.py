"""Lists that fit into one answer: a page that would be too long is read again shorter, so its cursor stays right."""

from __future__ import annotations

from typing import Any

import attrs

from venuekit_mcp.arguments import fields_of
from venuekit_mcp.results import MOST_BYTES, json_text
from venuekit_mcp.surface import Call, Tool
from venuekit_mcp.wire import wire

#: Room for what every answer also says.
_ENVELOPE_BYTES = 1000


def fitting(tool: Tool) -> Tool:
    """`tool`, answering with fewer rows than its `limit` where they would be too many bytes; others as they are."""
    if not (tool.read_only and isinstance(tool.arguments, type) and "limit" in fields_of(tool.arguments)):
        return tool

    async def handler(call: Call) -> Any:
        while True:
            body = wire(await tool.handler(call))
            limit = call.arguments.limit
            if limit <= 1 or len(json_text(body)) <= MOST_BYTES - _ENVELOPE_BYTES:
                return body
            call = attrs.evolve(call, arguments=attrs.evolve(call.arguments, limit=limit // 2))

    return attrs.evolve(tool, handler=handler)
