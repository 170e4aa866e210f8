"""The end of the chain in a file of its own, outside of the database: whatever is cut off there is missed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from venuekit.errors import JournalUnavailable
from venuekit.journal import open_store, verify_file
from venuekit.protocols.journal import Entry

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]


def cut_off(url: str, after: int) -> None:
    """Remove the newest rows, as an owner of the tables can, or an old backup that is put back."""
    statement = f"DELETE FROM journal WHERE sequence > {after}"
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as database:
            database.execute(statement)
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(b"ALTER TABLE journal DISABLE TRIGGER ALL")
        admin.execute(statement.encode())


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "anchor"


@pytest.fixture(autouse=True)
def folder(anchor: Path) -> None:
    anchor.parent.mkdir()


async def test_rows_cut_off_while_nobody_looked_are_missed(url: str, anchor: Path, entry: Make) -> None:
    store = open_store(url, anchor=anchor)
    for number in range(1, 11):
        await store.append([entry(number)])
    assert store.verify().ok
    await store.close()
    cut_off(url, 7)
    again = open_store(url, anchor=anchor)
    result = again.verify()
    assert (result.ok, result.sequence, result.problem) == (False, 8, "rows were cut off: there were 10, 7 are left")
    await again.append([entry(n) for n in range(108, 115)])
    assert again.verify().problem == "row 10 is not the one that was recorded", "also when writing went on"
    await again.close()
    if url.startswith("sqlite"):
        assert not verify_file(Path(url.removeprefix("sqlite:///")), anchor=anchor).ok
    without = open_store(url)
    assert without.verify().ok, "nothing else would have told"
    await without.close()


async def test_every_way_of_writing_moves_the_anchor(url: str, anchor: Path, entry: Make) -> None:
    store = open_store(url, anchor=anchor)
    await store.append([entry(1), entry(2)])
    await store.set_control(lambda control: control, entry(3, body={}))
    head = store.verify().head
    await store.close()
    assert f"{3:020d} {head}" in anchor.read_text()


async def test_an_anchor_that_cannot_be_written_is_told_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match=r"cannot be (opened|written)"):
        open_store(url, anchor=tmp_path / "no" / "such" / "folder")
