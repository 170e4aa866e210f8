"""Checks of what one agent was granted: which instruments, and how much in one order."""

from __future__ import annotations

from venuekit.books.exposure import worth_the_same
from venuekit.desk.grants import Grants
from venuekit.desk.risk.order_limits import order_value
from venuekit.desk.risk.verdicts import NamedCheck, refuse, unknown
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


class AgentOrderNotional(NamedCheck):
    """The value of one order, at its worst price, as ``[agents.NAME] max_order_notional`` allows it."""

    name = "agent_order_notional"

    def __init__(self, grants: Grants, currency: str) -> None:
        self._grants = grants
        self._currency = currency
        self._money = worth_the_same(currency)

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        grant = self._grants.of(proposal.agent_id)
        limit = None if grant is None else grant.settings.max_order_notional
        if limit is None:
            return self.passes
        if proposal.instrument.quote not in self._money:
            return unknown(self.name, f"value in {self._currency}", limit=limit)
        return order_value(self.name, limit, proposal, f"one order of {proposal.agent_id}") or self.passes


def agent_checks(grants: Grants, currency: str) -> list[RiskCheck]:
    """The checks that some agent's grant asks for."""
    checks: list[RiskCheck] = []
    tables = list(grants)
    if any(g.settings.instruments for g in tables):
        checks.append(AgentInstruments(grants))
    if any(g.settings.max_order_notional is not None for g in tables):
        checks.append(AgentOrderNotional(grants, currency))
    return checks
