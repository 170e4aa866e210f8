"""Lists of orders of a desk in live mode at the double: one request for up to fifteen, one outcome for each order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from polymarket_doubled import table_of
from polymarket_trader import BY_HAND, FED

from venuekit import LimitOrder, Mode, Order, OutcomeUnknown, Side, open_desk, registry
from venuekit.adapter import OrderStatus, PostOnlyWouldCross
from venuekit.desk.desk import Desk
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, ReconcileSettings, RiskSettings
from venuekit_doubles.polymarket import Fault, PolymarketDouble
from venuekit_polymarket import factory

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=BY_HAND) as running:
        registry.register(factory)
        yield running
        registry.unregister("polymarket")


@asynccontextmanager
async def live(double: PolymarketDouble, folder: Path, **options: Any) -> AsyncIterator[Desk]:
    config = DeskConfig(
        desk=DeskSettings(venue="polymarket", data_dir=str(folder), mode=Mode.LIVE, currency="pUSD"),
        approval=ApprovalSettings(require_above=D(1_000)),
        risk=RiskSettings(max_order_notional=D(10_000)),
        reconcile=ReconcileSettings(in_doubt_patience_seconds=1),
    )
    given = table_of(double, double.account, listed_markets=1, timeout_seconds=0.5, **options)
    async with open_desk(config, environ={}, venue_options=given) as desk:
        yield desk


def resting(count: int, **more: Any) -> list[LimitOrder]:
    """Far below the market, each at a price of its own."""
    return [
        LimitOrder(instrument=f"{FED}:YES", side=Side.BUY, size=D(10), price=D(n + 1) / 100, **more)
        for n in range(count)
    ]


def posted(double: PolymarketDouble) -> list[str]:
    return [asked.path for asked in double.requests if asked.method == "POST" and asked.path in ("/order", "/orders")]


async def test_a_refusal_that_is_written_as_a_success_is_one_and_the_others_are_taken(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with live(double, tmp_path) as desk:
        ask = (await desk.venue.order_book(f"{FED}:YES", depth=1)).asks[0]
        crossing = LimitOrder(
            instrument=f"{FED}:YES", side=Side.BUY, size=D(10), price=ask.price, post_only=True, client_order_id="x"
        )
        first, crossed, last = await desk.submit_many([resting(2)[0], crossing, resting(2)[1]])
        assert isinstance(first, Order)
        assert isinstance(last, Order)
        assert first.status is last.status is OrderStatus.OPEN
        assert isinstance(crossed, PostOnlyWouldCross)
        assert (await desk.order("x")).status is OrderStatus.REJECTED
        assert posted(double) == ["/orders"]


async def test_more_than_fifteen_go_with_more_than_one_request(double: PolymarketDouble, tmp_path: Path) -> None:
    async with live(double, tmp_path) as desk:
        results = await desk.submit_many(resting(20))
        assert [r.price for r in results if isinstance(r, Order)] == [D(n + 1) / 100 for n in range(20)]
        assert posted(double) == ["/orders", "/orders"]
        assert len(await desk.open_orders()) == 20


@pytest.mark.parametrize("fault", [Fault.AFTER_SILENCE, Fault.AFTER_RESET, Fault.AFTER_THIN])
async def test_a_list_whose_answer_is_lost_is_found_order_by_order_and_sent_once(
    double: PolymarketDouble, tmp_path: Path, fault: Fault
) -> None:
    async with live(double, tmp_path) as desk:
        double.fail("post_orders", fault)
        results = await desk.submit_many(resting(15))
        assert [isinstance(r, Order) and r.status for r in results] == [OrderStatus.OPEN] * 15
        assert posted(double) in (["/orders"], []), "it was sent again"  # nobody hears the end of one without an answer


async def test_a_list_that_never_arrived_is_in_doubt_and_comes_to_nothing(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with live(double, tmp_path) as desk:
        double.fail("post_orders", Fault.SILENCE)
        results = await desk.submit_many(resting(3, reason="a list"))
        assert all(isinstance(r, OutcomeUnknown) for r in results)
        ids = [r.order_id for r in results if isinstance(r, OutcomeUnknown) and r.order_id]
        assert len(set(ids)) == 3
        for order_id in ids:
            async for event in desk.events(order_id):
                last = event.order.status
            assert last in (OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.CANCELED), last
        assert posted(double) == [], "it was sent again"
        assert await desk._venue.open_orders() == []
