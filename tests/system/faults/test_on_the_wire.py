"""Faults over real sockets: a desk at Coinbase's double comes through them whole, and a broken adapter is noticed."""

from __future__ import annotations

import pytest
from wire_mutations import MUTATIONS, Mutation

from venuekit.testing.contract.subject import Subject, load_subject
from venuekit.testing.faults import make_schedule, run_processes, run_schedules, simulate, table_of
from venuekit.testing.faults.report import failure_text

PROFILE = "venuekit_doubles.coinbase.chaos"
FIRST = range(10)
#: Each mutation must be noticed within so many schedules, should the one that is known no longer do.
FEW = 150


@pytest.fixture(scope="module")
def coinbase() -> Subject:
    return load_subject("coinbase", profile=PROFILE)


def test_a_desk_comes_through_faults_on_the_wire_whole(coinbase: Subject) -> None:
    report = run_schedules(coinbase, FIRST)
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert report.crashes.total() > 3, "hardly anything crashed"
    assert report.facts["sent"] > 15, "hardly anything was sent"
    assert report.reached["wire.create.arrived"] >= report.facts["sent"] - 5, "the orders went another way"
    assert len(report.faults) > 12, "hardly anything went wrong"


def test_a_process_that_is_really_killed_leaves_a_desk_whole_and_the_venue_alive(coinbase: Subject) -> None:
    report = run_processes(coinbase, (5,))
    assert report.ok, "\n\n".join(failure_text(outcome) for outcome in report.failures)
    assert report.kills.total() == 1


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_an_adapter_with_one_thing_wrong_is_noticed(
    coinbase: Subject, monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    mutation.apply(monkeypatch)
    table = table_of(coinbase.profile)
    others: list[str] = []
    for seed in (mutation.seed, *range(FEW)):
        problems = simulate(coinbase, make_schedule(seed, table=table)).problems
        if any(mutation.said in problem for problem in problems):
            return
        others += problems
    pytest.fail(f"nobody noticed; what was noticed instead: {others[:5]}")


@pytest.mark.parametrize("seed", sorted({m.seed for m in MUTATIONS} - set(FIRST)))
def test_the_schedules_that_notice_pass_when_nothing_is_wrong(coinbase: Subject, seed: int) -> None:
    outcome = simulate(coinbase, make_schedule(seed, table=table_of(coinbase.profile)))
    assert outcome.ok, failure_text(outcome)


#: Schedules that failed once: an order whose terms the venue left out was to be amended, and one ended after the
#: comparison at the start and before the stream was there.
@pytest.mark.parametrize("seed", [1099, 1271, 1431])
def test_a_schedule_that_failed_once_does_not_fail_again(coinbase: Subject, seed: int) -> None:
    outcome = simulate(coinbase, make_schedule(seed, table=table_of(coinbase.profile)))
    assert outcome.ok, failure_text(outcome)


def test_the_same_number_goes_the_same_way_over_sockets_too(coinbase: Subject) -> None:
    table = table_of(coinbase.profile)
    first, second = (simulate(coinbase, make_schedule(1, table=table)) for _ in range(2))
    assert len(first.trace) > 100
    assert first.trace == second.trace


def test_every_fault_and_place_of_a_profile_is_one_that_its_server_has(coinbase: Subject) -> None:
    from venuekit_doubles.coinbase import CoinbaseDouble
    from venuekit_doubles.faults import Fault, StreamFault

    table = table_of(coinbase.profile)
    assert table is not None
    assert set(table.requests) == {fault.value for fault in Fault}
    assert set(table.frames) | set(table.cuts) == {fault.value for fault in StreamFault}
    with CoinbaseDouble() as double:
        assert {name for names in table.requests.values() for name in names} <= set(double.endpoints)
