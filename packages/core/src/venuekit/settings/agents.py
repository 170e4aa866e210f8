"""Whose table of ``[agents]`` counts for a caller, and who the caller is by it."""

from __future__ import annotations

from venuekit.protocols.approver import Caller, Role
from venuekit.settings.schema import AgentSettings, DeskConfig

#: The table of callers that have none of their own; together they are one agent, so that a new name is no new budget.
DEFAULT = "default"
_ROLES = list(Role)


def grant_name(config: DeskConfig, agent_id: str) -> str | None:
    """The name of the table that counts for a caller; None when there is none."""
    if agent_id in config.agents:
        return agent_id
    return DEFAULT if DEFAULT in config.agents else None


def table_of(config: DeskConfig, agent_id: str) -> AgentSettings | None:
    """The table that counts for a caller."""
    name = grant_name(config, agent_id)
    return None if name is None else config.agents[name]


def caller_of(config: DeskConfig, agent_id: str, source: str) -> Caller:
    """A caller of this process by its name: never more than ``[desk] role``, and less where its table says so."""
    table = table_of(config, agent_id)
    if table is None:
        return Caller(agent_id=agent_id, role=config.desk.role, source=source)
    role = min(config.desk.role, table.role, key=_ROLES.index)
    return Caller(agent_id=agent_id, role=role, mode=table.mode, source=source)
