"""A desk that is broken is noticed: without this, schedules that pass would say nothing."""

from __future__ import annotations

import pytest
from mutations import MUTATIONS, Mutation

from venuekit.testing.contract.subject import Subject, load_subject
from venuekit.testing.faults import make_schedule, simulate

#: Each must be noticed within so many schedules, should the one that is known no longer do.
FEW = 200


@pytest.fixture(scope="module")
def paper() -> Subject:
    return load_subject("paper")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_desk_with_one_thing_wrong_is_noticed(
    paper: Subject, monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    mutation.apply(monkeypatch)
    others: list[str] = []
    for seed in (mutation.seed, *range(FEW)):
        problems = simulate(paper, make_schedule(seed)).problems
        if any(mutation.said in problem for problem in problems):
            return
        others += problems
    pytest.fail(f"nobody noticed; what was noticed instead: {others[:5]}")


@pytest.mark.parametrize("seed", sorted({mutation.seed for mutation in MUTATIONS}))
def test_the_schedules_that_notice_pass_when_nothing_is_wrong(paper: Subject, seed: int) -> None:
    assert simulate(paper, make_schedule(seed)).problems == []
