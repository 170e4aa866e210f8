"""Checks of what desks share: the exposure, loss and pace of all of them, and the loss of one agent on all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from venuekit.desk.risk.agent_budgets import added, is_new, next_day, next_order
from venuekit.desk.risk.proposal import reduces
from venuekit.desk.risk.verdicts import NamedCheck, SizedCheck, refuse, text, unknown
from venuekit.model.identity import AgentId
from venuekit.model.money import ZERO, minus, plus
from venuekit.protocols.risk import Headroom, Proposal, RiskView, Verdict


class Together(Protocol):
    """What all desks of the store come to, as far as this one last heard."""

    def exposure(self) -> Decimal | None:
        """Positions and open orders of all desks; None while one does not know its own."""
        ...

    def profit(self) -> Decimal | None:
        """Of all desks since the UTC day began."""
        ...

    def agent_profit(self, agent_id: AgentId) -> tuple[Decimal, Decimal | None] | None:
        """The most that an agent may lose, and its profit today on all desks; None for one that is not bounded."""
        ...

    def minute(self) -> tuple[int, ...]:
        """When orders of the last minute were sent, on all desks, oldest first."""
        ...


class SharedExposure(SizedCheck):
    """``[risk] shared_max_gross_exposure``. An order that only reduces still goes."""

    name = "shared_exposure"

    def __init__(self, limit: Decimal, together: Together) -> None:
        self._limit = limit
        self._together = together

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        if reduces(proposal):
            return self.passes
        now, more = self._together.exposure(), added(proposal)
        if now is None:
            return unknown(self.name, "exposure of all desks", limit=self._limit)
        if more is None:
            return unknown(self.name, "price", limit=self._limit)
        total = plus(now, more)
        if total <= self._limit:
            return self.passes
        left = max(ZERO, minus(self._limit, now))
        return refuse(
            self.name,
            f"All desks of this store together could be exposed by {text(total)}; {text(self._limit)} is the most.",
            limit=self._limit,
            value=total,
            would_pass=f"an order worth {text(left)}" if left > 0 else "an order that reduces",
        )

    def headroom(self, view: RiskView) -> list[Headroom]:
        """How much is left to all desks."""
        del view
        now = self._together.exposure()
        if now is None:
            return []
        left = text(max(ZERO, minus(self._limit, now)))
        message = f"{left} more gross exposure of all desks together before {self.name}"
        return [Headroom(self.name, text(self._limit), text(now), left, message)]


class SharedDailyLoss(NamedCheck):
    """``[risk] shared_max_daily_loss``. An order that only reduces still goes."""

    name = "shared_daily_loss"

    def __init__(self, limit: Decimal, together: Together) -> None:
        self._limit = limit
        self._together = together

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        refusal = _lost(self.name, "All desks of this store", self._limit, self._together.profit(), proposal)
        return self.passes if refusal is None or reduces(proposal) else refusal

    def headroom(self, view: RiskView) -> list[Headroom]:
        """How much all desks may still lose."""
        del view
        profit = self._together.profit()
        if profit is None:
            return []
        loss, left = _used(self._limit, profit)
        return [
            Headroom(self.name, text(self._limit), loss, left, f"{left} may still be lost today by all desks together")
        ]


class SharedOrderRate(NamedCheck):
    """``[risk] shared_max_orders_per_minute``: new orders in any sixty seconds, over all desks and agents."""

    name = "shared_order_rate"

    def __init__(self, limit: int, together: Together) -> None:
        self._limit = limit
        self._together = together

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        minute = self._together.minute()
        if len(minute) < self._limit or not is_new(proposal):
            return self.passes
        when = next_order(minute, self._limit)
        return refuse(
            self.name,
            f"All desks of this store sent {len(minute)} orders in the last minute; {self._limit} may go.",
            limit=self._limit,
            value=len(minute) + 1,
            would_pass=f"the same order from {when}" if when else "no new order",
        )

    def headroom(self, view: RiskView) -> list[Headroom]:
        """Orders that may still go now."""
        del view
        sent = len(self._together.minute())
        left = max(0, self._limit - sent)
        message = f"{left} more orders of all desks together may go this minute"
        return [Headroom(self.name, str(self._limit), str(sent), str(left), message)]


class AgentDailyLoss(NamedCheck):
    """``[agents.NAME] max_loss_per_day``. An order that only reduces still goes."""

    name = "agent_loss_per_day"

    def __init__(self, together: Together) -> None:
        self._together = together

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        bounds = self._together.agent_profit(proposal.agent_id)
        if bounds is None:
            return self.passes
        refusal = _lost(self.name, proposal.agent_id, *bounds, proposal)
        return self.passes if refusal is None or reduces(proposal) else refusal


def left_to_lose(limit: Decimal, profit: Decimal | None, currency: str, now_ns: int) -> Headroom:
    """What an agent may still lose, in words for the agent."""
    if profit is None:
        message = "what you lost today is not known now, so only orders that reduce go"
        return Headroom(AgentDailyLoss.name, text(limit), "unknown", "0", message)
    loss, left = _used(limit, profit)
    message = f"you may still lose {left} {currency} today; the day ends at {next_day(now_ns)}"
    return Headroom(AgentDailyLoss.name, text(limit), loss, left, message)


def _used(limit: Decimal, profit: Decimal) -> tuple[str, str]:
    loss = max(ZERO, -profit)
    return text(loss), text(max(ZERO, minus(limit, loss)))


def _lost(check: str, who: str, limit: Decimal, profit: Decimal | None, proposal: Proposal) -> Verdict | None:
    if profit is None:
        return unknown(check, "profit and loss of the day", limit=limit)
    if profit >= 0 or -profit < limit:
        return None
    return refuse(
        check,
        f"{who} lost {text(-profit)} today; {text(limit)} is the most. Only orders that reduce a position go.",
        limit=limit,
        value=-profit,
        would_pass=f"an order that reduces, or any from {next_day(proposal.now_ns)}",
    )
