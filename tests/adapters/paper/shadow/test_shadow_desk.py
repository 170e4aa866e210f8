"""A desk in shadow mode at a venue with real money: the same answers, and nothing of it reaches the venue."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from live_venue import PRIVATE, LiveFactory

from venuekit import LimitOrder, MarketOrder, Mode, Side, open_desk
from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Extra,
    FillQuery,
    InsufficientFunds,
    OrderStatus,
    TradeEvent,
    Unsupported,
)
from venuekit.desk.desk import Desk
from venuekit.errors import ConfigError
from venuekit.registry import register, unregister
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
D = Decimal
_numbers = itertools.count(1)


@pytest.fixture
def factory() -> Iterator[LiveFactory]:
    made = LiveFactory()
    register(made)
    yield made
    unregister("live")


class Bench:
    """A desk at the live venue, in simulated time."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(autojump=True)
        self.environ = {
            "VENUEKIT__DESK__DATA_DIR": str(folder),
            "VENUEKIT__RECONCILE__EVERY_SECONDS": "0",
            "VENUEKIT__SHADOW__LATENCY_MS": "0",
        }

    def open(self, mode: Mode = Mode.SHADOW, **more: Any) -> Any:
        environ = {**self.environ, **more.pop("environ", {})}
        return open_desk("live", mode=mode, clock=self.clock, environ=environ, **more)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def limit(side: Side, size: str, price: Decimal) -> LimitOrder:
    return LimitOrder(instrument="BTC-USD", side=side, size=D(size), price=price)


async def moved(desk: Desk, factory: LiveFactory, seconds: float) -> None:
    """Let the live market move, and everybody hear of it."""
    await factory.made[-1].market.advance(seconds)
    await desk.clock.sleep(0.01)


async def test_orders_fill_at_live_prices_and_are_marked_as_shadow(bench: Bench, factory: LiveFactory) -> None:
    async with bench.open() as desk:
        book = await desk.venue.order_book("BTC-USD", depth=5)
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.1")))
        assert order.status is OrderStatus.FILLED
        assert order.average_price == book.best_ask.price
        assert (order.venue, desk.environment, desk.mode) == ("live", "paper", Mode.SHADOW)
        assert desk.name == "live:default.shadow"
        [position] = await desk.positions()
        assert (position.instrument, position.size) == ("BTC-USD", D("0.1"))


async def test_no_private_method_of_the_venue_is_ever_called_and_no_key_reaches_it(
    bench: Bench, factory: LiveFactory
) -> None:
    key = {"VENUEKIT__VENUES__LIVE__API_KEY": "a-key-that-could-trade"}
    async with bench.open(environ=key) as desk:
        book = await desk.venue.order_book("BTC-USD", depth=5)
        resting = await desk.submit(limit(Side.BUY, "0.1", book.best_bid.price - 500))
        await desk.amend(resting.id, price=book.best_bid.price - 501)
        await moved(desk, factory, 5)
        await desk.cancel(resting.id)
        await desk.submit(MarketOrder(instrument="ETH-USD", side=Side.BUY, size=D(1)))
        await desk.close_position("ETH-USD")
        await desk.cancel_all()
        await desk.reconcile()
        await desk.balances()
        await desk.profile()
        await desk.transfers()
    assert {name for name in factory.calls if name in PRIVATE or name == "own streams"} == set()
    assert [venue.key for venue in factory.made] == [""]


async def test_every_fill_is_explained_by_what_was_told_of_the_live_market(bench: Bench, factory: LiveFactory) -> None:
    async with bench.open() as desk:
        for n in range(24):
            if n % 2:
                await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.05")))
            book = await desk.venue.order_book("BTC-USD", depth=5)
            side, best = (Side.SELL, book.best_ask) if n % 2 else (Side.BUY, book.best_bid)
            await desk.submit(limit(side, "0.05", best.price))
            await moved(desk, factory, 20)
            await desk.cancel_all()
        fills = (await desk.fills(FillQuery(limit=500))).items
    assert len(fills) >= 12
    assert any(fill.liquidity.value == "MAKER" for fill in fills)
    traded: dict[Decimal, Decimal] = {}
    quoted: dict[Side, set[Decimal]] = {Side.BUY: set(), Side.SELL: set()}
    for event in factory.seen:
        if isinstance(event, TradeEvent) and event.instrument == "BTC-USD":
            traded[event.trade.price] = traded.get(event.trade.price, D(0)) + event.trade.size
        elif isinstance(event, BookSnapshot | BookDelta) and event.instrument == "BTC-USD":
            bids, asks = (
                (event.book.bids, event.book.asks) if isinstance(event, BookSnapshot) else (event.bids, event.asks)
            )
            quoted[Side.BUY] |= {level.price for level in bids if level.size}
            quoted[Side.SELL] |= {level.price for level in asks if level.size}
    for fill in fills:
        against = quoted[fill.side.opposite]
        reached = any(p <= fill.price if fill.side is Side.BUY else p >= fill.price for p in {*traded, *against})
        assert reached, f"nobody traded or quoted at {fill.price}, where {fill} filled"
        if fill.liquidity.value == "TAKER":
            assert fill.price in against


async def test_the_account_outlives_the_process(bench: Bench, factory: LiveFactory) -> None:
    async with bench.open() as desk:
        book = await desk.venue.order_book("BTC-USD", depth=5)
        resting = await desk.submit(limit(Side.BUY, "0.1", book.best_bid.price - 1000))
        bought = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.1")))
        before = await desk.balances()
    async with bench.open() as desk:
        assert [o.id for o in await desk.open_orders()] == [resting.id]
        assert await desk.balances() == before
        assert [f.venue_order_id for f in (await desk.fills(FillQuery())).items] == [bought.venue_order_id]
        assert (await desk.cancel(resting.id)).status is OrderStatus.CANCELED


async def test_a_lost_feed_stops_fills_and_new_orders_wait_for_the_next(bench: Bench, factory: LiveFactory) -> None:
    async with bench.open(environ={"VENUEKIT__SHADOW__SYNC_SECONDS": "0.5"}) as desk:
        book = await desk.venue.order_book("BTC-USD", depth=5)
        order = await desk.submit(limit(Side.BUY, "0.1", book.best_bid.price))
        factory.made[-1].market.drop_connections()
        await desk.clock.sleep(0.1)
        assert (await desk.order(order.id)).filled_size == 0
        await desk.clock.sleep(5)  # the feed connects again by itself
        filled = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.01")))
        assert filled.status is OrderStatus.FILLED


async def test_the_balance_and_fees_are_the_configured_ones(bench: Bench, factory: LiveFactory) -> None:
    table = {"VENUEKIT__SHADOW__TAKER_FEE": "0.01", "VENUEKIT__SHADOW__BALANCES__USD": "700"}
    async with bench.open(environ={**table, "VENUEKIT__RISK__CHECK_BALANCE": "false"}) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.01")))
        assert order.fees == order.filled_size * (order.average_price or 0) * D("0.01")
        with pytest.raises(InsufficientFunds):
            await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.05")))


async def test_live_and_shadow_journals_are_apart(bench: Bench, factory: LiveFactory) -> None:
    async with bench.open() as desk:
        await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.01")))
    async with bench.open(Mode.READ_ONLY) as desk:
        assert desk.name == "live:default"
        assert await desk.open_orders() == []


@pytest.mark.parametrize(("name", "value"), [("LATENCY_MS", "99999"), ("LATENCIES", "1"), ("MAKER_FEE", "7")])
async def test_a_mistake_in_the_table_is_named(bench: Bench, factory: LiveFactory, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"shadow.{name.lower()}"):
        async with bench.open(environ={f"VENUEKIT__SHADOW__{name}": value}):
            pass


async def test_tools_of_the_venue_that_read_are_its_own_and_those_that_change_are_refused(
    bench: Bench, factory: LiveFactory
) -> None:
    def tool(name: str, *, mutates: bool) -> Extra:
        async def call(venue: Any, _: Nothing) -> Told:
            return Told(calls=venue.calls["tickers"])

        return Extra(
            name=name,
            toolset="live",
            title=name,
            description=name,
            arguments=Nothing,
            result=Told,
            call=call,
            mutates=mutates,
        )

    factory.extras = (tool("look", mutates=False), tool("withdraw", mutates=True))
    async with bench.open() as desk:
        assert isinstance(await desk.call_extra("look", {}), Told)
        with pytest.raises(Unsupported, match="not simulated"):
            await desk.call_extra("withdraw", {})
        assert [e.name for e in desk.extras if desk.offers(e)] == ["look"]


@attrs.frozen
class Nothing:
    """No arguments."""


@attrs.frozen
class Told:
    """What the live venue was asked."""

    calls: int
