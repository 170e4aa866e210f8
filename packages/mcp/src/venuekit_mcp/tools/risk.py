"""Risk tools: where the desk stands, what an order would meet, what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.desk.admission import CallAllowance
from venuekit.desk.views import RiskState
from venuekit.model.capability import Feature
from venuekit.protocols.approver import Role
from venuekit.protocols.risk import Headroom
from venuekit_mcp.arguments import argument
from venuekit_mcp.surface import Call, Tool
from venuekit_mcp.tools.approvals import approval_tool
from venuekit_mcp.tools.orders import RiskArguments, request_of
from venuekit_mcp.wire import clean, wire

if TYPE_CHECKING:
    from venuekit.desk.desk import Desk


#: What looking at one's own limits counts of the calls a minute.
LOOKING = 0.1


class RiskView(StrEnum):
    """What get_risk_status answers."""

    STATE = "state"
    LIMITS = "limits"


@attrs.frozen(kw_only=True)
class StatusArguments:
    """Arguments of get_risk_status."""

    view: RiskView = argument("state, or just the limits.", RiskView.STATE)


@attrs.frozen(kw_only=True)
class RiskStatus:
    """Result of get_risk_status."""

    limits: Sequence[Headroom]
    state: RiskState | None = None
    connected: bool | None = None
    in_doubt: int | None = None
    calls: CallAllowance | None = None


@attrs.frozen(kw_only=True)
class PreviewAnswer:
    """Result of check_trade_risk. Nothing was sent."""

    allowed: bool
    needs_approval: bool
    summary: str
    checks: Sequence[Mapping[str, Any]]
    error: Mapping[str, Any] | None = None
    worst_price: str | None = None
    notional: str | None = None
    estimated_fee: str | None = None
    headroom: Sequence[Headroom] = ()


def risk_tools(desk: Desk) -> list[Tool]:
    """The tools about risk and approvals."""

    async def status(call: Call) -> RiskStatus:
        await desk.refresh_prices()
        if call.arguments.view is RiskView.LIMITS:
            return RiskStatus(limits=desk.risk_limits(caller=call.caller), calls=desk.call_allowance(call.caller))
        state, now = desk.risk_state(caller=call.caller), desk.status()
        return RiskStatus(
            limits=state.headroom,
            state=attrs.evolve(state, headroom=()),
            connected=now.connected,
            in_doubt=now.in_doubt,
            calls=desk.call_allowance(call.caller),
        )

    async def preview(call: Call) -> PreviewAnswer:
        found = await desk.preview(request_of(call.arguments), caller=call.caller)
        summary = found.reason or ("It would go." if found.allowed else "It would be refused.")
        if found.allowed and found.needs_approval:
            summary = f"{summary[0].upper()}{summary[1:]}."
        return PreviewAnswer(
            allowed=found.allowed,
            needs_approval=found.needs_approval,
            summary=clean(summary, 600),
            checks=[wire(v) for v in found.verdicts if not v.allowed] or [{"check": "all", "allowed": found.allowed}],
            error=found.error,
            worst_price=_text(found.worst_price),
            notional=_text(found.notional),
            estimated_fee=_text(found.estimated_fee),
            headroom=found.headroom,
        )

    tools = [
        Tool(
            name="get_risk_status",
            title="Get risk status",
            description="Trading state, equity, day's profit, exposure, breakers, and what is left of each limit.",
            arguments=StatusArguments,
            result=RiskStatus,
            handler=status,
            open_world=False,
            weight=LOOKING,
        ),
        approval_tool(desk),
    ]
    if desk.capabilities.can(Feature.SUBMIT):
        tools.insert(
            1,
            Tool(
                name="check_trade_risk",
                title="Check trade risk",
                description="What place_order would meet with these arguments: checks, price, fee. Sends nothing.",
                arguments=RiskArguments,
                result=PreviewAnswer,
                handler=preview,
                role=Role.ANALYST,
            ),
        )
    return tools


def _text(value: Any) -> str | None:
    return None if value is None else str(wire(value))
