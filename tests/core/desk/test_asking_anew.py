"""An approval is for a market: when that has moved, the decision is void and the order waits for a fresh one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, limit, rows, statuses

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.journal.story import chain, story
from venuekit.model.events import OrderEvent, OrderEventKind
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Approval, ApprovalState, EntryKind
from venuekit.settings.credentials import digest
from venuekit.settings.schema import ApprovalSettings, DeskConfig, OperatorSettings, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")


def config(bench: Bench, *, risk: RiskSettings | None = None, **approval: Any) -> DeskConfig:
    return bench.config(approval=ApprovalSettings(require_above=D(100), **approval), risk=risk or RiskSettings())


async def ask(desk: Desk) -> Order:
    order = await desk.submit(limit(client_order_id="mine", size=D(2), reason="a good reason"))
    assert order.approval_id is not None
    return order


async def refused_anew(desk: Desk, bench: Bench, ask_now: str) -> Approval:
    """Approve what waits while the market is elsewhere; the question that takes its place."""
    order = await desk.order("mine")
    bench.venue.ask = D(ask_now)
    bench.clock.tick(1)
    with pytest.raises(errors.ApprovalRefused, match="price moved") as caught:
        await desk.approve(order.approval_id or "", ANN)
    return await desk.approval(caught.value.details["replaced_by"])


@pytest.mark.parametrize(("ask_now", "goes"), [("101", True), ("99", True), ("101.01", False), ("98.99", False)])
async def test_only_a_move_beyond_the_tolerance_asks_anew(bench: Bench, ask_now: str, goes: bool) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        if not goes:
            await refused_anew(desk, bench, ask_now)
            assert bench.venue.sent() == []
            return
        bench.venue.ask = D(ask_now)
        bench.clock.tick(1)
        assert (await desk.approve(order.approval_id or "", ANN)).status is OrderStatus.OPEN


async def test_the_old_decision_is_void_and_the_fresh_question_is_linked_to_it(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        first = await desk.approval((await ask(desk)).approval_id or "")
        fresh = await refused_anew(desk, bench, "102")
        old = await desk.approval(first.id)
        assert (old.state, old.replaced_by) == (ApprovalState.VOID, fresh.id)
        assert old.note == "the price moved from 100 to 102"
        assert old.approvers == ("ann (cli)",), "who had approved stays on record"
        assert (fresh.state, fresh.replaces, fresh.renewal) == (ApprovalState.PENDING, first.id, 1)
        assert (fresh.reference_price, fresh.approvers) == ("102", ())
        assert (fresh.order, fresh.order_hash) == (old.order, old.order_hash)
        assert fresh.expires_ns - fresh.created_ns == old.expires_ns - old.created_ns
        order = await desk.order("mine")
        assert (order.status, order.approval_id) == (OrderStatus.PENDING_APPROVAL, fresh.id)


async def test_the_void_decision_sends_nothing_and_the_fresh_one_sends_once(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        first = (await ask(desk)).approval_id or ""
        fresh = await refused_anew(desk, bench, "102")
        await bench.clock.advance(1)
        assert bench.venue.sent() == []
        with pytest.raises(errors.ApprovalRefused, match="VOID") as caught:
            await desk.approve(first, ANN)
        assert fresh.id in caught.value.fix
        assert (await desk.approve(fresh.id, ANN)).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1
        states = [(r.subject, r.body["state"]) for r in rows(desk, EntryKind.APPROVAL)]
        assert states == [
            (first, "PENDING"),
            (first, "APPROVED"),
            (first, "VOID"),
            (fresh.id, "PENDING"),
            (fresh.id, "APPROVED"),
            (fresh.id, "USED"),
        ]
        assert statuses(desk, "mine") == ["PENDING_APPROVAL", "PENDING_APPROVAL", "SUBMITTING", "OPEN"]
        assert desk.store.verify().ok


async def test_either_question_tells_the_whole_story_in_order(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        first = await desk.approval((await ask(desk)).approval_id or "")
        fresh = await refused_anew(desk, bench, "102")
        await desk.approve(fresh.id, ANN)
        for one in (first.id, fresh.id):
            approval = await desk.approval(one)
            assert [a.id for a in chain(desk.store, approval)] == [first.id, fresh.id]
            told = story(desk.store, approval)
            assert [r.sequence for r in told] == sorted(r.sequence for r in told)
            assert {r.subject for r in told} == {first.id, fresh.id, "mine"}
            assert told[-1].body["status"] == "OPEN"


async def test_whoever_listens_hears_that_it_waits_anew(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        await ask(desk)
        feed = desk.listen(wanted=lambda event: isinstance(event, OrderEvent))
        fresh = await refused_anew(desk, bench, "102")
        event = await anext(aiter(feed))
        assert isinstance(event, OrderEvent)
        assert (event.kind, event.order.approval_id) == (OrderEventKind.PENDING_APPROVAL, fresh.id)
        feed.close()


async def test_it_is_asked_anew_only_so_often_and_then_denied(bench: Bench) -> None:
    async with bench.open(config(bench, max_renewals=2)) as desk:
        await ask(desk)
        await refused_anew(desk, bench, "102")
        last = await refused_anew(desk, bench, "104")
        bench.venue.ask = D(110)
        bench.clock.tick(1)
        with pytest.raises(errors.ApprovalRefused, match="asked for anew often enough"):
            await desk.approve(last.id, ANN)
        assert (await desk.order("mine")).status is OrderStatus.DENIED
        assert [a.state for a in await desk.approvals()] == [ApprovalState.VOID] * 3
        assert bench.venue.sent() == []


async def test_without_renewals_a_moved_price_denies_the_order(bench: Bench) -> None:
    async with bench.open(config(bench, max_renewals=0)) as desk:
        order = await ask(desk)
        bench.venue.ask = D(102)
        bench.clock.tick(1)
        with pytest.raises(errors.ApprovalRefused, match="price moved from 100 to 102"):
            await desk.approve(order.approval_id or "", ANN)
        assert (await desk.order("mine")).status is OrderStatus.DENIED


async def test_an_order_that_no_check_would_pass_is_not_asked_about_again(bench: Bench) -> None:
    async with bench.open(config(bench, risk=RiskSettings(max_order_notional=D(250)))) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D("2.37")))
        bench.venue.ask = D(110)
        bench.clock.tick(1)
        with pytest.raises(errors.RiskRefused):
            await desk.approve(order.approval_id or "", ANN)
        assert [a.state for a in await desk.approvals()] == [ApprovalState.VOID]
        assert (await desk.order(order.id)).status is OrderStatus.DENIED


async def test_an_order_that_outgrew_one_persons_approval_is_asked_about_anew(bench: Bench) -> None:
    operators = {name: OperatorSettings(token_sha256=digest(f"{name}'s token")) for name in ("ann", "bob")}
    tables = {"approval": ApprovalSettings(require_above=D(100), two_people_above=D(211)), "operators": operators}
    async with bench.open(bench.config(**tables)) as desk:
        order = await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(2)))
        assert (await desk.approval(order.approval_id or "")).people == 1
        bench.venue.ask = D(101)  # within the tolerance, and worth 212.1 at the worst
        bench.clock.tick(1)
        with pytest.raises(errors.ApprovalRefused, match="2 people have to approve it") as caught:
            await desk.approve(order.approval_id or "", Operator(name="ann", source="cli", token="ann's token"))
        assert (await desk.approval(caught.value.details["replaced_by"])).people == 2
        assert bench.venue.sent() == []


async def test_a_fresh_question_survives_a_crash_with_its_order(bench: Bench) -> None:
    async with bench.open(config(bench)) as desk:
        await ask(desk)
        fresh = await refused_anew(desk, bench, "102")
        crashed = bench.after_crash(config(bench))
    async with bench.open(crashed) as desk:
        assert (await desk.order("mine")).approval_id == fresh.id
        assert (await desk.approve(fresh.id, ANN)).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1


async def test_an_order_that_is_withdrawn_while_it_is_asked_about_anew_stays_withdrawn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open(config(bench)) as desk:
        order = await ask(desk)
        move = desk.store.move_approval

        async def moved(before: Approval, after: Approval, entries: Any, *, successor: Approval | None = None) -> bool:
            done = await move(before, after, entries, successor=successor)
            if successor is not None:
                await desk.cancel("mine")  # in the turns that a commit takes
            return done

        monkeypatch.setattr(desk.store, "move_approval", moved)
        bench.venue.ask = D(102)
        bench.clock.tick(1)
        with pytest.raises(errors.ApprovalRefused):
            await desk.approve(order.approval_id or "", ANN)
        assert (await desk.order("mine")).status is OrderStatus.DENIED
        assert [a.state for a in await desk.approvals()] == [ApprovalState.VOID] * 2
        assert await desk.open_orders() == []
