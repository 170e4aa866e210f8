"""The same client order id means the same order: over retries, races, restarts and other wordings of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, Gate, limit, rows, statuses

from venuekit import errors
from venuekit.model.intent import Side, TimeInForce
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import ApprovalSettings, RiskSettings

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Operator(name="ann", source="cli")


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


@pytest.mark.parametrize(
    "fault",
    [errors.NotConnected("down"), errors.VenueDown("maintenance"), errors.RateLimited("429", retry_after=1.0)],
    ids=lambda f: f.code,
)
async def test_an_order_that_was_not_sent_is_a_new_attempt_under_its_id(
    bench: Bench, fault: errors.VenuekitError
) -> None:
    async with bench.open(bench.config(risk=RiskSettings(duplicate_window_seconds=60.0))) as desk:
        bench.venue.faults["submit"].append(fault)
        with pytest.raises(type(fault)) as told:
            await desk.submit(limit(client_order_id="mine"))
        assert told.value.order_id == "mine"
        assert (await desk.order("mine")).status is OrderStatus.DENIED
        await bench.clock.advance(1.1)  # the time that the venue named, if it named one
        again = await desk.submit(limit(client_order_id="mine"))
        assert again.status is OrderStatus.OPEN
        assert again == await desk.submit(limit(client_order_id="mine")), "now it is there"
        assert statuses(desk, "mine") == ["SUBMITTING", "DENIED", "SUBMITTING", "OPEN"]
        assert [r.client_order_id for r in bench.venue.sent()] == ["mine", "mine"]
        assert desk.risk_state().open_orders == 1


async def test_an_order_that_was_not_sent_is_a_new_attempt_after_a_restart_too(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["submit"].append(errors.VenueDown("maintenance"))
        with pytest.raises(errors.VenueDown):
            await desk.submit(limit(client_order_id="mine"))
    async with bench.open() as desk:
        assert (await desk.submit(limit(client_order_id="mine"))).status is OrderStatus.OPEN
        with pytest.raises(errors.ClientOrderIdReused):
            await desk.submit(limit(client_order_id="mine", size=D(2)))
    async with bench.open() as desk:
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert await desk.reconcile() == []


async def test_attempts_at_once_after_an_order_was_not_sent_make_one_order(bench: Bench) -> None:
    gate = Gate()
    async with bench.open() as desk:
        bench.venue.faults["submit"] += [errors.NotConnected("down"), gate]
        with pytest.raises(errors.NotConnected):
            await desk.submit(limit(client_order_id="mine"))
        tasks = [asyncio.create_task(desk.submit(limit(client_order_id="mine"))) for _ in range(5)]
        await bench.clock.settle()
        gate.open()
        assert {o.status for o in await asyncio.gather(*tasks)} == {OrderStatus.OPEN}
        assert len(bench.venue.orders) == 1
        assert len(bench.venue.sent()) == 2


async def test_what_a_person_decided_against_does_not_come_again_under_its_id(bench: Bench) -> None:
    config = bench.config(approval=ApprovalSettings(require_above=D(50)))
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="mine"))
        await desk.reject((await desk.approvals())[0].id, ANN)
        again = await desk.submit(limit(client_order_id="mine"))
        assert (again.status, again.status_code) == (OrderStatus.DENIED, "APPROVAL_REFUSED")
        assert len(await desk.approvals()) == 1


async def test_an_approved_order_that_was_not_sent_needs_another_approval(bench: Bench) -> None:
    config = bench.config(approval=ApprovalSettings(require_above=D(50)))
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="mine"))
        first = (await desk.approvals())[0].id
        bench.venue.faults["submit"].append(errors.VenueDown("maintenance"))
        with pytest.raises(errors.VenueDown):
            await desk.approve(first, ANN)
        again = await desk.submit(limit(client_order_id="mine"))
        assert again.status is OrderStatus.PENDING_APPROVAL
        assert again.approval_id != first
        with pytest.raises(errors.ApprovalRefused):
            await desk.approve(first, ANN)
        assert (await desk.approve(again.approval_id or "", ANN)).status is OrderStatus.OPEN
        assert len(bench.venue.orders) == 1


async def test_ids_that_the_desk_makes_are_unique_over_desks_and_go_up(bench: Bench) -> None:
    made = []
    for _ in range(3):
        async with bench.open() as desk:
            made += [(await desk.submit(limit())).id for _ in range(5)]
        bench.clock.tick(1)
    assert len(set(made)) == 15
    assert sorted(made[::5]) == made[::5]
    assert all(len(i) <= 32 and i.isascii() and i.isalnum() for i in made)
