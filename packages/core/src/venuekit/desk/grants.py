"""What each agent was granted: where, what, with which tools and until when; read once from the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from venuekit.errors import PermissionRefused
from venuekit.model.identity import AgentId
from venuekit.model.instrument import Instrument
from venuekit.model.times import iso, parse_iso
from venuekit.protocols.clock import Clock
from venuekit.settings.agents import grant_name
from venuekit.settings.schema import AgentSettings, DeskConfig


class Grant:
    """One table of ``[agents]``, before the desk that it is used on."""

    def __init__(self, name: str, settings: AgentSettings, desk: str) -> None:
        self.name = name
        self.settings = settings
        self.expires_ns = parse_iso(settings.expires, field=f"agents.{name}.expires") if settings.expires else None
        #: Venues are named as such, or with the account: ``coinbase``, ``coinbase:main``.
        self.covers_desk = _matches((desk, desk.partition(":")[0]), settings.venues)
        self._instruments: dict[str, bool] = {}
        self._tools: dict[str, bool] = {}

    def ended(self, now_ns: int) -> bool:
        """Whether its time is over."""
        return self.expires_ns is not None and now_ns >= self.expires_ns

    def allows_instrument(self, instrument: Instrument | None, name: str = "") -> bool:
        """Whether it may be traded; one whose rules are not known goes by `name` alone."""
        key = name if instrument is None else instrument.id
        found = self._instruments.get(key)
        if found is None:
            names = [key] if instrument is None or not instrument.alias else [key, instrument.alias]
            found = self._instruments[key] = _matches(names, self.settings.instruments)
        return found

    def allows_tools(self, tools: Sequence[str]) -> bool:
        """Whether all of these tools may be used."""
        if not self.settings.tools:
            return True
        return all(self._allows_tool(tool) for tool in tools)

    def _allows_tool(self, tool: str) -> bool:
        found = self._tools.get(tool)
        if found is None:
            found = self._tools[tool] = _matches((tool,), self.settings.tools)
        return found


def _matches(names: Iterable[str], patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


class Grants:
    """The grants of one desk, by agent. An agent without a table, where there is no default one, has no bounds here."""

    def __init__(self, config: DeskConfig, desk: str, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._grants = {name: Grant(name, settings, desk) for name, settings in config.agents.items()}
        self._desk = desk

    def __iter__(self) -> Iterator[Grant]:
        return iter(self._grants.values())

    def of(self, agent_id: AgentId) -> Grant | None:
        """The grant that counts for an agent."""
        if not self._grants:
            return None
        name = grant_name(self._config, agent_id)
        return None if name is None else self._grants[name]

    def book_of(self, agent_id: AgentId) -> str | None:
        """The name of the table that bounds the agent's loss of a day; what nobody here sent is nobody's loss."""
        grant = self.of(agent_id) if agent_id else None
        return grant.name if grant is not None and grant.settings.max_loss_per_day is not None else None

    def with_loss_limit(self) -> frozenset[str]:
        """The names of the tables that bound what may be lost on a day."""
        return frozenset(g.name for g in self if g.settings.max_loss_per_day is not None)

    def refusal(self, agent_id: AgentId, tools: Sequence[str] = (), *, action: str) -> PermissionRefused | None:
        """Why an agent may not act here now, or not with these tools; None when it may."""
        grant = self.of(agent_id)
        if grant is None:
            return None
        if grant.ended(self._clock.now_ns()):
            return PermissionRefused(
                f"What {agent_id} was granted ended at {iso(grant.expires_ns or 0)}: it cannot {action}.",
                fix=f"An operator sets another time: [agents.{grant.name}] expires.",
                details={"grant": "expires", "limit": grant.settings.expires},
            )
        if not grant.covers_desk:
            return PermissionRefused(
                f"{agent_id} is not granted {self._desk}: it cannot {action}.",
                fix=f"An operator adds it to [agents.{grant.name}] venues.",
                details={"grant": "venues", "limit": ", ".join(grant.settings.venues), "value": self._desk},
            )
        if not grant.allows_tools(tools):
            return PermissionRefused(
                f"{agent_id} is not granted {', '.join(tools)}: it cannot {action}.",
                fix=f"An operator adds it to [agents.{grant.name}] tools.",
                details={"grant": "tools", "limit": ", ".join(grant.settings.tools), "value": ", ".join(tools)},
            )
        return None
