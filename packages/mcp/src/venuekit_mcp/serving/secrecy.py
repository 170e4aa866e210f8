"""The last door: no answer that leaves the server holds a known secret, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import mcp_types as mt
from mcp.shared.exceptions import MCPError

from venuekit.watch.literals import holds, without
from venuekit.watch.redact import HIDDEN
from venuekit_mcp.serving.access import Context

_Params = TypeVar("_Params")
_Result = TypeVar("_Result", bound="mt.Result")


def discreet(
    handler: Callable[[Context, _Params], Awaitable[_Result]], secrets: frozenset[str]
) -> Callable[[Context, _Params], Awaitable[_Result]]:
    """The handler, whose answers and errors have `secrets` taken out; the same one where there are none."""
    if not secrets:
        return handler

    async def handle(ctx: Context, params: _Params) -> _Result:
        try:
            result = await handler(ctx, params)
        except MCPError as error:
            raise _error(error, secrets) from None
        if not any(holds(text, secrets) for text in _texts(result)):
            return result
        clean = without(result.model_dump_json(by_alias=True, exclude_unset=True), secrets, HIDDEN)
        return type(result).model_validate_json(clean)

    return handle


def _texts(result: mt.Result) -> Iterator[str]:
    """Everything in an answer that somebody else may have written; a tool's text has all of its structure."""
    if isinstance(result, mt.CallToolResult):
        for block in result.content:
            yield block.text if isinstance(block, mt.TextContent) else block.model_dump_json()
    elif isinstance(result, mt.ReadResourceResult):
        for part in result.contents:
            yield part.text if isinstance(part, mt.TextResourceContents) else part.blob
    else:
        yield result.model_dump_json()


def _error(error: MCPError, secrets: frozenset[str]) -> MCPError:
    data = error.error.data
    clean = None if data is None else json.loads(without(json.dumps(data, ensure_ascii=False), secrets, HIDDEN))
    return MCPError(error.error.code, without(error.error.message, secrets, HIDDEN), data=clean)
