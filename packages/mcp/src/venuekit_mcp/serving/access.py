"""What of a surface a caller may see, and where an address leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mcp.server.context import ServerRequestContext
from mcp.shared.uri_template import UriTemplate

from venuekit.protocols.approver import Caller
from venuekit_mcp.host import Host
from venuekit_mcp.surface import Prompt, Resource, Surface, Template, Tool

Context = ServerRequestContext[Any, Any]
_Item = TypeVar("_Item", Tool, Resource, Template, Prompt)
#: Longest address that is looked up.
_LONGEST_URI = 500


class Access:
    """One surface before its callers."""

    def __init__(self, surface: Surface, host: Host) -> None:
        self.surface = surface
        self.host = host
        self._resources = {r.uri: r for r in surface.resources}
        self._templates = [(UriTemplate.parse(t.uri_template), t) for t in surface.templates]

    def sees(self, caller: Caller, item: Tool | Resource | Template | Prompt) -> bool:
        """Whether the item exists for the caller."""
        trades = isinstance(item, Tool) and item.trades
        return self.host.refusal(caller, item.role, trades=trades, tools=item.needs) is None

    def visible(self, items: Sequence[_Item]) -> list[_Item]:
        """Those of `items` that the present caller sees, in their order."""
        caller = self.host.caller()
        return [item for item in items if self.sees(caller, item)]

    def found(self, uri: str) -> tuple[Resource | Template, Mapping[str, Any]] | None:
        """The resource or family that `uri` leads to, with the address's variables; None where there is none."""
        resource = self._resources.get(uri)
        if resource is not None:
            return resource, {}
        if len(uri) > _LONGEST_URI:
            return None
        for template, item in self._templates:
            variables = template.match(uri)
            if variables is not None:
                return item, variables
        return None

    def may_watch(self, uri: str) -> bool:
        """Whether the present caller may be told that `uri` changed: exactly when it may read it."""
        found = self.found(uri)
        return found is not None and self.sees(self.host.caller(), found[0])
