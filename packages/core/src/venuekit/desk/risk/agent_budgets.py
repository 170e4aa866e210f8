"""Checks of what is left to one agent of the UTC day and of the minute, counted over all desks of the store."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from venuekit.books.exposure import worth_the_same
from venuekit.desk.risk.order_limits import fitting_size
from venuekit.desk.risk.proposal import reduces
from venuekit.desk.risk.verdicts import NamedCheck, refuse, text, unknown
from venuekit.model.identity import AgentId
from venuekit.model.money import ZERO, minus, plus
from venuekit.model.times import NANOS, iso
from venuekit.protocols.budget import DAY_NS, MINUTE_NS, Spent, day_of
from venuekit.protocols.risk import Headroom, Proposal, RiskView, Verdict
from venuekit.settings.schema import AgentSettings


class Ledger(Protocol):
    """What was last read of an agent's budget."""

    def of(self, agent_id: AgentId) -> tuple[AgentSettings, Spent] | None:
        """The agent's bounds and what it used of them; None for one without bounds."""
        ...


def next_day(now_ns: int) -> str:
    """When the UTC day ends, and with it what was used of its budgets."""
    return iso((day_of(now_ns) + 1) * DAY_NS)


def next_order(minute: Sequence[int], limit: int) -> str:
    """When so few orders were sent in the last sixty seconds that one more may go, to the second; empty is never."""
    if not limit:
        return ""
    free_ns = minute[len(minute) - limit] + MINUTE_NS
    return iso(-(-free_ns // NANOS) * NANOS)


def added(proposal: Proposal) -> Decimal | None:
    """What an order takes of a day's budget; of an amendment, what it adds. None when that is not known."""
    if proposal.open_value is None:
        return None
    return max(ZERO, minus(proposal.open_value, proposal.replaces_value))


def is_new(proposal: Proposal) -> bool:
    """Whether it is a new order rather than an amendment."""
    return proposal.replaces_size == 0


class AgentOrderRate(NamedCheck):
    """``[agents.NAME] max_orders_per_minute``: new orders in any sixty seconds."""

    name = "agent_orders_per_minute"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        del view
        bounds = self._ledger.of(proposal.agent_id)
        limit = None if bounds is None else bounds[0].max_orders_per_minute
        if bounds is None or limit is None or not is_new(proposal):
            return self.passes
        minute = bounds[1].minute
        if len(minute) < limit:
            return self.passes
        when = next_order(minute, limit)
        return refuse(
            self.name,
            f"{proposal.agent_id} sent {len(minute)} orders in the last minute; it may send {limit}.",
            limit=limit,
            value=len(minute) + 1,
            would_pass=f"the same order from {when}" if when else "no new order",
        )


class AgentDayOrders(NamedCheck):
    """``[agents.NAME] max_orders_per_day``: new orders on a UTC day. One that only reduces still goes."""

    name = "agent_orders_per_day"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        bounds = self._ledger.of(proposal.agent_id)
        limit = None if bounds is None else bounds[0].max_orders_per_day
        if bounds is None or limit is None or not is_new(proposal):
            return self.passes
        if bounds[1].orders < limit or reduces(proposal):
            return self.passes
        return refuse(
            self.name,
            f"{proposal.agent_id} sent {bounds[1].orders} orders today; it may send {limit} on a UTC day.",
            limit=limit,
            value=bounds[1].orders + 1,
            would_pass=f"an order that reduces, or any from {next_day(proposal.now_ns)}",
        )


class AgentDayNotional(NamedCheck):
    """``[agents.NAME] max_notional_per_day``: what its orders are worth together. One that only reduces still goes."""

    name = "agent_notional_per_day"

    def __init__(self, ledger: Ledger, currency: str) -> None:
        self._ledger = ledger
        self._currency = currency
        self._money = worth_the_same(currency)

    def check(self, proposal: Proposal, view: RiskView) -> Verdict:
        """May it go?"""
        bounds = self._ledger.of(proposal.agent_id)
        limit = None if bounds is None else bounds[0].max_notional_per_day
        if bounds is None or limit is None or reduces(proposal):
            return self.passes
        more = added(proposal)
        if proposal.instrument.quote not in self._money:
            return unknown(self.name, f"value in {self._currency}", limit=limit)
        if more is None:
            return unknown(self.name, "price", limit=limit)
        total = plus(bounds[1].amount, more)
        if total <= limit:
            return self.passes
        left = max(ZERO, minus(limit, bounds[1].amount))
        fits = fitting_size(proposal, left) if is_new(proposal) else ""
        return refuse(
            self.name,
            f"{proposal.agent_id} has {text(left)} {self._currency} of {text(limit)} left to spend today; "
            f"this takes up to {text(more)}.",
            limit=limit,
            value=total,
            would_pass=f"{fits + ', ' if fits else ''}an order that reduces, or any from {next_day(proposal.now_ns)}",
        )


def left_of(settings: AgentSettings, spent: Spent, currency: str, now_ns: int) -> list[Headroom]:
    """What is left of an agent's budgets, in words for the agent."""
    rows = []
    resets = f"the day ends at {next_day(now_ns)}"
    if settings.max_order_notional is not None:
        limit = text(settings.max_order_notional)
        rows.append(
            Headroom("agent_order_notional", limit, "0", limit, f"one order of yours may be worth {limit} {currency}")
        )
    if settings.max_notional_per_day is not None:
        left = text(max(ZERO, minus(settings.max_notional_per_day, spent.amount)))
        rows.append(
            Headroom(
                AgentDayNotional.name,
                text(settings.max_notional_per_day),
                text(spent.amount),
                left,
                f"you may still spend {left} {currency} today; {resets}",
            )
        )
    for limit_, used, name, span in (
        (settings.max_orders_per_day, spent.orders, AgentDayOrders.name, f"today; {resets}"),
        (settings.max_orders_per_minute, len(spent.minute), AgentOrderRate.name, "this minute"),
    ):
        if limit_ is not None:
            more = max(0, limit_ - used)
            message = f"you may still send {more} orders {span}"
            if span == "this minute" and more == 0 and limit_:
                message += f"; the next at {next_order(spent.minute, limit_)}"
            rows.append(Headroom(name, str(limit_), str(used), str(more), message))
    return rows
