"""Tools: listed for those who may use them; read, checked, run, kept in the audit, answered."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import mcp_types as mt
from mcp.shared.exceptions import MCPError

from venuekit.errors import InternalError, VenuekitError
from venuekit.protocols.approver import Caller
from venuekit.watch.redact import redact_text
from venuekit_mcp.naming import Names
from venuekit_mcp.reading import Reader, reader_of
from venuekit_mcp.results import answered, failed, incident, json_text
from venuekit_mcp.schemas import output_checker, wire_output_schema
from venuekit_mcp.serving.access import Access, Context
from venuekit_mcp.serving.pages import page_of
from venuekit_mcp.surface import Call, Publisher, Tool
from venuekit_mcp.wire import clean, wire

_Answer = mt.CallToolResult | mt.InputRequiredResult


@attrs.frozen
class _Wired:
    tool: Tool
    wire: mt.Tool
    read: Reader
    check: Callable[[Any], str] | None


def _title(tool: Tool) -> str | None:
    """The title, where it says more than the name: every byte of the list is read by every client."""
    return tool.title if tool.title and tool.title.lower() != tool.name.replace("_", " ") else None


def _wired(tool: Tool) -> _Wired:
    schema, read = reader_of(tool.arguments)
    output: Mapping[str, Any] | None
    if isinstance(tool.result, type):
        output, check = wire_output_schema(tool.result), output_checker(tool.result)
    else:
        output, check = tool.result, None
    listed = mt.Tool(
        name=tool.name,
        title=_title(tool),
        description=tool.description,
        input_schema=dict(schema),
        output_schema=None if output is None else dict(output),
        annotations=mt.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=tool.open_world,
        ),
        _meta=dict(tool.meta) if tool.meta else None,
    )
    return _Wired(tool, listed, read, check)


class Calls:
    """The handlers of tools/list and tools/call."""

    def __init__(self, access: Access, publisher: Publisher) -> None:
        self._access = access
        self._host = access.host
        self._publisher = publisher
        self._tools = {t.name: _wired(t) for t in access.surface.tools}

    def input_schema(self, name: str) -> dict[str, Any] | None:
        """The schema of one tool's arguments, for the SDK's own check of mirrored headers."""
        wired = self._tools.get(name)
        return None if wired is None else wired.wire.input_schema

    async def list(self, _: Context, params: mt.PaginatedRequestParams | None) -> mt.ListToolsResult:
        """Every tool that is of use to the caller, in a fixed order."""
        caller = self._host.caller()
        seen = [w.wire for w in self._tools.values() if w.tool.listed and self._access.sees(caller, w.tool)]
        page, cursor = page_of(seen, params)
        return mt.ListToolsResult(tools=page, next_cursor=cursor)

    async def call(self, ctx: Context, params: mt.CallToolRequestParams) -> _Answer:
        """The answer, or an error that a model can act on; an unknown tool is the protocol's error."""
        wired = self._tools.get(params.name)
        if wired is None:
            await self._unknown(params)
            raise MCPError(mt.INVALID_PARAMS, f"Unknown tool: {clean(params.name, 60)}")
        caller = self._host.caller()
        tool, raw = wired.tool, params.arguments or {}
        try:
            outcome, detail, result = await self._run(wired, raw, caller, ctx, params)
        except MCPError as error:
            await self._host.record(tool.name, raw, f"error {error.error.code}", caller, at_once=not tool.read_only)
            raise
        except asyncio.CancelledError:
            if tool.counted:
                self._host.later(self._host.record(tool.name, raw, "CALLER_GONE", caller, at_once=not tool.read_only))
            raise
        if tool.counted:
            try:
                await self._host.record(tool.name, raw, outcome, caller, at_once=not tool.read_only, detail=detail)
            except VenuekitError as error:
                if tool.read_only:
                    return failed(error, self._host.envelope(caller))
                # What acted has acted, and its own rows came first: "nothing was sent" would be a lie here.
                sys.stderr.write(f"venuekit-mcp: the call of {tool.name} is not in the audit yet: {error}\n")
        return result

    async def _unknown(self, params: mt.CallToolRequestParams) -> None:
        """Keep that somebody asked for what there is not: it may be looking for a way around what there is."""
        caller, outcome = self._host.caller(), "UNKNOWN_TOOL"
        try:
            with self._host.serve(caller):
                pass
        except VenuekitError as error:
            outcome = error.code
        name = redact_text(params.name, also=self._host.secrets, keep_hex=True)
        await self._host.record(clean(name, 60), params.arguments or {}, outcome, caller)

    async def _run(
        self, wired: _Wired, raw: Mapping[str, Any], caller: Caller, ctx: Context, params: mt.CallToolRequestParams
    ) -> tuple[str, str, _Answer]:
        """The outcome and why as the audit keeps them, and the answer."""
        tool = wired.tool
        try:
            self._permit(caller, tool)
            with self._host.serve(caller, tool.weight if tool.counted else 0):
                if not tool.read_only:
                    await self._host.settle()
                call = Call(
                    name=tool.name,
                    arguments=wired.read(raw),
                    caller=caller,
                    publisher=self._publisher,
                    context=ctx,
                    params=params,
                )
                result = await self._answer(wired, await tool.handler(call), raw, caller)
        except MCPError:
            raise
        except VenuekitError as error:
            told = incident(error, self._host.secrets) if isinstance(error, InternalError) else error
            return told.code, str(told), await self._named(failed(told, self._host.envelope(caller)), raw)
        except Exception as error:  # noqa: BLE001  (the boundary: a bug becomes an incident, never a traceback)
            bug = incident(error, self._host.secrets)
            return bug.code, str(bug), failed(bug, self._host.envelope(caller))
        return ("asked" if isinstance(result, mt.InputRequiredResult) else "ok"), "", result

    def _permit(self, caller: Caller, tool: Tool) -> None:
        refusal = self._host.refusal(caller, tool.role, trades=tool.trades, action=f"use {tool.name}", tools=tool.needs)
        if refusal is not None:
            raise refusal

    async def _answer(self, wired: _Wired, value: Any, raw: Mapping[str, Any], caller: Caller) -> _Answer:
        if isinstance(value, mt.CallToolResult | mt.InputRequiredResult):
            return value
        result = await self._named(answered(wire(value), self._host.envelope(caller)), raw)
        if wired.check is not None:
            wrong = wired.check(result.structured_content)
            if wrong:
                raise InternalError(f"{wired.tool.name} answered against its schema: {wrong}.")
        return result

    async def _named(self, result: mt.CallToolResult, raw: Mapping[str, Any]) -> mt.CallToolResult:
        """The result with aliases for ids that are too long."""
        body = result.structured_content
        if body is None or not any(Names.concern(part.text) for part in result.content if part.type == "text"):
            return result
        named = await self._host.named(body, raw)
        text = mt.TextContent(text=json_text(named))
        return mt.CallToolResult(content=[text], structured_content=named, is_error=result.is_error)
