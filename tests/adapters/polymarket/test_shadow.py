"""Shadow trading at Polymarket: live books of any market, pUSD that is nobody's, and no key."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from polymarket_doubled import table_of

from venuekit import LimitOrder, MarketOrder, Mode, Side, open_desk
from venuekit.adapter import Channel, Feature, FillQuery, OrderRef, OrderStatus, Unsupported
from venuekit.registry import register, unregister
from venuekit_doubles.polymarket import Pace, PolymarketDouble
from venuekit_polymarket import factory
from venuekit_polymarket.capabilities import CAPABILITIES

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture(scope="module")
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(settle=None, delay=None, moving=False)) as running:
        yield running


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register(factory)
    yield
    unregister("polymarket")


def environ(double: PolymarketDouble, folder: Path, **more: str) -> dict[str, str]:
    table: dict[str, Any] = table_of(double, double.account, listed_markets=1)
    options = {f"VENUEKIT__VENUES__POLYMARKET__{name.upper()}": str(value) for name, value in table.items()}
    return {"VENUEKIT__DESK__DATA_DIR": str(folder), "VENUEKIT__SHADOW__LATENCY_MS": "0", **options, **more}


async def test_any_market_is_traded_though_few_are_listed(double: PolymarketDouble, tmp_path: Path) -> None:
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=environ(double, tmp_path)) as desk:
        listed = {i.id for i in await desk.venue.instruments()}
        slug = next(m.slug for m in double.markets if not m.closed and m.tokens[0] not in listed)
        book = await desk.venue.order_book(f"{slug}:1", depth=1)
        order = await desk.submit(MarketOrder(instrument=f"{slug}:1", side=Side.BUY, size=D(10)))
        assert (order.status, order.average_price) == (OrderStatus.FILLED, book.best_ask.price)
        [position] = await desk.positions()
        assert (position.instrument, position.size) == (double.market(slug).tokens[0], 10)
        [cash] = [b for b in await desk.venue.balances() if b.asset == "pUSD"]
        assert cash.total < 10_000
        assert await desk.call_extra("list_markets", {"limit": 1})
    assert not any("/order" in asked.path for asked in double.requests)
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=environ(double, tmp_path)) as desk:
        assert [p.size for p in await desk.positions()] == [10]


async def test_a_trade_costs_what_the_markets_own_parameters_say(double: PolymarketDouble, tmp_path: Path) -> None:
    market = next(m for m in double.markets if m.listing.fee_rate == D("0.04") and not m.neg_risk)
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=environ(double, tmp_path)) as desk:
        book = await desk.venue.order_book(f"{market.slug}:1")
        order = await desk.submit(
            MarketOrder(instrument=f"{market.slug}:1", side=Side.BUY, size=book.asks[0].size + 50)
        )
        fills = (await desk.fills(FillQuery(order_id=order.id))).items
        assert len({fill.price for fill in fills}) > 1, "one price says little about a curve"
        for fill in fills:
            exact = fill.size * D("0.04") * fill.price * (1 - fill.price)
            assert fill.fee == exact.quantize(D("0.00001"), ROUND_HALF_EVEN) > 0
        assert order.fees == sum(fill.fee for fill in fills)
        rested = await desk.submit(
            LimitOrder(instrument=f"{market.slug}:1", side=Side.BUY, size=D(10), price=market.tick)
        )
        assert (rested.status, rested.fees) == (OrderStatus.OPEN, 0)


async def test_a_fee_that_is_configured_is_a_share_of_what_is_traded(double: PolymarketDouble, tmp_path: Path) -> None:
    given = environ(double, tmp_path, VENUEKIT__SHADOW__TAKER_FEE="0.01")
    market = next(m for m in double.markets if not m.closed)
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=given) as desk:
        order = await desk.submit(MarketOrder(instrument=f"{market.slug}:1", side=Side.BUY, size=D(10)))
        assert order.average_price is not None
        assert order.fees == order.average_price * 10 * D("0.01")


async def test_an_account_trades_by_the_rules_of_now_and_after_a_restart_too(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    """What is held and not among the listed is no dead market, and a tick may become finer meanwhile."""
    given = environ(double, tmp_path, VENUEKIT__VENUES__POLYMARKET__MARKETS_TTL_SECONDS="0.01")
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=given) as desk:
        listed = {i.id for i in await desk.venue.instruments()}
        market = next(m for m in double.markets if not m.closed and m.tokens[0] not in listed and m.tick == D("0.01"))
        await desk.submit(MarketOrder(instrument=f"{market.slug}:1", side=Side.BUY, size=D(10)))
    double.set_tick(market.slug, "0.001")
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=given) as desk:
        order = await desk.submit(
            LimitOrder(instrument=f"{market.slug}:1", side=Side.SELL, size=D(5), price=D("0.985"))
        )
        assert (order.status, order.price) == (OrderStatus.OPEN, D("0.985"))
        sold = await desk.submit(MarketOrder(instrument=f"{market.slug}:1", side=Side.SELL, size=D(5)))
        assert sold.status is OrderStatus.FILLED
    double.set_tick(market.slug, "0.01")


async def test_the_account_begins_with_what_the_configuration_says(double: PolymarketDouble, tmp_path: Path) -> None:
    given = environ(double, tmp_path, VENUEKIT__SHADOW__BALANCES__PUSD="70")
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=given) as desk:
        assert [(b.asset, b.total) for b in await desk.venue.balances()] == [("pUSD", 70)]


async def test_what_the_venue_cannot_do_a_shadow_cannot(double: PolymarketDouble, tmp_path: Path) -> None:
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=environ(double, tmp_path)) as desk:
        instrument = (await desk.venue.instruments())[0]
        order = await desk.submit(
            LimitOrder(instrument=instrument.id, side=Side.BUY, size=D(10), price=instrument.tick_size)
        )
        with pytest.raises(Unsupported):
            await desk._venue.amend(OrderRef(client_order_id=order.id), size=D(5))


async def test_what_cannot_be_done_says_why_and_a_key_is_named_only_where_one_would_help(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with open_desk("polymarket", mode=Mode.SHADOW, environ=environ(double, tmp_path)) as desk:
        for feature in (Feature.AMEND, Feature.REDUCE_ONLY):
            assert desk.capabilities.of(feature) == CAPABILITIES.of(feature)
        assert all("key" not in declared.reason for declared in desk.capabilities.features.values())
    public = CAPABILITIES.without_key({Feature.TICKER}, "no key")
    assert public.of(Feature.TICKER) == CAPABILITIES.of(Feature.TICKER)
    assert public.of(Feature.BALANCES).reason == public.of(Channel.OWN_FILLS).reason == "no key"
    assert public.of(Feature.AMEND) == CAPABILITIES.of(Feature.AMEND)
    assert public.of(Channel.BOOK) == CAPABILITIES.of(Channel.BOOK)
