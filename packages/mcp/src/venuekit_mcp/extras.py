"""A venue's own tools, offered when their toolset is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from venuekit.protocols.approver import Role
from venuekit.protocols.venue import Extra
from venuekit_mcp.desk_host import unknown_choice
from venuekit_mcp.surface import Call, Handler, Tool

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk

CORE = "core"


def _handler(desk: Desk, extra: Extra) -> Handler:
    async def call_it(call: Call) -> object:
        return await desk.call_extra(extra.name, call.arguments, caller=call.caller)

    return call_it


def extra_tools(desk: Desk, toolsets: Sequence[str]) -> list[Tool]:
    """The tools of the chosen toolsets, ``core`` aside.

    Raises:
        ConfigError: a toolset that this venue does not have.
    """
    known = [CORE, *sorted({e.toolset for e in desk.extras})]
    for name in toolsets:
        if name not in known:
            raise unknown_choice("toolset", name, known)
    return [
        Tool(
            name=e.name,
            title=e.title,
            description=e.description,
            arguments=e.arguments,
            result=e.result,
            handler=_handler(desk, e),
            role=Role.TRADER if e.mutates else Role.VIEWER,
            trades=e.mutates,
            read_only=not e.mutates,
            destructive=e.mutates,
            idempotent=not e.mutates,
        )
        for e in desk.extras
        if e.toolset in toolsets
    ]
