"""Mode and role: what a caller may do at all."""

from __future__ import annotations

from venuekit.errors import ConfigError, ModeRefused, PermissionRefused
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.settings.schema import DeskConfig

_STRICTNESS = (Mode.READ_ONLY, Mode.SHADOW, Mode.LIVE)
PAPER = "paper"


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


def effective_mode(desk: Mode, caller: Caller) -> Mode:
    """The stricter of the desk's and the caller's mode."""
    if caller.mode is None:
        return desk
    return min(desk, caller.mode, key=_STRICTNESS.index)


def require_trading(desk: Mode, caller: Caller, action: str) -> None:
    """The caller may send and change orders.

    Raises:
        ModeRefused: the mode is read_only.
        PermissionRefused: the role is below trader.
    """
    mode = effective_mode(desk, caller)
    if mode is Mode.READ_ONLY:
        raise ModeRefused(
            f"This desk is read_only for {caller.agent_id}: it cannot {action}.",
            fix="An operator starts it with --mode shadow or --mode live.",
            details={"mode": mode.value},
        )
    require_role(caller, Role.TRADER, action)


def require_role(caller: Caller, role: Role, action: str) -> None:
    """The caller's role is `role` or more.

    Raises:
        PermissionRefused: it is less.
    """
    if not caller.role.includes(role):
        raise PermissionRefused(
            f"Role {caller.role.value} cannot {action}; {role.value} can.",
            fix="An operator changes the role in the configuration.",
            details={"role": caller.role.value, "needed": role.value},
        )
