"""Options: what is good is taken, also as text; what is not is refused by name before anything is opened."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from paper_kit import BTC, Opener

from venuekit.adapter import ConfigError, Rate, VenueContext
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import factory
from venuekit_paper.config import PaperOptions, read_options

D = Decimal


def test_the_factory_describes_what_it_makes(tmp_path: Path) -> None:
    venue = factory.create(VenueContext(clock=SimulatedClock(), data_dir=tmp_path, account="a"))
    assert (factory.name, factory.environment) == (venue.name, venue.environment) == ("paper", "paper")
    assert factory.capabilities == venue.capabilities
    assert factory.title == factory.capabilities.title
    assert venue.account == "a"
    assert factory.options is PaperOptions
    assert all(f.metadata["doc"] for f in attrs.fields(factory.options))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ({"seed": "12"}, "seed", 12),
        ({"pace": "manual"}, "pace", "manual"),
        ({"persist": "false"}, "persist", False),
        ({"maker_fee": "0"}, "maker_fee", D(0)),
        ({"taker_fee": 0}, "taker_fee", D(0)),
        ({"taker_fee": D("0.000000000001")}, "taker_fee", D("0.000000000001")),
        ({"latency_ms": 60_000}, "latency_ms", 60_000),
        ({"initial_balances": {"usd": "5", "BTC": 2}}, "initial_balances", {"USD": D(5), "BTC": D(2)}),
        ({"initial_balances": "USD 100000.5, ETH 1"}, "initial_balances", {"USD": D("100000.5"), "ETH": D(1)}),
        ({"initial_balances": {}}, "initial_balances", {}),
        ({"initial_balances": ""}, "initial_balances", {}),
        ({"rates": {"orders": "5/1s, 20/1m"}}, "rates", {"orders": (Rate(5), Rate(20, 60))}),
        ({"rates": {"order_book": 2}}, "rates", {"order_book": (Rate(2),)}),
        ({"declare_rates": "false"}, "declare_rates", False),
    ],
)
def test_values_are_taken_as_the_file_or_the_environment_has_them(
    table: dict[str, object], field: str, value: object
) -> None:
    assert getattr(read_options(table), field) == value
    assert attrs.evolve(read_options(table), **{field: getattr(PaperOptions(), field)}) == PaperOptions()


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"sed": 1}, "sed"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": "1\n"}, "seed"),
        ({"seed": "٣"}, "seed"),
        ({"seed": "9" * 5000}, "seed"),
        ({"pace": "fast"}, "pace"),
        ({"pace": "Manual"}, "pace"),
        ({"pace": ["manual"]}, "pace"),
        ({"tick_interval_ms": 0}, "tick_interval_ms"),
        ({"tick_interval_ms": 3_600_001}, "tick_interval_ms"),
        ({"start_time_ns": -1}, "start_time_ns"),
        ({"latency_ms": 60_001}, "latency_ms"),
        ({"persist": "yes"}, "persist"),
        ({"persist": 1}, "persist"),
        ({"on_locked": "wait"}, "on_locked"),
        ({"maker_fee": 0.001}, "maker_fee"),
        ({"maker_fee": "NaN"}, "maker_fee"),
        ({"maker_fee": D("NaN")}, "maker_fee"),
        ({"maker_fee": D("Infinity")}, "maker_fee"),
        ({"maker_fee": "-0.001"}, "maker_fee"),
        ({"maker_fee": "1e-3"}, "maker_fee"),
        ({"taker_fee": "0.51"}, "taker_fee"),
        ({"taker_fee": "0.0000000000001"}, "taker_fee"),
        ({"taker_fee": True}, "taker_fee"),
        ({"rates": "5/1s"}, "rates"),
        ({"rates": {"deposits": "5/1s"}}, "rates"),
        ({"rates": {"orders": "often"}}, "rates.orders"),
        ({"declare_rates": 0}, "declare_rates"),
        ({"initial_balances": 5}, "initial_balances"),
        ({"initial_balances": "USD"}, "initial_balances"),
        ({"initial_balances": "USD 5 BTC 1"}, "initial_balances"),
        ({"initial_balances": "USD 5, usd 6"}, "initial_balances"),
        ({"initial_balances": {"DOGE": 5}}, "initial_balances"),
        ({"initial_balances": {"": 5}}, "initial_balances"),
        ({"initial_balances": {"USD": "-1"}}, "initial_balances.USD"),
        ({"initial_balances": {"USD": 1.0}}, "initial_balances.USD"),
        ({"initial_balances": {"USD": D(10) ** 16}}, "initial_balances.USD"),
        ({"initial_balances": {"BTC": "0.000000001"}}, "initial_balances.BTC"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_value_is_refused_by_its_place_with_what_would_do(
    tmp_path: Path, table: dict[str, object], field: str
) -> None:
    context = VenueContext(clock=SimulatedClock(), data_dir=tmp_path, account="default", options=table)
    with pytest.raises(ConfigError) as caught:
        factory.create(context)
    assert caught.value.field == f"venues.paper.{field}"
    assert caught.value.field in caught.value.message
    assert caught.value.details.get("accepted") or "seed" in caught.value.fix
    assert len(str(caught.value)) < 400


@pytest.mark.anyio
async def test_start_time_is_where_manual_time_begins(opened: Opener) -> None:
    at = 1_800_000_000_000_000_000
    assert (await opened(start_time_ns=at)).now_ns() == at
    assert (await opened(start_time_ns=0)).now_ns() == opened.clock.now_ns()


@pytest.mark.anyio
@pytest.mark.parametrize("extreme", [1, 2**62])
async def test_the_ends_of_time_do_no_harm(opened: Opener, extreme: int) -> None:
    venue = await opened(start_time_ns=extreme)
    await venue.advance(120)
    assert (await venue.order_book(BTC)).bids
    assert (await venue.tickers([BTC]))[0].last is not None


@pytest.mark.anyio
async def test_the_longest_interval_and_the_dearest_fees_work(opened: Opener) -> None:
    venue = await opened(tick_interval_ms=3_600_000, maker_fee=D("0.5"), taker_fee=D("0.5"), seed=2**63)
    assert await venue.advance(7200) == 2
    assert (await venue.profile()).maker_fee_rate == D("0.5")
