"""The keys of every JSON answer are those that the command's reference promises."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from acted import keep_action

REFERENCE = Path(__file__).parents[3] / "docs/command_reference.py"


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("command_reference", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KEYS: Mapping[str, Mapping[str, str]] = reference().KEYS
ARGUMENTS = {
    "agents show": ["night-bot"],
    "chaos": ["--schedules", "2"],
    "approvals show": ["{approval}"],
    "audit prune": ["--before", "2100-01-01", "--no-export"],
    "approvals approve": ["{approval}"],
    "approvals reject": ["{approval}"],
    "risk set": ["max_order_notional", "400", "--reason", "careful"],
    "report": ["coverage", "0.91"],
    "risk unset": ["max_order_notional"],
    "approvals credential": ["carol"],
    "actions show": ["act1"],
    "actions settle": ["act1", "--done"],
    "client install": ["cursor"],
}


@pytest.mark.parametrize("command", KEYS)
def test_an_answer_has_exactly_the_promised_keys(venuekit: Any, recorded: Any, command: str) -> None:
    for where in ([], ["--desk", "paper:default"]) if command.startswith("risk") else ():
        venuekit("risk", "set", "max_order_notional", "500", "--reason", "careful", *where, config=recorded.config)
    if command.startswith("actions"):
        asyncio.run(keep_action(recorded.store))
    if command in ("report", "status"):
        with recorded.config.open("a") as file:
            file.write('[breakers.figures.coverage]\nfloor = "0.85"\n')
        venuekit("report", "coverage", "0.9", config=recorded.config)
    words = [w.format(approval=recorded.approval) for w in ARGUMENTS.get(command, [])]
    body = venuekit(*command.split(), *words, "--json", config=recorded.config).json
    for part, promised in KEYS[command].items():
        found = body[part.removesuffix("[]")] if part else body
        values = found if part.endswith("[]") else [found]
        assert values, "nothing to compare"
        for value in values:
            assert set(value) == set(promised.split(", "))


def test_every_command_that_answers_is_in_the_reference() -> None:
    leaves = {words.removeprefix("venuekit ") for words, _ in reference()._leaves(reference().build(), "venuekit")}
    assert leaves - {"demo", "new adapter", "approvals serve"} == set(KEYS)
