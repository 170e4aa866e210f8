"""Checking production only reads: not one request that could change something, whatever the venue would have taken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from runs import Run, contract_of

import venuekit_doubles.coinbase.contract
import venuekit_doubles.polymarket.contract
from venuekit.adapter import ConfigError, Venue, VenueContext
from venuekit.testing.contract.behaviours import BEHAVIOURS
from venuekit.testing.contract.subject import load_subject
from venuekit_coinbase.factory import CoinbaseFactory
from venuekit_paper.factory import PaperFactory
from venuekit_polymarket.capabilities import WITHOUT_KEY
from venuekit_polymarket.factory import PolymarketFactory

REAL = "real money: --allow-production-orders was not given"
AT_COINBASE = venuekit_doubles.coinbase.contract
AT_POLYMARKET = venuekit_doubles.polymarket.contract
KEYS = ("private_key", "funder", "api_key", "api_secret", "api_passphrase")


def posing(factory: Any, contract: Any, *, key: bool = True, **changes: Any) -> Any:
    """A venue whose double poses as production, and would take every order."""
    told = {name: value for name, value in vars(contract).items() if not name.startswith("_")}
    options = {name: value for name, value in contract.options.items() if key or name not in KEYS}
    made = {**told, "options": {**options, "environment": "production"}, **changes}
    return type("Production", (factory,), {"contract_profile": SimpleNamespace(**made)})()


class Pretends(PaperFactory):
    """It announces paper, and its sessions turn out to be production."""

    def create(self, context: VenueContext) -> Venue:
        venue = super().create(context)
        return type("Real", (type(venue),), {"environment": "production"})(context)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def without_a_key() -> Run:
    AT_POLYMARKET.double.forget()
    return contract_of(posing(PolymarketFactory, AT_POLYMARKET, key=False, capabilities=WITHOUT_KEY, instruments=()))


@pytest.mark.parametrize(
    "production",
    [(CoinbaseFactory, AT_COINBASE), (PolymarketFactory, AT_POLYMARKET)],
    ids=["coinbase", "polymarket"],
)
def test_nothing_that_could_change_anything_is_asked_of_production(production: tuple[Any, Any]) -> None:
    factory, contract = production
    contract.double.forget()
    run = contract_of(posing(factory, contract))
    assert run.score.failed == {}
    assert REAL in run.score.skipped.values()
    assert [name for name in run.score.passed if BEHAVIOURS[name].trades] == []
    assert {"POR-01", "STR-08", "MKT-08", "PRE-02"} <= set(run.score.passed)
    assert contract.double.private, "it was to read what is the account's"
    assert contract.double.mutating == []


def test_polymarkets_public_data_is_checked_without_a_key_on_what_trades_most(without_a_key: Run) -> None:
    assert without_a_key.score.failed == {}
    assert {"MKT-01", "MKT-06", "MKT-08", "STR-01", "STR-08", "PRE-02"} <= set(without_a_key.score.passed)
    assert AT_POLYMARKET.double.requests
    assert AT_POLYMARKET.double.private == []


def test_a_session_that_turns_out_to_be_production_is_not_touched() -> None:
    run = contract_of(Pretends(), ["ORD-01", "CXL-06", "MKT-01"])
    assert run.score.passed == ()
    assert all("the session says that its money is real; paper was announced" in r for r in run.score.failed.values())


def test_without_a_key_the_profile_of_coinbase_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COINBASE_API_KEY", raising=False)
    monkeypatch.setenv("COINBASE_API_SECRET", "")
    with pytest.raises(ConfigError, match="COINBASE_API_KEY and COINBASE_API_SECRET"):
        load_subject("coinbase", profile="live_coinbase")


def test_the_profile_of_polymarket_wants_a_whole_key_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYMARKET_PRIVATE_KEY", raising=False)
    monkeypatch.setenv("POLYMARKET_FUNDER", "0x" + "1" * 40)
    with pytest.raises(ConfigError, match="POLYMARKET_PRIVATE_KEY is not set"):
        load_subject("polymarket", profile="live_polymarket")
    monkeypatch.delenv("POLYMARKET_FUNDER")
    subject = load_subject("polymarket", profile="live_polymarket")
    assert (subject.environment, subject.capabilities) == ("production", WITHOUT_KEY)
