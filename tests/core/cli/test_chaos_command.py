"""`venuekit chaos`: counts for people and machines, and an exit code for scripts."""

from __future__ import annotations

import json

import pytest

from venuekit.cli.app import run
from venuekit.desk.reconcile import Reconciler


def test_it_counts_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chaos", "--schedules", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["schedules"], told["failed"], told["failed_seeds"]) == (True, 3, 0, [])
    assert told["points_reached"] > 300
    assert sum(told["by_kind"]["orders_sent"].values()) == told["orders_sent"] > 0
    assert sum(told["reached"].values()) == told["points_reached"]
    assert run(["chaos", "--schedules", "2"]) == 0
    assert "2 schedules, 0 failed" in capsys.readouterr().out


def test_a_thorough_run_fails_when_it_left_something_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chaos", "--schedules", "1", "--thorough"]) == 1
    told = capsys.readouterr()
    assert "1 schedules, 0 failed" in told.out
    assert "no crash at " in told.err


def test_a_failure_prints_its_number_and_is_seen_again_by_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: Reconciler, order: object) -> list[object]:
        return []

    monkeypatch.setattr(Reconciler, "_ask", nothing)
    monkeypatch.setattr(Reconciler, "_seen", nothing)
    assert run(["chaos", "--schedules", "30", "--json"]) == 1
    seed = json.loads(capsys.readouterr().out)["failed_seeds"][0]
    again = ["chaos", "--seed", str(seed), "--schedules", "1", "--trace"]
    assert run(again) == 1
    first = capsys.readouterr()
    assert f"seed {seed}" in first.out
    assert f"--seed {seed} --schedules 1" in first.err
    assert run(again) == 1
    assert capsys.readouterr().out == first.out


@pytest.mark.parametrize(
    "words",
    [
        ["--schedules", "-1"],
        ["--venue", "nowhere"],
        ["--venue", "coinbase"],
        ["--venue", "coinbase", "--venue-profile", "venuekit_doubles.coinbase.nowhere"],
        ["--store", "sqlite:///here"],
        ["--store", "postgresql://localhost/chaos", "--processes", "1"],
    ],
)
def test_what_cannot_be_run_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chaos", *words]) == 2
    assert capsys.readouterr().err
