"""A desk: one account at one venue, and the one way for every order."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal

import attrs

from venuekit.desk.acting import Acting
from venuekit.desk.admission import Admission
from venuekit.desk.assembly import Parts
from venuekit.desk.bus import EventBus, EventFeed
from venuekit.desk.calls import ServedCall
from venuekit.desk.glance import desk_status, risk_state
from venuekit.desk.history import order_events
from venuekit.desk.many import Many
from venuekit.desk.paced import at_once
from venuekit.desk.permission import desk_mode
from venuekit.desk.reader import VenueReader
from venuekit.desk.streams import StreamHub, Subscription
from venuekit.desk.upkeep import Upkeep
from venuekit.desk.views import DeskStatus, Preview, RiskState, StreamStatus
from venuekit.errors import UnknownOrder
from venuekit.model.account import AccountProfile, Balance, FillQuery, HistoryQuery, Page, Position, Transfer
from venuekit.model.action import Action
from venuekit.model.capability import Capabilities
from venuekit.model.events import Channel, DeskEvent, Event, OrderEvent
from venuekit.model.intent import OrderRequest
from venuekit.model.order import CancelResult, Fill, Order, OrderRef
from venuekit.protocols.approver import Caller, Mode, Operator, Role
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Control, EntryKind, Store, desk_name
from venuekit.protocols.limiter import Limiter
from venuekit.protocols.process import ProcessUsage
from venuekit.protocols.risk import Headroom
from venuekit.protocols.venue import Venue, VenueFactory
from venuekit.settings.agents import caller_of
from venuekit.settings.schema import DeskConfig


class Desk(Acting):
    """Everything a bot or a frontend does with a venue. `venuekit.open_desk` makes one.

    A method that takes `caller` acts for that caller; without one, for the desk's own (`[desk] agent_id` and
    `role`). A caller comes from configuration or a verified token, never from an argument of a remote call.
    """

    def __init__(
        self,
        *,
        config: DeskConfig,
        factory: VenueFactory,
        venue: Venue,
        store: Store,
        clock: Clock,
        limiter: Limiter,
        streams: StreamHub,
        bus: EventBus,
        mode: Mode | None,
        resolve: Callable[[Order], None],
        usage: ProcessUsage | None = None,
        tokens: Callable[[int], str] = secrets.token_hex,
        known_secrets: frozenset[str] = frozenset(),
    ) -> None:
        self.settings = config
        self.factory = factory
        self.environment: str = venue.environment
        self.mode = desk_mode(config, venue.environment, mode)
        self.name = desk_name(venue.name, venue.account)
        self.clock = clock
        self.store = store
        self.venue = VenueReader(at_once(venue, limiter), limiter, config.desk.agent_id)
        self.default_caller = caller_of(config, config.desk.agent_id, "library")
        admission = Admission(config, clock, self.default_caller)
        self.serve = admission.serve  # around every call that a frontend serves
        self.call_allowance = admission.allowance
        self.known_secrets = known_secrets  # what frontends say must hold none
        self._streams = streams
        self._bus = bus
        self._parts = parts = Parts(
            config=config,
            mode=self.mode,
            unpaced=venue,
            store=store,
            clock=clock,
            limiter=limiter,
            bus=bus,
            resolve=resolve,
            extras=factory.extras,
            usage=usage,
            tokens=tokens,
            secrets=known_secrets,
        )
        self.permission = parts.permission  # frontends ask it before they offer anything
        self.submit_many = Many(parts.submission, parts.dispatcher, admission, parts.refresh).submit
        self._venue = parts.venue
        self._state = parts.state
        self._discreet = parts.discreet
        self._recorder = parts.recorder
        self._reconciler = parts.reconciler
        self._approvals = parts.approvals
        self._screening = parts.screening
        self.limits = parts.limits  # as they hold now; an operator changes them while the desk runs
        self._submission = parts.submission
        self._changes = parts.changes
        self._decided = parts.decided
        self._controls = parts.controls
        self.upkeep = Upkeep(  # for the session that keeps this desk alive
            parts,
            streams,
            self.default_caller.agent_id,
            send_timeout_seconds=config.reconcile.send_timeout_seconds,
        )

    @property
    def connected(self) -> bool:
        """Whether the desk is open, and hears what happens to its orders."""
        return self.upkeep.connected

    @property
    def capabilities(self) -> Capabilities:
        """What the venue can do."""
        return self._venue.capabilities

    @property
    def control(self) -> Control:
        """The trading state, as the store has it now."""
        return self._controls.look()

    # -- orders

    async def submit(self, request: OrderRequest, *, caller: Caller | None = None) -> Order:
        """Take an order down the whole road; durable before anything is sent, and before this returns.

        Returns the order: working, done, or PENDING_APPROVAL when a person has to decide. The same
        `client_order_id` with the same order returns the existing one; after `Unavailable` or `Refused`, when nothing
        was sent, it is a new attempt of the same order.

        Raises:
            UsageError: the request is wrong for this instrument or venue; nothing was sent.
            Refused: mode, role, risk, hours or trading state forbid it; nothing was sent.
            Rejected: the venue said no. Unavailable: nothing was sent, it may be tried again.
            OutcomeUnknown: sent, no answer: the order is IN_DOUBT and being resolved; never send it again.
        """
        self._controls.refresh()
        with self.serve(caller) as who:
            return await self._submission.submit(request, who)

    async def preview(self, request: OrderRequest, *, caller: Caller | None = None) -> Preview:
        """What `submit` would do now, by the same checks; nothing is sent."""
        self._controls.refresh()
        with self.serve(caller) as who:
            return await self._submission.preview(request, who)

    async def cancel(self, order_id: str, *, caller: Caller | None = None) -> Order:
        """Ask to cancel an order, by either id. Works in every trading state.

        Raises:
            UnknownOrder, OrderAlreadyDone, ModeRefused, PermissionRefused, Unavailable.
        """
        with self.serve(caller, weight=0) as who:
            return await self._changes.cancel(order_id, who)

    async def cancel_all(
        self, instrument: str | None = None, *, caller: Caller | None = None
    ) -> Sequence[CancelResult]:
        """Ask to cancel every open order of the account, conditional ones and those awaiting approval too."""
        with self.serve(caller, weight=0) as who:
            return await self._changes.cancel_all(instrument, who)

    async def amend(
        self,
        order_id: str,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
        caller: Caller | None = None,
    ) -> Order:
        """Change an open order; `size` is the new total in base units. Checked like a new order.

        Raises:
            As `submit`, and UnknownOrder, OrderAlreadyDone, Unsupported.
        """
        self._controls.refresh()
        with self.serve(caller) as who:
            return await self._changes.amend(order_id, size, price, stop_price, who)

    async def preview_amend(
        self,
        order_id: str,
        *,
        size: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
        caller: Caller | None = None,
    ) -> Preview:
        """What `amend` would do now, by the same checks; nothing is sent."""
        self._controls.refresh()
        with self.serve(caller) as who:
            return await self._changes.preview_amend(order_id, size, price, stop_price, who)

    async def close_position(
        self, instrument: str, *, size: Decimal | None = None, reason: str = "", caller: Caller | None = None
    ) -> Order:
        """Trade out of a position at the market, wholly or by `size` base units.

        Raises:
            NotReducing: there is no position. And as `submit`.
        """
        self._controls.refresh()
        with self.serve(caller) as who:
            return await self._changes.close_position(instrument, size, reason, who)

    async def order(self, order_id: str) -> Order:
        """One order, by either id, however old.

        Raises:
            UnknownOrder: neither this desk nor the venue knows it.
        """
        known = self._submission.find(order_id)
        if known is not None:
            return known
        try:
            return await self.venue.order(OrderRef(venue_order_id=order_id))
        except UnknownOrder:
            raise UnknownOrder(f"No order {str(order_id)[:60]!r} on this desk.", field="order_id") from None

    async def open_orders(self, instrument: str | None = None) -> Sequence[Order]:
        """Every order that is not done: working, conditional, awaiting approval, in doubt. Oldest first."""
        if instrument is not None:
            instrument = (await self.venue.instrument(instrument)).id
        return self._state.orders.live(instrument)

    async def order_history(self, query: HistoryQuery) -> Page[Order]:
        """Orders at the venue, newest first."""
        return await self.venue.order_history(query)

    async def fills(self, query: FillQuery) -> Page[Fill]:
        """Own executions, newest first. `order_id` may be either id."""
        known = None if query.order_id is None else self._submission.find(query.order_id)
        if known is not None and known.venue_order_id is not None:
            query = attrs.evolve(query, order_id=known.venue_order_id)
        return await self.venue.fills(query)

    # -- portfolio

    async def positions(self) -> Sequence[Position]:
        """Positions with unrealized profit at the venue's marks."""
        return await self.venue.positions()

    async def balances(self) -> Sequence[Balance]:
        """Every asset with a total other than zero."""
        return await self.venue.balances()

    async def profile(self) -> AccountProfile:
        """Who we are at the venue, and which fees we pay."""
        return await self.venue.profile()

    async def transfers(self, *, limit: int = 100, cursor: str | None = None) -> Page[Transfer]:
        """Deposits, withdrawals, funding and settlements, newest first."""
        return await self.venue.transfers(limit=limit, cursor=cursor)

    # -- events

    def listen(self, *, buffer: int = 1000, wanted: Callable[[Event], bool] | None = None) -> EventFeed:
        """Everything the desk publishes from now on. Close the feed when done."""
        return self._bus.listen(buffer, wanted)

    def events(self, order_id: str | None = None) -> AsyncIterator[OrderEvent]:
        """What happens to orders. For one order: from its beginning, until it is done."""
        return order_events(self._bus, self.store, self.name, order_id, self._state)

    async def subscribe(
        self, channel: Channel, instruments: Sequence[str] = (), *, caller: Caller | None = None
    ) -> Subscription:
        """Live data. The subscription has an id, survives reconnects, and is an async iterator.

        Raises:
            Unsupported: the venue has no such channel. UnknownInstrument, PermissionRefused.
        """
        with self.serve(caller) as who:
            self.permission.require_role(who, Role.VIEWER, "subscribe")
            names = [(await self.venue.instrument(i)).id for i in instruments]
        return self._streams.subscribe(channel, names)

    def subscriptions(self) -> Sequence[Subscription]:
        """Every open subscription."""
        return self._streams.subscriptions()

    # -- approvals and trading state

    async def approvals(self, states: Sequence[ApprovalState] = (), *, limit: int = 100) -> Sequence[Approval]:
        """Approvals of this desk, newest first."""
        return self.store.approvals(desk=self.name, states=states, limit=limit)

    async def approval(self, approval_id: str) -> Approval:
        """One approval. Raises UnknownApproval."""
        return self._approvals.get(approval_id)

    async def approve(self, approval_id: str, operator: Operator, *, note: str = "") -> Order | Action:
        """A person approves: all checks run again, then it goes, once; it still waits where it takes two.

        Raises:
            UnknownApproval, PermissionRefused, and as `submit`. ApprovalRefused: decided, used or expired before, or
            approved by this person; or the price moved, and `details["replaced_by"]` asks anew.
        """
        self._controls.refresh()
        return await self._decided.approve(approval_id, operator, self._discreet(note))

    async def reject(self, approval_id: str, operator: Operator, *, note: str = "") -> Approval:
        """A person rejects before it is sent: DENIED. Raises UnknownApproval, PermissionRefused, ApprovalRefused."""
        return await self._decided.reject(approval_id, operator, self._discreet(note))

    async def halt(self, *, by: str, reason: str, cancel_all: bool = False, scope: str = "") -> Control:
        """Stop trading on every desk of this store, or of one venue or desk (`scope`); cancels still go."""
        return await self._controls.halt(by=by, reason=self._discreet(reason), cancel_all=cancel_all, scope=scope)

    async def reduce_only(self, *, by: str, reason: str, scope: str = "") -> Control:
        """Let only orders go that reduce a position; `scope` as in `halt`."""
        return await self._controls.reduce(by=by, reason=self._discreet(reason), scope=scope)

    async def resume(self, *, by: str, scope: str = "") -> Control:
        """Let everything go again; `scope` as in `halt`, and without one also what was stopped for single desks.

        Resets the trading state, every circuit breaker with its count of recoveries, and the best equity, from which a
        drawdown counts. Limits, the loss of the day, reported figures, orders and approvals stay as they are: a loss
        that is still above its limit trips again.
        """
        return await self._controls.resume(by=by, scope=scope)

    # -- risk and status

    def report(self, name: str, value: Decimal | float | str | None, *, by: str = "host") -> None:
        """Tell a figure of ``[breakers.figures.NAME]``, in its unit; None is unknown. Raises InvalidValue."""
        self._parts.health.report(name, value, by)

    def risk_limits(self, *, caller: Caller | None = None) -> list[Headroom]:
        """What is left of every limit, the caller's own budgets among them. Raises JournalUnavailable."""
        agent = caller or self.default_caller
        rows = self._screening.headroom(agent)
        return [*rows, *self._parts.budgets.left(agent.agent_id), *self._parts.shared.left(agent.agent_id)]

    def risk_state(self, *, caller: Caller | None = None, headroom: bool = True) -> RiskState:
        """Where the desk stands, and what is left to the caller, which costs the most. Raises JournalUnavailable."""
        hours = self._screening.hours_of(caller or self.default_caller)
        left = self.risk_limits(caller=caller) if headroom else ()
        return risk_state(self._parts, self.settings.desk.currency, left, hours)

    async def refresh_prices(self) -> None:
        """Ask for the prices that `risk_limits` needs, unless they are recent."""
        await self._screening.refresh_quotes()

    @property
    def refusals(self) -> Mapping[str, int]:
        """How often each check refused since the desk was opened."""
        return dict(self._screening.refusals)

    def status(self) -> DeskStatus:
        """The desk at a glance."""
        return desk_status(self._parts, self.stream_status(), connected=self.connected)

    def stream_status(self) -> list[StreamStatus]:
        """Counts of every subscription."""
        return [s.status() for s in self._streams.subscriptions()]

    async def reconcile(self) -> Sequence[DeskEvent]:
        """Compare with the venue now. Returns the differences; each is recorded. Raises Unavailable."""
        return await self._reconciler.run()

    # -- frontends

    async def record_calls(self, calls: Sequence[ServedCall]) -> None:
        """Keep a frontend's calls in the journal, all or none, redacted. Raises JournalUnavailable."""
        entry = self._recorder.entry
        await self._recorder.write(
            [entry(EntryKind.CALL, c.tool, c.caller.agent_id, c.body(), c.time_ns) for c in calls]
        )
