"""Approve, reject, withdraw, expire, halt and a moving price, all at once and in any order: one outcome, one order."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, Elsewhere, limit, rows
from postgres_server import Server

from venuekit.desk.desk import Desk
from venuekit.errors import VenuekitError
from venuekit.journal.store import SqlStore
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import ApprovalState, EntryKind
from venuekit.settings.schema import ApprovalSettings, DeskConfig, StoreSettings

pytestmark = pytest.mark.anyio
D = Decimal
ENDS = {"USED", "REJECTED", "EXPIRED", "VOID"}
ROUNDS = 45


class Turns:
    """Lets others go first, as often as chance says, wherever something is about to be written or asked."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    async def __call__(self) -> None:
        for _ in range(self.chance.choice((0, 0, 1, 2, 5, 9))):
            await asyncio.sleep(0)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Every transaction of every store waits its turn."""
    made = Turns(0)

    def slow(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def transact(self: Any, work: Any) -> Any:
            await made()
            result = await original(self, work)
            await made()
            return result

        return transact

    for kind in SqlStore.__subclasses__():
        monkeypatch.setattr(kind, "_transact", slow(kind._transact))
    return made


async def everything(
    desk: Desk, elsewhere: Elsewhere, bench: Bench, turns: Turns, order_id: str, approval_id: str
) -> None:
    ann, bob = Operator(name="ann", source="http"), Operator(name="bob", source="elicitation")

    async def moved() -> None:
        bench.venue.ask = D(turns.chance.choice((100, 101, 103)))
        desk._state.quoted_ns.clear()

    async def late() -> None:
        bench.clock.tick(turns.chance.choice((1, 61)))

    acts: list[Callable[[], Awaitable[Any]]] = [
        lambda: desk.approve(approval_id, ann),
        lambda: desk.approve(approval_id, bob),
        lambda: elsewhere.approve(approval_id, by="cy"),
        lambda: elsewhere.reject(approval_id, by="dee"),
        lambda: desk.reject(approval_id, ann),
        lambda: desk.cancel(order_id),
        lambda: desk.halt(by="ann", reason="race"),
        lambda: elsewhere.halt(by="bob", reason="race", cancel_all=True),
        moved,
        late,
        lambda: bench.clock.advance(0.1),
    ]

    async def act(what: Callable[[], Awaitable[Any]]) -> None:
        await turns()
        with suppress(VenuekitError):
            await what()

    chosen = [*turns.chance.sample(acts, k=turns.chance.randint(2, 5)), lambda: bench.clock.advance(0.1)]
    await asyncio.gather(*(act(what) for what in chosen))


async def settled(desk: Desk, bench: Bench) -> None:
    """What still waits afterwards expires; the thread that writes to a server takes its own time."""
    await desk.resume(by="ann")
    bench.clock.tick(61)
    for _ in range(200):
        await bench.clock.advance(0.1)
        await desk.store.append(
            []
        )  # simulated time is quick, and a server is not: what waits to be written comes first
        if all(order.status is OrderStatus.OPEN for order in await desk.open_orders()):
            return
    waiting = [order for order in await desk.open_orders() if order.status is not OrderStatus.OPEN]
    approvals = [(a.id, a.state.value, a.note, a.renewal) for a in await desk.approvals(limit=3)]
    raise AssertionError(f"{[(o.id, o.status.value, o.approval_id) for o in waiting]} still waits: {approvals}")


def one_outcome(desk: Desk, bench: Bench, order_id: str) -> str:
    states = [(r.subject, r.body["state"]) for r in rows(desk, EntryKind.APPROVAL) if r.body["order_id"] == order_id]
    ended = Counter(subject for subject, state in states if state in ENDS)
    assert set(ended.values()) == {1}, states
    assert set(ended) == {subject for subject, _ in states}, "no question is left open"
    used = sum(state == "USED" for _, state in states)
    order = desk._submission.find(order_id)
    assert order is not None
    sent = sum(request.client_order_id == order_id for request in bench.venue.sent())
    if order.status is OrderStatus.DENIED:
        assert sent == 0, states
    else:
        assert (order.status in (OrderStatus.OPEN, OrderStatus.CANCELED), sent, used) == (True, 1, 1), (order, states)
    return states[-1][1]


async def race(config: DeskConfig, bench: Bench, turns: Turns, rounds: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    async with bench.open(config) as desk, bench.elsewhere(config) as elsewhere:
        for number in range(rounds):
            turns.chance.seed(number)
            bench.venue.ask = D(100)
            bench.clock.tick(1)
            order = await desk.submit(limit(client_order_id=f"race-{number}", size=D(2)))
            await everything(desk, elsewhere, bench, turns, order.id, order.approval_id or "")
            await settled(desk, bench)
            outcomes[one_outcome(desk, bench, order.id)] += 1
        assert desk.store.verify().ok
        assert await desk.approvals((ApprovalState.PENDING, ApprovalState.APPROVED)) == []
    return outcomes


def config(bench: Bench, url: str = "") -> DeskConfig:
    approval = ApprovalSettings(require_above=D(100), expires_seconds=60, elicitation=True)
    return bench.config(approval=approval, store=StoreSettings(url=url))


async def test_whatever_happens_at_once_has_one_outcome(bench: Bench, turns: Turns) -> None:
    outcomes = await race(config(bench), bench, turns, ROUNDS)
    assert set(outcomes) == ENDS, f"each outcome has to be seen: {outcomes}"


async def test_whatever_happens_at_once_has_one_outcome_on_postgresql(
    bench: Bench, turns: Turns, postgres: Server
) -> None:
    outcomes = await race(config(bench, postgres.url()), bench, turns, ROUNDS // 3)
    assert len(outcomes) > 2, outcomes
