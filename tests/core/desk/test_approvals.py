"""Above the threshold a person decides: once, on exactly this order, in time, and with all checks run again."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import attrs
import pytest
from desks import Bench, Gate, limit, rows, statuses

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind
from venuekit.settings.schema import ApprovalSettings, BreakerSettings, DeskConfig, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")
BOB = Operator(name="bob", source="api")


def config(
    bench: Bench, *, risk: RiskSettings | None = None, expires_seconds: int = 300, **tables: object
) -> DeskConfig:
    approval = ApprovalSettings(require_above=D(100), expires_seconds=expires_seconds)
    return bench.config(approval=approval, risk=risk or RiskSettings(), **tables)


async def ask(desk: Desk, order_id: str = "mine") -> Order:
    order = await desk.submit(limit(client_order_id=order_id, size=D(2), reason="a good reason"))
    assert order.status is OrderStatus.PENDING_APPROVAL
    return order


def approval_of(order: Order) -> str:
    assert order.approval_id is not None
    return order.approval_id


async def test_the_threshold_itself_needs_nobody_and_a_step_above_waits(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        at = limit(size=D(1), price=D(100))
        assert (await desk.preview(at)).needs_approval is False
        assert (await desk.submit(at)).status is OrderStatus.OPEN
        above = limit(size=D("1.001"), price=D(100))
        assert (await desk.preview(above)).needs_approval is True
        assert (await desk.submit(above)).status is OrderStatus.PENDING_APPROVAL
        assert len(bench.venue.sent()) == 1


async def test_a_market_order_is_measured_at_the_worst_price_of_its_collar(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        small = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.95")))
        assert small.status is OrderStatus.FILLED
        waits = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.96")))
        assert waits.status is OrderStatus.PENDING_APPROVAL
        assert (await desk.approval(approval_of(waits))).notional == "100.8"


async def test_an_order_of_unknown_value_waits_even_when_no_limit_would_stop_it(bench: Bench) -> None:
    bench.venue.bid = bench.venue.ask = None
    loose = RiskSettings(price_collar=None, check_balance=False)
    no_loss_limit = BreakerSettings(daily_loss_critical=None)
    async with bench.open(config(bench, risk=loose, breakers=no_loss_limit)) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("0.1")))
        assert order.status is OrderStatus.PENDING_APPROVAL
        assert "unknown value" in (await desk.approval(approval_of(order))).summary


async def test_what_is_asked_shows_the_exact_order_and_is_on_record_with_it(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        assert bench.venue.sent() == []
        (approval,) = await desk.approvals()
        assert approval.summary == "BUY 2 BTC BTC-USD LIMIT at 98, up to 196 USD"
        assert approval.order["reason"] == "a good reason"
        assert (approval.agent_id, approval.order_id, approval.reference_price) == ("local", "mine", "100")
        assert approval.expires_ns - approval.created_ns == 300 * 10**9
        assert statuses(desk, "mine") == ["PENDING_APPROVAL"]
        assert len(rows(desk, EntryKind.APPROVAL)) == 1
        assert desk.status().pending_approvals == 1
        assert await desk.open_orders() == [order]


async def test_an_approved_order_goes_once_as_it_was_asked(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        sent = await desk.approve(approval_of(order), ANN, note="fine")
        assert sent.status is OrderStatus.OPEN
        (request,) = bench.venue.sent()
        assert (request.client_order_id, request.size, request.price) == ("mine", D(2), D(98))
        approval = await desk.approval(approval_of(order))
        assert (approval.state, approval.decided_by, approval.note) == (ApprovalState.USED, "ann (cli)", "fine")
        for again in (desk.approve(approval.id, BOB), desk.reject(approval.id, BOB)):
            with pytest.raises(errors.ApprovalRefused, match="is USED by ann"):
                await again
        assert len(bench.venue.sent()) == 1
        states = [r.body["state"] for r in rows(desk, EntryKind.APPROVAL)]
        assert states == ["PENDING", "APPROVED", "USED"]


async def test_two_people_who_approve_at_once_send_one_order(bench: Bench) -> None:
    gate = Gate()
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        bench.venue.faults["submit"].append(gate)
        tasks = [asyncio.create_task(desk.approve(approval_of(order), who)) for who in (ANN, BOB)]
        await bench.clock.settle()
        gate.open()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert sorted(type(e).__name__ for e in ended) == ["ApprovalRefused", "Order"]
        assert len(bench.venue.sent()) == 1


async def test_what_is_being_carried_out_is_not_carried_out_beside_that(bench: Bench) -> None:
    gate = Gate()
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        bench.clock.tick(1)
        bench.venue.faults["tickers"].append(gate)
        approving = asyncio.create_task(desk.approve(approval_of(order), ANN))
        await bench.clock.advance(0.2)  # the desk looks at its approvals, and finds it approved
        gate.open()
        assert (await approving).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1


async def test_a_caller_that_goes_away_tears_nothing_in_half(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        move = desk.store.move_approval

        async def moved(before: Approval, after: Approval, entries: Any, **more: Any) -> bool:
            done = await move(before, after, entries, **more)
            if after.state is ApprovalState.USED:
                await gate()  # in the turns that a commit takes
            return done

        monkeypatch.setattr(desk.store, "move_approval", moved)
        approving = asyncio.create_task(desk.approve(approval_of(order), ANN))
        await bench.clock.settle()
        assert (await desk.approval(approval_of(order))).state is ApprovalState.USED
        approving.cancel()
        await bench.clock.settle()
        gate.open()
        await bench.clock.settle()
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1


async def test_a_rejected_order_is_denied_with_the_persons_words(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        await desk.reject(approval_of(order), ANN, note="too much")
        denied = await desk.order("mine")
        assert (denied.status, denied.status_code) == (OrderStatus.DENIED, "APPROVAL_REFUSED")
        assert "ann (cli): too much" in denied.status_reason
        assert bench.venue.sent() == []
        assert await desk.open_orders() == []


async def test_nobody_approves_what_they_asked_for_themselves(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        with pytest.raises(errors.ApprovalRefused, match="cannot approve it too"):
            await desk.approve(approval_of(order), Operator(name="local", source="cli"))
        assert (await desk.order("mine")).status is OrderStatus.PENDING_APPROVAL
        assert bench.venue.sent() == []


async def test_a_question_expires_by_itself_and_cannot_be_answered_afterwards(bench: Bench) -> None:
    async with bench.open(config(bench, expires_seconds=60)) as desk:
        order = await ask(desk)
        bench.clock.tick(58)
        await bench.clock.advance(1)
        assert (await desk.order("mine")).status is OrderStatus.PENDING_APPROVAL
        await bench.clock.advance(2)
        denied = await desk.order("mine")
        assert (denied.status, denied.status_reason) == (OrderStatus.DENIED, "nobody decided in time")
        assert (await desk.approval(approval_of(order))).state is ApprovalState.EXPIRED
        with pytest.raises(errors.ApprovalRefused, match="EXPIRED"):
            await desk.approve(approval_of(order), ANN)
        assert bench.venue.sent() == []


async def test_a_decision_at_the_moment_of_expiry_is_too_late(bench: Bench) -> None:
    async with bench.open(config(bench, expires_seconds=60)) as desk:
        order = await ask(desk)
        bench.clock.tick(60)
        with pytest.raises(errors.ApprovalRefused, match="EXPIRED"):
            await desk.approve(approval_of(order), ANN)
        assert bench.venue.sent() == []


async def test_all_checks_run_again_on_fresh_prices(bench: Bench) -> None:
    async with bench.open(config(bench, risk=RiskSettings(max_order_notional=D(250)))) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("2.37")))
        assert order.status is OrderStatus.PENDING_APPROVAL
        bench.venue.ask = D(101)  # within the tolerance of the approval, and over the limit
        bench.clock.tick(1)
        with pytest.raises(errors.RiskRefused) as caught:
            await desk.approve(approval_of(order), ANN)
        assert caught.value.details["check"] == "max_order_notional"
        assert (await desk.order(order.id)).status is OrderStatus.DENIED
        assert (await desk.approval(approval_of(order))).state is ApprovalState.VOID
        assert bench.venue.sent() == []


async def test_a_halt_between_question_and_answer_stops_the_order(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        await desk.halt(by="ann", reason="news")
        with pytest.raises(errors.Halted):
            await desk.approve(approval_of(order), ANN)
        assert (await desk.order("mine")).status is OrderStatus.DENIED
        assert bench.venue.sent() == []


async def test_a_venue_that_cannot_be_reached_leaves_the_approval_to_be_tried_again(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        bench.clock.tick(20)
        bench.venue.faults["instrument"].append(errors.VenueDown("gone"))
        desk._state.instruments.clear()
        with pytest.raises(errors.VenueDown):
            await desk.approve(approval_of(order), ANN)
        assert (await desk.approval(approval_of(order))).state is ApprovalState.APPROVED
        await bench.clock.advance(2)
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1


async def test_a_question_survives_a_crash_and_is_answered_by_the_next_process(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        crashed = bench.after_crash(config(bench))
    async with bench.open(crashed) as desk:
        assert (await desk.order("mine")).status is OrderStatus.PENDING_APPROVAL
        assert (await desk.approve(approval_of(order), ANN)).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1


async def test_a_decision_in_the_store_is_carried_out_by_the_desk_that_runs(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        pending = await desk.approval(approval_of(order))
        from venuekit.journal import open_store
        from venuekit.settings.load import store_url

        other = open_store(store_url(desk.settings), synchronous="NORMAL")
        after = attrs.evolve(pending, state=ApprovalState.APPROVED, decided_by="ann (cli)", decided_ns=1)
        assert await other.move_approval(pending, after, [])
        await bench.clock.advance(0.2)
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert (await desk.approval(pending.id)).state is ApprovalState.USED
        await other.close()
        assert len(bench.venue.sent()) == 1


async def test_a_crash_after_the_decision_and_before_the_send_sends_nothing_twice(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        crashes: list[DeskConfig] = []

        async def crash() -> None:
            crashes.append(bench.after_crash(config(bench)))
            raise errors.VenueDown("the process ends here, before anything reached the venue")

        bench.venue.faults["submit"].append(crash)
        with pytest.raises(errors.VenueDown):
            await desk.approve(approval_of(order), ANN)
    async with bench.open(crashes[0]) as desk:
        assert (await desk.approval(approval_of(order))).state is ApprovalState.USED
        bench.clock.tick(130)
        await bench.clock.advance(1)
        now = await desk.order("mine")
        assert (now.status, now.status_code) == (OrderStatus.REJECTED, "NEVER_RECEIVED")
        with pytest.raises(errors.ApprovalRefused):
            await desk.approve(approval_of(order), ANN)
    assert len(bench.venue.sent()) == 1


async def test_an_order_that_was_altered_in_the_store_is_not_sent(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        pending = await desk.approval(approval_of(order))
        forged = attrs.evolve(pending, order={**pending.order, "size": "20"})
        await desk.store.move_approval(pending, forged, [])
        with pytest.raises(errors.ApprovalRefused, match="does not match"):
            await desk.approve(pending.id, ANN)
        assert (await desk.order("mine")).status is OrderStatus.DENIED
        assert bench.venue.sent() == []


async def test_an_order_that_waits_can_be_withdrawn_but_not_amended(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        with pytest.raises(errors.RiskRefused, match="cannot wait"):
            await desk.amend("mine", price=D(97))
        assert (await desk.cancel("mine")).status is OrderStatus.DENIED
        assert (await desk.approval(approval_of(order))).state is ApprovalState.VOID
        with pytest.raises(errors.ApprovalRefused):
            await desk.approve(approval_of(order), ANN)
        assert "cancel" not in {what for what, _ in bench.venue.calls}


async def test_an_amendment_that_would_need_a_person_is_refused(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        await desk.submit(limit(client_order_id="mine"))
        with pytest.raises(errors.RiskRefused, match="cannot wait for one"):
            await desk.amend("mine", size=D(2))
        assert bench.venue.made("amend") == []


async def test_an_unknown_approval_is_named(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        with pytest.raises(errors.UnknownApproval, match="apr_no"):
            await desk.approve("apr_no", ANN)
