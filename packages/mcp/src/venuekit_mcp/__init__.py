"""A desk becomes an MCP server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venuekit_mcp.server import build_server, serve_surface
    from venuekit_mcp.surface import Call, Prompt, PromptArgument, Resource, Surface, Template, Tool

__all__ = [
    "Call",
    "Prompt",
    "PromptArgument",
    "Resource",
    "Surface",
    "Template",
    "Tool",
    "build_server",
    "serve_surface",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the protocol's library is heavy, and a refusal to start must not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "server" if name in {"build_server", "serve_surface"} else "surface"
    return getattr(import_module(f"venuekit_mcp.{home}"), name)
