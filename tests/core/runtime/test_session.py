"""Opening a desk and closing it: what cannot be is refused first, and nothing is left behind whatever fails."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from desks import Bench, limit, never, rows

from venuekit import errors
from venuekit.desk.desk import Desk
from venuekit.model.events import Channel, ConnectionEvent, ConnectionState
from venuekit.model.order import OrderStatus
from venuekit.protocols.approver import Mode
from venuekit.protocols.journal import EntryKind
from venuekit.protocols.risk import TradingState
from venuekit.settings.schema import ApprovalSettings, ReconcileSettings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("environment", ["production", "sandbox", "papers", ""])
async def test_a_real_venue_is_read_only_unless_told_otherwise(bench: Bench, environment: str) -> None:
    bench.venue.environment = environment
    async with bench.open() as desk:
        assert desk.mode is Mode.READ_ONLY
        with pytest.raises(errors.ModeRefused, match="read_only"):
            await desk.submit(limit())
        assert bench.venue.sent() == []


async def test_shadow_at_a_real_venue_is_refused_before_anything_is_opened(bench: Bench) -> None:
    bench.venue.environment = "production"
    with pytest.raises(errors.ConfigError, match="needs a venue that simulates"):
        async with bench.open(mode=Mode.SHADOW):
            pytest.fail("it opened")
    assert bench.venue.calls == []


async def test_live_at_a_real_venue_needs_an_approval_threshold(bench: Bench) -> None:
    from decimal import Decimal

    bench.venue.environment = "production"
    with pytest.raises(errors.ConfigError) as caught:
        async with bench.open(mode=Mode.LIVE):
            pytest.fail("it opened")
    assert caught.value.field == "approval.require_above"
    assert bench.venue.calls == []
    config = bench.config(approval=ApprovalSettings(require_above=Decimal(10_000)))
    async with bench.open(config, mode=Mode.LIVE) as desk:
        assert (await desk.submit(limit())).status is OrderStatus.OPEN


@pytest.mark.parametrize("call", ["connect", "server_time_ns", "open_orders", "balances", "positions", "fills"])
async def test_a_venue_that_cannot_be_reached_at_the_start_leaves_nothing_open(bench: Bench, call: str) -> None:
    before = len(asyncio.all_tasks())
    bench.venue.faults[call].append(errors.VenueDown("503"))
    with pytest.raises(errors.VenueDown):
        async with bench.open():
            pytest.fail("it opened")
    assert ("close", None) in bench.venue.calls
    assert len(asyncio.all_tasks()) == before
    async with bench.open() as desk:
        assert desk.connected


async def test_closing_ends_every_listener_and_every_task_and_is_on_record(bench: Bench) -> None:
    before = len(asyncio.all_tasks())
    async with bench.open() as desk:
        listener = asyncio.create_task(anext(desk.listen()))
        stream = await desk.subscribe(Channel.TICKER, ["BTC-USD"])
        await bench.clock.settle()
    assert not desk.connected
    with pytest.raises(StopAsyncIteration):
        await listener
    assert stream.status().state == "closed"
    await bench.clock.settle()
    assert len(asyncio.all_tasks()) == before
    assert bench.venue.queues == []
    async with bench.open() as desk:
        events = [r.body["event"] for r in rows(desk, EntryKind.SESSION)]
        assert events == ["opened", "closed", "opened"]


@pytest.mark.parametrize(
    ("call", "raised"),
    [
        ("submit", errors.OutcomeUnknown),
        ("tickers", errors.NotConnected),
        ("instrument", errors.NotConnected),
        ("cancel", errors.OutcomeUnknown),
    ],
)
async def test_closing_waits_a_while_for_a_venue_that_hangs_and_then_closes_all_the_same(
    bench: Bench, call: str, raised: type[errors.VenuekitError]
) -> None:
    async def close(opened: contextlib.AbstractAsyncContextManager[Desk]) -> None:
        await opened.__aexit__(None, None, None)

    opened = bench.open()
    desk = await opened.__aenter__()
    await desk.submit(limit(client_order_id="before"))
    bench.clock.tick(1)
    bench.venue.faults[call].append(never)
    order = limit(client_order_id="mine", instrument="ETH-USD" if call == "instrument" else "BTC-USD")
    hangs = asyncio.create_task(desk.cancel("before") if call == "cancel" else desk.submit(order))
    await bench.clock.settle()
    closing = asyncio.create_task(close(opened))
    await bench.clock.advance(4)
    assert not closing.done()
    await bench.clock.advance(1.1)
    await closing
    with pytest.raises(raised):
        await hangs
    assert bench.venue.calls[-1] == ("close", None)
    async with bench.open() as desk:
        if call == "submit":
            assert (await desk.order("mine")).status is OrderStatus.IN_DOUBT
        assert desk.store.verify().ok


async def test_a_failure_inside_the_block_still_closes_the_venue_and_the_store(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        async with bench.open():
            raise ZeroDivisionError
    assert bench.venue.calls[-1] == ("close", None)
    async with bench.open() as desk:
        assert desk.store.verify().ok


async def test_a_background_task_that_fails_halts_the_desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench.open() as desk:

        async def broken() -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(desk.upkeep, "act", broken)
        await bench.clock.advance(2)
        assert desk.risk_state().trading_state is TradingState.HALTED
        with pytest.raises(errors.Halted):
            await desk.submit(limit())


async def test_a_bug_in_an_adapters_prices_or_reconciling_refuses_orders_but_ends_nothing(bench: Bench) -> None:
    async with bench.open() as desk:
        bench.venue.faults["tickers"].append(TypeError("a bug"))
        bench.clock.tick(20)
        with pytest.raises(errors.DataNotTrusted):
            await desk.submit(limit())
        bench.venue.faults["open_orders"].append(TypeError("a bug"))
        bench.clock.tick(50)
        await bench.clock.advance(1)
        assert (await desk.submit(limit())).status is OrderStatus.OPEN


async def test_a_start_reads_the_rows_after_the_last_snapshot_and_finds_old_orders_in_the_journal(bench: Bench) -> None:
    async with bench.open() as desk:
        await desk.submit(limit(client_order_id="old"))
        await desk.cancel("old")
        await desk.submit(limit(client_order_id="open"))
    async with bench.open() as desk:
        assert [o.id for o in await desk.open_orders()] == ["open"]
        assert (await desk.order("old")).status is OrderStatus.CANCELED
        with pytest.raises(errors.UnknownOrder):
            await desk.order("never")


async def test_a_comparison_that_failed_when_the_stream_came_back_is_made_as_soon_as_it_can_be(bench: Bench) -> None:
    config = bench.config(reconcile=ReconcileSettings(every_seconds=0))
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="mine"))
        await bench.clock.advance(2)
        bench.venue.push(Channel.OWN_ORDERS, errors.NotConnected("cut"))
        await bench.clock.settle()
        bench.venue.set(bench.venue.orders["mine"].but(status=OrderStatus.CANCELED), tell=False)
        bench.venue.faults["open_orders"] += [errors.VenueDown("503")] * 2
        await bench.clock.advance(3)
        assert not bench.venue.faults["open_orders"], "nothing was compared when the stream came back"
        assert (await desk.order("mine")).status is OrderStatus.OPEN
        asked = len(bench.venue.made("open_orders"))
        await bench.clock.advance(5)
        assert (await desk.order("mine")).status is OrderStatus.CANCELED
        assert len(bench.venue.made("open_orders")) == asked + 1, "once it went through it is over"


async def test_what_happens_between_the_start_and_the_streams_first_word_is_asked_for(bench: Bench) -> None:
    config = bench.config(reconcile=ReconcileSettings(every_seconds=0))
    async with bench.open(config) as desk:
        await desk.submit(limit(client_order_id="mine"))
    bench.venue.calls.clear()
    async with bench.open(config) as desk:
        bench.venue.set(bench.venue.orders["mine"].but(status=OrderStatus.CANCELED), tell=False)
        there = ConnectionEvent(venue="scripted", time_ns=0, state=ConnectionState.CONNECTED)
        for _ in range(2):
            asked = len(bench.venue.made("open_orders"))
            bench.venue.push(Channel.OWN_ORDERS, there)
            await bench.clock.settle()
            assert (await desk.order("mine")).status is OrderStatus.CANCELED
        assert len(bench.venue.made("open_orders")) == asked, "once is enough"
