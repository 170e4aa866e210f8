"""Single faults that once lost a fill, kept a kill switch waiting or doubled an order."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, Gate, limit, never, rows

from venuekit.errors import OutcomeUnknown, RiskRefused
from venuekit.model.intent import Side
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import ApprovalSettings, ReconcileSettings

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_fill_older_than_the_newest_that_is_recorded_is_found_after_a_restart(bench: Bench) -> None:
    bench.venue.tell = False

    async def fills_and_says_nothing() -> None:
        order = bench.venue.accept(bench.venue.sent()[-1])
        bench.venue.fill(order.id, D(1), D(98))
        raise OutcomeUnknown("no answer")

    config = bench.config(reconcile=ReconcileSettings(in_doubt_first_seconds=1000))
    async with bench.open(config) as desk:
        bench.venue.faults["submit"].append(fills_and_says_nothing)
        with pytest.raises(OutcomeUnknown):
            await desk.submit(limit(client_order_id="first"))
        bench.clock.tick(1)
        await desk.submit(limit(client_order_id="second", price=D(97)))
        bench.venue.tell = True
        bench.venue.fill("second", D(1), D(97))
        await bench.clock.settle()
    async with bench.open(config) as desk:
        assert (await desk.order("first")).status is OrderStatus.FILLED
        recorded = [row.body["id"] for row in rows(desk, EntryKind.FILL)]
        assert sorted(recorded) == ["f1", "f2"]
        events = [row.body["event"] for row in rows(desk, EntryKind.RECONCILE)]
        assert not {"reconcile_balance", "reconcile_position"} & set(events)


async def test_holdings_are_not_compared_while_an_order_may_have_traded_unseen(bench: Bench) -> None:
    bench.venue.tell = False
    answer = Gate()
    async with bench.open(bench.config(reconcile=ReconcileSettings(every_seconds=0))) as desk:

        async def fills_and_hangs() -> None:
            order = bench.venue.accept(bench.venue.sent()[-1])
            bench.venue.fill(order.id, D(1), D(98))
            bench.venue.executions.clear()  # the venue's list of fills is behind its balances
            await answer()

        bench.venue.faults["submit"].append(fills_and_hangs)
        sending = asyncio.ensure_future(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        assert [event.kind for event in await desk.reconcile()] == []
        answer.open()
        await sending


async def test_a_bug_of_the_adapter_while_canceling_all_is_told_and_ends_no_watch(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        bench.venue.faults["cancel_all"].append(ValueError("a bug"))
        with pytest.raises(OutcomeUnknown, match="ValueError in the adapter"):
            await desk.cancel_all()
        bench.venue.faults["cancel_all"].append(ValueError("a bug"))
        await desk.halt(by="ann", reason="enough", cancel_all=True)
        await bench.clock.advance(3)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED, "it is tried again"
        assert "background" not in desk.risk_state().reason


async def test_a_bug_of_the_adapter_in_asking_what_was_canceled_keeps_no_result_back(bench: Bench) -> None:
    async with bench.open() as desk:
        for name in ("one", "two"):
            await desk.submit(limit(client_order_id=name, price=limit().price - len(name)))
            bench.clock.tick(1)
        bench.venue.faults["order"].append(ValueError("a bug"))
        assert len(await desk.cancel_all()) == 2
        await desk.reconcile()
        assert await desk.open_orders() == []


async def test_a_halt_does_not_wait_for_an_approved_order_that_the_venue_does_not_answer(bench: Bench) -> None:
    config = bench.config(approval=ApprovalSettings(require_above=D(200)))
    async with bench.open(config) as desk, bench.elsewhere(config) as elsewhere:
        await desk.submit(limit(client_order_id="small"))
        waiting = await desk.submit(limit(client_order_id="large", size=D(5)))
        await elsewhere.approve(waiting.approval_id or "", by="ann")
        bench.venue.faults["submit"].append(never)
        await bench.clock.advance(0.2)
        assert (await desk.order("large")).status is OrderStatus.SUBMITTING
        await elsewhere.halt(by="ann", reason="enough", cancel_all=True)
        await bench.clock.advance(0.2)
        assert desk.risk_state().trading_state.value == "HALTED"
        assert (await desk.order("small")).status is OrderStatus.CANCELED
        await bench.clock.advance(31)
        assert (await desk.order("large")).status in (OrderStatus.IN_DOUBT, OrderStatus.REJECTED)


async def test_an_equal_order_that_waited_for_its_slot_stays_when_the_first_is_in_doubt(bench: Bench) -> None:
    first, slot = Gate(), Gate()
    async with bench.open() as desk:
        limiter: Any = desk._submission._dispatcher._limiter
        take = limiter.take

        async def no_answer() -> None:
            await first()
            raise OutcomeUnknown("no answer")

        bench.venue.faults["submit"].append(no_answer)
        sent = asyncio.ensure_future(desk.submit(limit()))
        await bench.clock.settle()

        async def wait(*args: Any, **kwargs: Any) -> None:
            await slot()
            await take(*args, **kwargs)

        limiter.take = wait
        again = asyncio.ensure_future(desk.submit(limit()))
        await bench.clock.settle()
        first.open()
        await bench.clock.settle()
        slot.open()
        await asyncio.wait([sent, again])
        assert isinstance(sent.exception(), OutcomeUnknown)
        assert isinstance(again.exception(), RiskRefused)
        assert len(bench.venue.sent()) == 1


async def test_an_order_on_its_way_is_not_taken_for_a_foreign_one_where_the_venue_tells_no_ids(bench: Bench) -> None:
    bench.venue.tell = False
    answer = Gate()
    accept = bench.venue.accept

    def nameless(request: Any) -> Order:
        order = accept(request).but(client_order_id=None)
        bench.venue.orders["there"] = order
        bench.venue.orders.pop(request.client_order_id)
        return order

    bench.venue.accept = nameless  # type: ignore[method-assign]

    async def slowly() -> None:
        bench.venue.accept(bench.venue.sent()[-1])
        await answer()

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(slowly)
        sending = asyncio.ensure_future(desk.submit(limit(client_order_id="mine", side=Side.BUY)))
        await bench.clock.settle()
        assert await desk.reconcile() == []
        assert [o.id for o in await desk.open_orders()] == ["mine"]
        answer.open()
        await asyncio.wait([sending])


async def test_a_fill_that_a_cut_stream_lost_is_found_although_a_later_one_is_recorded(bench: Bench) -> None:
    bench.venue.tell = False
    async with bench.open(bench.config(reconcile=ReconcileSettings(every_seconds=0))) as desk:
        await desk.submit(limit(client_order_id="resting"))
        listed = list(bench.venue.orders.values())
        bench.venue.fill("resting", D("0.5"), D(98))
        bench.clock.tick(1)
        bench.venue.tell = True
        await desk.submit(limit(client_order_id="later", price=D(97)))
        bench.venue.fill("later", D(1), D(97))
        await bench.clock.settle()

        async def behind(instrument: str | None = None) -> list[Order]:
            return [o for o in listed if o.id == "resting"]

        bench.venue.open_orders = behind  # type: ignore[method-assign]
        assert [event.message for event in await desk.reconcile()] == ["fill f1 was not known here"]
        assert sorted(row.body["id"] for row in rows(desk, EntryKind.FILL)) == ["f1", "f2"]
        assert await desk.reconcile() == []


async def test_a_clock_set_back_does_not_keep_the_desk_from_looking_after_its_orders(bench: Bench) -> None:
    config = bench.config(approval=ApprovalSettings(require_above=D(200), expires_seconds=5))
    async with bench.open(config) as desk:
        await bench.clock.advance(2)
        bench.clock.step(-3600)
        await desk.submit(limit(client_order_id="large", size=D(5)))
        await bench.clock.advance(8)
        assert (await desk.order("large")).status is OrderStatus.DENIED


async def test_a_bug_of_the_adapter_in_its_fills_does_not_hide_that_the_order_was_accepted(bench: Bench) -> None:
    bench.venue.tell = False

    async def fills_at_once() -> None:
        bench.venue.fill(bench.venue.accept(bench.venue.sent()[-1]).id, D(1), D(98))

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(fills_at_once)
        bench.venue.faults["fills"].append(ValueError("a bug"))
        assert (await desk.submit(limit(client_order_id="mine"))).status is OrderStatus.FILLED
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == "FILLED"
        await desk.reconcile()
        assert len(rows(desk, EntryKind.FILL)) == 1
