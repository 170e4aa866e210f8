"""Checking production only reads: not one request that could change something, whatever the venue would have taken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from runs import contract_of

from venuekit.adapter import ConfigError, Venue, VenueContext
from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit.testing.contract.subject import load_subject
from venuekit_coinbase.factory import CoinbaseFactory
from venuekit_doubles.coinbase import contract
from venuekit_paper.factory import PaperFactory

REAL = "real money: --allow-production-orders was not given"


class Production(CoinbaseFactory):
    """The double poses as production, with a key that may trade, and would take every order."""

    contract_profile: Any

    def __init__(self) -> None:
        told = {name: value for name, value in vars(contract).items() if not name.startswith("_")}
        self.contract_profile = SimpleNamespace(
            **{**told, "options": {**contract.options, "environment": "production"}}
        )


class Pretends(PaperFactory):
    """It announces paper, and its sessions turn out to be production."""

    def create(self, context: VenueContext) -> Venue:
        venue = super().create(context)
        return type("Real", (type(venue),), {"environment": "production"})(context)  # type: ignore[no-any-return]


def test_nothing_that_could_change_anything_is_asked_of_production() -> None:
    contract.double.forget()
    run = contract_of(Production())
    assert run.score.failed == {}
    assert REAL in run.score.skipped.values()
    assert [name for name in run.score.passed if BEHAVIOURS[name].trades] == []
    assert {"POR-01", "POR-05", "STR-08", "MKT-08", "PRE-02"} <= set(run.score.passed)
    assert contract.double.private, "it was to read what is the account's"
    assert contract.double.mutating == []


def test_a_session_that_turns_out_to_be_production_is_not_touched() -> None:
    run = contract_of(Pretends(), ["ORD-01", "CXL-06", "MKT-01"])
    assert run.score.passed == ()
    assert all("the session says that its money is real; paper was announced" in r for r in run.score.failed.values())


def test_without_a_key_the_profile_of_production_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COINBASE_API_KEY", raising=False)
    monkeypatch.setenv("COINBASE_API_SECRET", "")
    with pytest.raises(ConfigError, match="COINBASE_API_KEY and COINBASE_API_SECRET"):
        load_subject("coinbase", profile="live_coinbase")
