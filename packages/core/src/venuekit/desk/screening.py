"""The steps before anything is recorded: the instrument's rules, fresh prices and every limit."""

from __future__ import annotations

import logging
from decimal import Decimal

import attrs

from venuekit.desk.approval import Approvals
from venuekit.desk.budgets import Budgets
from venuekit.desk.health import Health
from venuekit.desk.limits import Limits
from venuekit.desk.lookalike import twin_of
from venuekit.desk.permission import Permission
from venuekit.desk.reconcile import Reconciler
from venuekit.desk.risk.checks import error_of, run, run_all
from venuekit.desk.risk.headroom import figures, sizes
from venuekit.desk.risk.hours import Hours
from venuekit.desk.risk.proposal import propose, reduces
from venuekit.desk.serving import served
from venuekit.desk.shared import Shared
from venuekit.desk.stages import RiskApproved, Valid
from venuekit.desk.state import State
from venuekit.desk.validation import validate
from venuekit.desk.views import HoursState, Preview, refused
from venuekit.errors import BudgetExceeded, DataNotTrusted, Unavailable, VenuekitError
from venuekit.model.identity import PAPER
from venuekit.model.instrument import Instrument
from venuekit.model.intent import MarketOrder, OrderRequest, Side
from venuekit.model.money import times
from venuekit.model.order import Order
from venuekit.protocols.approver import Caller
from venuekit.protocols.clock import Clock
from venuekit.protocols.limiter import EndpointClass, Limiter
from venuekit.protocols.risk import Headroom, Proposal, Verdict
from venuekit.protocols.venue import Venue

#: How many instruments are told about where all are asked for.
_MOST_SHOWN = 5
log = logging.getLogger("venuekit.desk")

#: Prices younger than this are used again rather than asked for.
FRESH_QUOTE_NS = 250_000_000
#: How many instruments are named that share their hours.
_NAMES = 50


class Screening:
    """Normalizes and checks requests. The same steps answer a preview, an order, an amendment and an approval.

    `prices` is the venue for who has a slot: the wait for one is no latency of the venue's.
    """

    def __init__(
        self,
        *,
        permission: Permission,
        limits: Limits,
        venue: Venue,
        prices: Venue,
        limiter: Limiter,
        state: State,
        reconciler: Reconciler,
        approvals: Approvals,
        budgets: Budgets,
        hours: Hours,
        shared: Shared,
        health: Health,
        clock: Clock,
    ) -> None:
        self._permission = permission
        self._limits = limits
        self._venue = venue
        self._prices = prices
        self._limiter = limiter
        self._state = state
        self._reconciler = reconciler
        self._approvals = approvals
        self._budgets = budgets
        self._hours = hours
        self._shared = shared
        self._health = health
        self._clock = clock
        self.taker_fee: Decimal | None = None
        #: How often each check refused, for ``risk explain``.
        self.refusals: dict[str, int] = {}

    def hours_of(self, caller: Caller) -> list[HoursState]:
        """Whether orders of the caller go now, for the instruments that the desk has come across and for the rest."""
        if not self._hours.configured:
            return []
        known = [(i.id, i.alias) for i in self._state.instruments.values()]
        agent = self._permission.is_agent(caller)
        return [
            HoursState(instruments=sorted(names)[:_NAMES], open=found.open, why=found.why, changes=found.changes)
            for names, found in self._hours.overview(known, self._clock.now_ns(), agent=agent)
        ]

    async def normalize(self, request: OrderRequest, caller: Caller) -> Valid:
        """Step 1. Raises UsageError, InstrumentNotTrading, and DataNotTrusted for rules that cannot be."""
        instrument = self._state.instruments.get(request.instrument)
        if instrument is None:
            instrument = await self._venue.instrument(request.instrument)
            self._state.know(instrument)
        if self._state.distrusted and (wrong := self._state.distrusted.get(instrument.id)):
            raise DataNotTrusted(
                f"The venue's rules for {instrument.id} cannot be right: {wrong}.",
                fix="Choose another instrument, and tell the adapter's author.",
                field="instrument",
            )
        if instrument.id != request.instrument:
            request = attrs.evolve(request, instrument=instrument.id)
        request = validate(
            request,
            instrument,
            self._venue.capabilities,
            now_ns=self._clock.now_ns(),
            round_orders=self._limits.risk.round_orders,
        )
        return Valid(request, instrument, caller)

    async def check(self, valid: Valid, *, replaces: Order | None = None) -> RiskApproved:
        """Step 2. Raises RiskRefused, DataNotTrusted, Halted and their like."""
        proposal = await self._propose(valid, replaces)
        self._budgets.look(proposal.agent_id)
        refusal = self._desk_says(proposal, replaces) or run(self._limits.checks, proposal, self._state.exposure)
        if refusal is not None:
            raise self._refused(refusal)
        if not (self._budgets.active or self._shared.active):
            return RiskApproved(valid, proposal)
        order_id = valid.request.client_order_id or "" if replaces is None else replaces.id
        free = reduces(proposal)
        return RiskApproved(valid, proposal, self._budgets.takes(proposal, order_id, free=free), free)

    def _refused(self, refusal: Verdict) -> VenuekitError:
        self.refusals[refusal.check] = self.refusals.get(refusal.check, 0) + 1
        return error_of(refusal)

    def outrun(self, approved: RiskApproved, late: BudgetExceeded) -> VenuekitError:
        """The refusal of an order that passed, and whose budget another order took before it was recorded."""
        proposal = approved.proposal
        self._budgets.look(proposal.agent_id)
        refusal = run(
            [*self._budgets.checks(), *self._shared.checks(self._limits.risk)], proposal, self._state.exposure
        )
        return late if refusal is None else self._refused(refusal)

    def _desk_says(self, proposal: Proposal, replaces: Order | None) -> Verdict | None:
        """A refusal that is about the desk rather than about a limit of the order."""
        twin = self._in_doubt_twin(proposal) if replaces is None else None
        return (
            self._untrusted_time()
            or self._health.refusal(proposal, self._state.exposure)
            or self._limits.refusal()
            or twin
        )

    async def _propose(self, valid: Valid, replaces: Order | None) -> Proposal:
        await self.refresh_quote(valid.instrument.id)
        via = self._state.exposure.priced_by(valid.instrument.quote)
        if via:
            await self.refresh_quote(via)
        return self._proposed(valid.request, valid.instrument, valid.caller, replaces)

    def _proposed(
        self, request: OrderRequest, instrument: Instrument, caller: Caller, replaces: Order | None = None
    ) -> Proposal:
        risk = self._limits.risk
        return propose(
            request,
            instrument,
            self._state.exposure,
            agent_id=caller.agent_id,
            collar=risk.price_collar,
            max_quote_age_seconds=risk.max_quote_age_seconds,
            now_ns=self._clock.now_ns(),
            replaces=replaces,
            by_agent=self._permission.is_agent(caller),
        )

    def headroom(self, caller: Caller) -> list[Headroom]:
        """What is left of every limit; in sizes, for market orders in what is held, open or limited by itself."""
        checks, view = self._limits.checks, self._state.exposure
        rows = figures(checks, view)
        for instrument in self._of_interest():
            for side in Side:

                def sized(size: Decimal, of: Instrument = instrument, side: Side = side) -> Proposal:
                    return self._proposed(MarketOrder(instrument=of.id, side=side, size=size), of, caller)

                rows += sizes(checks, view, instrument, side, sized)
        return rows

    def _of_interest(self) -> list[Instrument]:
        view, known = self._state.exposure, self._state.instruments
        names = dict.fromkeys([*self._limits.risk.max_position_size, *view.at_stake()])
        chosen = [known[name] for name in names if name in known]
        return chosen[:_MOST_SHOWN] or list(known.values())[:1]

    async def refresh_quotes(self) -> None:
        """Ask for the prices that `headroom` needs, unless there are young ones."""
        for instrument in self._of_interest():
            await self.refresh_quote(instrument.id)

    async def refresh_quote(self, instrument: str) -> None:
        """Ask for prices unless there are young ones; without an answer, the old ones age until they are distrusted."""
        age_ns = self._clock.now_ns() - self._state.quoted_ns.get(instrument, 0)
        if 0 <= age_ns < FRESH_QUOTE_NS:  # a price of the future is from before the clock was set back
            return
        try:
            await self._limiter.take(EndpointClass.PUBLIC, call="tickers", agent_id=served())
            with self._health.timed("tickers"):
                tickers = await self._prices.tickers([instrument])
        except Unavailable:
            return
        except VenuekitError:
            raise
        except Exception:
            log.exception("The adapter failed to give prices of %s.", instrument)
            return
        for ticker in tickers:
            self._state.see(ticker)

    def _untrusted_time(self) -> Verdict | None:
        skew, most = self._reconciler.clock_skew_ns, self._limits.risk.max_clock_skew_seconds
        if self._venue.environment == PAPER or skew is None or abs(skew) <= int(most * 1e9):
            return None  # simulated time may be any time
        return Verdict(
            "clock_skew",
            False,
            f"The clocks of this machine and of the venue are {abs(skew) / 1e9:.1f} s apart.",
            f"{most:g}",
            f"{abs(skew) / 1e9:.3f}",
            "the same order once the machine's clock is right",
            code="DATA_NOT_TRUSTED",
        )

    def _in_doubt_twin(self, proposal: Proposal) -> Verdict | None:
        twin = twin_of(self._state.orders.in_doubt(), proposal.request)
        if twin is None:
            return None
        return Verdict(
            "in_doubt",
            False,
            f"An equal order, {twin.id}, was sent and has no answer yet.",
            "0",
            "1",
            f"the same order once {twin.id} is resolved",
        )

    async def recheck(self, request: OrderRequest, caller: Caller) -> RiskApproved:
        """Every step before the approval once more; raises what `submit` raises."""
        self._permission.require_trading(caller, "place orders")
        return await self.check(await self.normalize(request, caller))

    async def preview(self, request: OrderRequest, caller: Caller) -> Preview:
        """What `submit` would do, from the same steps; nothing is sent or kept."""
        forbidden: VenuekitError | None = None
        try:
            self._permission.require_trading(caller, "place orders")
        except VenuekitError as error:
            forbidden = error
        try:
            preview = await self.preview_valid(await self.normalize(request, caller))
        except VenuekitError as error:
            return refused(forbidden or error)
        if forbidden is not None:  # what the checks say may be of use all the same
            return attrs.evolve(preview, allowed=False, reason=forbidden.message)
        return preview

    async def preview_valid(self, valid: Valid, *, replaces: Order | None = None) -> Preview:
        """What `check` would say, with what every check says and how large such an order may be."""
        try:
            proposal = await self._propose(valid, replaces)
        except VenuekitError as error:
            return refused(error)
        self._budgets.look(proposal.agent_id)
        first = self._desk_says(proposal, replaces)
        verdicts = [] if first is None else [first]
        verdicts += run_all(self._limits.checks, proposal, self._state.exposure)
        against = [v for v in verdicts if not v.allowed]
        people = self._approvals.people(proposal.value)
        who = "two people's" if people > 1 else "a person's"
        waits = f"it would wait for {who} approval" if people else "it would be sent"
        fee = None
        if self.taker_fee is not None and proposal.notional is not None:
            fee = times(proposal.notional, self.taker_fee)
        return Preview(
            allowed=not against,
            needs_approval=people > 0,
            reason=against[0].message if against else waits,
            verdicts=verdicts,
            worst_price=proposal.worst_price,
            notional=proposal.notional,
            estimated_fee=fee,
            headroom=self._room(valid, replaces),
        )

    def _room(self, valid: Valid, replaces: Order | None) -> list[Headroom]:
        """The largest order of the same kind, by each check; none for an amount of money."""
        request, instrument = valid.request, valid.instrument
        if request.size is None:
            return []

        def sized(size: Decimal) -> Proposal:
            return self._proposed(attrs.evolve(request, size=size), instrument, valid.caller, replaces)

        return sizes(self._limits.checks, self._state.exposure, instrument, request.side, sized)
