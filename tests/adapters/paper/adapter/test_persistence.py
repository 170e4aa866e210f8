"""What an account was is what it is after a restart; a file that cannot be trusted or written is said so."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from paper_kit import (
    BUY,
    ETH,
    PERP,
    SELL,
    YES,
    Opener,
    again,
    balance,
    bracket,
    everything,
    limit,
    market,
    stop,
    stop_limit,
)

from venuekit.adapter import (
    NANOS,
    ClientOrderIdReused,
    FillQuery,
    Granularity,
    HistoryQuery,
    InstrumentStatus,
    OrderRef,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    StoreDamaged,
    StoreInUse,
    TimeInForce,
    Unavailable,
    VenuekitError,
)
from venuekit_paper import persistence
from venuekit_paper.adapter import PaperVenue

pytestmark = pytest.mark.anyio
D = Decimal


async def history(venue: PaperVenue) -> dict[str, object]:
    return {
        "orders": (await venue.order_history(HistoryQuery(limit=500))).items,
        "fills": (await venue.fills(FillQuery(limit=500))).items,
        "transfers": (await venue.transfers(limit=500)).items,
        "candles": [await venue.candles(i.id, Granularity.FIVE_MINUTES) for i in await venue.instruments()],
        "instruments": await venue.instruments(),
        "tickers": await venue.tickers([i.id for i in await venue.instruments()]),
        "hash": venue.journal_hash,
        "now": venue.now_ns(),
    }


async def trade_a_little(venue: PaperVenue) -> None:
    requests: list[OrderRequest] = [
        market(BUY, "1.5"),
        limit(BUY, "0.5", "59990"),
        limit(SELL, "2", "3300", instrument=ETH, time_in_force=TimeInForce.DAY),
        stop(SELL, "0.2", "50000"),
        bracket(SELL, "0.1", "70000", "50000"),
        market(SELL, "0.4", instrument=PERP),
        limit(SELL, "60", "0.9", instrument=YES),
        limit(BUY, "0.5", "50000", post_only=True),
        limit(BUY, "0.2", "50000", instrument=PERP, reduce_only=True),
        stop_limit(SELL, "0.1", "49000", "50000"),
        stop(BUY, "0.2", "70000", instrument=PERP),
        limit(BUY, "0.1", "40000", time_in_force=TimeInForce.GTD, expires_at_ns=venue.now_ns() + 100 * NANOS),
    ]
    await venue.mint(YES, D(100))
    for number, request in enumerate(requests):
        await venue.submit(attrs.evolve(request, client_order_id=f"known-{number}"))
    await venue.advance(90)
    ask = (await venue.order_book(ETH)).best_ask
    partly = await venue.submit(limit(BUY, ask.size + 9, ask.price, instrument=ETH, client_order_id="partly"))
    assert partly.status is OrderStatus.PARTIALLY_FILLED
    reached = await venue.submit(stop_limit(SELL, "0.1", "65000", "61000", client_order_id="reached"))
    assert reached.status is OrderStatus.OPEN
    await venue.set_status("SOL-USD", InstrumentStatus.HALTED)


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
    crashed = await opened_copy(opened, tmp_path / "after the crash")
    assert (await everything(crashed), await history(crashed)) == before


async def opened_copy(opened: Opener, folder: Path, **options: object) -> PaperVenue:
    """The account as a process finds it that starts after the first one was killed."""
    folder.mkdir()
    for name in ("default.sqlite3", "default.sqlite3-wal"):
        if (opened.folder / name).exists():
            shutil.copy(opened.folder / name, folder / name)
    other = Opener(folder, opened.clock)
    opened.also(other)
    return await other(persist=True, **options)


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
    crashed = await opened_copy(opened, tmp_path / "copy", **options)
    assert (await everything(crashed), await history(crashed)) == before


async def test_other_fees_are_charged_from_the_next_start_on_and_held_for_open_orders(
    opened: Opener, tmp_path: Path
) -> None:
    first = await opened(persist=True)
    await first.submit(market(BUY, "1.5"))
    resting = await first.submit(limit(BUY, "0.5", "50000"))
    cash = (await balance(first)).total
    crashed = await opened_copy(opened, tmp_path / "copy", taker_fee=D("0.004"), maker_fee=D("0.002"))
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


async def test_a_file_that_is_no_database_is_named_with_the_next_step(opened: Opener) -> None:
    (opened.folder / "default.sqlite3").write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(VenuekitError) as caught:
        await opened(persist=True)
    assert not isinstance(caught.value, StoreInUse)
    assert "default.sqlite3" in str(caught.value)
    assert caught.value.fix
    (opened.folder / "default.sqlite3").unlink()
    await opened(persist=True)  # nothing was left locked


async def tampered(opened: Opener, *statements: str) -> VenuekitError:
    """The error that an account answers with whose closed file was changed by these statements."""
    database = sqlite3.connect(opened.folder / "default.sqlite3", isolation_level=None)
    for statement in statements:
        database.execute(statement)
    database.close()
    with pytest.raises(VenuekitError) as caught:
        await opened(persist=True)
    assert caught.value.fix
    assert "default.sqlite3" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot SET body = substr(body, 1, 100)",
        "UPDATE snapshot SET body = '{}'",
        "UPDATE snapshot SET body = '[]'",
        "UPDATE snapshot SET body = 'null'",
        "UPDATE snapshot SET body = replace(body, 'bids', 'bits')",
    ],
)
async def test_a_snapshot_that_does_not_read_is_refused_and_leaves_the_file_and_the_lock_alone(
    opened: Opener, statement: str
) -> None:
    venue = await opened(persist=True)
    await trade_a_little(venue)
    before = await everything(venue)
    await venue.close()
    shutil.copy(opened.folder / "default.sqlite3", opened.folder / "kept")
    await tampered(opened, statement)
    for leftover in opened.folder.glob("default.sqlite3*"):
        leftover.unlink()
    shutil.copy(opened.folder / "kept", opened.folder / "default.sqlite3")
    assert await everything(await opened(persist=True)) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commands SET body = replace(body, '1.5', '1.6')",
        "UPDATE commands SET body = substr(body, 1, 10) WHERE number = 3",
        "UPDATE commands SET body = '[]' WHERE number = 3",
        "UPDATE commands SET body = '[\"fly\",1]' WHERE number = 3",
        "UPDATE commands SET digest = 'x' WHERE number = 3",
        "DELETE FROM commands WHERE number = 3",
    ],
)
async def test_a_command_that_was_altered_is_found_out(opened: Opener, tmp_path: Path, statement: str) -> None:
    await trade_a_little(await opened(persist=True))
    crashed = await opened_copy(opened, tmp_path / "copy")
    await crashed.submit(market(BUY, "0.01"))
    other = await opened_copy_folder(opened, tmp_path / "second")
    await tampered(other, statement)


async def opened_copy_folder(opened: Opener, folder: Path) -> Opener:
    """A folder with the account as a killed process left it."""
    folder.mkdir()
    for name in ("default.sqlite3", "default.sqlite3-wal"):
        shutil.copy(opened.folder / name, folder / name)
    other = Opener(folder, opened.clock)
    opened.also(other)
    return other


async def reading_it_all(opened: Opener) -> VenuekitError | None:
    """What opening the account and reading everything in it is refused with."""
    venue = opened.make(persist=True)
    try:
        await venue.connect()
        await everything(venue)
        await history(venue)
    except VenuekitError as error:
        return error
    finally:
        with contextlib.suppress(Unavailable):
            await venue.close()
    return None


async def test_torn_pages_are_refused_or_harmless_and_never_a_raw_error(opened: Opener) -> None:
    venue = await opened(persist=True)
    await trade_a_little(venue)
    before = await everything(venue)
    await venue.close()
    path = opened.folder / "default.sqlite3"
    whole = path.read_bytes()
    for place in range(100, len(whole), max(1, len(whole) // 12)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) * 64 + whole[place + 64 :])
        refusal = await reading_it_all(opened)
        assert refusal is None or refusal.fix
        for leftover in opened.folder.glob("default.sqlite3*"):
            leftover.unlink()
    path.write_bytes(whole)
    assert await everything(await opened(persist=True)) == before


async def test_a_file_of_another_account_is_not_opened_under_this_name(opened: Opener) -> None:
    await (await opened("alice", persist=True)).close()
    (opened.folder / "alice.sqlite3").rename(opened.folder / "bob.sqlite3")
    with pytest.raises(StoreDamaged) as caught:
        await opened("bob", persist=True)
    assert "alice" in caught.value.message


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the list of this process's open files")
async def test_opening_closing_and_failing_to_open_leave_no_file_open(opened: Opener) -> None:
    broken = Opener(opened.folder / "broken", opened.clock)
    broken.folder.mkdir()
    (broken.folder / "default.sqlite3").write_bytes(b"no database at all" * 500)

    async def once() -> None:
        venue = await opened(persist=True)
        with pytest.raises(StoreInUse):
            await opened(persist=True)
        await venue.close()
        with pytest.raises(StoreDamaged):
            await broken(persist=True)

    await once()
    before = open_files()
    for _ in range(10):
        await once()
    assert open_files() == before


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
