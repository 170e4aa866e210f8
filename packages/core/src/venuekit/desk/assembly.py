"""The parts of a desk and how they hold on to each other; made once, when the desk is opened."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from venuekit.desk.action_checks import ActionChecks
from venuekit.desk.actions import Actions
from venuekit.desk.actions_later import ActionsLater
from venuekit.desk.approval import Approvals
from venuekit.desk.budgets import Budgets
from venuekit.desk.bus import EventBus
from venuekit.desk.changes import Changes
from venuekit.desk.closing import Closing
from venuekit.desk.control import Controls
from venuekit.desk.decided import Decided
from venuekit.desk.dispatch import Dispatcher
from venuekit.desk.grants import Grants
from venuekit.desk.health import Health
from venuekit.desk.identifiers import Identifiers
from venuekit.desk.limits import Limits
from venuekit.desk.paced import at_once, paced
from venuekit.desk.performing import Performer
from venuekit.desk.permission import Permission
from venuekit.desk.reconcile import Reconciler
from venuekit.desk.recorder import Recorder
from venuekit.desk.risk.agent_limits import agent_checks
from venuekit.desk.risk.checks import build_checks
from venuekit.desk.risk.hours import Hours
from venuekit.desk.screening import Screening
from venuekit.desk.shared import Shared
from venuekit.desk.state import State
from venuekit.desk.submission import Submission
from venuekit.errors import VenuekitError
from venuekit.model.order import Order
from venuekit.protocols.approver import Caller, Mode
from venuekit.protocols.clock import Clock
from venuekit.protocols.extra import Extra
from venuekit.protocols.journal import Approval, EntryKind, RowQuery, Store, desk_name
from venuekit.protocols.limiter import Limiter
from venuekit.protocols.process import ProcessUsage
from venuekit.protocols.trading import TradingState
from venuekit.protocols.venue import Venue
from venuekit.settings.agents import caller_of
from venuekit.settings.credentials import Credentials
from venuekit.settings.schema import DeskConfig
from venuekit.watch.redact import redact_text

log = logging.getLogger("venuekit.desk")


class Parts:
    """Every part of one desk. `resolve` is called with each order whose outcome is not known."""

    def __init__(
        self,
        *,
        config: DeskConfig,
        mode: Mode,
        unpaced: Venue,
        store: Store,
        clock: Clock,
        limiter: Limiter,
        bus: EventBus,
        resolve: Callable[[Order], None],
        extras: Sequence[Extra],
        usage: ProcessUsage | None,
        tokens: Callable[[int], str],
        secrets: frozenset[str],
    ) -> None:
        name = desk_name(unpaced.name, unpaced.account)
        identifiers = Identifiers(clock, tokens)
        self.config = config
        #: A person's words without the configuration's secrets.
        self.discreet = partial(redact_text, also=secrets)
        self.grants = Grants(config, name, clock)
        self.permission = Permission(mode, self.grants)
        self.venue = venue = paced(unpaced, limiter)
        self.limiter = limiter
        self.store = store
        self.clock = clock
        self.bus = bus
        self.name = name
        self.mode = mode
        self.state = State(
            venue, clock, config.desk.currency, book_of=self.grants.book_of, books=self.grants.with_loss_limit()
        )
        self.state.agent_of_old = self._agent_of_old
        self.shared = Shared(
            name, self.grants, config.desk.currency, store, self.state, clock, risk=lambda: self.limits.risk
        )
        self.budgets = Budgets(name, self.grants, config.desk.currency, store, self.state, clock)
        self.recorder = Recorder(venue, store, bus, clock, self.state, self.budgets)
        self.health = Health(name, config.breakers, store, self.recorder, clock, usage)
        self.dispatcher = Dispatcher(
            venue,
            limiter,
            clock,
            self.state,
            self.recorder,
            self.shared,
            in_doubt=resolve,
            fail_closed=self.fail_closed,
            health=self.health,
            refresh=self.refresh,
        )
        self.reconciler = Reconciler(
            venue,
            self.state,
            self.recorder,
            self.dispatcher,
            clock,
            config.reconcile,
            config.desk.currency,
        )
        self.approvals = Approvals(name, config, store, self.state, self.recorder, identifiers, clock)
        hours = Hours(config.hours, name)
        hours.begin(clock.now_ns())
        self.limits = Limits(
            desk=name,
            configured=config.risk,
            store=store,
            recorder=self.recorder,
            clock=clock,
            credentials=Credentials(config),
            checks_of=lambda risk: [
                *build_checks(risk, hours),
                *agent_checks(self.grants),
                *self.budgets.checks(),
                *self.shared.checks(risk),
            ],
        )
        self.screening = Screening(
            permission=self.permission,
            limits=self.limits,
            venue=venue,
            prices=at_once(unpaced, limiter),
            limiter=limiter,
            state=self.state,
            reconciler=self.reconciler,
            approvals=self.approvals,
            budgets=self.budgets,
            hours=hours,
            shared=self.shared,
            health=self.health,
            clock=clock,
        )
        self.submission = Submission(
            desk=name,
            permission=self.permission,
            venue=venue,
            store=store,
            state=self.state,
            recorder=self.recorder,
            dispatcher=self.dispatcher,
            reconciler=self.reconciler,
            approvals=self.approvals,
            screening=self.screening,
            identifiers=identifiers,
            clock=clock,
            secrets=secrets,
        )
        self.changes = Changes(
            permission=self.permission,
            venue=venue,
            limiter=limiter,
            state=self.state,
            recorder=self.recorder,
            dispatcher=self.dispatcher,
            screening=self.screening,
            submission=self.submission,
            shared=self.shared,
            approvals=self.approvals,
            health=self.health,
            clock=clock,
            fail_closed=self.fail_closed,
        )
        self.closing = Closing(hours, self.state, self.changes, clock)
        tools = {extra.name: extra for extra in extras if extra.acts(venue.environment)}
        self.checks = checks = ActionChecks(
            desk=name,
            mode=mode,
            venue=venue,
            store=store,
            permission=self.permission,
            limits=self.limits,
            screening=self.screening,
            state=self.state,
            hours=hours,
            budgets=self.budgets,
            approvals=self.approvals,
            clock=clock,
            standing=self._standing,
            unasked=config.approval.actions_without_approval,
        )
        performer = Performer(
            venue=venue,
            store=store,
            recorder=self.recorder,
            budgets=self.budgets,
            clock=clock,
            standing=self._standing_now,
            done=self._moved,
            fail_closed=self.fail_closed,
        )
        self.actions = Actions(
            desk=name,
            store=store,
            recorder=self.recorder,
            checks=checks,
            approvals=self.approvals,
            performer=performer,
            identifiers=identifiers,
            clock=clock,
            duplicate_window=lambda: self.limits.risk.duplicate_window_seconds,
            secrets=secrets,
        )
        self.actions_later = ActionsLater(
            desk=name,
            tools=tools,
            store=store,
            checks=checks,
            approvals=self.approvals,
            performer=performer,
            clock=clock,
            caller_of=self._caller_of,
        )
        self.decided = Decided(
            desk=name,
            store=store,
            state=self.state,
            recorder=self.recorder,
            changes=self.changes,
            screening=self.screening,
            submission=self.submission,
            approvals=self.approvals,
            actions=self.actions_later,
            clock=clock,
            caller_of=self._caller_of,
            fail_closed=self.fail_closed,
        )
        self.controls = Controls(
            desk=name,
            store=store,
            state=self.state,
            recorder=self.recorder,
            changes=self.changes,
            submission=self.submission,
            decided=self.decided,
            clock=clock,
            health=self.health,
            limits=self.limits,
        )

    def refresh(self) -> None:
        """Take in what another process wrote. Raises JournalUnavailable."""
        self.controls.refresh()

    def fail_closed(self, why: str) -> None:
        """Halt this desk at once, in memory, because something that it relies on is gone. Resume ends it."""
        self.controls.fail_closed(why)

    def _standing(self) -> tuple[TradingState, str]:
        """The trading state, the stricter of what people and circuit breakers say, and why."""
        return self.controls.standing()

    def _standing_now(self) -> TradingState:
        """The trading state as the store has it at this moment. Raises JournalUnavailable."""
        self.refresh()
        return self.state.exposure.trading_state()

    async def _moved(self) -> None:
        """An action was done: what is held is as the venue says."""
        self.state.quoted_ns.clear()
        try:
            await self.reconciler.take_over()
        except VenuekitError as error:
            log.warning("What is held after an action could not be asked for: %s", error)
        except Exception:
            log.exception("The adapter failed to say what is held after an action.")

    def _agent_of_old(self, order_id: str) -> str:
        rows = self.store.rows(RowQuery(desk=self.name, subject=order_id, kinds=(EntryKind.INTENT,), limit=1))
        return rows[0].agent_id if rows else ""

    def _caller_of(self, approval: Approval) -> Caller:
        """Who asked, as it may act now: with the role, mode and grant that its table has today."""
        agent_id, source = approval.agent_id, approval.source or "approval"
        if agent_id not in self.config.agents:
            return caller_of(self.config, agent_id, source)
        table = self.config.agents[agent_id]
        return Caller(agent_id=agent_id, role=table.role, mode=table.mode, source=source)
