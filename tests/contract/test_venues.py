"""Venues that keep the whole contract: paper, one that declares less, and the tutorial's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from modest import DATA_ONLY, MODEST, ModestFactory
from runs import Run, contract_of

from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit_paper.factory import PaperFactory

TOY = Path(__file__).parents[2] / "docs/tutorials/adapter/toyvenue/src"


@pytest.fixture(scope="module")
def paper() -> Run:
    return contract_of(PaperFactory())


@pytest.fixture(scope="module")
def modest() -> Run:
    return contract_of(ModestFactory(MODEST))


def test_the_paper_exchange_keeps_every_promise(paper: Run) -> None:
    assert paper.score.failed == {}
    assert paper.exit_code == 0


def test_what_is_not_checked_on_paper_is_the_refusal_of_what_it_can(paper: Run) -> None:
    assert {reason.rpartition(":")[2] for reason in paper.score.skipped.values()} == {" there is nothing to refuse"}
    assert {BEHAVIOURS[name].source for name in paper.score.skipped} == {"Unsupported", "Capabilities"}


def test_a_venue_that_declares_less_and_refuses_the_rest_keeps_every_promise(modest: Run) -> None:
    assert modest.score.failed == {}


def test_a_venue_of_prices_alone_is_checked_for_what_it_has_and_refuses_the_rest() -> None:
    run = contract_of(ModestFactory(DATA_ONLY, "BTC-USD"))
    assert run.score.failed == {}
    assert {"MKT-06", "STR-04", "CAP-03", "CAP-04", "CAP-05", "CAP-06", "CAP-07", "CAP-09"} <= set(run.score.passed)
    assert [name for name in run.score.passed if name[:3] in {"ORD", "AMD", "CXL", "IDE", "REC", "POR"}] == []


def test_every_promise_is_checked_on_one_of_them(paper: Run, modest: Run) -> None:
    assert set(BEHAVIOURS) - {*paper.score.passed} - {*modest.score.passed} == set()


def test_the_score_is_a_table_of_areas_with_reasons_for_what_was_left_out(modest: Run) -> None:
    lines = modest.text.splitlines()
    head = next(number for number, line in enumerate(lines) if "contract of paper" in line)
    assert lines[head + 1].split() == ["area", "passed", "failed", "skipped"]
    [total] = [line.split() for line in lines if line.startswith("total")]
    assert total == ["total", str(len(modest.score.passed)), "0", str(len(modest.score.skipped))]
    assert "  MKT-04, MKT-05: search is declared not_implemented: nobody has asked for it" in lines


def test_the_toy_venue_keeps_every_promise_by_the_command_that_its_tutorial_shows() -> None:
    environ = {**os.environ, "PYTHONPATH": str(TOY), "PYTEST_ADDOPTS": "-p no:cacheprovider -c /dev/null"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--pyargs",
        "venuekit.testing.contract",
        "--venue",
        "venuekit_toy:factory",
    ]
    done = subprocess.run([*command, "-q"], env=environ, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "contract of toy" in done.stdout
    assert "Broken promises" not in done.stdout
