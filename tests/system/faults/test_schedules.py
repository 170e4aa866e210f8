"""Seeded faults: a desk comes through them whole, and a failure can be seen again."""

from __future__ import annotations

import pytest

from venuekit.testing.contract.subject import Subject, load_subject
from venuekit.testing.faults import POINTS, Action, Report, make_schedule, run_processes, run_schedules, simulate
from venuekit.testing.faults.report import failure_text


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


#: Schedules that failed once. The venue's stream told of an order whose answer never came, and at the end of the desk
#: its caller was told that it had not been sent; and a bug in the adapter, asked what had been canceled, reached a caller.
@pytest.mark.parametrize("seed", [421, 549, 2816, 4466, 9688, 11091])
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
