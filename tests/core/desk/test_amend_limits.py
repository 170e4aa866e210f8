"""An amendment counts with what it adds: what is filled is in the position, what is under way counts at its worst."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from desks import Bench, Gate, limit, rows

from venuekit.errors import RiskRefused, Unavailable
from venuekit.model.intent import Side
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal


async def test_the_filled_part_of_an_amended_order_counts_once(bench: Bench) -> None:
    config = bench.config(risk=RiskSettings(max_position_size={"BTC-PERP": D(10)}))
    async with bench.open(config) as desk:
        await desk.submit(limit(instrument="BTC-PERP", size=D(8), client_order_id="mine"))
        bench.venue.fill("mine", D(6), D(98))
        await bench.clock.settle()
        assert (await desk.amend("mine", size=D(10))).size == D(10)
        with pytest.raises(RiskRefused) as raised:
            await desk.amend("mine", size=D("10.001"))
        assert raised.value.details["value"] == "10.001"
        assert raised.value.details["would_pass"] == "size 10"


async def test_a_sell_of_what_is_held_can_be_repriced_after_a_part_of_it_was_filled(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(side=Side.SELL, size=D(10), price=D(105), client_order_id="mine"))
        bench.venue.fill("mine", D(6), D(105))
        await bench.clock.settle()
        assert (await desk.amend("mine", price=D(104))).price == D(104)


async def test_one_order_counts_whole_however_much_of_it_is_filled(bench: Bench) -> None:
    config = bench.config(risk=RiskSettings(max_order_notional=D(1000)))
    async with bench.open(config) as desk:
        await desk.submit(limit(size=D(10), client_order_id="mine"))
        bench.venue.fill("mine", D(9), D(98))
        await bench.clock.settle()
        with pytest.raises(RiskRefused, match="1078"):
            await desk.amend("mine", size=D(11))


async def test_exposure_over_its_limit_can_always_be_made_less(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(instrument="BTC-PERP", size=D(10), client_order_id="mine"))
        desk.limits._configured = RiskSettings(max_gross_exposure=D(500), max_net_exposure=D(500))
        desk.limits._settle()
        assert (await desk.amend("mine", size=D(8))).size == D(8)
        with pytest.raises(RiskRefused):
            await desk.amend("mine", size=D(9))


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
async def test_no_order_takes_net_exposure_over_its_limit_on_the_other_side(bench: Bench, side: Side) -> None:
    bench.venue.cash["USD"] = D(10_000_000)
    async with bench.open() as desk:
        price = D(100) if side is Side.SELL else D(99)
        other = limit(instrument="BTC-PERP", side=side.opposite, size=D(10), price=price, client_order_id="first")
        await desk.submit(other)
        bench.venue.fill("first", D(10), price)
        await bench.clock.settle()
        desk.limits._configured = RiskSettings(max_net_exposure=D(510))
        desk.limits._settle()
        assert (await desk.preview(limit(instrument="BTC-PERP", side=side, size=D(15), price=price))).allowed
        turned = await desk.preview(limit(instrument="BTC-PERP", side=side, size=D(20), price=price))
        assert not turned.allowed, "from ten short to ten long is no reduction"


async def test_while_an_amendment_is_under_way_others_see_what_it_may_become(bench: Bench) -> None:
    config = bench.config(risk=RiskSettings(max_position_size={"BTC-USD": D(10)}))
    async with bench.open(config) as desk:
        await desk.submit(limit(size=D(1), client_order_id="mine"))
        gate = Gate()
        bench.venue.faults["amend"] = [gate, Unavailable("busy")]
        task = asyncio.ensure_future(desk.amend("mine", size=D(8)))
        await bench.clock.settle()
        assert not (await desk.preview(limit(size=D(3)))).allowed
        gate.open()
        assert (await task).size == D(8)
        with pytest.raises(Unavailable):
            await desk.amend("mine", size=D(9))
        assert (await desk.preview(limit(size=D(2)))).allowed, "what was not sent holds nothing"


async def test_a_refused_amendment_is_in_the_journal(bench: Bench) -> None:
    config = bench.config(risk=RiskSettings(max_order_notional=D(1000)))
    async with bench.open(config) as desk:
        await desk.submit(limit(size=D(10), client_order_id="mine"))
        with pytest.raises(RiskRefused):
            await desk.amend("mine", size=D(11))
        (row,) = rows(desk, EntryKind.DENIED)
        assert (row.subject, row.body["amends"]) == ("mine", "mine")
        assert row.body["error"]["details"]["check"] == "max_order_notional"
