"""What only a store in a file has: its permissions, its locks, and a disk that can be full or damaged."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from venuekit.errors import ConfigError, JournalUnavailable
from venuekit.journal import SqliteStore, open_store
from venuekit.journal.queries import RARE, where
from venuekit.protocols.journal import Entry, EntryKind, RowQuery

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]


async def test_with_full_callers_of_one_turn_share_a_commit(path: Path, entry: Make) -> None:
    store = SqliteStore(path, synchronous="FULL")
    statements: list[str] = []
    store._db.set_trace_callback(statements.append)
    await asyncio.gather(*(store.append([entry(n)]) for n in range(64)))
    assert sum(s == "COMMIT" for s in statements) == 1
    await store.close()


async def test_a_lost_disk_refuses_and_says_what_to_do(file_store: SqliteStore, entry: Make) -> None:
    await file_store.append([entry(1)])
    file_store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalUnavailable) as refused:
        await file_store.append([entry(2)])
    assert "readonly" in refused.value.message
    assert refused.value.fix
    file_store._db.execute("PRAGMA query_only = OFF")
    assert list(await file_store.append([entry(3)])) == [2]
    assert file_store.verify().ok


async def test_a_lock_that_another_holds_refuses_after_a_while(
    path: Path, file_store: SqliteStore, entry: Make
) -> None:
    file_store._db.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalUnavailable, match="locked"):
        await file_store.append([entry(1)])
    other.execute("COMMIT")
    other.close()
    assert list(await file_store.append([entry(1)])) == [1]


async def test_secrets_never_reach_the_file(path: Path, entry: Make) -> None:
    store = SqliteStore(path, secrets=frozenset({"hunter2hunter2"}))
    pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIabc\n-----END EC PRIVATE KEY-----"
    body = {
        "api_key": "AKIA-very-secret",
        "note": "the password is hunter2hunter2, and " + pem,
        "nested": [{"signature": "c2lnbmF0dXJl"}],
        "wallet": "0x52908400098527886E0F7030069857D2E4169EE7",
    }
    await store.append([entry(body=body)])
    await store.close()
    everything = b"".join(p.read_bytes() for p in path.parent.iterdir())
    for secret in (b"AKIA", b"hunter2", b"MHcCAQ", b"c2lnbmF0", b"52908400098527886E0F"):
        assert secret not in everything
    assert b"4169EE7"[1:] in everything


async def test_the_file_is_the_owners_alone(file_store: SqliteStore, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kinds", [(EntryKind.SESSION,), (EntryKind.DENIED, EntryKind.CONTROL)])
async def test_what_is_rare_is_found_without_reading_every_row(
    file_store: SqliteStore, kinds: tuple[EntryKind]
) -> None:
    clause, values = where(RowQuery(desk="paper:default", kinds=kinds))
    for sql in (
        f"SELECT * FROM journal {clause} ORDER BY sequence DESC LIMIT 1",
        f"SELECT DISTINCT desk FROM journal WHERE {RARE}",
    ):
        plan = file_store._db.execute(f"EXPLAIN QUERY PLAN {sql}", values if "?" in sql else ()).fetchall()
        assert "journal_rare" in str(plan)


async def test_a_newer_schema_is_refused_with_the_fix(path: Path, file_store: SqliteStore) -> None:
    file_store._db.execute("PRAGMA user_version = 99")
    await file_store.close()
    with pytest.raises(ConfigError, match="99") as refused:
        SqliteStore(path)
    assert "Upgrade" in refused.value.fix


def test_what_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"these are not the rows you are looking for" * 100)
    with pytest.raises(JournalUnavailable, match="not a database"):
        SqliteStore(path)


async def test_a_store_in_memory_works_and_leaves_nothing(tmp_path: Path, entry: Make) -> None:
    store = open_store("sqlite://")
    await store.append([entry(1)])
    assert store.verify().rows == 1
    await store.close()
    assert list(tmp_path.iterdir()) == []


async def test_any_writing_of_another_store_on_the_file_shows_as_a_change(
    path: Path, file_store: SqliteStore, entry: Make
) -> None:
    other = SqliteStore(path)
    await file_store.append([entry(1)])
    assert other.changed()
    assert not other.changed()
    await other.append([entry(2)])
    assert file_store.changed()
    await other.close()
