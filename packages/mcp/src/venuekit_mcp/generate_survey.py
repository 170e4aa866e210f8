"""What a generated server offers, seen the way its clients see it: through a real MCP client in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.metadata import entry_points, version
from typing import Any

import attrs

import mcp
from venuekit.model.identity import PAPER
from venuekit.protocols.approver import Mode
from venuekit.protocols.venue import VenueFactory
from venuekit.registry import GROUP, load_factory, register, unregister, venue_names
from venuekit.runtime.session import open_desk
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, ReconcileSettings, StoreSettings
from venuekit_mcp.generate_idle import IdleFactory
from venuekit_mcp.run import flag_help
from venuekit_mcp.server import build_server

Wire = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Survey:
    """Everything that the files of one server are made from."""

    factory: VenueFactory
    #: The distribution that brings the adapter, and its version.
    adapter: str
    adapter_version: str
    #: The version of the generator, which the servers share.
    version: str
    #: Tools with every toolset, in the mode that trades; and the names of those that read_only lists.
    tools: Sequence[Wire]
    readable: frozenset[str]
    #: The names of those that act at a real venue, of which shadow mode has none.
    live_only: frozenset[str]
    #: The names that are on without --toolsets.
    default: frozenset[str]
    #: Tool to toolset, for those of the venue's own.
    toolsets: Mapping[str, str]
    resources: Sequence[Wire]
    templates: Sequence[Wire]
    prompts: Sequence[Wire]
    #: The command's flags, each with its explanation.
    flags: Sequence[tuple[str, str]]


async def survey(venue: str) -> Survey:
    """Look at the server of an installed adapter, without connecting to the venue.

    Raises:
        UnknownVenue: no such adapter is installed.
    """
    real = load_factory(venue)
    adapter, adapter_version = adapter_of(venue)
    extras = {extra.name: extra.toolset for extra in real.extras}
    every = ("core", *sorted(set(extras.values())))
    register(IdleFactory(real))
    try:
        whole = await _listed(venue, Mode.LIVE, every)
        readable = await _listed(venue, Mode.READ_ONLY, every)
        default = await _listed(venue, Mode.LIVE, ("core",))
    finally:
        unregister(venue)
        if venue not in venue_names():  # it was registered, not installed
            register(real)
    return Survey(
        factory=real,
        adapter=adapter,
        adapter_version=adapter_version,
        version=version("venuekit-mcp"),
        tools=whole["tools"],
        readable=frozenset(tool["name"] for tool in readable["tools"]),
        live_only=frozenset(e.name for e in real.extras if e.mutates and real.environment != PAPER),
        default=frozenset(tool["name"] for tool in default["tools"]),
        toolsets=extras,
        resources=whole["resources"],
        templates=whole["templates"],
        prompts=whole["prompts"],
        flags=flag_help(venue),
    )


def adapter_of(venue: str) -> tuple[str, str]:
    """The distribution that offers `venue`, and its version; the venue's own package name if it has none."""
    for point in entry_points(group=GROUP, name=venue):
        if point.dist is not None:
            return point.dist.name, point.dist.version
    return f"venuekit-{venue}", version("venuekit-mcp")


async def _listed(venue: str, mode: Mode, toolsets: Sequence[str]) -> dict[str, list[Wire]]:
    with tempfile.TemporaryDirectory() as folder:
        config = DeskConfig(
            desk=DeskSettings(venue=venue, mode=mode, data_dir=folder),
            store=StoreSettings(url="sqlite://"),
            approval=ApprovalSettings(require_above=Decimal(0)),
            reconcile=ReconcileSettings(every_seconds=0),
        )
        async with open_desk(config, environ={}) as desk:
            server = build_server(desk, toolsets=toolsets)
            async with mcp.Client(server) as client:
                return {
                    "tools": [_wire(tool) for tool in (await client.list_tools()).tools],
                    "resources": [_wire(one) for one in (await client.list_resources()).resources],
                    "templates": [_wire(one) for one in (await client.list_resource_templates()).resource_templates],
                    "prompts": [_wire(one) for one in (await client.list_prompts()).prompts],
                }


def _wire(value: Any) -> Wire:
    body: Wire = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return body
