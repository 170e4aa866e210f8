"""Changed limits in the store: kept with their row, taken back once, and proved with the chain."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from venuekit.journal import open_store, verify_file
from venuekit.journal.sqlite import SqliteStore
from venuekit.protocols.journal import Entry, EntryKind, LimitOverride, RowQuery, Store

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]

CHANGE = LimitOverride(
    name="max_order_notional", value="500", by="ann", reason="news", since_ns=5, until_ns=2**62, loosens=True
)


async def test_a_changed_limit_is_there_for_every_process_until_it_is_taken_back(
    url: str, store: Store, entry: Make
) -> None:
    row = entry(kind=EntryKind.CONTROL, body={"action": "set_limit"})
    assert await store.set_limit(CHANGE, row) == CHANGE
    await store.set_limit(attrs.evolve(CHANGE, desk="paper:default"), row)
    await store.set_limit(attrs.evolve(CHANGE, value="400"), row)
    other = open_store(url)
    assert [(c.desk, c.value) for c in other.limits()] == [("", "400"), ("paper:default", "500")]
    assert await other.unset_limit("", CHANGE.name, row)
    assert not await other.unset_limit("", CHANGE.name, row), "it is taken back once"
    assert [c.desk for c in store.limits()] == ["paper:default"]
    kept = store.rows(RowQuery(subject=CHANGE.name, newest_first=False))
    assert [(r.desk, (r.body["limit"] or {}).get("value")) for r in kept] == [
        *(("", "500"), ("paper:default", "500"), ("", "400"), ("", None))
    ]
    assert store.verify().ok, store.verify().problem
    await other.close()


async def test_a_change_is_heard_by_the_other_processes(url: str, store: Store, entry: Make) -> None:
    other = open_store(url)
    other.changed()
    await store.set_limit(CHANGE, entry(kind=EntryKind.CONTROL))
    for _ in range(200):
        if other.changed():
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("nothing was heard")
    assert other.limits() == [CHANGE]
    await other.close()


async def test_secrets_in_a_reason_are_not_kept(url: str, entry: Make) -> None:
    store = open_store(url, secrets=frozenset({"hunter2hunter2"}))
    said = attrs.evolve(CHANGE, reason="hunter2hunter2 says so, password=opensesame")
    kept = await store.set_limit(said, entry(kind=EntryKind.CONTROL, body={"reason": said.reason}))
    text = f"{kept} {store.limits()} {store.rows(RowQuery())}"
    assert "hunter2" not in text
    assert "opensesame" not in text
    assert store.verify().ok
    await store.close()


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE limits SET body = replace(body, '500', '900')",
        "DELETE FROM limits",
        "INSERT INTO limits SELECT 'other:desk', name, body FROM limits",
    ],
)
async def test_a_limit_that_was_altered_beside_the_journal_is_named(
    file_store: SqliteStore, entry: Make, path: Path, tamper: str
) -> None:
    await file_store.set_limit(CHANGE, entry(kind=EntryKind.CONTROL))
    with sqlite3.connect(path) as database:
        database.execute(tamper)
    database.close()
    result = file_store.verify()
    assert not result.ok
    assert "limit " in result.problem
    assert "altered outside the journal" in result.problem


@pytest.mark.parametrize("body", ['{"name": "max_order_notional", "value": "5", "phase": "new moon"}', "{", "[]"])
async def test_a_change_by_a_newer_version_is_told_as_one_that_is_not_understood(
    file_store: SqliteStore, path: Path, body: str
) -> None:
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO limits VALUES ('paper:default', 'max_order_notional', ?)", (body,))
    database.close()
    (found,) = file_store.limits()
    assert (found.desk, found.name, found.format) == ("paper:default", "max_order_notional", 0)


async def test_a_store_of_the_version_before_is_proved_as_it_is_and_gets_the_table(
    path: Path, file_store: SqliteStore, entry: Make
) -> None:
    await file_store.append([entry()])
    first = {"journal", "approvals", "control", "breakers"}
    tables = file_store._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if table not in first:
            file_store._db.execute(f"DROP TABLE {table}")
    file_store._db.execute("PRAGMA user_version = 1")
    assert verify_file(path).ok
    again = SqliteStore(path)
    assert again.limits() == []
    await again.set_limit(CHANGE, entry(kind=EntryKind.CONTROL))
    assert again.verify().ok
    await again.close()
