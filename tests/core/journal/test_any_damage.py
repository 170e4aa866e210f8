"""Any one change to any row, in a store or in an export, is found and its row is named: on both stores."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.journal import open_store
from venuekit.journal.export import to_line, verify_lines
from venuekit.journal.record import GENESIS, seal, to_row
from venuekit.journal.rows import every
from venuekit.protocols.journal import Entry, EntryKind, RowQuery, Store

pytestmark = pytest.mark.anyio
ROWS = 12
COLUMNS = ("time_ns", "kind", "desk", "subject", "agent_id", "body", "digest")


def owner(url: str) -> Any:
    """A connection that may do anything."""
    if url.startswith("sqlite"):
        return contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None))
    import psycopg

    admin = psycopg.connect(url, autocommit=True)
    admin.execute(b"ALTER TABLE journal DISABLE TRIGGER ALL")
    return contextlib.closing(admin)


def broken(store: Store) -> int | None:
    result = store.verify()
    assert not result.ok
    return result.sequence


async def test_every_column_of_every_row_is_covered_and_each_row_is_missed_and_each_place_is_held(
    url: str, entry: Callable[..., Entry]
) -> None:
    store = open_store(url)
    await store.append([entry(n, body={"n": n, "text": "x"}) for n in range(1, ROWS + 1)])
    with owner(url) as database:

        def run(statement: str) -> None:
            database.execute(statement if url.startswith("sqlite") else statement.encode())

        for row in range(1, ROWS + 1):
            run(f"CREATE TABLE kept AS SELECT * FROM journal WHERE sequence = {row}")
            back = f"DELETE FROM journal WHERE sequence = {row}", "INSERT INTO journal SELECT * FROM kept"
            column = COLUMNS[row % len(COLUMNS)]
            for name in {column, "body", "digest"}:
                new = f"{name} + 1" if name == "time_ns" else f"{name} || 'z'"
                run(f"UPDATE journal SET {name} = {new} WHERE sequence = {row}")
                assert broken(store) == row, (row, name)
                for statement in back:
                    run(statement)
            run(back[0])
            assert broken(store) == row, "removed"
            run(back[1])
            if row < ROWS:
                swap = f"UPDATE journal SET sequence = CASE sequence WHEN {row} THEN -1 ELSE -2 END WHERE sequence IN ({row}, {row + 1})"
                run(swap)
                run(
                    f"UPDATE journal SET sequence = CASE sequence WHEN -1 THEN {row + 1} ELSE {row} END WHERE sequence < 0"
                )
                assert broken(store) == row, "moved"
                run(swap)
                run(
                    f"UPDATE journal SET sequence = CASE sequence WHEN -1 THEN {row + 1} ELSE {row} END WHERE sequence < 0"
                )
            run(
                f"INSERT INTO journal SELECT {ROWS + 1}, time_ns, kind, desk, subject, agent_id, body, digest FROM kept"
            )
            assert broken(store) == ROWS + 1, "put in"
            run(f"DELETE FROM journal WHERE sequence = {ROWS + 1}")
            run("DROP TABLE kept")
            assert store.verify().ok
    assert len(list(every(store, RowQuery()))) == ROWS
    await store.close()


def lines() -> list[bytes]:
    made, previous = [], GENESIS
    for number in range(1, ROWS + 1):
        new = Entry(
            kind=EntryKind.CALL, desk="d", subject=f"s{number}", agent_id="a", body={"n": number}, time_ns=number
        )
        stored = seal(number, previous, new, frozenset())
        previous = stored[7]
        made.append(to_line(to_row(stored)).encode())
    return made


LINES = lines()


@given(st.data())
def test_any_byte_of_an_export_that_says_something_else_names_its_row(data: st.DataObject) -> None:
    row = data.draw(st.integers(0, ROWS - 1))
    line = bytearray(LINES[row])
    at = data.draw(st.integers(0, len(line) - 2))
    line[at] ^= 1 << data.draw(st.integers(0, 6))
    result = verify_lines([*LINES[:row], bytes(line), *LINES[row + 1 :]])
    if bytes(line).strip().lower() != LINES[row].strip().lower() or not result.ok:
        assert (result.ok, result.sequence) == (False, row + 1)


@given(st.permutations(range(ROWS)))
def test_lines_in_any_other_order_name_the_first_that_is_not_in_its_place(order: list[int]) -> None:
    result = verify_lines([LINES[n] for n in order])
    first = next((n for n, at in enumerate(order) if n != at), None)
    assert (result.ok, result.sequence) == (first is None, None if first is None else first + 1)


@given(st.sets(st.integers(0, ROWS - 2), min_size=1))
def test_lines_that_are_gone_name_the_first_of_them(gone: set[int]) -> None:
    result = verify_lines([line for n, line in enumerate(LINES) if n not in gone])
    assert (result.ok, result.sequence) == (False, min(gone) + 1)
