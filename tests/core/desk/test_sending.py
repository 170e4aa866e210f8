"""Sending: once; whatever comes back is recorded before it is told, and no answer is never taken for a no."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from desks import Bench, Gate, limit, never, rows, statuses

from venuekit import errors
from venuekit.desk.upkeep import CLOSING_SECONDS
from venuekit.model.order import OrderStatus
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import ReconcileSettings

pytestmark = pytest.mark.anyio
UNCLEAR = [
    errors.OutcomeUnknown("the connection was lost after sending"),
    ConnectionResetError("reset by peer"),
    TimeoutError("no answer"),
    KeyError("a bug in the adapter"),
]


@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda f: type(f).__name__)
async def test_without_a_trustworthy_answer_the_order_is_in_doubt_and_is_never_sent_again(
    bench: Bench, fault: Exception
) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(fault)
        with pytest.raises(errors.OutcomeUnknown) as caught:
            await desk.submit(limit(client_order_id="mine"))
        assert caught.value.order_id == "mine"
        order = await desk.order("mine")
        assert (order.status, order.status_code) == (OrderStatus.IN_DOUBT, "OUTCOME_UNKNOWN")
        assert statuses(desk, "mine") == ["SUBMITTING", "IN_DOUBT"]
        assert desk.status().in_doubt == 1
        assert desk.risk_state().open_orders == 1, "it may still cost money"
        again = await desk.submit(limit(client_order_id="mine"))
        assert again.status is OrderStatus.IN_DOUBT
        assert len(bench.venue.sent()) == 1


async def test_an_answer_that_does_not_come_puts_the_order_in_doubt_after_the_configured_time(bench: Bench) -> None:
    config = bench.config(reconcile=ReconcileSettings(send_timeout_seconds=5.0, every_seconds=0))
    async with bench.open(config) as desk:
        bench.venue.faults["submit"].append(never)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.advance(4)
        assert (await desk.order("mine")).status is OrderStatus.SUBMITTING
        await bench.clock.advance(2)
        with pytest.raises(errors.OutcomeUnknown, match="not answered in time"):
            await task
        assert (await desk.order("mine")).status is OrderStatus.IN_DOUBT
        assert len(bench.venue.sent()) == 1


async def test_an_order_whose_slot_never_comes_free_is_denied_because_nothing_was_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bench.config(reconcile=ReconcileSettings(send_timeout_seconds=5.0, every_seconds=0))
    async with bench.open(config) as desk:

        async def no_slot(*_: object, **__: object) -> None:
            await never()

        monkeypatch.setattr(desk.venue._limiter, "take", no_slot)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.advance(7)
        with pytest.raises(errors.Unavailable, match="No slot"):
            await task
        order = await desk.order("mine")
        assert (order.status, order.status_code) == (OrderStatus.DENIED, "NOT_CONNECTED")
        assert bench.venue.sent() == []
        assert desk.risk_state().open_orders == 0


async def close(bench: Bench, opened: contextlib.AsyncExitStack) -> None:
    """End a desk that waits for what does not come."""
    closing = asyncio.create_task(opened.aclose())
    await bench.clock.advance(CLOSING_SECONDS + 1)
    await closing


@pytest.mark.parametrize("closing", [False, True], ids=["in time", "at the end"])
async def test_when_the_stream_has_told_of_an_order_its_missing_answer_is_not_waited_for(
    bench: Bench, *, closing: bool
) -> None:
    async def accepted_but_silent() -> None:
        bench.venue.accept(bench.venue.sent()[-1])
        await never()

    config = bench.config(reconcile=ReconcileSettings(send_timeout_seconds=30.0, every_seconds=0))
    async with contextlib.AsyncExitStack() as opened:
        desk = await opened.enter_async_context(bench.open(config))
        bench.venue.faults["submit"].append(accepted_but_silent)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.advance(1)
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert not task.done()
        if closing:
            await close(bench, opened)
        else:
            await bench.clock.advance(31)
        assert (await task).status is OrderStatus.OPEN
    async with bench.open(config) as desk:
        assert statuses(desk, "mine") == ["SUBMITTING", "OPEN"]
        assert desk.status().in_doubt == 0


async def test_a_clock_set_back_lets_nobody_wait_longer_for_an_answer(bench: Bench) -> None:
    config = bench.config(reconcile=ReconcileSettings(send_timeout_seconds=5.0, every_seconds=0))
    async with bench.open(config) as desk:
        bench.venue.faults["submit"].append(never)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.advance(1)
        bench.clock.step(-3600)
        await bench.clock.advance(6)
        with pytest.raises(errors.OutcomeUnknown, match="not answered in time"):
            await task


async def test_an_order_that_the_end_of_the_desk_cut_off_before_it_was_sent_is_refused_and_recorded(
    bench: Bench,
) -> None:
    async with contextlib.AsyncExitStack() as opened:
        desk = await opened.enter_async_context(bench.open())
        bench.venue.faults["instrument"].append(never)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine", instrument="ETH-USD")))
        await bench.clock.settle()
        assert not task.done()
        await close(bench, opened)
        with pytest.raises(errors.NotConnected, match="closed before the order was sent"):
            await task
    async with bench.open() as desk:
        [row] = rows(desk, EntryKind.DENIED)
        assert (row.subject, row.body["error"]["code"]) == ("mine", "NOT_CONNECTED")
        assert bench.venue.sent() == []


async def test_an_equal_order_waits_until_the_doubt_about_the_first_is_over(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(TimeoutError())
        with pytest.raises(errors.OutcomeUnknown):
            await desk.submit(limit())
        with pytest.raises(errors.RiskRefused) as caught:
            await desk.submit(limit())
        assert caught.value.details["check"] == "in_doubt"
        assert (await desk.submit(limit(price=limit().price - 1))).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 2


async def test_a_rate_limit_of_the_venue_says_when_and_nothing_is_sent_behind_the_callers_back(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(errors.RateLimited("429 Too Many Requests", retry_after=2.5))
        with pytest.raises(errors.RateLimited) as caught:
            await desk.submit(limit())
        assert caught.value.retry_after == 2.5
        assert caught.value.details["retry_after_seconds"] == "2.500"
        bench.clock.tick(60)
        await bench.clock.advance(1)
        assert len(bench.venue.sent()) == 1
        assert bench.venue.orders == {}
        order = await desk.order(caught.value.order_id or "")
        assert (order.status, order.status_code) == (OrderStatus.DENIED, "RATE_LIMITED")


async def test_the_stream_may_tell_of_an_order_before_the_answer_does(bench: Bench) -> None:
    async def accepted_but_silent() -> None:
        bench.venue.accept(bench.venue.sent()[-1])
        await bench.clock.settle()
        raise TimeoutError

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(accepted_but_silent)
        with pytest.raises(errors.OutcomeUnknown):
            await desk.submit(limit(client_order_id="mine"))
        assert (await desk.order("mine")).status is OrderStatus.OPEN, "there is no doubt any more"
        assert statuses(desk, "mine") == ["SUBMITTING", "OPEN"]


async def test_a_refusal_that_the_stream_contradicts_changes_nothing(bench: Bench) -> None:
    async def accepted_then_refused() -> None:
        bench.venue.accept(bench.venue.sent()[-1])
        await bench.clock.settle()
        raise errors.VenueDown("503")

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(accepted_then_refused)
        with pytest.raises(errors.VenueDown):
            await desk.submit(limit(client_order_id="mine"))
        assert (await desk.order("mine")).status is OrderStatus.OPEN


@pytest.mark.parametrize("answer_comes", [True, False])
async def test_a_caller_that_leaves_while_its_order_is_sent_does_not_change_what_becomes_of_it(
    bench: Bench, answer_comes: bool
) -> None:
    gate = Gate()

    async def late() -> None:
        await gate()
        if not answer_comes:
            raise TimeoutError

    async with bench.open() as desk:
        bench.venue.faults["submit"].append(late)
        task = asyncio.create_task(desk.submit(limit(client_order_id="mine")))
        await bench.clock.settle()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        gate.open()
        await bench.clock.settle()
        expected = OrderStatus.OPEN if answer_comes else OrderStatus.IN_DOUBT
        assert (await desk.order("mine")).status is expected
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == expected.value


async def test_an_order_the_venue_answers_as_rejected_is_rejected_with_its_reason(bench: Bench) -> None:
    async with bench.open() as desk:

        async def refuse() -> None:
            request = bench.venue.sent()[-1]
            order = bench.venue.accept(request)
            changed = order.but(status=OrderStatus.REJECTED, status_code="REJECTED", status_reason="margin")
            bench.venue.set(changed, tell=False)

        bench.venue.tell = False
        bench.venue.faults["submit"].append(refuse)
        order = await desk.submit(limit())
        assert (order.status, order.status_reason) == (OrderStatus.REJECTED, "margin")
        assert desk.risk_state().open_orders == 0
