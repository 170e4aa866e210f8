"""Who may do what: the tables of agents and of operators."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from venuekit.model.table import POSITIVE
from venuekit.protocols.approver import Mode, Role
from venuekit.settings.field import setting as _field


@attrs.frozen(kw_only=True)
class AgentSettings:
    """``[agents.NAME]``: what one agent may do, within what the desk may. ``[agents.default]`` is for all others."""

    role: Role = _field("viewer, analyst, trader or admin.", Role.TRADER)
    mode: Mode | None = _field("Stricter than the desk's mode, never looser.", None)
    token_sha256: str = _field("SHA-256, in hex, of the token with which it comes over HTTP.", "")
    venues: Sequence[str] = _field(
        "Patterns of venues, or of venue:account, where it may do anything at all; empty allows all.", ()
    )
    instruments: Sequence[str] = _field("Patterns of what it may trade, such as BTC-*; empty allows all.", ())
    tools: Sequence[str] = _field(
        "Patterns of MCP tools that it sees and may call; resources and prompts follow. Empty allows all.", ()
    )
    max_order_notional: Decimal | None = _field("Largest value of one order of it.", None)
    max_notional_per_day: Decimal | None = _field(
        "What its orders of one UTC day may be worth together, over all desks of the store: what was traded, and what "
        "is still open.",
        None,
    )
    max_orders_per_minute: int | None = _field("Most new orders of it in any 60 seconds, over all desks.", None)
    max_orders_per_day: int | None = _field("Most new orders of it on one UTC day, over all desks.", None)
    max_loss_per_day: Decimal | None = _field(
        "Largest loss of its own trades since the UTC day began, realized and unrealized, over all desks.", None
    )
    calls_per_minute: int | None = _field(
        "Its calls a minute, instead of agent_calls_per_minute of [pace]; cancels are not counted.", None, kind=POSITIVE
    )
    expires: str = _field("When all this ends, such as 2026-12-31T18:00:00Z; empty is never.", "")


@attrs.frozen(kw_only=True)
class OperatorSettings:
    """``[operators.NAME]``: who decides about orders that wait, and how that person is known.

    With any, deciding takes a token. Without, whoever can write the store decides.
    """

    token_sha256: str = _field("SHA-256, in hex, of the operator's token; venuekit approvals credential makes one.")
