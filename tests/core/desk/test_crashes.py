"""A process that ends at any write or send point: what was acknowledged is there, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import pytest
from desks import Bench, limit, rows

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import Fill, Order, OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import EntryKind
from venuekit.settings.schema import ApprovalSettings, DeskConfig, ReconcileSettings

pytestmark = pytest.mark.anyio
D = Decimal
T = TypeVar("T")


@attrs.frozen
class Crash:
    """The files, the venue and what callers had been told, at one moment."""

    where: str
    now_ns: int
    config: DeskConfig
    orders: dict[str, Order]
    executions: list[Fill]
    cash: dict[str, Decimal]
    told: dict[str, OrderStatus]


class Recorder:
    """Takes a copy of everything at each point where a process could end."""

    def __init__(self, bench: Bench, config: DeskConfig) -> None:
        self.bench = bench
        self.config = config
        self.crashes: list[Crash] = []
        self.told: dict[str, OrderStatus] = {}

    def point(self, where: str) -> None:
        venue = self.bench.venue
        files = self.bench.after_crash(self.config)
        now = self.bench.clock.now_ns()
        crash = Crash(where, now, files, dict(venue.orders), list(venue.executions), dict(venue.cash), dict(self.told))
        self.crashes.append(crash)

    def watch(self, desk: Desk) -> None:
        store: Any = desk.store
        write = store._transaction

        def transaction(work: Callable[[], T]) -> T:
            self.point("before a write")
            written: T = write(work)
            self.point("after a write")
            return written

        store._transaction = transaction
        venue = self.bench.venue
        accept = venue.accept

        def received(request: Any) -> Order:
            self.point("before the venue has it")
            order = accept(request)
            self.point("after the venue has it")
            return order

        venue.accept = received  # type: ignore[method-assign]

    def tell(self, order: Order) -> None:
        self.told[order.id] = order.status


async def a_day_of_trading(bench: Bench, config: DeskConfig) -> list[Crash]:
    recorder = Recorder(bench, config)
    async with bench.open(config) as desk:
        recorder.watch(desk)
        recorder.tell(
            await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(1), client_order_id="market"))
        )
        recorder.tell(await desk.submit(limit(client_order_id="limit")))
        bench.venue.fill("limit", D("0.5"), D(98))
        await bench.clock.settle()
        recorder.tell(await desk.amend("limit", price=D(97)))
        recorder.tell(await desk.cancel("limit"))
        waiting = await desk.submit(limit(client_order_id="large", size=D(5)))
        recorder.tell(waiting)
        recorder.tell(await desk.approve(waiting.approval_id or "", Operator(name="ann", source="cli")))
        with pytest.raises(errors.RiskRefused):
            await desk.submit(limit(client_order_id="refused", size=D(900), price=D("99999")))
    return recorder.crashes


async def check(bench: Bench, crash: Crash) -> None:
    venue = bench.venue
    venue.orders, venue.executions, venue.cash = dict(crash.orders), list(crash.executions), dict(crash.cash)
    venue.calls.clear()
    bench.clock.step((crash.now_ns - bench.clock.now_ns()) / 1e9)
    async with bench.open(crash.config) as desk:
        for order_id in crash.told:
            assert (await desk.order(order_id)).id == order_id, crash.where
        bench.clock.tick(150)  # longer than any patience
        await bench.clock.advance(1)
        again = [request.client_order_id for request in venue.sent()]
        assert set(again).isdisjoint(crash.orders), crash.where
        assert again in ([], ["large"]), "only what a person approved, and was not begun yet, goes now"
        intents = [row.subject for row in rows(desk, EntryKind.INTENT)]
        assert len(intents) == len(set(intents)), crash.where
        for order_id, told in crash.told.items():
            if order_id not in venue.orders:
                now = (await desk.order(order_id)).status
                assert now in (told, OrderStatus.DENIED, OrderStatus.REJECTED), crash.where
        for order in await desk.open_orders():
            assert order.status in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_APPROVAL)
            if order.status is not OrderStatus.PENDING_APPROVAL:
                assert venue.orders[order.id].status is order.status, crash.where
        for theirs in venue.orders.values():
            ours = await desk.order(theirs.id)
            assert (ours.status, ours.filled_size) == (theirs.status, theirs.filled_size), crash.where
        recorded = [r.body["id"] for r in rows(desk, EntryKind.FILL)]
        assert len(recorded) == len(set(recorded)), crash.where
        assert {f.id for f in venue.executions} == set(recorded), crash.where
        differences = {r.body["event"] for r in rows(desk, EntryKind.RECONCILE)}
        assert differences.isdisjoint({"reconcile_balance", "reconcile_position"}), crash.where
        assert await desk.reconcile() == []
        assert desk.store.verify().ok


async def check_all(bench: Bench, crashes: list[Crash]) -> None:
    bench.venue.accept = type(bench.venue).accept.__get__(bench.venue)  # type: ignore[method-assign]
    for crash in crashes:
        await check(bench, crash)


async def test_at_every_write_and_send_point_of_a_day(bench: Bench) -> None:
    config = bench.config(
        approval=ApprovalSettings(require_above=D(200)),
        reconcile=ReconcileSettings(every_seconds=50),
    )
    crashes = await a_day_of_trading(bench, config)
    assert len(crashes) > 30
    assert {c.where for c in crashes} == {
        "before a write",
        "after a write",
        "before the venue has it",
        "after the venue has it",
    }
    await check_all(bench, crashes)


@pytest.mark.parametrize("tells", [True, False], ids=["the stream tells", "the stream is silent"])
@pytest.mark.parametrize("answer", ["rejected", "accepted, no answer", "lost", "told twice", "filled, no answer"])
async def test_at_every_point_of_an_order_whatever_the_venue_answers(bench: Bench, answer: str, tells: bool) -> None:
    config = bench.config(reconcile=ReconcileSettings(every_seconds=50))
    recorder, venue = Recorder(bench, config), bench.venue
    venue.tell = tells

    async def answers() -> None:
        recorder.point("while it is sent")
        if answer == "rejected":
            raise errors.InsufficientFunds("no")
        if answer == "lost":
            raise TimeoutError
        order = venue.accept(venue.sent()[-1])
        if answer == "filled, no answer":
            venue.fill("mine", D(1), D(98))
        if answer == "told twice":
            venue.set(order)
            venue.set(order)
        await bench.clock.settle()
        recorder.point("after it was told")
        if answer.endswith("no answer"):
            raise errors.OutcomeUnknown("no answer")

    async with bench.open(config) as desk:
        recorder.watch(desk)
        venue.faults["submit"].append(answers)
        try:
            recorder.tell(await desk.submit(limit(client_order_id="mine")))
        except (errors.OutcomeUnknown, errors.InsufficientFunds) as error:
            recorder.tell(await desk.order(error.order_id or ""))
        recorder.point("after the caller was answered")
    assert len(recorder.crashes) >= 6
    await check_all(bench, recorder.crashes)
