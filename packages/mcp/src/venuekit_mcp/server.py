"""A surface on the SDK's low-level server, for both protocol eras; a desk's server is one of those."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import mcp_types as mt
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from venuekit.protocols.approver import Caller
from venuekit_mcp.event_log import EventLog
from venuekit_mcp.host import Host
from venuekit_mcp.live import Live
from venuekit_mcp.serving.access import Access
from venuekit_mcp.serving.asks import Asks
from venuekit_mcp.serving.calls import Calls
from venuekit_mcp.serving.reads import Reads
from venuekit_mcp.serving.secrecy import discreet
from venuekit_mcp.surface import Surface

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

#: Lists change only when the server is started anew; bodies are always read afresh.
_LISTS = CacheHint(ttl_ms=60_000, scope="private")
_BODIES = CacheHint(ttl_ms=0, scope="private")


class SurfaceServer(Server[Any]):
    """The SDK's server, saying truthfully whether its lists ever change."""

    lists_change: bool = False
    logs_everywhere: bool = False

    def get_capabilities(self, *args: Any, protocol_version: str | None = None, **kwargs: Any) -> mt.ServerCapabilities:
        """As the SDK derives them from the handlers, but list changes and logging only where they are served."""
        found = super().get_capabilities(*args, protocol_version=protocol_version, **kwargs)
        if protocol_version in MODERN_PROTOCOL_VERSIONS and not self.logs_everywhere:
            found.logging = None
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


def serve_surface(
    surface: Surface, host: Host, *, name: str, version: str, title: str = "", instructions: str = ""
) -> SurfaceServer:
    """A server that offers `surface` to the callers that `host` names."""
    access = Access(surface, host)
    live = Live(host, access.may_watch, lists_change=surface.lists_change)
    log = EventLog(host)
    calls, reads, asks = Calls(access, live), Reads(access, live), Asks(access, live)

    @asynccontextmanager
    async def lifespan(_: Server[Any]) -> AsyncIterator[None]:
        await host.open()
        await live.open()
        log.open()
        try:
            yield
        finally:
            await log.close()
            await live.close()
            await host.close()

    server = SurfaceServer(
        name,
        version=version,
        title=title or None,
        instructions=instructions or None,
        cache_hints={
            "tools/list": _LISTS,
            "prompts/list": _LISTS,
            "resources/list": _LISTS,
            "resources/templates/list": _LISTS,
            "resources/read": _BODIES,
        },
        lifespan=lifespan,
        get_tool_input_schema=calls.input_schema,
        on_list_tools=calls.list,
        on_call_tool=discreet(calls.call, host.secrets),
        on_list_resources=reads.list,
        on_list_resource_templates=reads.templates,
        on_read_resource=discreet(reads.read, host.secrets),
        on_subscribe_resource=live.subscribe,
        on_unsubscribe_resource=live.unsubscribe,
        on_subscriptions_listen=live.listen,
        on_list_prompts=asks.list,
        on_get_prompt=discreet(asks.get, host.secrets),
        on_completion=discreet(asks.complete, host.secrets),
    )
    server.lists_change = surface.lists_change
    server.logs_everywhere = surface.logging
    server.add_request_handler("logging/setLevel", mt.SetLevelRequestParams, log.set_level)
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
