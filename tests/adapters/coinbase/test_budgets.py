"""Budgets of calls: private, public, the older interface and streams are apart, and each can be set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coinbase_desk import a_double, a_venue, options

from venuekit import open_desk
from venuekit.adapter import Channel, RateLimited
from venuekit.settings.load import load_config
from venuekit_coinbase import factory
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_doubles.coinbase import CoinbaseDouble
from venuekit_doubles.faults import Fault

pytestmark = pytest.mark.anyio
BUDGETS = {"rest_private", "rest_public", "rest_v2", "websocket"}


class Recorded:
    """A pace that lets everything through and writes down what was taken and told."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.stopped: list[tuple[str, float]] = []

    async def take(self, name: str) -> None:
        self.taken.append(name)

    def too_many(self, name: str, retry_after: float) -> None:
        self.stopped.append((name, retry_after))

    def quota(self, name: str, remaining: int, resets_seconds: float | None = None) -> None:
        del name, remaining, resets_seconds


@pytest.fixture(scope="module")
def double() -> Iterator[CoinbaseDouble]:
    with a_double() as running:
        yield running


def paced(double: CoinbaseDouble, folder: Path, **more: Any) -> tuple[CoinbaseVenue, Recorded]:
    venue, pace = a_venue(double, folder, **more), Recorded()
    venue._transport._pace = pace  # type: ignore[attr-defined]
    venue.streams._pace = pace
    return venue, pace


def test_each_budget_has_the_venues_rate_as_its_default() -> None:
    rates = factory.capabilities.rates
    assert set(rates) == BUDGETS
    assert {name: rates[name][0].calls / rates[name][0].seconds for name in BUDGETS - {"rest_v2"}} == {
        "rest_private": 25,
        "rest_public": 8,
        "websocket": 8,
    }


@pytest.mark.parametrize("transport", ["aiohttp", "sdk"])
async def test_every_request_draws_on_its_own_budget(double: CoinbaseDouble, tmp_path: Path, transport: str) -> None:
    venue, pace = paced(double, tmp_path, transport=transport)
    await venue.connect()
    try:
        pace.taken.clear()
        await venue.balances()
        await venue.order_book("BTC-USD")
        assert set(pace.taken) == {"rest_private"}, "with a key the private twin of a public endpoint is asked"
        pace.taken.clear()
        await venue.transfers()
        assert set(pace.taken) == {"rest_v2"}
        pace.taken.clear()
        venue.products.forget()
        await venue.instruments()
        assert set(pace.taken) == {"rest_public"}
        pace.taken.clear()
        events = venue.subscribe(Channel.BOOK, ["BTC-USD"])
        await anext(events)
        await events.aclose()  # type: ignore[attr-defined]
        assert pace.taken == ["websocket", "websocket"], "the heartbeat and the channel"
    finally:
        await venue.close()


async def test_without_a_key_only_the_public_budget_is_drawn_on(double: CoinbaseDouble, tmp_path: Path) -> None:
    venue, pace = paced(double, tmp_path, api_key="", api_secret="")
    await venue.connect()
    await venue.order_book("BTC-USD")
    await venue.tickers(["BTC-USD"])
    await venue.close()
    assert set(pace.taken) == {"rest_public"}


async def test_a_429_stops_the_budget_that_it_came_for(double: CoinbaseDouble, tmp_path: Path) -> None:
    venue, pace = paced(double, tmp_path)
    await venue.connect()
    double.fail("accounts", Fault.RATE_LIMITED)
    with pytest.raises(RateLimited):
        await venue.balances()
    await venue.close()
    assert pace.stopped == [("rest_private", 1.0)]


async def test_every_budget_can_be_set(double: CoinbaseDouble, tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(
        f"""
        [desk]
        venue = "coinbase"
        data_dir = "{tmp_path}"
        [pace]
        patience_seconds = 0.0
        [pace.classes]
        rest_private = "100/1s"
        rest_public = "50/1s"
        rest_v2 = "1/60s"
        websocket = "4/1s"
        """
    )
    given = options(double)
    async with open_desk(load_config(file, environ={}), environ={}, venue_options=given) as desk:
        rates = {state.endpoint: list(state.rates) for state in desk.status().pace}
        assert {name: rates[name] for name in BUDGETS} == {
            "rest_private": ["100/1s"],
            "rest_public": ["50/1s"],
            "rest_v2": ["1/60s"],
            "websocket": ["4/1s"],
        }
        with desk.serve(None), pytest.raises(RateLimited):  # one call a minute, and every wallet is a call
            await desk.venue.transfers()
