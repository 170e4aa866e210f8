"""Old rows go under a sealed checkpoint: what is needed stays, and every cut can be proved, on both stores."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from venuekit.errors import JournalUnavailable
from venuekit.journal import open_store
from venuekit.journal.export import header, to_line, verify_lines
from venuekit.journal.joining import joined
from venuekit.journal.prune import last_before, prune
from venuekit.journal.retention import DeskNeeds, JournalNeeds, needs_of
from venuekit.journal.rows import every, start_of
from venuekit.model.codec import to_plain
from venuekit.model.order import Order, OrderStatus
from venuekit.protocols.journal import BreakerRecord, Control, Entry, EntryKind, Row, RowQuery, Store
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]
DESK = "paper:default"


class Quick(SimulatedClock):
    """A clock whose sleeps are over at once."""

    async def sleep(self, _: float) -> None:
        """Wait no time."""


def orders(number: int, order: Callable[..., Order], make: Make) -> list[Entry]:
    """An order from its intent to its end, a call and a refusal."""
    name = f"o{number}"
    states = [OrderStatus.SUBMITTING, OrderStatus.OPEN, OrderStatus.PENDING_CANCEL, OrderStatus.CANCELED]
    told = [make(number, kind=EntryKind.ORDER, subject=name, body=order(name, state)) for state in states]
    told[0] = attrs.evolve(told[0], kind=EntryKind.INTENT)
    return [make(number), *told, make(number, kind=EntryKind.DENIED)]


def snapshot(make: Make, *live: Order) -> Entry:
    body = {"orders": [to_plain(o) for o in live], "last_fill_ns": 0, "day": 0, "day_start_equity": None}
    return make(kind=EntryKind.SNAPSHOT, subject="", body=body)


@pytest.fixture
async def store(
    url: str, entry: Make, order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """Forty orders, one of them live, two snapshots, a halt, and a breaker."""
    monkeypatch.setattr("venuekit.journal.retention.OVERLAP", 5)
    opened = open_store(url)
    live = order("live", OrderStatus.OPEN)
    first = entry(kind=EntryKind.SESSION, subject="", body={"event": "opened"})
    rows = [first, *[entry(kind=EntryKind.INTENT, subject="live", body=live)] * 3]
    for number in range(1, 41):
        rows += orders(number, order, entry)
        if number in (20, 30):
            rows.append(snapshot(entry, live))
        if number == 5:
            await opened.append(rows)
            rows = []
            await opened.set_control(
                lambda _: Control(reason="r"), entry(kind=EntryKind.CONTROL, desk="", subject="", body={})
            )
            breaker = BreakerRecord(name="latency", state="OPEN")
            await opened.set_breaker(DESK, breaker, entry(kind=EntryKind.CONTROL, body={}))
    await opened.append(rows)
    yield opened
    await opened.close()


def exported(store: Store, first: int, last: int | None = None) -> list[bytes]:
    start = start_of(store, first)
    rows = every(store, RowQuery(after_sequence=first - 1, before_sequence=None if last is None else last + 1))
    return [line.encode() for line in [*([header(start)] if start.cut else []), *(to_line(row) for row in rows)]]


async def cut(store: Store, to: int, most: int = 25) -> int:
    done = await prune(store, to=to, by="ann", source="test", export=None, clock=Quick(), most=most)
    return done.checkpoints


def change(url: str, *statements: str) -> None:
    """Change the database behind its back, as its owner can."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as database:
            for statement in statements:
                database.execute(statement)
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as admin:
        for statement in ("ALTER TABLE journal DISABLE TRIGGER ALL", *statements):
            admin.execute(statement.encode())


async def test_a_pruned_chain_is_whole_and_says_what_is_gone(store: Store) -> None:
    before = store.verify()
    assert await cut(store, 150) >= 6
    after = store.verify()
    assert (after.ok, after.problem, after.pruned) == (True, "", 150)
    assert after.rows > before.rows
    left = [row.sequence for row in every(store, RowQuery(before_sequence=151))]
    assert after.kept == len(left) < 110
    (newest, *_) = store.rows(RowQuery(kinds=(EntryKind.CONTROL,), subject="prune"))
    assert newest.body["by"] == newest.agent_id == "ann"
    sealed = store.rows(RowQuery(kinds=(EntryKind.CONTROL,), subject="prune", limit=99))
    removed = [kind for row in sealed for day in row.body["counts"].values() for kind in day.items()]
    assert sum(count for _, count in removed) == 150 - after.kept == sum(row.body["removed"] for row in sealed)
    assert {kind for kind, _ in removed} == {"call", "denied", "order", "snapshot"}


async def test_what_is_needed_stays(store: Store) -> None:
    everything = {row.sequence: row for row in every(store, RowQuery())}
    last = max(everything)
    await cut(store, last)
    left = {row.sequence: row for row in every(store, RowQuery(before_sequence=last + 1))}
    assert all(left[n] == everything[n] for n in left)
    kinds = [row.kind for row in left.values()]
    assert (kinds.count(EntryKind.CONTROL), kinds.count(EntryKind.SNAPSHOT), kinds.count(EntryKind.SESSION)) == (
        2,
        1,
        1,
    )
    assert not {EntryKind.CALL, EntryKind.DENIED} & set(kinds)
    newest = next(row.sequence for row in left.values() if row.kind is EntryKind.SNAPSHOT)
    for row in everything.values():
        if row.kind in (EntryKind.INTENT, EntryKind.ORDER) and (row.subject == "live" or row.sequence >= newest - 5):
            assert row.sequence in left, "a start reads it"
    for number in range(1, 41):
        states = [row.body["status"] for row in left.values() if row.subject == f"o{number}"]
        assert (states[0], states[-1]) == ("SUBMITTING", "CANCELED"), "its id must be known for ever"


async def test_several_prunes_chain_and_what_is_needed_no_more_goes_later(
    store: Store, entry: Make, order: Callable[..., Order]
) -> None:
    files = [exported(store, 1, 100)]
    await cut(store, 100)
    files.append(exported(store, 101, 180))
    await cut(store, 180)
    await store.append([entry(kind=EntryKind.ORDER, subject="live", body=order("live", OrderStatus.CANCELED))])
    await store.append([*(entry(n) for n in range(10)), snapshot(entry), *(entry(n) for n in range(10))])
    last = store.rows(RowQuery(limit=1))[0].sequence
    files.append(exported(store, 181, last))
    await cut(store, last)
    assert store.verify().ok
    assert len(store.rows(RowQuery(subject="live"))) == 2, "one that was live when it was first pruned"
    for file in files:
        assert verify_lines(file).ok
        assert joined(store, file).where
    whole = [*itertools.chain(*files), *exported(store, 1)]
    assert verify_lines(whole).ok
    assert verify_lines(whole).head == store.verify().head
    assert verify_lines([*files[0], *files[2]]).problem == "line 101 does not go on from row 100"


async def test_rows_go_up_to_the_first_that_is_not_old_enough(store: Store) -> None:
    assert last_before(store, 0) == 0
    rows = list(every(store, RowQuery()))
    at = last_before(store, 20)
    assert all(row.time_ns < 20 for row in rows[:at])
    assert rows[at].time_ns >= 20
    assert last_before(store, 10**30 // 10**12) == rows[-1].sequence


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM checkpoint", "is missing"),
        ("UPDATE checkpoint SET body = '{'", "the checkpoint was altered"),
        ("UPDATE checkpoint SET body = '{}'", "the checkpoint was altered"),
        ("UPDATE checkpoint SET body = replace(body, '\"kept\":', '\"kept\":1')", "rows were left before the cut"),
        ("UPDATE checkpoint SET body = replace(body, '\"cut\":15', '\"cut\":16')", ""),
        ("UPDATE checkpoint SET body = replace(body, 'head\":\"', 'head\":\"0')", ""),
        ("DELETE FROM journal WHERE subject = 'prune'", ""),
        ("DELETE FROM journal WHERE sequence = 152", "row 152 is missing"),
        ("UPDATE journal SET body = replace(body, 'BUY', 'SELL') WHERE sequence = 6", "left before the cut at row 150 was altered"),
        ("UPDATE journal SET digest = replace(digest, substr(digest, 1, 1), 'z') WHERE sequence = 6", "was altered"),
        ("DELETE FROM journal WHERE sequence = 6", "rows were left before the cut at row 150"),
        ("INSERT INTO journal SELECT 5, time_ns, kind, desk, subject, agent_id, body, digest FROM journal WHERE sequence = 6", "rows were left"),
        ("UPDATE journal SET sequence = 7 WHERE sequence = 6", "was altered"),
    ],
)  # fmt: skip
async def test_whatever_is_done_to_a_pruned_journal_is_found(store: Store, url: str, statement: str, says: str) -> None:
    await cut(store, 150)
    assert store.verify().ok
    change(url, statement)
    result = store.verify()
    assert not result.ok
    assert says in result.problem


async def test_a_deeper_cut_than_was_sealed_is_found(store: Store, url: str) -> None:
    """Who removes more rows and moves the checkpoint after them is given away by the journal's own row."""
    await cut(store, 150)
    forged = {row.sequence: row for row in every(store, RowQuery())}[160]
    sealed = store.checkpoint()
    assert sealed is not None
    left = list(every(store, RowQuery(before_sequence=151)))
    assert len(left) == sealed.kept
    change(
        url,
        "DELETE FROM journal WHERE sequence BETWEEN 151 AND 160",
        f"UPDATE checkpoint SET body = replace(replace(body, '150', '160'), '{sealed.head}', '{forged.digest}')",
    )
    assert store.verify().problem == "the checkpoint was altered outside the journal"


async def test_an_export_names_the_row_that_was_altered_before_the_cut(store: Store, url: str) -> None:
    file = exported(store, 1, 150)
    await cut(store, 150)
    assert joined(store, file).where.startswith("its end is the cut that row")
    assert joined(store, exported(store, 1)).where
    victim = store.rows(RowQuery(subject="o3", kinds=(EntryKind.ORDER,)))[0].sequence
    change(url, f"UPDATE journal SET digest = replace(digest, substr(digest, 1, 1), 'z') WHERE sequence = {victim}")
    result = joined(store, file).verified
    assert (result.ok, result.sequence) == (False, victim)
    other = [
        to_line(attrs.evolve(row, sequence=row.sequence)).encode() for row in every(store, RowQuery(before_sequence=0))
    ]
    assert joined(store, other).where == ""


async def test_rows_before_the_cut_are_proved_by_the_export_of_what_is_left_too(store: Store) -> None:
    await cut(store, 150)
    lines = exported(store, 1)
    proof = verify_lines(lines)
    assert (proof.ok, proof.head, proof.pruned) == (True, store.verify().head, 150)
    assert not verify_lines([lines[0], *lines[2:]]).ok
    assert not verify_lines([lines[0], lines[2], lines[1], *lines[3:]]).ok
    assert not verify_lines(lines[1:]).ok
    part = exported(store, 200)
    assert (verify_lines(part).ok, verify_lines(part).pruned) == (True, 199)


async def test_a_head_that_was_pruned_is_looked_for_in_the_export(store: Store) -> None:
    old = store.rows(RowQuery(after_sequence=99, before_sequence=101))[0].digest
    await cut(store, 150)
    assert "it may be in their export" in store.verify(expected_head=old).problem
    assert store.verify(expected_head=store.checkpoint().head).ok  # type: ignore[union-attr]


async def test_a_slice_that_counts_no_more_removes_nothing(store: Store, entry: Make) -> None:
    needs = needs_of(store)
    ours = store.slice(needs, to=150, most=10)
    theirs = store.slice(needs, to=150, most=10)
    assert ours is not None
    assert theirs is not None
    row = entry(kind=EntryKind.CONTROL, desk="", subject="prune", body={})
    assert await store.seal(ours, row)
    before = list(every(store, RowQuery()))
    assert not await store.seal(theirs, row)
    assert list(every(store, RowQuery())) == before


async def test_a_desk_goes_on_writing_beside_a_prune(store: Store, url: str, entry: Make) -> None:
    beside = open_store(url)
    needs = needs_of(store)
    written = []
    row = entry(kind=EntryKind.CONTROL, desk="", subject="prune", body={})
    while (piece := store.slice(needs, to=200, most=10)) is not None:
        written += await beside.append([entry(999)])
        assert await store.seal(piece, row)
        written += await beside.append([entry(999)])
        assert not beside.changed() or beside.control().reason == "r"
    assert beside.verify().ok
    assert [r.sequence for r in every(beside, RowQuery(subject="s999"))] == written
    await beside.close()


async def test_rows_go_on_the_server_only_under_a_checkpoint_of_the_same_transaction(store: Store, url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("a file has no owner but the one who can write it")
    import psycopg

    await cut(store, 150)
    with psycopg.connect(url) as client:
        for statements in (
            ["DELETE FROM journal WHERE sequence = 1"],
            ["DELETE FROM journal"],
            ["UPDATE checkpoint SET body = body", "DELETE FROM journal WHERE sequence = 151"],
            ["UPDATE checkpoint SET body = body", "UPDATE journal SET body = ''"],
            ["UPDATE checkpoint SET body = body", "TRUNCATE journal"],
        ):
            *allowed, refused = statements
            for statement in allowed:
                client.execute(statement.encode())
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                client.execute(refused.encode())
            client.rollback()
    assert store.verify().ok


_PRUNER = """
import asyncio, sys
from venuekit.journal import open_store
from venuekit.journal.prune import prune
from venuekit.watch.clock import SystemClock

async def main(url):
    store = open_store(url)
    print("ready", flush=True)
    while not sys.stdin.readline():
        pass
    await prune(store, to=200, by="victim", source="test", export=None, clock=SystemClock(), most=7)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_a_prune_that_is_killed_leaves_a_shorter_one_that_is_whole(store: Store, url: str, after: int) -> None:
    everything = {row.sequence: row for row in every(store, RowQuery())}
    with subprocess.Popen(
        [sys.executable, "-c", _PRUNER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        while len(store.rows(RowQuery(subject="prune", limit=99))) < after:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    result = store.verify()
    assert result.ok, result.problem
    left = {row.sequence: row for row in every(store, RowQuery())}
    assert all(left[n] == row for n, row in everything.items() if n > result.pruned)
    await cut(store, 200)
    assert (store.verify().ok, store.verify().pruned) == (True, 200)


async def test_a_seal_that_fails_halfway_leaves_everything(store: Store, entry: Make) -> None:
    piece = store.slice(needs_of(store), to=150, most=50)
    assert piece is not None
    wrong = attrs.evolve(piece, gone=[*piece.gone, 10**9])
    before: list[Row] = list(every(store, RowQuery()))
    with pytest.raises(JournalUnavailable):
        await store.seal(wrong, entry(kind=EntryKind.CONTROL, body={}))
    assert list(every(store, RowQuery())) == before
    assert store.checkpoint() is None
    assert store.verify().ok


async def test_the_proof_says_how_far_it_has_come(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venuekit.journal.audit._EVERY", 50)
    told: list[Any] = []
    rows = store.verify(progress=told.append).rows
    assert told == list(range(50, rows + 1, 50))


def test_a_store_of_an_older_schema_is_proved_as_it_is(path: Path) -> None:
    from venuekit.journal import verify_file

    store = open_store(f"sqlite:///{path}")
    change(f"sqlite:///{path}", "DROP TABLE checkpoint")
    assert verify_file(path).ok
    del store


NEEDS = JournalNeeds({DESK: DeskNeeds(start=500, opened=300, orders=frozenset({"alive"}), fills_from_ns=40)})


@pytest.mark.parametrize(
    ("kind", "row", "stays"),
    [
        ("call", {"sequence": 600}, False),
        ("denied", {"sequence": 600}, False),
        ("reconcile", {"sequence": 600}, False),
        ("order", {"sequence": 500}, True),
        ("fill", {"sequence": 500}, True),
        ("session", {"sequence": 500}, True),
        ("order", {}, False),
        ("order", {"first": True}, True),
        ("intent", {"last": True}, True),
        ("order", {"subject": "alive"}, True),
        ("fill", {}, False),
        ("fill", {"subject": "alive"}, True),
        ("fill", {"time_ns": 40}, True),
        ("session", {}, False),
        ("session", {"sequence": 300}, True),
        ("session", {"last": True}, True),
        ("snapshot", {"sequence": 600}, False),
        ("snapshot", {"last": True}, True),
        ("approval", {"sequence": 600}, False),
        ("approval", {"last": True}, True),
        ("control", {}, True),
        ("a kind of a later version", {}, True),
        ("order", {"desk": "a desk that nobody opened"}, True),
        ("snapshot", {"desk": "a desk that nobody opened"}, True),
    ],
)
def test_a_prune_keeps_exactly_what_may_be_asked_for(kind: str, row: dict[str, Any], stays: bool) -> None:
    plain = {"sequence": 100, "time_ns": 10, "desk": DESK, "subject": "done", "first": False, "last": False}
    assert NEEDS.keeps(kind=kind, **{**plain, **row}) is stays
