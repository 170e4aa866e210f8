"""The same client order id means the same order: over retries, races, restarts and other wordings of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, Gate, limit, rows

from venuekit import errors
from venuekit.model.intent import Side, TimeInForce
from venuekit.model.order import OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal


async def test_the_same_order_again_returns_the_first_one_and_sends_nothing(bench: Bench) -> None:
    async with bench.open() as desk:
        first = await desk.submit(limit(client_order_id="mine", reason="one"))
        again = await desk.submit(limit(client_order_id="mine", reason="other words", size=D("1.000")))
        alias = await desk.submit(limit(client_order_id="mine", instrument="BTC-USD alias"))
        assert first == again == alias
        assert len(bench.venue.sent()) == 1


async def test_the_same_order_after_a_restart_is_found_in_the_journal(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        await desk.cancel("mine")
    async with bench.open() as desk:
        again = await desk.submit(limit(client_order_id="mine"))
        assert again.status is OrderStatus.CANCELED
        assert len(bench.venue.sent()) == 1


async def test_the_same_order_is_recognized_after_it_was_amended_or_rounded(bench: Bench) -> None:
    async with bench.open(bench.config(risk=RiskSettings(round_orders=True))) as desk:
        await desk.submit(limit(client_order_id="mine", price=D("98.009")))
        await desk.amend("mine", price=D(97))
        again = await desk.submit(limit(client_order_id="mine", price=D("98.009")))
        assert again.price == D(97)
        assert len(bench.venue.sent()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"size": D(2)},
        {"price": D(97)},
        {"side": Side.SELL, "price": D(101)},
        {"instrument": "ETH-USD"},
        {"post_only": True},
        {"time_in_force": TimeInForce.IOC},
    ],
    ids=lambda o: next(iter(o)),
)
async def test_another_order_with_the_same_id_is_refused_and_says_whose_it_is(
    bench: Bench, other: dict[str, Any]
) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        with pytest.raises(errors.ClientOrderIdReused, match="BUY 1 BTC-USD LIMIT") as caught:
            await desk.submit(limit(client_order_id="mine", **other))
        assert (caught.value.field, caught.value.order_id) == ("client_order_id", "mine")
        assert len(bench.venue.sent()) == 1


async def test_many_retries_at_once_send_one_order(bench: Bench) -> None:
    gate = Gate()
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(gate)
        tasks = [asyncio.create_task(desk.submit(limit(client_order_id="mine"))) for _ in range(10)]
        await bench.clock.settle()
        gate.open()
        orders = await asyncio.gather(*tasks)
        assert {o.status for o in orders} == {OrderStatus.OPEN}
        assert len(bench.venue.sent()) == 1
        assert len(rows(desk, EntryKind.INTENT)) == 1


async def test_two_different_orders_with_one_id_at_once_send_one_of_them(bench: Bench) -> None:
    gate = Gate()
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(gate)
        first = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        other = asyncio.create_task(desk.submit(limit(client_order_id="mine", size=D(2))))
        await bench.clock.settle()
        gate.open()
        ended = await asyncio.gather(first, other, return_exceptions=True)
        assert [isinstance(e, errors.ClientOrderIdReused) for e in ended] == [False, True]
        assert [r.size for r in bench.venue.sent()] == [D(1)]


async def test_an_order_that_was_refused_before_it_was_recorded_may_come_again_under_its_id(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.halt(by="me", reason="lunch")
        with pytest.raises(errors.Halted):
            await desk.submit(limit(client_order_id="mine"))
        await desk.resume(by="me")
        assert (await desk.submit(limit(client_order_id="mine"))).status is OrderStatus.OPEN


async def test_ids_that_the_desk_makes_are_unique_over_desks_and_go_up(bench: Bench) -> None:
    made = []
    for _ in range(3):
        async with bench.open() as desk:
            made += [(await desk.submit(limit())).id for _ in range(5)]
        bench.clock.tick(1)
    assert len(set(made)) == 15
    assert sorted(made[::5]) == made[::5]
    assert all(len(i) <= 32 and i.isascii() and i.isalnum() for i in made)
