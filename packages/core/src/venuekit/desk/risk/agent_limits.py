"""Checks of what one agent was granted: which instruments, and how much in one order."""

from __future__ import annotations

from venuekit.desk.grants import Grants
from venuekit.desk.risk.order_limits import order_value
from venuekit.desk.risk.verdicts import NamedCheck, SizedCheck, refuse
from venuekit.protocols.risk import Proposal, RiskCheck, RiskView, Verdict


class AgentInstruments(NamedCheck):
    """The patterns of ``[agents.NAME] instruments``."""

    name = "agent_instruments"

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        grant = self._grants.of(proposal.agent_id)
        if grant is None or grant.allows_instrument(proposal.instrument):
            return self.passes
        patterns = ", ".join(grant.settings.instruments)
        return refuse(
            self.name,
            f"{proposal.agent_id} is not granted {proposal.instrument.id}.",
            limit=patterns,
            value=proposal.instrument.id,
            would_pass=patterns,
            code="PERMISSION_REFUSED",
        )


class AgentOrderNotional(SizedCheck):
    """The value of one order, at its worst price, as ``[agents.NAME] max_order_notional`` allows it."""

    name = "agent_order_notional"

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        grant = self._grants.of(proposal.agent_id)
        limit = None if grant is None else grant.settings.max_order_notional
        if limit is None:
            return self.passes
        return order_value(self.name, limit, proposal, f"one order of {proposal.agent_id}") or self.passes


def agent_checks(grants: Grants) -> list[RiskCheck]:
    """The checks that some agent's grant asks for."""
    checks: list[RiskCheck] = []
    tables = list(grants)
    if any(g.settings.instruments for g in tables):
        checks.append(AgentInstruments(grants))
    if any(g.settings.max_order_notional is not None for g in tables):
        checks.append(AgentOrderNotional(grants))
    return checks
