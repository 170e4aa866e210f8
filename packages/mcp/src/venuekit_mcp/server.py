"""Wiring a surface to the SDK's low-level server, for both protocol eras."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import mcp_types as mt
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate

from venuekit.errors import InternalError, VenuekitError
from venuekit.protocols.approver import Caller
from venuekit_mcp.host import Host
from venuekit_mcp.live import Live
from venuekit_mcp.reading import Reader, reader_of
from venuekit_mcp.results import answered, error_body, failed, incident, json_text
from venuekit_mcp.schemas import output_checker, wire_output_schema
from venuekit_mcp.surface import Call, Prompt, Resource, Surface, Template, Tool
from venuekit_mcp.wire import clean, wire

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

_Context = ServerRequestContext[Any, Any]
_Item = TypeVar("_Item", Tool, Resource, Template, Prompt)
PAGE = 100
#: Lists change only when the server is started anew; bodies are always read afresh.
_LIST_TTL_MS = 60_000


class SurfaceServer(Server[Any]):
    """The SDK's server, saying truthfully whether its lists ever change."""

    lists_change: bool = False

    def get_capabilities(self, *args: Any, **kwargs: Any) -> mt.ServerCapabilities:
        """As the SDK derives them from the handlers, but list changes only where the surface has them."""
        found = super().get_capabilities(*args, **kwargs)
        for part in (found.tools, found.resources, found.prompts):
            if part is not None:
                part.list_changed = self.lists_change
        return found

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """The handshake's answer."""
        changes = NotificationOptions(self.lists_change, self.lists_change, self.lists_change)
        return super().create_initialization_options(
            notification_options or changes, experimental_capabilities, extensions
        )


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
    return _Wired(
        tool,
        mt.Tool(
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
        ),
        read,
        check,
    )


def _page(items: Sequence[_Item], params: mt.PaginatedRequestParams | None) -> tuple[Sequence[_Item], str | None]:
    start = 0
    cursor = params.cursor if params else None
    if cursor is not None:
        try:
            start = int(base64.urlsafe_b64decode(cursor.encode()).decode("ascii").removeprefix("at:"))
        except (ValueError, binascii.Error, UnicodeError):
            start = -1
        if not 0 < start <= len(items):
            raise MCPError(mt.INVALID_PARAMS, "INVALID_CURSOR: this cursor was not issued for this list.")
    end = start + PAGE
    following = base64.urlsafe_b64encode(f"at:{end}".encode()).decode() if end < len(items) else None
    return items[start:end], following


class Wiring:
    """The handlers of one server."""

    def __init__(self, surface: Surface, host: Host) -> None:
        self.surface = surface
        self.host = host
        self.tools = {t.name: _wired(t) for t in surface.tools}
        self.resources = {r.uri: r for r in surface.resources}
        self.templates = [(UriTemplate.parse(t.uri_template), t) for t in surface.templates]
        self.prompts = {p.name: p for p in surface.prompts}
        self.live = Live(host, self._may_watch, lists_change=surface.lists_change)

    # -- what a caller may see

    def _sees(self, caller: Caller, item: Tool | Resource | Template | Prompt) -> bool:
        return self.host.refusal(caller, item.role, trades=isinstance(item, Tool) and item.trades) is None

    def _visible(self, items: Sequence[_Item]) -> list[_Item]:
        caller = self.host.caller()
        return [item for item in items if self._sees(caller, item)]

    def _found(self, uri: str) -> tuple[Resource | Template, Mapping[str, Any]] | None:
        resource = self.resources.get(uri)
        if resource is not None:
            return resource, {}
        if len(uri) > 500:
            return None
        for template, item in self.templates:
            variables = template.match(uri)
            if variables is not None:
                return item, variables
        return None

    def _may_watch(self, uri: str) -> bool:
        found = self._found(uri)
        return found is not None and self._sees(self.host.caller(), found[0])

    def _call(self, name: str, arguments: Any, ctx: _Context, params: Any, caller: Caller | None = None) -> Call:
        return Call(
            name=name,
            arguments=arguments,
            caller=caller or self.host.caller(),
            publisher=self.live,
            context=ctx,
            params=params,
        )

    # -- tools

    async def list_tools(self, _: _Context, params: mt.PaginatedRequestParams | None) -> mt.ListToolsResult:
        """Every tool that the caller may use, in a fixed order."""
        caller = self.host.caller()
        seen = [w.wire for w in self.tools.values() if self._sees(caller, w.tool)]
        page, cursor = _page(seen, params)  # type: ignore[type-var]
        return mt.ListToolsResult(tools=list(page), next_cursor=cursor)

    async def call_tool(
        self, ctx: _Context, params: mt.CallToolRequestParams
    ) -> mt.CallToolResult | mt.InputRequiredResult:
        """Read, check, run, audit, answer."""
        wired = self.tools.get(params.name)
        if wired is None:
            raise MCPError(mt.INVALID_PARAMS, f"Unknown tool: {clean(params.name, 60)}")
        caller = self.host.caller()
        tool, arguments = wired.tool, params.arguments or {}
        result: mt.CallToolResult | mt.InputRequiredResult
        outcome = "ok"
        try:
            self._admit(caller, tool)
            value = await tool.handler(self._call(params.name, wired.read(arguments), ctx, params, caller))
            result = self._answer(wired, value, caller)
        except MCPError:
            raise
        except VenuekitError as error:
            told = incident(error) if isinstance(error, InternalError) else error
            outcome, result = told.code, failed(told, self.host.envelope(caller))
        except asyncio.CancelledError:
            if tool.counted:
                self.host.later(self.host.record(params.name, arguments, "CALLER_GONE", caller))
            raise
        except Exception as error:  # noqa: BLE001  (the boundary: a bug becomes an incident, never a traceback)
            bug = incident(error)
            outcome, result = bug.code, failed(bug, self.host.envelope(caller))
        if isinstance(result, mt.InputRequiredResult):
            outcome = "asked"
        if tool.counted:
            try:
                await self.host.record(params.name, arguments, outcome, caller)
            except VenuekitError as error:
                return failed(error, self.host.envelope(caller))
        return result

    def _admit(self, caller: Caller, tool: Tool) -> None:
        refusal = self.host.refusal(caller, tool.role, trades=tool.trades, action=f"use {tool.name}")
        if refusal is not None:
            raise refusal
        if tool.counted:
            self.host.charge(caller)

    def _answer(self, wired: _Wired, value: Any, caller: Caller) -> mt.CallToolResult | mt.InputRequiredResult:
        if isinstance(value, mt.CallToolResult | mt.InputRequiredResult):
            return value
        result = answered(wire(value), self.host.envelope(caller))
        if wired.check is not None:
            wrong = wired.check(result.structured_content)
            if wrong:
                raise InternalError(f"{wired.tool.name} answered against its schema: {wrong}.")
        return result

    # -- resources

    async def list_resources(self, _: _Context, params: mt.PaginatedRequestParams | None) -> mt.ListResourcesResult:
        """Every resource that the caller may read."""
        page, cursor = _page(self._visible(self.surface.resources), params)
        return mt.ListResourcesResult(
            resources=[
                mt.Resource(
                    uri=r.uri,
                    name=r.name,
                    title=r.title or None,
                    description=r.description or None,
                    mime_type=r.mime_type,
                )
                for r in page
            ],
            next_cursor=cursor,
        )

    async def list_templates(
        self, _: _Context, params: mt.PaginatedRequestParams | None
    ) -> mt.ListResourceTemplatesResult:
        """Every family of resources that the caller may read."""
        page, cursor = _page(self._visible(self.surface.templates), params)
        return mt.ListResourceTemplatesResult(
            resource_templates=[
                mt.ResourceTemplate(
                    uri_template=t.uri_template,
                    name=t.name,
                    title=t.title or None,
                    description=t.description or None,
                    mime_type=t.mime_type,
                )
                for t in page
            ],
            next_cursor=cursor,
        )

    async def read_resource(
        self, ctx: _Context, params: mt.ReadResourceRequestParams
    ) -> mt.ReadResourceResult | mt.InputRequiredResult:
        """The body of one resource; what the caller may not read does not exist."""
        uri = str(params.uri)
        found = self._found(uri)
        caller = self.host.caller()
        if found is None or not self._sees(caller, found[0]):
            raise MCPError(mt.INVALID_PARAMS, "Resource not found", data={"uri": clean(uri, 200)})
        item, variables = found
        outcome = "ok"
        try:
            self.host.charge(caller)
            value = await item.handler(self._call(uri, variables, ctx, params, caller))
        except VenuekitError as error:
            outcome = error.code
            raise MCPError(
                mt.INVALID_PARAMS, f"{error.code}: {clean(str(error), 600)}", data=error_body(error)
            ) from None
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001  (the boundary)
            bug = incident(error)
            outcome = bug.code
            raise MCPError(mt.INTERNAL_ERROR, str(bug), data=error_body(bug)) from None
        finally:
            self.host.later(self.host.record("resources/read", {"uri": uri[:200]}, outcome, caller))
        if isinstance(value, mt.ReadResourceResult | mt.InputRequiredResult):
            return value
        return mt.ReadResourceResult(contents=[self._contents(uri, item, value, caller)])

    def _contents(
        self, uri: str, item: Resource | Template, value: Any, caller: Caller
    ) -> mt.TextResourceContents | mt.BlobResourceContents:
        if isinstance(value, bytes):
            return mt.BlobResourceContents(
                uri=uri, mime_type=item.mime_type, blob=base64.b64encode(value).decode("ascii")
            )
        if not isinstance(value, str):
            content = answered(wire(value), self.host.envelope(caller)).content[0]
            value = content.text if isinstance(content, mt.TextContent) else json_text(wire(value))
        return mt.TextResourceContents(uri=uri, mime_type=item.mime_type, text=value)

    # -- prompts and completion

    async def list_prompts(self, _: _Context, params: mt.PaginatedRequestParams | None) -> mt.ListPromptsResult:
        """Every prompt."""
        page, cursor = _page(self._visible(self.surface.prompts), params)
        return mt.ListPromptsResult(
            prompts=[
                mt.Prompt(
                    name=p.name,
                    title=p.title or None,
                    description=p.description,
                    arguments=[
                        mt.PromptArgument(name=a.name, description=a.description, required=a.required)
                        for a in p.arguments
                    ],
                )
                for p in page
            ],
            next_cursor=cursor,
        )

    async def get_prompt(
        self, ctx: _Context, params: mt.GetPromptRequestParams
    ) -> mt.GetPromptResult | mt.InputRequiredResult:
        """A prompt, filled in."""
        prompt = self.prompts.get(params.name)
        caller = self.host.caller()
        if prompt is None or not self._sees(caller, prompt):
            raise MCPError(mt.INVALID_PARAMS, f"Unknown prompt: {clean(params.name, 60)}")
        arguments = dict(params.arguments or {})
        known = {a.name for a in prompt.arguments}
        for name, value in arguments.items():
            if name not in known or len(value) > 500:
                raise MCPError(
                    mt.INVALID_PARAMS, f"INVALID_VALUE: {clean(name, 40)} is not an argument, or is too long."
                )
        for argument in prompt.arguments:
            if argument.required and not arguments.get(argument.name):
                raise MCPError(mt.INVALID_PARAMS, f"INVALID_VALUE: {argument.name} is required.")
        try:
            self.host.charge(caller)
            value = await prompt.handler(self._call(params.name, arguments, ctx, params, caller))
        except VenuekitError as error:
            raise MCPError(
                mt.INVALID_PARAMS, f"{error.code}: {clean(str(error), 600)}", data=error_body(error)
            ) from None
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001  (the boundary)
            bug = incident(error)
            raise MCPError(mt.INTERNAL_ERROR, str(bug), data=error_body(bug)) from None
        if isinstance(value, mt.GetPromptResult | mt.InputRequiredResult):
            return value
        messages = value
        if isinstance(value, str):
            messages = [mt.PromptMessage(role="user", content=mt.TextContent(text=value))]
        return mt.GetPromptResult(description=prompt.description, messages=list(messages))

    async def complete(self, _: _Context, params: mt.CompleteRequestParams) -> mt.CompleteResult:
        """What an argument may be; unknown arguments have no suggestions."""
        completer = None
        if isinstance(params.ref, mt.PromptReference):
            prompt = self.prompts.get(params.ref.name)
            for argument in prompt.arguments if prompt else ():
                if argument.name == params.argument.name:
                    completer = argument.complete
        else:
            for template in self.surface.templates:
                if template.uri_template == params.ref.uri:
                    completer = template.complete.get(params.argument.name)
        given = dict(params.context.arguments or {}) if params.context else {}
        try:
            values = list(await completer(params.argument.value[:100], given)) if completer else []
        except VenuekitError:
            values = []  # completion is a courtesy: an unreachable venue suggests nothing
        return mt.CompleteResult(
            completion=mt.Completion(values=values[:100], total=len(values), has_more=len(values) > 100)
        )


async def _accept(_: _Context, __: Any) -> mt.EmptyResult:
    return mt.EmptyResult()


def serve_surface(
    surface: Surface, host: Host, *, name: str, version: str, title: str = "", instructions: str = ""
) -> SurfaceServer:
    """A server that offers `surface` to the callers that `host` names."""
    wiring = Wiring(surface, host)
    live = wiring.live

    @asynccontextmanager
    async def lifespan(_: Server[Any]) -> AsyncIterator[Wiring]:
        await host.open()
        await live.open()
        try:
            yield wiring
        finally:
            await live.close()
            await host.close()

    hint = CacheHint(ttl_ms=_LIST_TTL_MS, scope="private")
    server = SurfaceServer(
        name,
        version=version,
        title=title or None,
        instructions=instructions or None,
        cache_hints={
            "tools/list": hint,
            "prompts/list": hint,
            "resources/list": hint,
            "resources/templates/list": hint,
            "resources/read": CacheHint(ttl_ms=0, scope="private"),
        },
        lifespan=lifespan,
        get_tool_input_schema=lambda tool: wiring.tools[tool].wire.input_schema if tool in wiring.tools else None,
        on_list_tools=wiring.list_tools,
        on_call_tool=wiring.call_tool,
        on_list_resources=wiring.list_resources,
        on_list_resource_templates=wiring.list_templates,
        on_read_resource=wiring.read_resource,
        on_subscribe_resource=live.subscribe,
        on_unsubscribe_resource=live.unsubscribe,
        on_subscriptions_listen=live.listen,
        on_list_prompts=wiring.list_prompts,
        on_get_prompt=wiring.get_prompt,
        on_completion=wiring.complete,
    )
    server.lists_change = surface.lists_change
    if surface.logging:
        server.add_request_handler("logging/setLevel", mt.SetLevelRequestParams, _accept)
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=name))
    return server


def build_server(
    desk: Desk,
    *,
    caller: Caller | Callable[[], Caller] | None = None,
    toolsets: Sequence[str] = ("core",),
    profile: str | None = None,
    additions: Surface | None = None,
) -> SurfaceServer:
    """The MCP server of a desk.

    `caller` is who asks: one value for a process that serves one agent, or a function that says it for the request
    being served (HTTP tokens). `toolsets` are ``core`` and those of the venue's extras; `profile` names a table of
    other servers' tool names; `additions` is merged in.

    Raises:
        ConfigError: an unknown toolset or profile.
    """
    from venuekit_mcp.desk_host import DeskHost  # noqa: PLC0415
    from venuekit_mcp.desk_surface import desk_surface, instructions  # noqa: PLC0415

    host = DeskHost(desk, caller)
    surface = desk_surface(desk, host, toolsets=toolsets, profile=profile).merged(additions)
    return serve_surface(
        surface,
        host,
        name=f"venuekit-{desk.venue.name}",
        version=desk.status().version,
        title=desk.capabilities.title,
        instructions=instructions(desk),
    )
