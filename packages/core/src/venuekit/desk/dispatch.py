"""Sending: once, after the journal has it, and whatever the answer is, it is classified and never retried blindly.

This is the only module that calls an adapter's `submit`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from venuekit.books.reports import Applied
from venuekit.desk.batch import Party, Seat
from venuekit.desk.begun import Done, begin
from venuekit.desk.health import Health
from venuekit.desk.lookalike import twin_of
from venuekit.desk.recorder import Recorder
from venuekit.desk.shared import Shared
from venuekit.desk.stages import Authorized, Recorded
from venuekit.desk.state import State
from venuekit.errors import (
    BudgetExceeded,
    Halted,
    JournalUnavailable,
    NotConnected,
    OutcomeUnknown,
    Refused,
    Rejected,
    RiskRefused,
    Unavailable,
    UsageError,
    VenuekitError,
)
from venuekit.model.account import FillQuery
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Fill, Order, OrderStatus
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.limiter import EndpointClass, Limiter
from venuekit.protocols.risk import TradingState
from venuekit.protocols.venue import Batches, Venue, is_embedded
from venuekit.watch.redact import redact_text

log = logging.getLogger("venuekit.desk")

_FILL_PAGE = 100


def new_order(request: OrderRequest, venue: Venue, now_ns: int, agent_id: str) -> Order:
    """The order that `request` becomes, not sent yet."""
    return Order.of(
        request,
        venue=venue.name,
        account=venue.account,
        status=OrderStatus.NEW,
        at_ns=now_ns,
        reduce_only=request.reduce_only,
        agent_id=agent_id,
        reason=request.reason,
    )


class Dispatcher:
    """Takes authorized orders to the venue."""

    def __init__(
        self,
        venue: Venue,
        limiter: Limiter,
        clock: Clock,
        state: State,
        recorder: Recorder,
        shared: Shared,
        *,
        in_doubt: Callable[[Order], None],
        fail_closed: Callable[[str], None],
        health: Health,
        refresh: Callable[[], None],
    ) -> None:
        self._venue = venue
        self._health = health
        self._refresh = refresh
        self._limiter = limiter
        self._clock = clock
        self._state = state
        self._recorder = recorder
        self._shared = shared
        self._in_doubt = in_doubt
        self._fail_closed = fail_closed
        #: Orders that wait for a slot or for the venue's answer, and since when, by the clock that is never set.
        self._waiting: dict[str, int] = {}
        #: Orders whose answer was waited for too long.
        self._given_up: set[str] = set()
        self._closed = False
        self._embedded = is_embedded(venue) and recorder.embedded
        #: Answers that are being recorded.
        self._answering: set[asyncio.Task[Order]] = set()

    async def record(self, authorized: Authorized, order: Order) -> Recorded:
        """Make the order durable as SUBMITTING; from here on a crash is found and reconciled.

        Raises:
            JournalUnavailable: it is not durable, and must not be sent.
            BudgetExceeded: another order took what was left, between the check and now.
        """
        proposal = authorized.approved.proposal
        sending = order.to(OrderStatus.SUBMITTING, updated_ns=self._clock.now_ns(), approval_id=authorized.approval_id)
        # It counts against every limit from here on: while the journal writes, others may be checked.
        self._state.put(sending, proposal.worst_price)
        try:
            entry = self._recorder.order_entry(sending, EntryKind.INTENT)
            approved = authorized.approved
            said = self._shared.claims(proposal, order.id, bounded=not approved.reduces)
            sequence = await self._recorder.write([entry], [*approved.claims, *said])
        except (JournalUnavailable, BudgetExceeded):
            self._state.forget(sending)
            raise
        self._state.expect_fills(sending)
        self._recorder.publish_order(order, sending)
        return Recorded(authorized, sending, sequence)

    async def send(self, recorded: Recorded, seat: Seat | None = None) -> Order:
        """Send, together with others where it has a `seat`, and record the answer before it is given.

        Raises:
            Rejected: the venue said no. UsageError: it found the request wrong. Unavailable: nothing was sent.
            OutcomeUnknown: no trustworthy answer; the order is IN_DOUBT.
            JournalUnavailable: the answer could not be recorded; trading is halted.
        """
        order = recorded.order
        request = recorded.authorized.approved.valid.request
        sent = given_up = False

        def go() -> None:
            nonlocal sent
            self._still_allowed(request)
            self._health.order_sent()
            sent = True

        try:
            self._waiting[order.id] = self._clock.monotonic_ns()
            try:
                self._still_open()
                await self._limiter.take(EndpointClass.ORDERS, call="submit", agent_id=order.agent_id)
                if seat is None:
                    go()
                    with self._health.timed("submit"):
                        answer = await self._venue.submit(request)
                else:
                    answer = await seat.send(request, go)
            finally:
                del self._waiting[order.id]
                given_up = order.id in self._given_up
                self._given_up.discard(order.id)
        except OutcomeUnknown as error:
            await self._doubt(order, error.message)
            raise OutcomeUnknown(error.message, order_id=order.id) from error
        except (Rejected, UsageError, Refused, Unavailable) as error:
            await self._no(order, error)
            raise
        except asyncio.CancelledError as stopped:
            # Only `give_up` and the end of the loop cancel this; what was sent by then may be on its way.
            if not given_up:
                await self._doubt(order, "The desk was closed while the order was being sent.")
                raise
            if not sent:
                late = NotConnected("No slot to send the order came free in time.")
                await self._no(order, late)
                raise late from stopped
            return await self._unanswered(order, stopped)
        except Exception as error:
            # An adapter's bug must not look like a clean refusal: the order may have been accepted.
            message = f"{type(error).__name__} in the adapter while sending; the order may have been accepted."
            await self._doubt(order, message)
            raise OutcomeUnknown(message, order_id=order.id) from error
        self._health.order_result(rejected=answer.status is OrderStatus.REJECTED)
        return await self.answered(answer, order.id)

    @property
    def most_at_once(self) -> int:
        """How many orders the venue takes with one request."""
        return self._venue.max_batch if isinstance(self._venue, Batches) else 1

    def party(self, count: int) -> Party:
        """For orders that go to the venue together."""
        return Party(self._submit_all, count)

    async def _submit_all(self, requests: Sequence[OrderRequest]) -> Sequence[Order | VenuekitError]:
        venue = self._venue
        if len(requests) == 1 or not isinstance(venue, Batches):
            with self._health.timed("submit"):
                return [await venue.submit(request) for request in requests]
        answers: Sequence[Order | VenuekitError] = ()
        try:
            with self._health.timed("submit"):
                answers = await venue.submit_many(requests)
                lost = [a for a in answers if isinstance(a, Unavailable | OutcomeUnknown)]
                if lost and len(lost) == len(answers):
                    raise lost[0]  # one request that failed, as breakers see it
        except VenuekitError:
            if not answers:
                raise
        return answers

    async def _unanswered(self, order: Order, stopped: BaseException) -> Order:
        known = self._state.orders.get(order.id)
        if known is not None and known.status is not OrderStatus.SUBMITTING:
            # The venue's stream has told what became of it: that is answer enough.
            await self._recorder.settled(order.id)
            return self._state.orders.get(order.id) or known
        message = "The venue has not answered in time."
        await self._doubt(order, message)
        raise OutcomeUnknown(message, order_id=order.id) from stopped

    def _still_allowed(self, request: OrderRequest) -> None:
        """A halt or a doubt that came while the order was recorded or waited for its slot stops it; nothing was sent.

        Raises:
            Halted, RiskRefused. JournalUnavailable: the store cannot be asked for a halt.
        """
        self._refresh()
        if self._state.exposure.trading_state() is TradingState.HALTED:
            raise Halted("Trading was halted before the order was sent.")
        twin = twin_of(self._state.orders.in_doubt(), request)
        if twin is not None:
            raise RiskRefused(
                f"An equal order, {twin.id}, was sent and has no answer yet.",
                fix=f"Wait until {twin.id} is resolved.",
                details={"check": "in_doubt"},
            )

    def _still_open(self) -> None:
        if self._closed:
            raise NotConnected("The desk was closed before the order was sent.")

    def give_up(self, patience_ns: int) -> list[str]:
        """The orders that have waited for longer than this; the caller cancels their sends at once."""
        now_ns = self._clock.monotonic_ns()
        late = [order_id for order_id, since_ns in self._waiting.items() if now_ns - since_ns >= patience_ns]
        self._given_up.update(late)
        return late

    def close(self) -> None:
        """Send nothing more: what comes now is refused, and recorded as that. What is being recorded ends."""
        self._closed = True
        for task in list(self._answering):
            task.cancel()

    async def answered(self, answer: Order, order_id: str, told: Fill | None = None) -> Order:
        """Merge what the venue says of an order, with the fills that go with it, and record both, to the end.

        Who waits may be stopped meanwhile: what was merged is recorded and told all the same.

        Raises:
            JournalUnavailable: it is known here, but not recorded; trading is halted.
        """
        begun = begin(self._answered(answer, order_id, told), here=self._embedded)
        if isinstance(begun, Done):
            return begun.value
        self._answering.add(begun)
        begun.add_done_callback(self._ended)
        return await asyncio.shield(begun)

    def _ended(self, task: asyncio.Task[Order]) -> None:
        self._answering.discard(task)
        if not task.cancelled():
            task.exception()  # it is raised to who waits, if there still is one

    async def landed(self) -> None:
        """Wait until every answer that came is recorded."""
        while self._answering:
            await asyncio.wait(list(self._answering))

    async def _answered(self, answer: Order, order_id: str, told: Fill | None) -> Order:
        before = self._state.orders.get(order_id)
        if answer.client_order_id is None and before is not None:
            answer = answer.but(client_order_id=before.client_order_id)  # not every venue tells our ids back
        applied = self._state.apply(answer)
        fills: list[Fill] = [told] if told is not None and self._state.fold(told) else []
        if not applied.changed and not fills:
            # The stream told it first, and its record may still be on its way to the disk.
            await self._recorder.settled(applied.order.id)
            return self._state.orders.get(order_id) or applied.order
        self._recorder.begin(applied.order.id, before)
        try:
            return await self._record_answer(before, applied, fills)
        except JournalUnavailable as error:
            self._fail_closed(f"The answer for {order_id} could not be recorded.")
            raise JournalUnavailable(
                f"The order reached the venue ({applied.order.status.value}), but that could not be recorded; "
                "trading is halted.",
                fix="Mend the store, then run: venuekit resume",
                order_id=order_id,
            ) from error
        finally:
            self._recorder.end(applied.order.id)

    async def _record_answer(self, before: Order | None, applied: Applied, fills: list[Fill]) -> Order:
        now = applied.order
        if applied.changed and self._state.missing_fills(now):
            fills += await self._fetch_fills(now)
            # More may have been told of it, and recorded, while the fills were asked for.
            now = self._state.orders.get(now.id) or now
        await self._recorder.order(before, now, fills)
        if applied.difference:
            await self._recorder.difference("order", now.id, applied.difference)
        return self._state.orders.get(now.id) or now

    async def _fetch_fills(self, order: Order) -> list[Fill]:
        newest_first: list[Fill] = []
        cursor: str | None = None
        try:
            while True:
                page = await self._venue.fills(
                    FillQuery(
                        instrument=order.instrument, order_id=order.venue_order_id, limit=_FILL_PAGE, cursor=cursor
                    )
                )
                newest_first += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
        except VenuekitError as error:
            log.info("The fills of %s could not be asked for: %s", order.id, error)
        except Exception:
            log.exception("The adapter failed to give the fills of %s.", order.id)
        # What is missing comes by the stream, or by reconciling.
        return [f for f in reversed(newest_first) if self._state.fold(f)]

    async def _no(self, order: Order, error: VenuekitError) -> None:
        status = OrderStatus.REJECTED if isinstance(error, Rejected | UsageError) else OrderStatus.DENIED
        if not isinstance(error, Refused | Unavailable):
            self._health.order_result(rejected=True)
        known = self._state.orders.get(order.id) or order
        if known.status is not OrderStatus.SUBMITTING:
            error.order_id = order.id
            await self._recorder.settled(order.id)
            return  # the venue's own stream has told what became of it, and that counts
        error.order_id = order.id
        after = order.to(
            status,
            status_code=error.code,
            status_reason=redact_text(error.message),
            updated_ns=self._clock.now_ns(),
        )
        self._state.put(after)
        try:
            await self._recorder.order(order, after)
        except JournalUnavailable:
            self._fail_closed(f"The refusal of {order.id} could not be recorded.")
            raise

    async def _doubt(self, order: Order, message: str) -> None:
        # The venue's stream may have told us by now: then there is no doubt.
        known = self._state.orders.get(order.id) or order
        if known.status is not OrderStatus.SUBMITTING:
            return
        after = known.to(
            OrderStatus.IN_DOUBT,
            status_code=OutcomeUnknown.code,
            status_reason=redact_text(message),
            updated_ns=self._clock.now_ns(),
        )
        self._state.put(after)
        try:
            await self._recorder.order(order, after)
        except JournalUnavailable:
            self._fail_closed(f"The doubt about {order.id} could not be recorded.")
        self._in_doubt(after)
