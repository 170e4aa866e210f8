"""A file that was damaged, altered or swapped is refused by name, stays as it is, and leaves nothing locked."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from paper_kit import BUY, Opener, everything, market
from restart_kit import history, killed, trade_a_little

from venuekit.adapter import StoreDamaged, StoreInUse, Unavailable, VenuekitError

pytestmark = pytest.mark.anyio


async def test_a_file_that_is_no_database_is_named_with_the_next_step(opened: Opener) -> None:
    (opened.folder / "default.sqlite3").write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(VenuekitError) as caught:
        await opened(persist=True)
    assert not isinstance(caught.value, StoreInUse)
    assert "default.sqlite3" in str(caught.value)
    assert caught.value.fix
    (opened.folder / "default.sqlite3").unlink()
    await opened(persist=True)  # nothing was left locked


async def tampered(opened: Opener, statement: str) -> None:
    """Change the closed file; opening the account must be refused, and change nothing more."""
    database = sqlite3.connect(opened.folder / "default.sqlite3", isolation_level=None)
    database.execute(statement)
    before = list(database.iterdump())
    with pytest.raises(StoreDamaged) as caught:
        await opened(persist=True)
    assert "a copy from before" in caught.value.fix
    assert "default.sqlite3" in caught.value.message
    assert list(database.iterdump()) == before
    database.close()


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
    crashed = await killed(opened, tmp_path / "copy")(persist=True)
    await crashed.submit(market(BUY, "0.01"))
    other = killed(opened, tmp_path / "second")
    await tampered(other, statement)


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
