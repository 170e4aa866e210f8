"""A desk whose old rows were pruned goes on as if they were there: stateful, on both stores."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from desks import Bench, limit
from postgres_server import Server

from venuekit.desk.desk import Desk
from venuekit.errors import ClientOrderIdReused
from venuekit.journal.prune import prune
from venuekit.journal.replay import holdings, live_orders, recent_orders
from venuekit.model.intent import MarketOrder, Side
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import ApprovalState, EntryKind, RowQuery
from venuekit.settings.schema import ApprovalSettings, DeskConfig, RiskSettings, StoreSettings

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeskConfig:
    monkeypatch.setattr("venuekit.journal.replay.OVERLAP", 4)
    monkeypatch.setattr("venuekit.journal.retention.OVERLAP", 4)
    monkeypatch.setattr("venuekit.desk.state.OVERLAP", 4)
    monkeypatch.setattr("venuekit.journal.retention._RECENT_NS", 1)
    url = f"sqlite:///{tmp_path / 'pruned.db'}"
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.url()
    return bench.config(
        store=StoreSettings(url=url),
        approval=ApprovalSettings(require_above=D(20_000)),
        risk=RiskSettings(max_open_orders=500),
    )


async def everything(desk: Desk) -> dict[str, Any]:
    """All that a person or a program may ask a desk for."""
    state = desk.risk_state()
    known = sorted(f"o{n}" for n in range(12))
    return {
        "open": [(o.id, o.status, o.filled_size) for o in await desk.open_orders()],
        "orders": [(name, (await desk.order(name)).status, (await desk.order(name)).filled_size) for name in known],
        "positions": [(p.instrument, p.size, p.average_entry_price) for p in await desk.positions()],
        "balances": [(b.asset, b.total) for b in await desk.balances()],
        "approvals": [(a.id, a.state) for a in await desk.approvals()],
        "control": desk.control,
        "equity": state.equity,
        "open_orders": state.open_orders,
    }


async def trade(bench: Bench, desk: Desk) -> None:
    """Orders of every fate: filled, amended, canceled, resting, waiting for a person, decided."""
    for n in range(8):
        order = await desk.submit(limit(client_order_id=f"o{n}", price=D(80 + n)))
        if n == 1:
            await desk.amend(order.id, price=D(85))
        if n in (2, 3, 4):
            await desk.cancel(order.id)
    await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.BUY, size=D(2), client_order_id="o8"))
    await desk.submit(MarketOrder(instrument="BTC-USD", side=Side.SELL, size=D("0.5"), client_order_id="o9"))
    waiting = [await desk.submit(limit(client_order_id=f"o{n}", size=D(300), price=D(90 + n))) for n in (10, 11)]
    assert {o.status for o in waiting} == {OrderStatus.PENDING_APPROVAL}
    await desk.reject(waiting[0].approval_id or "", Operator(name="ann", source="cli"))
    await desk.halt(by="ann", reason="lunch")
    await desk.resume(by="ann")
    await bench.clock.settle()


async def cut(bench: Bench, desk: Desk) -> int:
    """Prune all there is."""
    last = desk.store.rows(RowQuery(limit=1))[0].sequence
    done = await prune(desk.store, to=last, by="ann", source="test", export=None, clock=Hurried(bench), most=9)
    assert desk.store.verify().ok, desk.store.verify().problem
    return sum(done.removed.values())


class Hurried:
    """The bench's clock, whose sleeps nobody has to end."""

    def __init__(self, bench: Bench) -> None:
        self.now_ns, self.monotonic_ns = bench.clock.now_ns, bench.clock.monotonic_ns

    async def sleep(self, _: float) -> None:
        """Wait no time."""


async def test_everything_survives_prunes_beside_it_and_restarts_between_them(bench: Bench, config: DeskConfig) -> None:
    async with bench.open(config) as desk:
        await trade(bench, desk)
        before = await everything(desk)
        await cut(bench, desk)
        assert await everything(desk) == before, "beside a running desk"
        await idempotent(bench, desk)
    removed = 0
    for _ in range(3):
        async with bench.open(config) as desk:
            assert await everything(desk) == before, "after a restart"
            assert [d for d in bench.venue.calls if d[0] == "cancel_all"] == []
            removed += await cut(bench, desk)
            assert await everything(desk) == before
            await idempotent(bench, desk)
            readable(desk, before)
            assert not rows_of(desk, EntryKind.RECONCILE), "a start found nothing that differs"
    assert removed > 0


def rows_of(desk: Desk, kind: EntryKind) -> list[Any]:
    return [row for row in desk.store.rows(RowQuery(kinds=(kind,))) if row.body.get("event") != "reconcile_adopted"]


def readable(desk: Desk, before: dict[str, Any]) -> None:
    """What readers without a desk see."""
    assert {o.id for o in live_orders(desk.store, desk.name)} == {name for name, *_ in before["open"]}
    assert {o.id for o in recent_orders(desk.store, desk.name, limit=99)} >= {f"o{n}" for n in range(12)}
    held, since = holdings(desk.store, desk.name)
    assert held["BTC-USD"]["size"] == "1.5"
    assert list(since) == []
    assert desk.name in desk.store.desks()


async def idempotent(bench: Bench, desk: Desk) -> None:
    """Every old id is known: the same order is not sent again, and another one is refused."""
    sent = len(bench.venue.sent())
    for n in range(8):
        again = await desk.submit(limit(client_order_id=f"o{n}", price=D(80 + n)))
        assert again.id == f"o{n}"
        with pytest.raises(ClientOrderIdReused):
            await desk.submit(limit(client_order_id=f"o{n}", price=D(50)))
    assert len(bench.venue.sent()) == sent


async def test_an_approval_that_waits_is_decided_after_a_prune(bench: Bench, config: DeskConfig) -> None:
    async with bench.open(config) as desk:
        await trade(bench, desk)
        await cut(bench, desk)
    async with bench.open(config) as desk:
        (waiting,) = await desk.approvals([ApprovalState.PENDING])
        order = await desk.approve(waiting.id, Operator(name="ann", source="cli"))
        assert order.status is OrderStatus.OPEN
        await cut(bench, desk)
        assert desk.store.verify().ok


async def test_a_request_to_cancel_all_is_not_obeyed_a_second_time(bench: Bench, config: DeskConfig) -> None:
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="first"))
        await desk.halt(by="ann", reason="", cancel_all=True)
        await bench.clock.advance(1)
        asked = len(bench.venue.made("cancel_all")) + len(bench.venue.made("cancel"))
        assert asked
        await cut(bench, desk)
    async with bench.open(config):
        await bench.clock.advance(1)
    async with bench.open(config) as desk:
        await cut(bench, desk)
        assert len(bench.venue.made("cancel_all")) + len(bench.venue.made("cancel")) == asked
