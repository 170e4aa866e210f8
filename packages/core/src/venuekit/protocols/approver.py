"""Who may decide, and how a decision reaches the desk."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import attrs

from venuekit.model.identity import AgentId
from venuekit.protocols.journal import Approval


class Role(StrEnum):
    """What a caller may do; each includes the ones before."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    TRADER = "trader"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        return _RANKS[self] >= _RANKS[other]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Mode(StrEnum):
    """What a desk does with orders. Only these exact words exist; anything else refuses to start."""

    READ_ONLY = "read_only"
    SHADOW = "shadow"
    LIVE = "live"


@attrs.frozen(kw_only=True)
class Caller:
    """Who asks. Comes from configuration or a verified token, never from an argument of the call.

    `mode` may be stricter than the desk's, never looser.
    """

    agent_id: AgentId
    role: Role
    mode: Mode | None = None
    #: ``library``, ``mcp-stdio``, ``mcp-http``, ``cli``; all but ``library`` and ``cli`` count as agents.
    source: str = "library"


@attrs.frozen(kw_only=True)
class Operator:
    """A person with the operator's credential. No frontend given to an agent ever makes one.

    Where the configuration has ``[operators]``, `token` is what proves it: the desk compares its SHA-256 with the
    one configured for `name`. Without, `name` is taken as the process gives it.
    """

    name: str
    source: str
    token: str = attrs.field(default="", repr=False)


class Approver(Protocol):
    """A way to ask a person while the caller waits, such as the host's dialog; None means: not answered here."""

    async def ask(self, approval: Approval) -> Operator | None:
        """Show the question. Returns who approved, or None if nobody did."""
        ...
