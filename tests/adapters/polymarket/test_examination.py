"""What ``venuekit doctor polymarket`` finds, and what it says to do."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from polymarket_doubled import table_of

from venuekit.adapter import NANOS, Examines, Finding, State, VenueContext
from venuekit.cli.app import run
from venuekit.registry import register, unregister
from venuekit.watch.clock import SystemClock
from venuekit_doubles.polymarket import Account, Pace, PolymarketDouble, WalletKind
from venuekit_polymarket import factory

pytestmark = pytest.mark.anyio


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(settle=None, delay=None, moving=False)) as running:
        yield running


class Skewed(SystemClock):
    """A machine whose clock is 45 s ahead."""

    def now_ns(self) -> int:
        return super().now_ns() + 45 * NANOS


async def examine(table: dict[str, Any], clock: SystemClock | None = None) -> dict[str, Finding]:
    with tempfile.TemporaryDirectory() as folder:
        context = VenueContext(clock=clock or SystemClock(), data_dir=Path(folder), account="main", options=table)
        found = await factory.examine(context)
    return {finding.check: finding for finding in found}


@pytest.mark.parametrize("kind", WalletKind)
async def test_an_account_in_order_has_nothing_to_mend(double: PolymarketDouble, kind: WalletKind) -> None:
    account = double.add_account(Account.named("examined", kind))
    found = await examine(table_of(double, account))
    assert {finding.state for finding in found.values()} == {State.OK}
    assert list(found) == [
        "key",
        "wallet",
        "connection",
        "clock",
        "place",
        "credentials",
        "restrictions",
        "balance",
        "allowances to buy",
        "allowances to sell",
        "allowances to split",
        "allowances to merge and redeem",
        "transactions",
    ]
    assert account.wallet in found["wallet"].message
    assert f"signature type {int(kind)}" in found["wallet"].message
    assert found["balance"].message == "100000 pUSD"
    assert account.private_key[2:] not in repr(found)


async def test_without_a_key_the_public_half_is_looked_at(double: PolymarketDouble) -> None:
    found = await examine(table_of(double))
    assert list(found) == ["key", "connection", "clock", "place"]
    assert "POLYMARKET_PRIVATE_KEY" in found["key"].fix


async def test_a_forgotten_funder_is_named_where_the_money_is_missed(double: PolymarketDouble) -> None:
    account = double.add_account(Account.named("forgetful", WalletKind.PROXY))
    found = await examine(table_of(double, account, funder=""))
    assert found["balance"].state is State.WARNING
    assert found["balance"].message == "0 pUSD"
    for finding in (found["balance"], found["wallet"]):
        assert "POLYMARKET_FUNDER" in finding.fix
        assert account.wallet in finding.fix


async def test_what_is_not_approved_is_named_by_contract(double: PolymarketDouble) -> None:
    account = double.add_account(Account.named("unapproved"), approved=False)
    found = await examine(table_of(double, account))
    for check in ("allowances to buy", "allowances to sell"):
        assert found[check].state is State.WARNING
        assert "negative-risk exchange 0xe2222d279d744050d28e00520010520000310F59" in found[check].message
        assert "nothing here ever approves" in found[check].fix
    for check in ("allowances to split", "allowances to merge and redeem"):
        assert found[check].state is State.WARNING
        assert "negative-risk collateral adapter 0xadA2005600Dec949baf300f4C6120000bDB6eAab" in found[check].message
        assert "router of position ids 0x12121212006e4CD160D18e3f00711DA5c3372600" in found[check].message


async def test_what_splitting_needs_is_told_with_the_remedy(double: PolymarketDouble) -> None:
    own, safe = Account.named("examined"), Account.named("examined", WalletKind.SAFE)
    for account in (own, safe):
        double.add_account(account)
    double.give_gas_money(own.address, "0.01")
    told = (await examine(table_of(double, own)))["transactions"]
    assert told.message.startswith("0.0100 POL")
    assert own.address in told.fix
    assert "POLYMARKET_RELAYER_API_KEY" in (await examine(table_of(double, safe)))["transactions"].fix
    key = {"relayer_api_key": safe.relayer_key.key}
    told = (await examine(table_of(double, safe, **key)))["transactions"]
    assert (told.state, told.fix) == (State.OK, "")
    wrong = await examine(table_of(double, safe, relayer_api_key="00000000-0000-0000-0000-000000000000"))
    assert wrong["transactions"].state is State.FAILED
    assert "00000000" not in repr(wrong["transactions"])
    double.undeploy(safe.wallet)
    told = (await examine(table_of(double, safe, **key)))["transactions"]
    assert told.state is State.WARNING
    assert "not on the chain" in told.message
    far = await examine(table_of(double, own, rpc_url="http://127.0.0.1:9"))
    assert far["transactions"].state is State.FAILED
    assert "node of the chain" in far["transactions"].message


async def test_a_place_that_is_not_served_is_a_failure_and_the_rest_is_looked_at(double: PolymarketDouble) -> None:
    double.block_country("US")
    found = await examine(table_of(double, double.account))
    assert found["place"].state is State.FAILED
    assert "US" in found["place"].message
    assert found["credentials"].state is State.OK


async def test_a_clock_that_is_wrong_is_told_apart_from_a_key_that_is(double: PolymarketDouble) -> None:
    found = await examine(table_of(double, double.account), Skewed())
    assert found["clock"].state is State.WARNING
    assert "ahead" in found["clock"].message
    assert "NTP" in found["clock"].fix


async def test_credentials_of_another_key_are_refused_and_what_needs_them_is_left_out(
    double: PolymarketDouble,
) -> None:
    wrong = {"api_key": "00000000-0000-0000-0000-000000000000", "api_secret": "c2VjcmV0", "api_passphrase": "p"}
    found = await examine(table_of(double, double.account, **wrong))
    assert found["credentials"].state is State.FAILED
    assert "derived from the private key" in found["credentials"].fix, "and not to run the doctor, who says this"
    assert "balance" not in found


async def test_a_restricted_account_is_warned_of(double: PolymarketDouble) -> None:
    double.close_only(double.account.address)
    found = await examine(table_of(double, double.account))
    assert found["restrictions"].state is State.WARNING


async def test_a_venue_that_does_not_answer_ends_the_examination(double: PolymarketDouble) -> None:
    table = table_of(double, double.account, clob_url="http://127.0.0.1:9")
    found = await examine(table)
    assert list(found) == ["key", "wallet", "connection"]
    assert found["connection"].state is State.FAILED


def test_the_factory_examines() -> None:
    assert isinstance(factory, Examines)


def test_the_command_shows_it_and_hides_the_key(
    double: PolymarketDouble, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = double.add_account(Account.named("shown"), approved=False)
    lines = [f"{name} = {json.dumps(value)}" for name, value in table_of(double, account).items()]
    file = tmp_path / "desk.toml"
    file.write_text("\n".join(["[desk]", f'data_dir = "{tmp_path}"', "[venues.polymarket]", *lines]), encoding="utf-8")
    file.chmod(0o600)
    register(factory)
    try:
        code = run(["doctor", "polymarket", "--config", str(file)])
        shown = capsys.readouterr().out
        assert run(["doctor", "polymarket", "--config", str(file), "--json"]) == code == 0
    finally:
        unregister("polymarket")
    body = json.loads(capsys.readouterr().out)
    assert {f["state"] for f in body["findings"] if f["check"].startswith("allowances")} == {"warning"}
    assert "allowances to buy" in shown
    assert account.wallet in shown
    assert account.private_key[2:] not in shown + json.dumps(body)
