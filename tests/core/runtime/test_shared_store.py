"""Desks of several processes on one PostgreSQL: one runs an account, all obey a halt, none sends what is not kept."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import attrs
import pytest
from desks import Bench, limit, statuses
from postgres_server import Server

from venuekit.desk.desk import Desk
from venuekit.errors import JournalUnavailable, Refused, StoreInUse
from venuekit.journal import open_store
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Operator
from venuekit.protocols.journal import Control, Entry, EntryKind
from venuekit.protocols.risk import TradingState
from venuekit.runtime.session import CONTROL_POLL_SECONDS
from venuekit.settings.schema import ApprovalSettings, DeskConfig, StoreSettings

pytest.importorskip("psycopg")
pytestmark = pytest.mark.anyio


@pytest.fixture
def config(postgres: Server, bench: Bench) -> DeskConfig:
    return bench.config(store=StoreSettings(url=postgres.url()))


async def resumed(desk: Desk) -> None:
    """Resumes as soon as the store answers again."""
    while True:
        try:
            await desk.resume(by="ann")
        except JournalUnavailable:
            await asyncio.sleep(0.01)
        else:
            return


async def test_a_second_desk_of_the_account_is_refused_while_the_first_is_open(
    bench: Bench, config: DeskConfig
) -> None:
    async with bench.open(config) as desk:
        with pytest.raises(StoreInUse, match="scripted:default is open already"):
            async with bench.open(config):
                pass
        assert (await desk.submit(limit(client_order_id="mine"))).status is OrderStatus.OPEN
    async with bench.open(config) as desk:
        assert (await desk.order("mine")).status is OrderStatus.OPEN, "the next one knows what the first did"


async def test_who_only_reads_is_not_in_the_way_of_a_desk(bench: Bench, config: DeskConfig) -> None:
    reader = open_store(config.store.url)
    async with bench.open(config) as desk:
        await desk.submit(limit())
        assert reader.desks() == [desk.name]
        assert reader.verify().ok
    await reader.close()


async def test_a_halt_elsewhere_is_obeyed_by_the_next_look_at_the_store_of_which_there_are_many_a_second(
    bench: Bench, config: DeskConfig
) -> None:
    assert CONTROL_POLL_SECONDS < 0.25
    operator = open_store(config.store.url)
    entry = Entry(kind=EntryKind.CONTROL, desk="", subject="", agent_id="ann", body={"action": "halt"}, time_ns=1)
    async with bench.open(config) as desk:
        for state in (TradingState.HALTED, TradingState.ACTIVE, TradingState.HALTED):
            await operator.set_control(lambda _, now=state: Control(state=now, by="ann", reason="news"), entry)
            assert desk._state.exposure.trading_state() is not state
            while desk._state.exposure.trading_state() is not state:  # asking the desk would make it look
                await asyncio.sleep(0.001)  # the database tells of it in its own time
                await bench.clock.advance(CONTROL_POLL_SECONDS)
        with pytest.raises(Refused):
            await desk.submit(limit())
        assert bench.venue.sent() == []
    await operator.close()


async def test_an_order_that_waits_is_approved_and_sent_once(bench: Bench, config: DeskConfig) -> None:
    config = attrs.evolve(config, approval=ApprovalSettings(require_above=Decimal(50)))
    async with bench.open(config) as desk:
        waiting = await desk.submit(limit(client_order_id="mine"))
        assert waiting.status is OrderStatus.PENDING_APPROVAL
        await desk.approve(str(waiting.approval_id), operator=Operator(name="ann", source="test"))
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        assert len(bench.venue.sent()) == 1
        assert desk.store.verify().ok


async def test_a_desk_whose_database_goes_away_sends_nothing_and_goes_on_once_a_person_says_so(
    bench: Bench, config: DeskConfig, postgres: Server
) -> None:
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="before"))
        postgres.stop()
        try:
            with pytest.raises(JournalUnavailable):
                await desk.submit(limit(client_order_id="during"))
            await bench.clock.advance(0.1)
            assert desk.risk_state().trading_state is TradingState.HALTED
            assert await desk.balances(), "reading goes on"
        finally:
            postgres.start()
        with pytest.raises(Refused):
            await desk.submit(limit(client_order_id="during"))
        await resumed(desk)
        assert (await desk.submit(limit(client_order_id="during"))).status is OrderStatus.OPEN
        assert [order.client_order_id for order in bench.venue.sent()] == ["before", "during"]
        assert statuses(desk, "during")[-1] == "OPEN"
        assert desk.store.verify().ok
