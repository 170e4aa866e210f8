"""What cannot be recorded is not sent, and a desk whose journal fails stops until a person says go."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from desks import Bench, limit, rows, statuses

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.events import Channel, DeskEvent, FillEvent
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import StoreSettings

pytestmark = pytest.mark.anyio
D = Decimal


def database(desk: Desk) -> sqlite3.Connection:
    db: Any = desk.store
    connection: sqlite3.Connection = db._db
    return connection


def fill_the_disk(desk: Desk) -> None:
    """From now on the file cannot grow, as on a full disk."""
    (pages,) = database(desk).execute("PRAGMA page_count").fetchone()
    database(desk).execute(f"PRAGMA max_page_count = {pages}")


def free_the_disk(desk: Desk) -> None:
    database(desk).execute("PRAGMA max_page_count = 1000000")
    database(desk).execute("PRAGMA query_only = 0")


def make_read_only(desk: Desk) -> None:
    database(desk).execute("PRAGMA query_only = 1")


@pytest.mark.parametrize("break_it", [fill_the_disk, make_read_only])
@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.LIVE])
async def test_an_order_that_cannot_be_recorded_is_not_sent(
    bench: Bench, break_it: Callable[[Desk], None], synchronous: str, mode: Mode
) -> None:
    async with bench.open(bench.config(store=StoreSettings(synchronous=synchronous)), mode=mode) as desk:
        break_it(desk)
        sent = 0

        async def until_it_fails() -> None:
            nonlocal sent
            for n in range(50):
                await desk.submit(limit(client_order_id=f"o{n}", reason="x" * 1000))
                sent = n + 1

        with pytest.raises(errors.JournalUnavailable, match="cannot be written"):
            await until_it_fails()
        assert len(bench.venue.sent()) == sent
        assert desk.risk_state().open_orders == sent, "it counts against no limit"
        free_the_disk(desk)
        assert (await desk.submit(limit(client_order_id=f"o{sent}"))).status is OrderStatus.OPEN
        assert desk.store.verify().ok


async def test_a_refusal_that_cannot_be_recorded_is_refused_all_the_same(bench: Bench) -> None:
    async with bench.open() as desk:
        make_read_only(desk)
        with pytest.raises(errors.JournalUnavailable) as caught:
            await desk.submit(limit(price=D("98.001")))
        assert isinstance(caught.value.__cause__, errors.InvalidPrice)
        free_the_disk(desk)


async def test_an_answer_that_cannot_be_recorded_halts_the_desk_and_the_next_start_finds_the_order(
    bench: Bench,
) -> None:
    async with bench.open() as desk:

        async def then_the_disk_fills() -> None:
            make_read_only(desk)

        bench.venue.faults["submit"].append(then_the_disk_fills)
        with pytest.raises(errors.JournalUnavailable, match="reached the venue") as caught:
            await desk.submit(limit(client_order_id="mine"))
        assert caught.value.order_id == "mine"
        state = desk.risk_state()
        assert state.trading_state is TradingState.HALTED
        assert "could not be recorded" in state.reason
        with pytest.raises(errors.Refused):
            await desk.submit(limit())
        assert len(bench.venue.sent()) == 1
        crashed = bench.after_crash()
        free_the_disk(desk)
    async with bench.open(crashed) as desk:
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert [r.body["event"] for r in rows(desk, EntryKind.RECONCILE)] == ["reconcile_in_doubt_resolved"]


async def test_a_cancel_goes_even_when_it_cannot_be_recorded_and_the_desk_halts(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        make_read_only(desk)
        with pytest.raises(errors.JournalUnavailable):
            await desk.cancel("mine")
        assert len(bench.venue.made("cancel")) == 1
        assert bench.venue.orders["mine"].status is OrderStatus.CANCELED
        assert desk.risk_state().trading_state is TradingState.HALTED
        free_the_disk(desk)


async def test_an_amendment_that_cannot_be_recorded_is_not_sent(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="mine"))
        make_read_only(desk)
        with pytest.raises(errors.JournalUnavailable):
            await desk.amend("mine", price=D(97))
        assert bench.venue.made("amend") == []
        free_the_disk(desk)


async def test_fills_that_cannot_be_recorded_halt_the_desk_and_are_recorded_and_told_once_they_can(
    bench: Bench,
) -> None:
    async with bench.open() as desk, desk.listen() as feed:
        await desk.submit(limit(client_order_id="mine"))
        make_read_only(desk)
        for _ in range(3):
            bench.venue.fill("mine", D("0.1"), D(98))
        await bench.clock.advance(3)
        assert desk.risk_state().trading_state is TradingState.HALTED
        assert [e.kind for e in feed._events if isinstance(e, DeskEvent)] == ["halted"]
        assert not any(isinstance(e, FillEvent) for e in feed._events), "what is not durable is not told"
        free_the_disk(desk)
        await bench.clock.advance(2)
        assert [r.body["id"] for r in rows(desk, EntryKind.FILL)] == ["f1", "f2", "f3"]
        assert [e.fill.id for e in feed._events if isinstance(e, FillEvent)] == ["f1", "f2", "f3"]
        assert statuses(desk, "mine")[-1] == "PARTIALLY_FILLED"
        assert desk.risk_state().trading_state is TradingState.HALTED, "a person decides when to go on"
        await desk.resume(by="ann")
        assert (await desk.submit(limit())).status is OrderStatus.OPEN


async def test_a_halt_of_another_process_is_obeyed_while_nothing_can_be_written(bench: Bench) -> None:
    async with bench.open() as desk, bench.elsewhere() as other:
        make_read_only(desk)
        await other.halt(by="ann", reason="news")
        await bench.clock.advance(0.2)
        assert desk.risk_state().trading_state is TradingState.HALTED
        free_the_disk(desk)


async def test_reading_goes_on_while_the_journal_fails(bench: Bench) -> None:
    async with bench.open() as desk:
        make_read_only(desk)
        viewer = Caller(agent_id="v", role=Role.VIEWER)
        assert (await desk.preview(limit())).allowed
        assert await desk.balances()
        stream = await desk.subscribe(Channel.TICKER, ["BTC-USD"], caller=viewer)
        await stream.close()
        free_the_disk(desk)
