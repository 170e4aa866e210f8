"""What an account was is what it is after a restart; a disk that cannot be written is said so."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from paper_kit import BUY, ETH, Opener, again, balance, everything, limit, market
from restart_kit import history, killed, trade_a_little

from venuekit.adapter import (
    ClientOrderIdReused,
    FillQuery,
    HistoryQuery,
    OrderRef,
    OrderStatus,
    OutcomeUnknown,
    TimeInForce,
    Unavailable,
)
from venuekit_paper import persistence

pytestmark = pytest.mark.anyio
D = Decimal


async def test_a_closed_account_goes_on_exactly_where_it_was(opened: Opener) -> None:
    first = await opened(persist=True)
    await trade_a_little(first)
    before = (await everything(first), await history(first))
    await first.close()
    second = await opened(persist=True)
    assert (await everything(second), await history(second)) == before
    twin = await opened("default")
    await trade_a_little(twin)
    for venue in (twin, second):
        await venue.advance(30)
        for order in await venue.open_orders(ETH):
            await venue.amend(OrderRef.of(order), size=D(20), price=D(3005))
    assert await everything(twin) == await everything(second)
    assert (await twin.order_history(HistoryQuery())).items == (await second.order_history(HistoryQuery())).items


async def test_a_process_that_dies_loses_nothing_that_was_answered(opened: Opener, tmp_path: Path) -> None:
    first = await opened(persist=True)
    await trade_a_little(first)
    before = (await everything(first), await history(first))
    crashed = await killed(opened, tmp_path / "after the crash")(persist=True)
    assert (await everything(crashed), await history(crashed)) == before


async def test_a_repeated_request_is_known_after_a_restart(opened: Opener) -> None:
    first = await opened(persist=True)
    resting, done = limit(BUY, "0.5", "50000"), market(BUY, "0.1")
    orders = [await first.submit(resting), await first.submit(done)]
    await first.close()
    second = await opened(persist=True)
    before = await everything(second)
    assert [await second.submit(resting), await second.submit(done)] == orders
    assert await everything(second) == before
    for known in (resting, done):
        with pytest.raises(ClientOrderIdReused):
            await second.submit(limit(BUY, "0.3", "50000", client_order_id=known.client_order_id))


async def test_options_of_a_new_account_do_not_touch_one_that_exists(opened: Opener) -> None:
    first = await opened(persist=True)
    await first.submit(market(BUY, "0.1"))
    before = (await everything(first), await history(first))
    await first.close()
    second = await opened(persist=True, initial_balances={"USD": D(1)}, seed=99, start_time_ns=1)
    assert (await everything(second), await history(second)) == before


@pytest.mark.parametrize("options", [{"seed": 99}, {"initial_balances": {"USD": D(5)}}])
async def test_options_that_are_for_new_accounts_may_change_after_a_crash(
    opened: Opener, tmp_path: Path, options: dict[str, object]
) -> None:
    first = await opened(persist=True)
    await trade_a_little(first)
    before = (await everything(first), await history(first))
    crashed = await killed(opened, tmp_path / "copy")(persist=True, **options)
    assert (await everything(crashed), await history(crashed)) == before


async def test_other_fees_are_charged_from_the_next_start_on_and_held_for_open_orders(
    opened: Opener, tmp_path: Path
) -> None:
    first = await opened(persist=True)
    await first.submit(market(BUY, "1.5"))
    resting = await first.submit(limit(BUY, "0.5", "50000"))
    cash = (await balance(first)).total
    crashed = await killed(opened, tmp_path / "copy")(persist=True, taker_fee=D("0.004"), maker_fee=D("0.002"))
    usd = await balance(crashed)
    assert (usd.total, usd.held) == (cash, 25_000 * D("1.004"))
    assert (await again(crashed, resting)).status is OrderStatus.OPEN
    order = await crashed.submit(market(BUY, "0.1"))
    assert order.average_price is not None
    assert order.fees == order.average_price * D("0.1") * D("0.004")
    assert (await crashed.profile()).taker_fee_rate == D("0.004")


async def test_orders_whose_time_came_while_nobody_ran_expire_when_time_goes_on(opened: Opener) -> None:
    first = await opened(pace="realtime", persist=True)
    order = await first.submit(limit(BUY, "0.5", "50000", time_in_force=TimeInForce.DAY))
    await first.close()
    opened.clock.tick(3 * 86_400)
    second = await opened(pace="realtime", persist=True)
    await opened.clock.advance(1)
    assert (await again(second, order)).status is OrderStatus.EXPIRED
    assert (await balance(second)).held == 0


async def test_without_persistence_there_is_no_file_and_every_start_is_new(opened: Opener) -> None:
    first = await opened()
    await first.submit(market(BUY, "0.1"))
    await first.close()
    assert list(opened.folder.iterdir()) == []
    second = await opened()
    assert (await second.order_history(HistoryQuery())).items == ()


async def test_the_file_is_for_its_owner_alone(opened: Opener) -> None:
    await opened(persist=True)
    assert (opened.folder / "default.sqlite3").stat().st_mode & 0o077 == 0


async def test_a_second_process_is_refused_and_told_what_to_do(opened: Opener) -> None:
    await opened(persist=True)
    code = f"""
import asyncio
from pathlib import Path
from venuekit.adapter import StoreInUse, VenueContext
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import factory

async def main():
    venue = factory.create(VenueContext(clock=SimulatedClock(), data_dir=Path({str(opened.folder)!r}), account="default"))
    try:
        await venue.connect()
    except StoreInUse as error:
        print(error.details["pid"], error.fix)

asyncio.run(main())
"""
    found = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split()[0] == str(multiprocessing.current_process().pid)
    assert "another account" in found.stdout


async def test_a_folder_that_cannot_be_made_is_named(opened: Opener, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    with pytest.raises(Unavailable) as caught:
        await Opener(blocked / "data", opened.clock)(persist=True)
    assert str(blocked) in caught.value.message
    assert "persist" in caught.value.fix


async def test_a_full_disk_is_said_and_nothing_is_lost_when_there_is_room_again(opened: Opener) -> None:
    venue = await opened(persist=True)
    database = venue.engine.log.history.db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages + 2}")
    refusals = 0
    while refusals < 20:
        try:
            await venue.submit(market(BUY, "0.001"))
        except OutcomeUnknown:
            refusals += 1
    database.execute("PRAGMA max_page_count = 1000000")
    await venue.submit(market(BUY, "0.002"))
    before = (await everything(venue), await history(venue))
    assert sum(f.size for f in (await venue.fills(FillQuery(limit=500))).items) == (await venue.positions())[0].size
    orders = (await venue.order_history(HistoryQuery(limit=500))).items
    assert {o.venue_order_id for o in orders} == {
        f.venue_order_id for f in (await venue.fills(FillQuery(limit=500))).items
    }
    await venue.close()
    second = await opened(persist=True)
    assert (await everything(second), await history(second)) == before


async def test_the_file_holds_a_snapshot_and_few_commands_however_long_nobody_trades(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "SNAPSHOT_EVERY", 50)
    venue = await opened(persist=True)
    database = sqlite3.connect(opened.folder / "default.sqlite3")
    for _ in range(8):
        await venue.advance(10)
        assert database.execute("SELECT count(*) FROM commands").fetchone()[0] < 50
    await venue.close()
    assert database.execute("SELECT count(*) FROM commands").fetchone()[0] == 0
    database.close()
