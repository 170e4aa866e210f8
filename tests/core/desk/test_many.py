"""Several orders with one call: each takes the whole road, and those that get there are one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from desks import Bench, Gate, ScriptedFactory, limit, never, statuses
from scripted import ScriptedVenue

from venuekit import registry
from venuekit.desk.desk import Desk
from venuekit.errors import (
    InvalidValue,
    NotConnected,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RiskRefused,
    VenuekitError,
)
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.approver import Caller, Operator, Role
from venuekit.settings.schema import (
    AgentSettings,
    ApprovalSettings,
    BreakerSettings,
    DeskConfig,
    PaceSettings,
    ReconcileSettings,
    RiskSettings,
)

pytestmark = pytest.mark.anyio
D = Decimal
ANN = Caller(agent_id="ann", role=Role.TRADER)


class BatchVenue(ScriptedVenue):
    """Takes four orders with one request; `says` is its answer to orders at a price."""

    max_batch = 4

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.says: dict[Decimal, VenuekitError] = {}
        self.short = 0

    async def submit_many(self, requests: Sequence[OrderRequest]) -> list[Order | VenuekitError]:
        await self._call("submit_many", list(requests))
        answers = [self.says.get(getattr(r, "price", D(0))) or self.accept(r) for r in requests]
        return answers[: len(answers) - self.short]

    def batches(self) -> list[list[str | None]]:
        """The ids that went together."""
        return [[r.client_order_id for r in requests] for requests in self.made("submit_many")]


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    made = Bench(tmp_path / "desk")
    made.folder.mkdir()
    made.venue = BatchVenue(made.clock)
    registry.register(ScriptedFactory(made.venue))
    yield made
    registry.unregister("scripted")


@asynccontextmanager
async def opened(bench: Bench, **tables: Any) -> AsyncIterator[tuple[Desk, BatchVenue]]:
    config: DeskConfig = bench.config(**tables)
    async with bench.open(config) as desk:
        assert isinstance(bench.venue, BatchVenue)
        yield desk, bench.venue


def several(count: int, **more: Any) -> list[OrderRequest]:
    return [limit(price=D(90 - n), client_order_id=f"o{n}", **more) for n in range(count)]


async def test_orders_go_with_one_request_and_each_has_its_own_outcome(bench: Bench) -> None:
    async with opened(bench, risk=RiskSettings(max_order_notional=D(500))) as (desk, venue):
        venue.says[D(89)] = Rejected("Not that one.")
        requests = [*several(3), limit(size=D(100), client_order_id="large")]
        first, second, third, large = await desk.submit_many(requests)
        assert isinstance(first, Order)
        assert isinstance(third, Order)
        assert (first.id, first.status, third.id) == ("o0", OrderStatus.OPEN, "o2")
        assert isinstance(second, Rejected)
        assert second.order_id == "o1"
        assert isinstance(large, RiskRefused)
        assert (venue.batches(), venue.sent()) == ([["o0", "o1", "o2"]], [])
        assert statuses(desk, "o1") == ["SUBMITTING", "REJECTED"]
        assert statuses(desk, "o2") == ["SUBMITTING", "OPEN"]


async def test_nothing_is_sent_before_every_order_of_it_is_durable(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        there: list[list[str]] = []

        async def look() -> None:
            there.extend(statuses(desk, f"o{n}") for n in range(3))

        venue.faults["submit_many"].append(look)
        await desk.submit_many(several(3))
        assert there == [["SUBMITTING"]] * 3


async def test_more_than_the_venue_takes_at_once_go_in_turns(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        results = await desk.submit_many(several(9))
        assert [r.id for r in results if isinstance(r, Order)] == [f"o{n}" for n in range(9)]
        assert [len(batch) for batch in venue.batches()] == [4, 4]
        assert [r.client_order_id for r in venue.sent()] == ["o8"], "one order needs no list"


async def test_where_the_venue_takes_one_at_a_time_they_go_one_after_another(tmp_path: Path) -> None:
    made = Bench(tmp_path / "desk")
    made.folder.mkdir()
    registry.register(ScriptedFactory(made.venue))
    async with made.open() as desk:
        await desk.submit_many(several(3))
        assert [r.client_order_id for r in made.venue.sent()] == ["o0", "o1", "o2"]
    registry.unregister("scripted")


async def test_an_answer_that_does_not_come_leaves_each_in_doubt_and_each_is_asked_for(bench: Bench) -> None:
    async with opened(bench, reconcile=ReconcileSettings(send_timeout_seconds=5)) as (desk, venue):
        venue.faults["submit_many"].append(never)
        waiting = asyncio.ensure_future(desk.submit_many(several(2)))
        await bench.clock.settle()
        venue.accept(several(2)[0])  # it came there all the same
        await bench.clock.advance(6)
        results = await waiting
        assert [type(r) for r in results] in ([Order, OutcomeUnknown], [OutcomeUnknown, OutcomeUnknown])
        await bench.clock.advance(60)
        assert (await desk.order("o0")).status is OrderStatus.OPEN
        assert (await desk.order("o1")).status is not OrderStatus.OPEN
        assert len(venue.batches()) == 1, "it was sent again"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OutcomeUnknown("Nobody knows."), OrderStatus.IN_DOUBT),
        (RateLimited("429", retry_after=2), OrderStatus.DENIED),
        (Rejected("No."), OrderStatus.REJECTED),
        (RuntimeError("a bug"), OrderStatus.IN_DOUBT),
    ],
)
async def test_what_is_said_of_the_whole_request_is_said_of_each(
    bench: Bench, error: Exception, status: OrderStatus
) -> None:
    async with opened(bench) as (desk, venue):
        venue.faults["submit_many"].append(error)
        results = await desk.submit_many(several(2))
        assert [r.order_id for r in results if isinstance(r, VenuekitError)] == ["o0", "o1"]
        assert [desk._state.orders.get(f"o{n}") or await desk.order(f"o{n}") for n in range(2)]
        assert [(await desk.order(f"o{n}")).status for n in range(2)] == [status, status]


async def test_the_same_error_for_several_is_each_ones_own(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        venue.says = dict.fromkeys((D(90), D(89)), Rejected("Not at that price."))
        results = await desk.submit_many(several(2))
        assert [r.order_id for r in results if isinstance(r, VenuekitError)] == ["o0", "o1"]


async def test_fewer_answers_than_orders_are_nobodys(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        venue.short = 1
        assert all(isinstance(r, OutcomeUnknown) for r in await desk.submit_many(several(3)))


async def test_an_order_that_waits_for_a_person_keeps_no_other_waiting(bench: Bench) -> None:
    async with opened(bench, approval=ApprovalSettings(require_above=D(100))) as (desk, venue):
        small = [limit(price=D(50 - n), client_order_id=f"s{n}") for n in range(2)]
        one, large, two = await desk.submit_many([small[0], limit(size=D(2), client_order_id="large"), small[1]])
        assert isinstance(large, Order)
        assert large.status is OrderStatus.PENDING_APPROVAL
        assert all(isinstance(r, Order) and r.status is OrderStatus.OPEN for r in (one, two))
        assert venue.batches() == [["s0", "s1"]]
        approved = await desk.approve(large.approval_id or "", Operator(name="op", source="test"))
        assert (approved.status, len(venue.sent())) == (OrderStatus.OPEN, 1)


async def test_limits_hold_for_all_of_them_together(bench: Bench) -> None:
    async with opened(bench, risk=RiskSettings(max_open_orders=2)) as (desk, venue):
        results = await desk.submit_many(several(4))
        assert sum(isinstance(r, Order) for r in results) == 2
        assert [len(batch) for batch in venue.batches()] == [2]


async def test_what_was_sent_before_is_not_sent_again(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        requests = several(3)
        await desk.submit(requests[1])
        results = await desk.submit_many(requests)
        assert [r.id for r in results if isinstance(r, Order)] == ["o0", "o1", "o2"]
        assert venue.batches() == [["o0", "o2"]]


async def test_one_id_twice_is_refused_and_nothing_sent(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        with pytest.raises(InvalidValue):
            await desk.submit_many([limit(client_order_id="x"), limit(price=D(97), client_order_id="x")])
        assert await desk.submit_many([]) == []
        assert (venue.batches(), venue.sent()) == ([], [])


async def test_a_halt_that_comes_meanwhile_stops_them_all(bench: Bench) -> None:
    async with opened(bench, pace=PaceSettings(orders="1/3s burst 1", patience_seconds=60)) as (desk, venue):
        waiting = asyncio.ensure_future(desk.submit_many(several(2)))
        await bench.clock.settle()
        await desk.halt(by="me", reason="enough")
        await bench.clock.advance(4)
        results = await waiting
        assert [getattr(r, "code", r) for r in results] == ["TRADING_HALTED", "TRADING_HALTED"]
        assert (venue.batches(), venue.sent()) == ([], [])


async def test_one_that_finds_no_slot_in_time_keeps_the_others_from_nothing(bench: Bench) -> None:
    pace = PaceSettings(orders="3/60s burst 2", patience_seconds=5)
    async with opened(bench, pace=pace) as (desk, venue):
        first, second, late = await desk.submit_many(several(3))
        assert isinstance(first, Order)
        assert isinstance(second, Order)
        assert isinstance(late, RateLimited)
        assert [len(batch) for batch in venue.batches()] == [2]


async def test_slots_that_come_too_late_send_nothing_later(bench: Bench) -> None:
    pace, patience = PaceSettings(orders="1/30s", patience_seconds=3600), ReconcileSettings(send_timeout_seconds=5)
    async with opened(bench, pace=pace, reconcile=patience) as (desk, venue):
        waiting = asyncio.ensure_future(desk.submit_many(several(2)))
        await bench.clock.advance(12)
        assert [type(r) for r in await waiting] == [NotConnected, NotConnected]
        await bench.clock.advance(120)
        assert (venue.batches(), venue.sent()) == ([], [])
        assert [(await desk.order(f"o{n}")).status for n in range(2)] == [OrderStatus.DENIED] * 2


async def test_a_caller_who_gives_up_tears_nothing(bench: Bench) -> None:
    async with opened(bench) as (desk, venue):
        gate = Gate()
        venue.faults["submit_many"].append(gate)
        asking = asyncio.ensure_future(desk.submit_many(several(3)))
        await bench.clock.settle()
        asking.cancel()
        await asyncio.wait([asking])
        gate.open()
        await bench.clock.settle()
        assert [(await desk.order(f"o{n}")).status for n in range(3)] == [OrderStatus.OPEN] * 3
        assert len(venue.batches()) == 1


async def test_each_order_counts_as_a_call(bench: Bench) -> None:
    agents = {"ann": AgentSettings(calls_per_minute=3, role=Role.TRADER)}
    async with opened(bench, agents=agents) as (desk, venue):
        with pytest.raises(RateLimited):
            await desk.submit_many(several(4), caller=ANN)
        assert venue.batches() == []
        await desk.submit_many(several(3), caller=ANN)
        assert desk.call_allowance(ANN).left == 0


async def test_a_429_for_one_of_them_slows_the_orders_down(bench: Bench) -> None:
    async with opened(bench, pace=PaceSettings(orders=100)) as (desk, venue):
        venue.says[D(89)] = RateLimited("429", retry_after=2)
        await desk.submit_many(several(2))
        (cut,) = desk.status().pace
        assert (cut.endpoint, cut.share) == ("orders", 0.5)


async def test_a_request_that_is_lost_counts_as_one_failure_of_the_venue(bench: Bench) -> None:
    breakers = BreakerSettings(min_calls=2, max_error_rate=D("0.1"))
    async with opened(bench, breakers=breakers) as (desk, venue):
        for n in range(3):
            venue.says = {D(50 - n): OutcomeUnknown("Lost."), D(40 - n): OutcomeUnknown("Lost.")}
            await desk.submit_many([limit(price=D(50 - n)), limit(price=D(40 - n))])
        assert any(b.state != "CLOSED" for b in desk.risk_state().breakers)
