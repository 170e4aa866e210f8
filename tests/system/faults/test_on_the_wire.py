"""Faults over real sockets: a desk at a venue's double comes through them whole, and a broken adapter is noticed."""

from __future__ import annotations

import pytest
from mutations import Mutation
from wired import COINBASE, WIRED, Wired

from venuekit.testing.faults import run_processes, run_schedules
from venuekit.testing.faults.report import failure_text

#: Each mutation must be noticed within so many schedules, should the one that is known no longer do.
FEW = 150
_MUTATIONS = [pytest.param(venue, m, id=f"{venue}-{m}") for venue in WIRED for m in venue.mutations]
_SEEDS = [
    pytest.param(venue, seed, id=f"{venue}-{seed}")
    for venue in WIRED
    for seed in sorted({*(m.seed for m in venue.mutations), *venue.once} - set(venue.first))
]


@pytest.mark.parametrize("venue", WIRED, ids=str)
def test_a_desk_comes_through_faults_on_the_wire_whole(venue: Wired) -> None:
    report = run_schedules(venue.subject, venue.first)
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert report.crashes.total() > 3, "hardly anything crashed"
    assert report.facts["sent"] > 1.5 * len(venue.first), "hardly anything was sent"
    assert report.reached[f"wire.{venue.orders}.arrived"] >= report.facts["sent"] - 5, "the orders went another way"
    assert len(report.faults) > len(venue.first), "hardly anything went wrong"


@pytest.mark.parametrize("venue", WIRED, ids=str)
def test_a_process_that_is_really_killed_leaves_a_desk_whole_and_the_venue_alive(venue: Wired) -> None:
    report = run_processes(venue.subject, (venue.killed,))
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert report.kills.total() == 1


@pytest.mark.parametrize(("venue", "mutation"), _MUTATIONS)
def test_an_adapter_with_one_thing_wrong_is_noticed(
    monkeypatch: pytest.MonkeyPatch, venue: Wired, mutation: Mutation
) -> None:
    mutation.apply(monkeypatch)
    others: list[str] = []
    for seed in (mutation.seed, *range(FEW)):
        problems = venue.play(seed).problems
        if any(mutation.said in problem for problem in problems):
            return
        others += problems
    pytest.fail(f"nobody noticed; what was noticed instead: {others[:5]}")


@pytest.mark.parametrize(("venue", "seed"), _SEEDS)
def test_the_schedules_that_notice_and_those_that_failed_once_pass(venue: Wired, seed: int) -> None:
    outcome = venue.play(seed)
    assert outcome.ok, failure_text(outcome)


def test_the_same_number_goes_the_same_way_over_sockets_too() -> None:
    first, second = COINBASE.play(1), COINBASE.play(1)
    assert len(first.trace) > 100
    assert first.trace == second.trace


@pytest.mark.parametrize("venue", WIRED, ids=str)
def test_every_fault_and_place_of_a_profile_is_one_that_its_server_has(venue: Wired) -> None:
    table = venue.table
    assert set(table.requests) == {fault.value for fault in venue.answers}
    assert set(table.frames) | set(table.cuts) == {fault.value for kind in venue.frames for fault in kind}
    with venue.double() as double:
        assert {name for names in table.requests.values() for name in names} <= set(double.endpoints)
