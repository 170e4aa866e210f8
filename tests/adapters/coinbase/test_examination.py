"""What ``venuekit doctor coinbase`` finds, and what it says to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coinbase_desk import a_double, options

from venuekit.adapter import NANOS, Examines, Finding, State, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_coinbase import factory
from venuekit_doubles.coinbase import CoinbaseDouble, Key

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


class Skewed(SystemClock):
    """A machine whose clock is an hour behind."""

    def now_ns(self) -> int:
        return super().now_ns() - 3600 * NANOS


async def examine(table: dict[str, Any], folder: Path, clock: SystemClock | None = None) -> dict[str, Finding]:
    context = VenueContext(clock=clock or SystemClock(), data_dir=folder, account="main", options=table)
    return {finding.check: finding for finding in await factory.examine(context)}


async def test_an_account_in_order_has_nothing_to_mend(double: CoinbaseDouble, tmp_path: Path) -> None:
    found = await examine(options(double), tmp_path)
    assert list(found) == ["connection", "clock", "key", "portfolio"]
    assert {finding.state for finding in found.values()} == {State.OK}
    assert "may VIEW, TRADE" in found["key"].message
    assert "USD" in found["portfolio"].message
    assert isinstance(factory, Examines)


async def test_without_a_key_the_public_half_is_looked_at(double: CoinbaseDouble, tmp_path: Path) -> None:
    found = await examine(options(double, api_key="", api_secret=""), tmp_path)
    assert list(found) == ["connection", "clock", "key"]
    assert "COINBASE_API_KEY" in found["key"].fix


async def test_a_clock_that_is_wrong_is_told_though_the_key_is_not_taken(
    double: CoinbaseDouble, tmp_path: Path
) -> None:
    found = await examine(options(double), tmp_path, Skewed())
    assert found["clock"].state is State.WARNING
    assert "NTP" in found["clock"].fix
    assert found["key"].state is State.FAILED


async def test_a_venue_that_does_not_answer_ends_the_examination(double: CoinbaseDouble, tmp_path: Path) -> None:
    found = await examine(options(double, base_url="http://127.0.0.1:9"), tmp_path)
    assert list(found) == ["connection"]
    assert found["connection"].state is State.FAILED


@pytest.mark.parametrize(
    ("permission", "state", "words"),
    [({"can_transfer": True}, State.WARNING, "TRANSFER"), ({"can_trade": False}, State.OK, "may VIEW")],
)
async def test_what_a_key_may_do_is_told(
    double: CoinbaseDouble, tmp_path: Path, permission: dict[str, bool], state: State, words: str
) -> None:
    key = double.add_key(Key(f"organizations/double/apiKeys/{state}", **permission))
    found = await examine(options(double, api_key=key.name, api_secret=key.secret), tmp_path)
    assert (found["key"].state, words in found["key"].message) == (state, True)
    assert found["key"].fix
