"""Mode, role and grant: what a caller may do at all."""

from __future__ import annotations

from collections.abc import Sequence

from venuekit.desk.grants import Grants
from venuekit.errors import ConfigError, ModeRefused, PermissionRefused, VenuekitError
from venuekit.model.identity import PAPER
from venuekit.model.instrument import Instrument
from venuekit.model.order import Order
from venuekit.model.times import iso
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.settings.schema import DeskConfig

_STRICTNESS = (Mode.READ_ONLY, Mode.SHADOW, Mode.LIVE)
#: Sources of bots and people; whatever else there may be one day is an agent.
_OWN = ("library", "cli")


def desk_mode(config: DeskConfig, environment: str, asked: Mode | None) -> Mode:
    """The mode a desk runs in: the one asked for, the configured one, or the default of its environment.

    Raises:
        ConfigError: shadow at a venue that cannot simulate; live at a real venue without an approval threshold.
    """
    mode = asked or config.desk.mode or (Mode.SHADOW if environment == PAPER else Mode.READ_ONLY)
    if mode is Mode.SHADOW and environment != PAPER:
        raise ConfigError(
            f"Mode shadow needs a venue that simulates; {config.desk.venue} is {environment}.",
            fix="Use read_only, or desk.venue = 'paper'.",
            field="desk.mode",
        )
    if mode is Mode.LIVE and environment != PAPER and config.approval.require_above is None:
        raise ConfigError(
            "Mode live at a real venue needs approval.require_above: the order value above which a person decides.",
            fix="Set [approval] require_above.",
            field="approval.require_above",
        )
    return mode


class Permission:
    """Says what callers may do on one desk. Every frontend asks here, so that all of them say the same."""

    def __init__(self, mode: Mode, grants: Grants) -> None:
        self._mode = mode
        self._grants = grants

    def mode_of(self, caller: Caller) -> Mode:
        """The stricter of the desk's and the caller's mode."""
        if caller.mode is None:
            return self._mode
        return min(self._mode, caller.mode, key=_STRICTNESS.index)

    def refusal(
        self, caller: Caller, role: Role, *, trades: bool, action: str, tools: Sequence[str] = ()
    ) -> VenuekitError | None:
        """Why the caller may not do what needs `role` and `tools`, or None. What `trades` needs a mode that does."""
        if trades and self.mode_of(caller) is Mode.READ_ONLY:
            return ModeRefused(
                f"This desk is read_only for {caller.agent_id}: it cannot {action}.",
                fix="An operator starts it with --mode shadow or --mode live; no tool changes the mode.",
                details={"mode": Mode.READ_ONLY.value},
            )
        if not caller.role.includes(role):
            return PermissionRefused(
                f"Role {caller.role.value} cannot {action}; {role.value} can.",
                fix="An operator changes the role in the configuration.",
                details={"role": caller.role.value, "needed": role.value},
            )
        return self._grants.refusal(caller.agent_id, tools, action=action)

    def require_trading(self, caller: Caller, action: str) -> None:
        """The caller may send and change orders.

        Raises:
            ModeRefused: the mode is read_only.
            PermissionRefused: the role is below trader, or the caller's grant has ended or is for other venues.
        """
        refusal = self.refusal(caller, Role.TRADER, trades=True, action=action)
        if refusal is not None:
            raise refusal

    def require_role(self, caller: Caller, role: Role, action: str) -> None:
        """The caller's role is `role` or more, and its grant has not ended.

        Raises:
            PermissionRefused: it is not so.
        """
        refusal = self.refusal(caller, role, trades=False, action=action)
        if refusal is not None:
            raise refusal

    def may_touch(self, caller: Caller, instrument: Instrument | None, order: Order) -> bool:
        """Whether the caller may cancel this order: one in an instrument that it was granted, or its own."""
        grant = self._grants.of(caller.agent_id)
        if grant is None or order.agent_id == caller.agent_id:
            return True
        return grant.allows_instrument(instrument, order.instrument)

    def covers(self, caller: Caller, instrument: Instrument | None, name: str) -> bool:
        """Whether the caller was granted this instrument; one whose rules are not known goes by `name` alone."""
        grant = self._grants.of(caller.agent_id)
        return grant is None or grant.allows_instrument(instrument, name)

    def granted(self, caller: Caller) -> list[str]:
        """What bounds the caller beside its role, in a sentence each; its budgets are among the limits."""
        grant = self._grants.of(caller.agent_id)
        if grant is None:
            return []
        named = ("venues", grant.settings.venues), ("instruments", grant.settings.instruments)
        bounds = [f"Granted {what}: {', '.join(patterns)}." for what, patterns in named if patterns]
        return [*bounds, f"All of it ends at {iso(grant.expires_ns)}."] if grant.expires_ns is not None else bounds

    def is_agent(self, caller: Caller) -> bool:
        """Whether the caller counts as an agent: who comes from outside of this process, or has a table of its own."""
        return caller.source not in _OWN or self._grants.of(caller.agent_id) is not None

    def bounded(self, caller: Caller) -> bool:
        """Whether the caller was granted some instruments only."""
        grant = self._grants.of(caller.agent_id)
        return grant is not None and bool(grant.settings.instruments)
