"""Changing what is there: cancel, cancel all, amend, close a position; asked once, and the answer is recorded."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, Gate, limit, never, rows, statuses

from venuekit import errors
from venuekit.model.capability import Declared, Feature, Support
from venuekit.model.intent import MarketOrder, Side, StopOrder
from venuekit.model.order import OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import ReconcileSettings, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_cancel_finds_the_order_by_either_id_and_is_on_record_with_who_asked(bench: Bench) -> None:
    async with bench.open() as desk:
        for by in ("mine", "v2"):
            await desk.submit(limit(client_order_id="mine" if by == "mine" else "other"))
            assert (await desk.cancel(by)).status is OrderStatus.CANCELED
        assert statuses(desk, "mine") == ["SUBMITTING", "OPEN", "CANCELED"]
        (first, _) = rows(desk, EntryKind.CALL)
        assert (first.agent_id, first.body["action"], first.body["order_id"]) == ("local", "cancel", "mine")


@pytest.mark.parametrize("order_id", ["nothing", "", "x" * 200, "mine\n"])
async def test_an_unknown_order_cannot_be_changed(bench: Bench, order_id: str) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        for change in (desk.cancel(order_id), desk.amend(order_id, price=D(97))):
            with pytest.raises(errors.UnknownOrder) as caught:
                await change
            assert caught.value.field == "order_id"
        assert {"cancel", "amend"}.isdisjoint(what for what, _ in bench.venue.calls)


async def test_an_order_that_is_done_cannot_be_changed_also_after_a_restart(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        await desk.cancel("mine")
    async with bench.open() as desk:
        for change in (desk.cancel("mine"), desk.amend("mine", price=D(97))):
            with pytest.raises(errors.OrderAlreadyDone, match="CANCELED"):
                await change


async def test_an_order_that_was_filled_before_the_cancel_arrived_is_filled_here_too(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.fill("mine", D(1), D(98), tell=False)
        with pytest.raises(errors.OrderAlreadyDone):
            await desk.cancel("mine")
        assert (await desk.order("mine")).status is OrderStatus.FILLED
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1"]


@pytest.mark.parametrize("fault", [TimeoutError(), errors.OutcomeUnknown("lost")], ids=["adapter bug", "no answer"])
@pytest.mark.parametrize("arrived", [True, False])
async def test_a_cancel_without_an_answer_is_not_repeated_and_the_venue_is_asked_what_the_order_is(
    bench: Bench, fault: Exception, arrived: bool
) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.tell = False

        async def lost() -> None:
            if arrived:
                bench.venue.set(bench.venue.orders["mine"].but(status=OrderStatus.CANCELED))
            raise fault

        bench.venue.faults["cancel"].append(lost)
        with pytest.raises(errors.OutcomeUnknown) as caught:
            await desk.cancel("mine")
        assert caught.value.order_id == "mine"
        expected = OrderStatus.CANCELED if arrived else OrderStatus.OPEN
        assert (await desk.order("mine")).status is expected
        assert len(bench.venue.made("cancel")) == 1


@pytest.mark.parametrize("change", ["cancel", "amend"])
async def test_a_change_that_is_never_answered_ends_after_the_configured_time(bench: Bench, change: str) -> None:
    config = bench.config(reconcile=ReconcileSettings(send_timeout_seconds=5.0, every_seconds=0))
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.faults[change].append(never)
        work = desk.cancel("mine") if change == "cancel" else desk.amend("mine", price=D(97))
        task = asyncio.create_task(work)
        await bench.clock.advance(4)
        assert not task.done()
        await bench.clock.advance(2)
        with pytest.raises(errors.OutcomeUnknown, match="may have taken effect"):
            await task
        assert len(bench.venue.made(change)) == 1
        assert (await desk.cancel("mine")).status is OrderStatus.CANCELED


async def test_a_cancel_the_venue_has_not_carried_out_yet_stays_pending_until_it_has(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        pending = bench.venue.orders["mine"].but(status=OrderStatus.PENDING_CANCEL)
        bench.venue.set(pending)
        await bench.clock.settle()
        bench.venue.set(pending.but(status=OrderStatus.OPEN))
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.PENDING_CANCEL
        bench.venue.set(pending.but(status=OrderStatus.CANCELED))
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.CANCELED


async def test_a_caller_that_leaves_during_a_cancel_does_not_stop_it(bench: Bench) -> None:
    gate = Gate()
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.faults["cancel"].append(gate)
        task = asyncio.create_task(desk.cancel("mine"))
        await bench.clock.settle()
        task.cancel()
        await asyncio.wait([task])
        gate.open()
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.CANCELED


async def test_cancel_all_can_be_kept_to_one_instrument(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="btc"))
        await desk.submit(limit(client_order_id="eth", instrument="ETH-USD"))
        (result,) = await desk.cancel_all("BTC-USD alias")
        assert (result.order.client_order_id, result.error_code) == ("btc", None)
        assert [o.id for o in await desk.open_orders()] == ["eth"]
        with pytest.raises(errors.UnknownInstrument):
            await desk.cancel_all("BTC-EUR")


async def test_an_amendment_changes_what_is_given_and_keeps_the_ids(bench: Bench) -> None:
    async with bench.open() as desk:
        before = await desk.submit(limit(client_order_id="mine"))
        after = await desk.amend("mine", size=D(2), price=D(97))
        assert (after.size, after.price, after.id, after.venue_order_id) == (D(2), D(97), "mine", before.venue_order_id)
        assert bench.venue.made("amend") == [(D(2), D(97), None)]
        assert desk._state.exposure.open_size("BTC-USD", Side.BUY) == D(2)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({}, errors.InvalidValue, "size"),
        ({"price": D("97.001")}, errors.InvalidPrice, "price"),
        ({"price": D("NaN")}, errors.InvalidValue, "price"),
        ({"price": D(-1)}, errors.InvalidValue, "price"),
        ({"size": D("0.0005")}, errors.InvalidSize, "size"),
        ({"size": D("0.4")}, errors.InvalidValue, "size"),
        ({"stop_price": D(90)}, errors.InvalidValue, "stop_price"),
        ({"price": 97.5}, errors.InvalidValue, "price"),
    ],
    ids=str,
)
async def test_a_malformed_amendment_is_refused_by_field(
    bench: Bench, changes: dict[str, Any], error: type[errors.UsageError], field: str
) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.fill("mine", D("0.4"), D(98))
        await bench.clock.settle()
        with pytest.raises(error) as caught:
            await desk.amend("mine", **changes)
        assert caught.value.field == field
        assert bench.venue.made("amend") == []


async def test_an_amendment_is_checked_for_what_it_adds_not_for_what_is_there(bench: Bench) -> None:
    risk = RiskSettings(max_order_notional=D(300), max_position_size={"BTC-USD": D(3)}, max_open_orders=1)
    async with bench.open(bench.config(risk=risk)) as desk:
        await desk.submit(limit(client_order_id="mine", size=D(2)))
        assert (await desk.amend("mine", size=D(3))).size == D(3)
        with pytest.raises(errors.RiskRefused) as caught:
            await desk.amend("mine", size=D("3.001"))
        assert caught.value.details["check"] == "max_position"
        with pytest.raises(errors.RiskRefused) as caught:
            await desk.amend("mine", price=D("100.01"))
        assert caught.value.details["check"] == "max_order_notional"
        assert len(bench.venue.made("amend")) == 1


async def test_what_cannot_be_amended_says_what_to_do_instead(bench: Bench) -> None:
    features = {**bench.venue.capabilities.features, Feature.AMEND: Declared(Support.UNSUPPORTED, "orders are signed")}
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.capabilities = attrs.evolve(bench.venue.capabilities, features=features)
        with pytest.raises(errors.Unsupported, match="orders are signed") as caught:
            await desk.amend("mine", price=D(97))
        assert "Cancel the order" in caught.value.fix


async def test_an_order_in_doubt_is_not_amended(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(TimeoutError())
        with pytest.raises(errors.OutcomeUnknown):
            await desk.submit(limit(client_order_id="mine"))
        with pytest.raises(errors.Unsupported, match="IN_DOUBT"):
            await desk.amend("mine", price=D(97))


async def test_a_stop_order_is_amended_by_its_trigger(bench: Bench) -> None:
    async with bench.open() as desk:
        stop = StopOrder(instrument="BTC-USD", side=Side.SELL, size=D(1), stop_price=D(90), client_order_id="stop")
        await desk.submit(stop)
        await desk.amend("stop", stop_price=D(91))
        assert bench.venue.made("amend") == [(None, None, D(91))]
        with pytest.raises(errors.InvalidValue, match="has no price"):
            await desk.amend("stop", price=D(91))


@pytest.mark.parametrize(("side", "opposite"), [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)])
async def test_closing_trades_the_whole_position_or_a_part_reduce_only(
    bench: Bench, side: Side, opposite: Side
) -> None:
    async with bench.open() as desk:
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=side, size=D(2)))
        await bench.clock.settle()
        await desk.close_position("BTC-PERP alias", size=D("0.5"))
        await bench.clock.settle()
        await desk.close_position("BTC-PERP", reason="enough")
        sent = bench.venue.sent()[1:]
        assert [(r.side, r.size, r.reduce_only) for r in sent] == [
            (opposite, D("0.5"), True),
            (opposite, D("1.5"), True),
        ]
        with pytest.raises(errors.NotReducing):
            await desk.close_position("BTC-PERP")


async def test_closing_more_than_there_is_is_refused(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(MarketOrder(instrument="BTC-PERP", side=Side.BUY, size=D(2)))
        await bench.clock.settle()
        with pytest.raises(errors.InvalidValue, match="more than the position of 2"):
            await desk.close_position("BTC-PERP", size=D("2.001"))
        assert len(bench.venue.sent()) == 1
