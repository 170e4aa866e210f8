"""What orders and actions take of agents' budgets: read before a check, taken with the intent, given back after."""

from __future__ import annotations

from decimal import Decimal

from venuekit.books.exposure import unit_of, worth_the_same
from venuekit.desk.grants import Grants
from venuekit.desk.risk.agent_budgets import (
    AgentDayNotional,
    AgentDayOrders,
    AgentOrderRate,
    added,
    is_new,
    left_of,
)
from venuekit.desk.risk.verdicts import text
from venuekit.desk.state import State
from venuekit.errors import RiskRefused
from venuekit.model.action import Action, ActionStatus
from venuekit.model.identity import AgentId
from venuekit.model.money import ZERO, minus, times
from venuekit.model.order import Order
from venuekit.protocols.budget import Claim, Settled, Spent, Take
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Store
from venuekit.protocols.risk import Headroom, Proposal, RiskCheck
from venuekit.settings.schema import AgentSettings


def budget_of(grant: str, currency: str) -> str:
    """How the budget of a table of ``[agents]`` is named in the store. Desks of one currency share it."""
    return f"agent {grant} in {unit_of(currency)}"


def has_budget(settings: AgentSettings) -> bool:
    """Whether a table bounds what is counted over orders."""
    bounds = (settings.max_notional_per_day, settings.max_orders_per_day, settings.max_orders_per_minute)
    return any(bound is not None for bound in bounds)


class Budgets:
    """The budgets of one desk's agents, which other desks of the store may be spending at the same time."""

    def __init__(self, desk: str, grants: Grants, currency: str, store: Store, state: State, clock: Clock) -> None:
        self._desk = desk
        self._grants = grants
        self._currency = currency
        self._money = worth_the_same(currency)
        self._store = store
        self._state = state
        self._clock = clock
        tables = [g.settings for g in grants if has_budget(g.settings)]
        #: Whether any agent has a budget.
        self.active = bool(tables)
        #: Whether orders that are over give something back.
        self.settles = any(t.max_notional_per_day is not None for t in tables)
        #: What was last read, by table.
        self._read: dict[str, Spent] = {}

    def checks(self) -> list[RiskCheck]:
        """The checks that some agent's table asks for."""
        if not self.active:
            return []
        checks: list[RiskCheck] = [AgentOrderRate(self), AgentDayOrders(self)]
        return [*checks, AgentDayNotional(self, self._currency)] if self.settles else checks

    def look(self, agent_id: AgentId) -> None:
        """Read what the agent has used, over all desks. Raises JournalUnavailable."""
        if self.active:
            grant = self._grants.of(agent_id)
            if grant is not None and has_budget(grant.settings):
                budget = budget_of(grant.name, self._currency)
                newest = grant.settings.max_orders_per_minute or 0
                self._read[grant.name] = self._store.spent(budget, self._clock.now_ns(), newest=newest)

    def of(self, agent_id: AgentId) -> tuple[AgentSettings, Spent] | None:
        """The agent's bounds, and what it had used when that was last read; None for one without bounds."""
        grant = self._grants.of(agent_id)
        if grant is None or not has_budget(grant.settings):
            return None
        return grant.settings, self._read[grant.name]

    def left(self, agent_id: AgentId) -> list[Headroom]:
        """What is left to an agent now. Raises JournalUnavailable."""
        grant = self._grants.of(agent_id)
        if grant is None:
            return []
        self.look(agent_id)
        return left_of(grant.settings, self._read.get(grant.name, Spent()), self._currency, self._clock.now_ns())

    def takes(self, proposal: Proposal, order_id: str, *, free: bool) -> list[Claim]:
        """What is to be taken when the order is recorded; what goes `free` of the day's bounds is counted too."""
        grant = self._grants.of(proposal.agent_id) if self.active else None
        if grant is None or not has_budget(grant.settings):
            return []
        bounds = grant.settings
        known = proposal.instrument.quote in self._money
        return [
            Take(
                budget=budget_of(grant.name, self._currency),
                subject=self._subject(order_id),
                time_ns=proposal.now_ns,
                amount=(added(proposal) or ZERO) if known else ZERO,
                orders=1 if is_new(proposal) else 0,
                max_amount_per_day=None if free else bounds.max_notional_per_day,
                max_orders_per_day=None if free else bounds.max_orders_per_day,
                max_orders_per_minute=bounds.max_orders_per_minute,
            )
        ]

    def check_action(self, agent_id: AgentId, worth: Decimal | None, *, reduces: bool) -> None:
        """Whether an action fits into what its agent may spend on a day; one that only reduces does.

        Raises:
            RiskRefused: it does not, or its worth is not known. JournalUnavailable: what is used is not known.
        """
        self.look(agent_id)
        bounds = self.of(agent_id)
        limit = None if bounds is None else bounds[0].max_notional_per_day
        if bounds is None or limit is None or reduces:
            return
        left = max(ZERO, minus(limit, bounds[1].amount))
        if worth is None or worth > left:
            value = "unknown" if worth is None else text(worth)
            raise RiskRefused(
                f"{agent_id} has {text(left)} {self._currency} of {text(limit)} left to spend today; "
                + ("what this moves is not known." if worth is None else f"this moves up to {value}."),
                fix="An operator does it, or raises max_notional_per_day.",
                details={"check": AgentDayNotional.name, "limit": text(limit), "value": value},
            )

    def takes_action(self, agent_id: AgentId, worth: Decimal | None, action_id: str, *, free: bool) -> list[Claim]:
        """What is to be taken when an action is recorded."""
        grant = self._grants.of(agent_id) if self.active else None
        if grant is None or grant.settings.max_notional_per_day is None:
            return []
        return [
            Take(
                budget=budget_of(grant.name, self._currency),
                subject=self._subject(action_id),
                time_ns=self._clock.now_ns(),
                amount=worth or ZERO,
                orders=0,
                max_amount_per_day=None if free else grant.settings.max_notional_per_day,
            )
        ]

    def given_back(self, action: Action) -> list[Claim]:
        """What an action that came to nothing gives back, where anybody counts that."""
        if not self.settles or action.status not in (ActionStatus.REJECTED, ActionStatus.DENIED):
            return []
        return [Settled(subject=self._subject(action.id), amount=ZERO)]

    def settled(self, order: Order) -> Settled | None:
        """What an order that is over has spent, where anybody counts that."""
        if not self.settles or not order.is_done:
            return None
        if order.filled_size == 0:
            return Settled(subject=self._subject(order.id), amount=ZERO)
        instrument = self._state.instruments.get(order.instrument)
        if instrument is None or order.average_price is None or instrument.quote not in self._money:
            return None  # it keeps what it took
        value = times(times(order.filled_size, order.average_price), instrument.contract_size)
        return Settled(subject=self._subject(order.id), amount=value)

    def _subject(self, order_id: str) -> str:
        return f"{self._desk}/{order_id}"
