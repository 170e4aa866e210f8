"""Seeded faults: a desk comes through them whole, a failure can be seen again, and a broken road is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from venuekit.desk.dispatch import Dispatcher
from venuekit.desk.reconcile import Reconciler
from venuekit.desk.stages import Authorized, Recorded
from venuekit.errors import OutcomeUnknown
from venuekit.model.order import Order
from venuekit.testing.contract.profile import Subject, load_subject
from venuekit.testing.faults import POINTS, Action, Report, make_schedule, run_processes, run_schedules, simulate
from venuekit.testing.faults.report import failure_text

#: The mutations below must be noticed within so many schedules.
FEW = 40


@pytest.fixture(scope="module")
def paper() -> Subject:
    return load_subject("paper")


@pytest.mark.parametrize("first", [0, 30, 60, 90])
def test_a_desk_comes_through_seeded_faults_whole(paper: Subject, first: int) -> None:
    report = run_schedules(paper, range(first, first + 30))
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert sum(report.crashes.values()) > 10, "hardly anything crashed"
    assert report.facts["sent"] > 30, "hardly anything was sent"
    assert len(report.faults) > 6, "hardly anything went wrong"


def test_a_desk_that_is_really_killed_comes_through_whole(paper: Subject) -> None:
    report = run_processes(paper, range(3))
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert report.kills.total() >= 1
    assert set(report.kills) <= set(POINTS)


#: Schedules that failed once: the venue's stream told of an order whose answer never came, and at the end of the desk
#: its caller was told that it had not been sent.
@pytest.mark.parametrize("seed", [421, 549, 2816])
def test_a_schedule_that_failed_once_does_not_fail_again(paper: Subject, seed: int) -> None:
    outcome = simulate(paper, make_schedule(seed))
    assert outcome.ok, failure_text(outcome)


@pytest.mark.parametrize("seed", [3, 19, 66])
def test_the_same_number_goes_the_same_way(paper: Subject, seed: int) -> None:
    first, second = (simulate(paper, make_schedule(seed)) for _ in range(2))
    assert len(first.trace) > 100
    assert first.trace == second.trace
    assert first.digest != simulate(paper, make_schedule(seed + 1)).digest


def test_a_run_that_left_something_out_says_what() -> None:
    report = Report()
    assert set(report.never_reached) == set(POINTS)
    report.crashes.update(POINTS[2:])
    report.kills.update(POINTS[:1])
    report.faults.update(action.value for action in Action if action is not Action.STEP)
    assert report.left_out == [f"no crash at {POINTS[1]}", "no clock step"]
    report.merge(report)
    assert report.kills.total() == 2


def test_every_point_is_named_once() -> None:
    assert len(POINTS) == len(set(POINTS))
    assert {point.partition(".")[0] for point in POINTS} == {"journal", "sqlite", "limiter", "venue", "stream", "bus"}


def noticed(paper: Subject) -> list[str]:
    """What the harness says of the first schedule that fails."""
    for seed in range(FEW):
        outcome = simulate(paper, make_schedule(seed))
        if not outcome.ok:
            return outcome.problems
    return []


def send_before_journal(patch: pytest.MonkeyPatch) -> None:
    """The order goes out first, and is written down when the answer has come."""
    record = Dispatcher.record

    async def skip(self: Dispatcher, authorized: Authorized, order: Order) -> Recorded:
        sending = order.to("SUBMITTING", approval_id=authorized.approval_id)  # type: ignore[arg-type]
        self._state.put(sending)
        self._state.expect_fills(sending)
        return Recorded(authorized, sending, 0)

    assert record is not skip
    patch.setattr(Dispatcher, "record", skip)


def acknowledge_before_durable(patch: pytest.MonkeyPatch) -> None:
    """The caller is answered, and nothing is written."""

    async def answered(self: Dispatcher, answer: Order, order_id: str, told: Any = None) -> Order:
        return self._state.apply(answer).order

    patch.setattr(Dispatcher, "answered", answered)


def retry_after_a_timeout(patch: pytest.MonkeyPatch) -> None:
    """No answer, so it is sent once more."""
    send = Dispatcher.send

    async def twice(self: Dispatcher, recorded: Recorded) -> Order:
        try:
            return await send(self, recorded)
        except OutcomeUnknown:
            return await self.answered(
                await self._venue.submit(recorded.authorized.approved.valid.request), recorded.order.id
            )

    patch.setattr(Dispatcher, "send", twice)


def forget_to_reconcile(patch: pytest.MonkeyPatch) -> None:
    """The venue is never asked what became of an order."""

    async def nothing(self: Reconciler, order: Order) -> list[Any]:
        return []

    patch.setattr(Reconciler, "_ask", nothing)
    patch.setattr(Reconciler, "_seen", nothing)


def send_although_halted(patch: pytest.MonkeyPatch) -> None:
    """The kill switch is written down and not obeyed."""
    patch.setattr("venuekit.desk.control.Controls._obey", lambda self: None)


def use_an_approval_and_keep_it(patch: pytest.MonkeyPatch) -> None:
    """An approval is not marked as used before its order goes."""

    async def finish(self: Any, approval: Any, state: Any, note: str) -> bool:
        return True

    patch.setattr("venuekit.desk.approval.Approvals.finish", finish)


@pytest.mark.parametrize(
    ("mutate", "said"),
    [
        (send_before_journal, "was sent before it was in the journal"),
        (acknowledge_before_durable, "was acknowledged as"),
        (retry_after_a_timeout, "was sent 2 times"),
        (forget_to_reconcile, "is still"),
        (send_although_halted, "while trading was halted"),
        (use_an_approval_and_keep_it, "while its approval is"),
    ],
)
def test_a_road_in_the_wrong_order_is_noticed_within_few_schedules(
    paper: Subject, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None], said: str
) -> None:
    mutate(monkeypatch)
    problems = noticed(paper)
    assert any(said in problem for problem in problems), problems
