"""How the kit is asked, what it is told about a venue, and what it says when it cannot begin."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from modest import MODEST, ModestFactory
from runs import contract_of

from venuekit.adapter import ConfigError, UnknownVenue, VenueContext
from venuekit.testing import Score, SimulatedClock, run_contract
from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit.testing.contract.profile import Profile
from venuekit.testing.contract.subject import load_subject
from venuekit_paper.factory import PaperFactory


class Production(PaperFactory):
    """Paper that calls its money real."""

    environment = "production"

    def create(self, context: VenueContext) -> Any:
        venue = super().create(context)
        return type("Real", (type(venue),), {"environment": "production"})(context)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("an_adapter")
    monkeypatch.setitem(sys.modules, "an_adapter", made)
    return made


def begun(*arguments: str) -> tuple[int, str]:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = pytest.main(
            ["-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:xdist", "-c", "/dev/null", *arguments]
        )
    return int(code), said.getvalue()


def factory(**changes: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"name": "acme", "environment": "sandbox", "capabilities": MODEST, **changes})


def test_without_a_venue_the_kit_says_how_to_name_one() -> None:
    code, said = begun("--pyargs", "venuekit.testing.contract")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "--venue NAME" in said


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--venue", "papre"], "Did you mean 'paper'?"),
        (["--venue", "no_such_module:factory"], "cannot be imported"),
        (["--venue", "venuekit_paper:nothing"], "cannot be imported"),
        (["--venue", "paper", "--venue-options", "seed"], "key=value"),
        (["--venue", "paper", "--venue-profile", "no_such_module"], "cannot be imported"),
        (["--venue", "paper", "--venue-shadow"], "paper has no shadow accounts"),
    ],
)
def test_what_cannot_be_used_is_named_before_anything_runs(arguments: list[str], hint: str) -> None:
    code, said = begun("--pyargs", "venuekit.testing.contract", *arguments)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert hint in said


def test_a_run_that_breaks_tells_what_pytest_said() -> None:
    with pytest.raises(RuntimeError, match="papre"):
        run_contract("papre")


def test_options_are_text_numbers_and_truths(module: ModuleType) -> None:
    module.__dict__["factory"] = factory()
    subject = load_subject("an_adapter:factory", options=["a=x=y", "b=-3", "c=true", "d=false", "e=1.5", "f=\u0661"])
    assert subject.options == {"a": "x=y", "b": -3, "c": True, "d": False, "e": "1.5", "f": "\u0661"}


@pytest.mark.parametrize("option", ["", "=", "=1", "word"])
def test_an_option_without_a_key_or_a_value_is_refused(option: str) -> None:
    with pytest.raises(ConfigError, match="key=value"):
        load_subject("paper", options=[option])


def test_an_unknown_adapter_is_an_unknown_venue() -> None:
    with pytest.raises(UnknownVenue):
        load_subject("nowhere")


@pytest.mark.parametrize("form", ["object", "name", "module", "profile"])
def test_a_profile_is_any_object_or_module_or_its_name(form: str, module: ModuleType) -> None:
    told: dict[str, Any] = {"patience_seconds": 7.0, "options": {"seed": 3}, "simulated_time": True}
    module.__dict__.update(told, hints=SimpleNamespace(**told))
    forms = {
        "object": SimpleNamespace(**told),
        "name": "an_adapter:hints",
        "module": module,
        "profile": Profile(**told),
    }
    module.__dict__["factory"] = factory(contract_profile=forms[form])
    subject = load_subject("an_adapter:factory", options=["pace=fast"])
    assert subject.profile.patience_seconds == 7.0
    assert subject.profile.time_is_cheap
    assert isinstance(subject.profile.make_clock(), SimulatedClock)
    assert subject.options == {"seed": 3, "pace": "fast"}


def test_without_a_profile_a_venue_is_treated_as_one_on_the_network(module: ModuleType) -> None:
    module.__dict__["factory"] = factory()
    subject = load_subject("an_adapter:factory")
    assert not subject.profile.time_is_cheap
    assert subject.profile.drop_connections is None
    assert subject.environment == "sandbox"


def test_a_profile_given_by_hand_wins_over_the_factorys(module: ModuleType) -> None:
    module.__dict__.update(factory=factory(contract_profile=SimpleNamespace(settle_seconds=9)), settle_seconds=1)
    assert load_subject("an_adapter:factory", profile="an_adapter").profile.settle_seconds == 1


def test_nothing_is_ordered_where_the_money_is_real() -> None:
    run = contract_of(Production(), [name for name in BEHAVIOURS if name[:3] in {"ORD", "PRE", "MKT"}])
    assert run.score.failed == {}
    real = "real money: --allow-production-orders was not given"
    assert {name for name, reason in run.score.skipped.items() if reason == real} == {
        name for name, promise in BEHAVIOURS.items() if promise.trades and name[:3] in {"ORD", "PRE", "MKT"}
    }


def test_the_score_is_read_back_from_its_file(tmp_path: Path) -> None:
    def entry(outcome: str, reason: str = "") -> Mapping[str, str]:
        return {"outcome": outcome, "reason": reason, "area": "orders", "sentence": "It does."}

    body = {
        "venue": "acme",
        "behaviours": {"A": entry("passed"), "B": entry("failed", "no"), "C": entry("skipped", "why")},
    }
    (tmp_path / "score.json").write_text(json.dumps(body))
    score = Score.read(tmp_path / "score.json")
    assert (score.venue, score.passed, score.failed, score.skipped) == ("acme", ("A",), {"B": "no"}, {"C": "why"})


def test_a_check_of_several_abilities_is_one_promise_in_the_score() -> None:
    run = contract_of(ModestFactory(MODEST), ["CAP-03", "CAP-09"])
    assert set(run.score.passed) == {"CAP-03", "CAP-09"}
    assert "4 passed" in run.text
