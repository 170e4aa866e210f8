"""What the desks of a store tell each other of themselves, and the limits that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce

from venuekit.books.exposure import unit_of
from venuekit.desk.grants import Grants
from venuekit.desk.risk.agent_budgets import is_new
from venuekit.desk.risk.shared_limits import (
    AgentDailyLoss,
    SharedDailyLoss,
    SharedExposure,
    SharedOrderRate,
    left_to_lose,
)
from venuekit.desk.state import State
from venuekit.model.identity import AgentId
from venuekit.model.intent import BUY, SELL
from venuekit.model.money import ZERO, minus, plus
from venuekit.protocols.budget import Claim, Standing, Take, day_of
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Store
from venuekit.protocols.risk import Headroom, Proposal, RiskCheck
from venuekit.settings.schema import RiskSettings

#: A running desk says its standings at least this often, and one that was not heard for longer hangs or has crashed.
SAY_AGAIN_NS = 20_000_000_000
STALE_NS = 60_000_000_000
_NONE = (None, None, None)


class Shared:
    """One desk among the desks of its store that have the same currency.

    Its standings are said in the commit of each intent, and now and then. A desk that crashed goes on counting with
    what it said last, but for its profit, until it is open again.
    """

    def __init__(
        self,
        desk: str,
        grants: Grants,
        currency: str,
        store: Store,
        state: State,
        clock: Clock,
        *,
        risk: Callable[[], RiskSettings],
    ) -> None:
        self._desk = desk
        self._grants = grants
        self._currency = currency
        unit = unit_of(currency)
        self._exposure_name, self._profit_name = f"gross exposure in {unit}", f"profit in {unit}"
        self._rate_name = f"orders of all desks in {unit}"
        self._unit = unit
        self._store = store
        self._state = state
        self._clock = clock
        self._risk = risk
        self._losers = {g.name: g.settings.max_loss_per_day for g in grants if g.settings.max_loss_per_day is not None}
        #: By agent's table: what today's profit is measured from, the last worth that was known, and the day of both.
        self._base: dict[str, Decimal | None] = {}
        self._last: dict[str, Decimal] = {}
        self._day = day_of(clock.now_ns())
        self._said: tuple[Decimal | None, ...] | None = None
        self._said_ns = 0

    # -- what this desk says

    def begin(self) -> None:
        """Go on with the day as it was before a restart. Raises JournalUnavailable."""
        now = self._clock.now_ns()
        self._day = day_of(now)
        for name in self._losers:
            said = next((f for f in self._store.standings(self._agent_name(name)) if f.desk == self._desk), None)
            if name not in self._state.agents.resumed:
                self._base[name] = ZERO  # its book is new, so all of it is of today
            elif said is None or said.base is None:
                self._base[name] = None
            elif day_of(said.time_ns) == self._day:
                self._base[name] = said.base
            else:
                # What came between the last word of an earlier day and now counts to this day.
                self._base[name] = plus(said.base, said.value or ZERO)

    @property
    def active(self) -> bool:
        """Whether this desk has any limit that it shares."""
        risk = self._risk()
        limits = (risk.shared_max_gross_exposure, risk.shared_max_daily_loss, risk.shared_max_orders_per_minute)
        return bool(self._losers) or limits != _NONE

    def _agent_name(self, grant: str) -> str:
        return agent_profit_name(grant, self._unit)

    def _own_exposure(self) -> Decimal | None:
        view = self._state.exposure
        parts = (view.gross_exposure(), view.open_notional(BUY), view.open_notional(SELL))
        return total_of(parts)

    def _own_agent_profit(self, grant: str) -> Decimal | None:
        """Since the UTC day began, of the fills of this desk's orders."""
        worth = self._state.agents.worth(grant, self._state.exposure.mark)
        today = day_of(self._clock.now_ns())
        if today != self._day:
            self._day = today
            self._base |= self._last
        if worth is None:
            return None
        base = self._base.get(grant)
        if base is None:
            base = self._base[grant] = worth.total
        self._last[grant] = worth.total
        return minus(worth.total, base)

    def _standings(self, agents: Sequence[str], *, running: bool = True, most: Decimal | None = None) -> list[Standing]:
        risk, now = self._risk(), self._clock.now_ns()
        said: list[tuple[str, Decimal | None, Decimal | None, Decimal | None]] = []
        if risk.shared_max_gross_exposure is not None:
            said.append((self._exposure_name, self._own_exposure(), None, most))
        if risk.shared_max_daily_loss is not None:
            said.append((self._profit_name, self._state.exposure.daily_pnl(), None, None))
        for name in agents:
            profit = self._own_agent_profit(name)
            said.append((self._agent_name(name), profit, self._base.get(name), None))
        return [
            Standing(name=n, desk=self._desk, time_ns=now, value=value, base=base, running=running, most=bound)
            for n, value, base, bound in said
        ]

    def claims(self, proposal: Proposal, order_id: str, *, bounded: bool, more: Decimal = ZERO) -> list[Claim]:
        """What goes into the commit of an intent, which counts in this desk's standings already, or of an amendment.

        `more` is what an amendment adds. What only reduces is not `bounded`.
        """
        if not self.active:
            return []
        risk = self._risk()
        grant = self._grants.of(proposal.agent_id)
        agents = [grant.name] if grant is not None and grant.name in self._losers else []
        limit = risk.shared_max_gross_exposure
        most = minus(limit, more) if bounded and limit is not None else None
        claims: list[Claim] = [*self._standings(agents, most=most)]
        self._said = None  # whatever becomes of the order is to be told
        if risk.shared_max_orders_per_minute is not None and is_new(proposal):
            claims.append(
                Take(
                    budget=self._rate_name,
                    subject=f"rate {self._desk}/{order_id}",
                    time_ns=proposal.now_ns,
                    amount=ZERO,
                    max_orders_per_minute=risk.shared_max_orders_per_minute,
                )
            )
        return claims

    async def say(self) -> None:
        """Tell the other desks, if something changed or they have not heard for a while. Raises JournalUnavailable."""
        standings = self._standings(list(self._losers))
        values, now = tuple(f.value for f in standings), self._clock.now_ns()
        if standings and (values != self._said or abs(now - self._said_ns) >= SAY_AGAIN_NS):
            await self._store.append([], standings)
            self._said, self._said_ns = values, now

    def farewell(self) -> list[Standing]:
        """What counts of this desk when it is closed."""
        return self._standings(list(self._losers), running=False)

    # -- what all desks say

    def exposure(self) -> Decimal | None:
        """Positions and open orders of all desks."""
        others = [f.value for f in self._store.standings(self._exposure_name) if f.desk != self._desk]
        return total_of([self._own_exposure(), *others])

    def profit(self) -> Decimal | None:
        """Of all desks since the UTC day began."""
        return self._total_profit(self._profit_name, self._state.exposure.daily_pnl())

    def agent_profit(self, agent_id: AgentId) -> tuple[Decimal, Decimal | None] | None:
        """The most that an agent may lose, and its profit today on all desks."""
        grant = self._grants.of(agent_id)
        limit = None if grant is None else self._losers.get(grant.name)
        if grant is None or limit is None:
            return None
        return limit, self._total_profit(self._agent_name(grant.name), self._own_agent_profit(grant.name))

    def minute(self) -> tuple[int, ...]:
        """When orders of the last minute were sent, on all desks."""
        newest = self._risk().shared_max_orders_per_minute or 0
        return tuple(self._store.spent(self._rate_name, self._clock.now_ns(), newest=newest).minute)

    def _total_profit(self, name: str, own: Decimal | None) -> Decimal | None:
        now = self._clock.now_ns()
        others = [profit_now(f, now) for f in self._store.standings(name) if f.desk != self._desk]
        return total_of([own, *others])

    # -- the limits

    def checks(self, risk: RiskSettings) -> list[RiskCheck]:
        """The checks that the configuration asks for."""
        checks: list[RiskCheck] = []
        if risk.shared_max_orders_per_minute is not None:
            checks.append(SharedOrderRate(risk.shared_max_orders_per_minute, self))
        if risk.shared_max_gross_exposure is not None:
            checks.append(SharedExposure(risk.shared_max_gross_exposure, self))
        if risk.shared_max_daily_loss is not None:
            checks.append(SharedDailyLoss(risk.shared_max_daily_loss, self))
        return [*checks, AgentDailyLoss(self)] if self._losers else checks

    def left(self, agent_id: AgentId) -> list[Headroom]:
        """What an agent may still lose today."""
        bounds = self.agent_profit(agent_id)
        return [] if bounds is None else [left_to_lose(*bounds, self._currency, self._clock.now_ns())]


def agent_profit_name(grant: str, currency: str) -> str:
    """Under which name desks say what an agent's trades came to today."""
    return f"profit of agent {grant} in {unit_of(currency)}"


def total_of(parts: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None while a part is not known."""
    known = [part for part in parts if part is not None]
    return reduce(plus, known, ZERO) if len(known) == len(parts) else None


def profit_now(standing: Standing, now_ns: int) -> Decimal | None:
    """What a desk's word on its day's profit is good for now.

    A desk that was closed on an earlier day adds nothing. One that should be running, and was not heard of for a
    while, keeps its loss and not its profit.
    """
    today = day_of(standing.time_ns) == day_of(now_ns)
    if not standing.running:
        return standing.value if today else ZERO
    if today and now_ns - standing.time_ns <= STALE_NS:
        return standing.value
    return None if standing.value is None else min(standing.value, ZERO)
