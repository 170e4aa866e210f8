"""The exchange counts its calls as venues do; a desk keeps to what it declares, and learns what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from paper_kit import BTC, Opener, limit

from venuekit import open_desk
from venuekit.adapter import Rate, RateLimited, Side
from venuekit.desk.desk import Desk
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Caller, Role
from venuekit.protocols.journal import EntryKind, RowQuery
from venuekit.settings.schema import DeskConfig, DeskSettings, PaceSettings, ReconcileSettings
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import factory
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal
AGENTS = [Caller(agent_id=name, role=Role.TRADER) for name in ("ann", "bob", "eve")]
RATES = {"orders": "6/2s burst 3, 40/60s", "private": "20/1s", "public": "20/1s", "cancels": "4/1s", "candles": "1/3s"}


async def test_calls_are_counted_exactly_and_one_too_many_says_when(opened: Opener) -> None:
    venue = await opened(rates={"orders": "2/10s", "order_book": "1/5s"})
    await venue.submit(limit(Side.BUY, "0.01", "10000"))
    await opened.clock.advance(4)
    await venue.submit(limit(Side.BUY, "0.01", "10000"))
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            await venue.submit(limit(Side.BUY, "0.01", "10000"))
        assert caught.value.retry_after == 6
    assert len(await venue.open_orders()) == 2
    await venue.cancel_all()
    await opened.clock.advance(6)
    await venue.submit(limit(Side.BUY, "0.01", "10000"))
    await venue.order_book(BTC)
    await venue.tickers([BTC])
    with pytest.raises(RateLimited, match="order_book"):
        await venue.order_book(BTC)


async def test_calls_are_refused_on_demand(opened: Opener) -> None:
    venue = await opened()
    extra = next(e for e in factory.extras if e.name == "refuse_calls")
    await extra.call(venue, extra.arguments(endpoint="private", calls=2, retry_after_ms=1500))
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await venue.balances()
        assert caught.value.retry_after == 1.5
    await venue.balances()
    for wrong in ({"endpoint": "deposits"}, {"calls": -1}, {"retry_after_ms": 3_600_001}):
        given: Any = {"endpoint": "orders", "calls": 1, "retry_after_ms": 0, **wrong}
        with pytest.raises(Exception, match=next(iter(wrong))):
            await extra.call(venue, extra.arguments(**given))


async def test_rates_are_declared_unless_desks_shall_learn_them(opened: Opener) -> None:
    assert (await opened(rates={"orders": "2/10s"})).capabilities.rates == {"orders": (Rate(2, 10),)}
    assert (await opened("b", rates={"orders": "2/10s"}, declare_rates=False)).capabilities.rates == {}


def config(folder: Path, pace: PaceSettings | None = None, **options: Any) -> DeskConfig:
    return DeskConfig(
        desk=DeskSettings(data_dir=str(folder)),
        pace=pace or PaceSettings(patience_seconds=1e6),
        reconcile=ReconcileSettings(send_timeout_seconds=3600),
        venues={"paper": {"pace": "manual", "persist": False, **options}},
    )


def exchange(desk: Desk) -> PaperVenue:
    found: Any = desk.upkeep._parts.venue
    while not isinstance(found, PaperVenue):
        found = found._venue
    return found


async def test_a_desk_and_its_agents_keep_to_the_declared_rates_whatever_they_do(tmp_path: Path) -> None:
    clock = SimulatedClock(autojump=True)
    async with open_desk(config(tmp_path, rates=RATES), clock=clock, environ={}) as desk:

        async def work(caller: Caller, number: int) -> None:
            with desk.serve(caller):
                order = await desk.submit(limit(Side.BUY, "0.01", str(10_000 + number)), caller=caller)
                reads: list[Coroutine[Any, Any, Any]] = [
                    desk.balances(),
                    desk.venue.order_book(BTC),
                    desk.venue.tickers([BTC]),
                    desk.reconcile(),
                ]
                await asyncio.gather(*reads)
                await desk.cancel(order.id, caller=caller)

        await asyncio.gather(*(work(caller, number) for caller in AGENTS for number in range(12)))
        await desk.cancel_all()
        assert exchange(desk).limits.refused == 0
        assert await desk.open_orders() == []
        assert {state.share for state in desk.status().pace} == {1.0}


async def test_a_desk_learns_rates_that_nobody_told_it(tmp_path: Path) -> None:
    clock = SimulatedClock()
    pace = PaceSettings(patience_seconds=1e6, recover_seconds=120)
    settings = config(tmp_path, pace, rates={"orders": "3/1s"}, declare_rates=False)
    async with open_desk(settings, clock=clock, environ={}) as desk:
        refused: list[str] = []

        async def until_placed(number: int) -> None:
            name = f"order-{number}"
            while True:
                try:
                    placed = await desk.submit(limit(Side.BUY, "0.01", str(10_000 + number), client_order_id=name))
                except RateLimited as error:
                    refused.append(name)
                    await clock.sleep(error.retry_after)
                else:
                    assert placed.status is OrderStatus.OPEN
                    return

        tasks = [asyncio.create_task(until_placed(number)) for number in range(60)]
        while not all(task.done() for task in tasks):
            await clock.advance(1)
        await asyncio.gather(*tasks)
        assert sorted(o.id for o in await desk.open_orders()) == sorted(f"order-{n}" for n in range(60))
        assert len(await exchange(desk).open_orders()) == 60
        rows = [r for r in desk.store.rows(_control(desk)) if r.body["event"] == "pace_slowed"]
        assert 1 <= len(rows) <= 12, "it went on as fast as before"
        assert exchange(desk).limits.refused < 120


async def test_cancels_go_while_the_exchange_takes_no_orders(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with open_desk(config(tmp_path, PaceSettings(patience_seconds=2)), clock=clock, environ={}) as desk:
        await desk.submit(limit(Side.BUY, "0.01", "10000", client_order_id="mine"))
        exchange(desk).limits.refuse("orders", 1, 60)
        with pytest.raises(RateLimited, match="429") as first:
            await desk.submit(limit(Side.BUY, "0.01", "10001", client_order_id="again"))
        with pytest.raises(RateLimited, match="asked for a pause") as second:
            await desk.submit(limit(Side.BUY, "0.01", "10001", client_order_id="again"))
        assert (first.value.retry_after, second.value.retry_after) == (60, 60)
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED
        await clock.advance(60.1)
        assert (await desk.submit(limit(Side.BUY, "0.01", "10001", client_order_id="again"))).status is OrderStatus.OPEN


def _control(desk: Desk) -> RowQuery:
    return RowQuery(desk=desk.name, kinds=(EntryKind.CONTROL,), limit=1000)
