"""A desk with one thing wrong, for each thing that must not go wrong; the fault injection has to notice every one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest

from venuekit.books.positions import Positions
from venuekit.desk.approval import Approvals
from venuekit.desk.batch import Seat
from venuekit.desk.control import Controls
from venuekit.desk.dispatch import Dispatcher
from venuekit.desk.reconcile import Reconciler
from venuekit.desk.recorder import Recorder
from venuekit.desk.stages import Authorized, Recorded
from venuekit.desk.state import State
from venuekit.desk.submission import Submission
from venuekit.desk.upkeep import Upkeep
from venuekit.errors import JournalUnavailable, OutcomeUnknown
from venuekit.journal.sqlite import SqliteStore
from venuekit.model.order import Fill, Order, OrderStatus
from venuekit.protocols.journal import Approval, ApprovalState, Entry, Row, Store

Patch = pytest.MonkeyPatch


@attrs.frozen
class Mutation:
    """`apply` breaks the desk; what the harness then says of a schedule has `said` in it, of `seed` for one."""

    apply: Callable[[Patch], None]
    said: str
    seed: int

    def __str__(self) -> str:
        return self.apply.__name__


# -- the road in the wrong order


def send_before_journal(patch: Patch) -> None:
    """The order goes out first, and is written down when the answer has come."""

    async def skip(self: Dispatcher, authorized: Authorized, order: Order) -> Recorded:
        sending = order.to(OrderStatus.SUBMITTING, approval_id=authorized.approval_id)
        self._state.put(sending)
        self._state.expect_fills(sending)
        return Recorded(authorized, sending, 0)

    patch.setattr(Dispatcher, "record", skip)


def send_although_the_journal_failed(patch: Patch) -> None:
    """The intent could not be written, and the order goes all the same."""
    record = Dispatcher.record

    async def regardless(self: Dispatcher, authorized: Authorized, order: Order) -> Recorded:
        try:
            return await record(self, authorized, order)
        except JournalUnavailable:
            sending = order.to(OrderStatus.SUBMITTING, approval_id=authorized.approval_id)
            self._state.put(sending)
            return Recorded(authorized, sending, 0)

    patch.setattr(Dispatcher, "record", regardless)


def acknowledge_before_durable(patch: Patch) -> None:
    """The caller is answered, and nothing is written."""

    async def answered(self: Dispatcher, answer: Order, order_id: str, told: Any = None) -> Order:
        return self._state.apply(answer).order

    patch.setattr(Dispatcher, "answered", answered)


def publish_before_durable(patch: Patch) -> None:
    """Everybody hears of it, and then it is written."""

    async def fact(self: Recorder, entries: list[Entry], tell: Callable[[], None]) -> None:
        tell()
        await self.write(entries)

    patch.setattr(Recorder, "_fact", fact)


def forget_what_could_not_be_written(patch: Patch) -> None:
    """What the venue said while the journal failed is not written later."""

    async def fact(self: Recorder, entries: list[Entry], tell: Callable[[], None]) -> None:
        await self.write(entries)
        tell()

    patch.setattr(Recorder, "_fact", fact)


def commit_nothing(patch: Patch) -> None:
    """A write ends well, and the transaction is rolled back."""
    attempt = SqliteStore._attempt

    def rolled_back(self: SqliteStore, work: Callable[[], Any], *, refresh: bool = False) -> Any:
        result = attempt(self, work, refresh=refresh)
        if self._sequence % 7 == 0:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM journal WHERE sequence = ?", (self._sequence,))
            self._db.execute("COMMIT")
            self._sequence, self._head = self._end()
        return result

    patch.setattr(SqliteStore, "_attempt", rolled_back)


# -- sent twice


def retry_after_a_timeout(patch: Patch) -> None:
    """No answer, so it is sent once more."""
    send = Dispatcher.send

    async def twice(self: Dispatcher, recorded: Recorded, seat: Seat | None = None) -> Order:
        try:
            return await send(self, recorded, seat)
        except OutcomeUnknown:
            request = recorded.authorized.approved.valid.request
            return await self.answered(await self._venue.submit(request), recorded.order.id)

    patch.setattr(Dispatcher, "send", twice)


def take_a_doubt_for_a_refusal(patch: Patch) -> None:
    """No answer, so it was not sent, and may come again under its id."""

    async def denied(self: Dispatcher, order: Order, message: str) -> None:
        after = order.to(OrderStatus.DENIED, status_code="UNAVAILABLE", status_reason=message)
        self._state.put(after)
        await self._recorder.order(order, after)

    patch.setattr(Dispatcher, "_doubt", denied)


def send_orders_in_doubt_anew(patch: Patch) -> None:
    """A doubt is no reason not to send the same order again under its id."""
    patch.setattr("venuekit.desk.submission.never_sent", lambda order: not order.is_working)


def forget_ids(patch: Patch) -> None:
    """An id that was used before is taken for a new one."""

    async def nothing(self: Submission, order_id: str, request: Any, caller: Any) -> None:
        return None

    patch.setattr(Submission, "_existing", nothing)


def send_a_twin_of_an_order_in_doubt(patch: Patch) -> None:
    """An equal order under another id goes while the first is in doubt."""
    patch.setattr("venuekit.desk.dispatch.twin_of", lambda doubtful, request: None)
    patch.setattr("venuekit.desk.screening.twin_of", lambda doubtful, request: None)


def send_what_was_being_sent_at_the_start(patch: Patch) -> None:
    """After a crash everything that was on its way is sent again."""
    start = Upkeep.start

    async def again(self: Upkeep) -> None:
        await start(self)
        for order in self.unresolved():
            venue = self._parts.venue
            if order.size is not None and order.price is not None:
                from venuekit.model.intent import LimitOrder

                await venue.submit(
                    LimitOrder(
                        instrument=order.instrument,
                        side=order.side,
                        size=order.size,
                        price=order.price,
                        client_order_id=order.client_order_id,
                    )
                )

    patch.setattr(Upkeep, "start", again)


# -- doubts


def forget_to_reconcile(patch: Patch) -> None:
    """The venue is never asked what became of an order."""

    async def nothing(self: Reconciler, order: Order) -> list[Any]:
        return []

    patch.setattr(Reconciler, "_ask", nothing)
    patch.setattr(Reconciler, "_seen", nothing)


def end_every_doubt_at_once(patch: Patch) -> None:
    """An order that the venue does not know yet was never received."""
    not_there = Reconciler._not_there

    async def impatient(self: Reconciler, order: Order) -> Any:
        self._settings = attrs.evolve(self._settings, in_doubt_patience_seconds=0.0)
        return await not_there(self, order)

    patch.setattr(Reconciler, "_not_there", impatient)


def forget_orders_at_a_restart(patch: Patch) -> None:
    """Only what was acknowledged is remembered over a crash."""
    restore = State.restore

    def partly(self: State, store: Store, desk: str) -> int:
        count = restore(self, store, desk)
        for order in self.orders:
            if order.status is OrderStatus.SUBMITTING:
                self.forget(order)
        return count

    patch.setattr(State, "restore", partly)


# -- money


def count_a_repeated_fill_twice(patch: Patch) -> None:
    """Every report of a fill is a fill."""
    patch.setattr(Positions, "knows", lambda self, fill: False)


def never_ask_for_fills(patch: Patch) -> None:
    """The stream tells all fills, doesn't it?"""

    async def nothing(self: Reconciler) -> list[Any]:
        return []

    async def none(self: Dispatcher, order: Order) -> list[Fill]:
        return []

    patch.setattr(Reconciler, "_fills", nothing)
    patch.setattr(Reconciler, "_overlooked", nothing)
    patch.setattr(Dispatcher, "_fetch_fills", none)


def start_from_the_venues_holdings_unseen(patch: Patch) -> None:
    """A start does not fold the fills since the holdings were written down."""
    hold = State._hold

    def lost(self: State, row: Row) -> None:
        hold(self, row)
        self.positions.resume({})

    patch.setattr(State, "_hold", lost)


# -- permission


def send_although_halted(patch: Patch) -> None:
    """The kill switch is written down and not obeyed."""
    patch.setattr(Controls, "_obey", lambda self: None)


def send_without_asking(patch: Patch) -> None:
    """Large orders go like small ones."""
    patch.setattr(Approvals, "people", lambda self, notional: 0)


def use_an_approval_and_keep_it(patch: Patch) -> None:
    """An approval is not marked as used before its order goes."""

    async def finish(self: Approvals, approval: Approval, state: ApprovalState, note: str) -> bool:
        return True

    patch.setattr(Approvals, "finish", finish)


def use_an_approval_after_the_send(patch: Patch) -> None:
    """An approval is marked as used when its order has gone."""
    finish = Approvals.finish

    async def later(self: Approvals, approval: Approval, state: ApprovalState, note: str) -> bool:
        if state is not ApprovalState.USED:
            return await finish(self, approval, state, note)
        asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(finish(self, approval, state, note)))
        return True

    patch.setattr(Approvals, "finish", later)


MUTATIONS: Sequence[Mutation] = (
    Mutation(send_before_journal, "was sent before it was in the journal", 0),
    Mutation(send_although_the_journal_failed, "was sent before it was in the journal", 41),
    Mutation(acknowledge_before_durable, "was acknowledged as", 2),
    Mutation(publish_before_durable, "and the journal has no such row", 10),
    Mutation(forget_what_could_not_be_written, "the journal has", 2),
    Mutation(commit_nothing, "was written and is lost", 1),
    Mutation(retry_after_a_timeout, "was sent 2 times", 16),
    Mutation(take_a_doubt_for_a_refusal, "was told to be over, DENIED", 29),
    Mutation(send_orders_in_doubt_anew, "was sent 2 times", 21),
    Mutation(forget_ids, "was sent 2 times", 16),
    Mutation(send_a_twin_of_an_order_in_doubt, "was sent while an equal order", 16),
    Mutation(send_what_was_being_sent_at_the_start, "was sent 2 times", 16),
    Mutation(forget_to_reconcile, "is still", 16),
    Mutation(end_every_doubt_at_once, "was told to be over, REJECTED", 99),
    Mutation(forget_orders_at_a_restart, "at the venue", 19),
    Mutation(count_a_repeated_fill_twice, "reconciling again found", 2),
    Mutation(never_ask_for_fills, "is not in the journal", 17),
    Mutation(start_from_the_venues_holdings_unseen, "the desk had the holdings wrong", 19),
    Mutation(send_although_halted, "while trading was halted", 4),
    Mutation(send_without_asking, "without the approval that it needs", 1),
    Mutation(use_an_approval_and_keep_it, "while its approval is", 8),
    Mutation(use_an_approval_after_the_send, "while its approval is", 8),
)
