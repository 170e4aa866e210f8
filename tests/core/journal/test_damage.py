"""Whatever is done to the file afterwards, verify finds it and names the first row."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from venuekit.errors import JournalUnavailable
from venuekit.journal import SqliteStore, verify_file
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.journal import Approval, ApprovalState, Control, Entry, EntryKind
from venuekit.protocols.risk import TradingState

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]
ROWS = 20
DESK = "paper:default"


@pytest.fixture
async def written(path: Path, entry: Make) -> Path:
    store = SqliteStore(path)
    await store.append([entry(n, body={"text": f"row-{n:04d}-body"}) for n in range(1, ROWS + 1)])
    await store.close()
    return path


def tamper(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


async def verified(path: Path, expected_head: str | None = None) -> tuple[bool, int | None, str]:
    result = verify_file(path, expected_head=expected_head)
    return result.ok, result.sequence, result.problem


async def test_an_untouched_chain_is_whole(written: Path) -> None:
    assert await verified(written) == (True, None, "")


@pytest.mark.parametrize(
    "change",
    [
        "time_ns = time_ns + 1",
        "kind = 'fill'",
        "desk = 'paper:other'",
        "subject = 's8'",
        "agent_id = ''",
        "body = replace(body, 'row', 'Row')",
        "body = body || ' '",
        "digest = replace(digest, substr(digest, 1, 1), 'z')",
    ],
)
async def test_a_changed_column_names_its_row(written: Path, change: str) -> None:
    tamper(written, f"UPDATE journal SET {change} WHERE sequence = 7")
    ok, sequence, problem = await verified(written)
    assert (ok, sequence) == (False, 7)
    assert "7" in problem


async def test_a_removed_row_is_named(written: Path) -> None:
    tamper(written, "DELETE FROM journal WHERE sequence = 7")
    assert await verified(written) == (False, 7, "row 7 is missing (next is 8)")


async def test_the_first_row_removed_is_named(written: Path) -> None:
    tamper(written, "DELETE FROM journal WHERE sequence = 1")
    assert (await verified(written))[:2] == (False, 1)


async def test_rows_that_changed_places_are_named(written: Path) -> None:
    tamper(
        written,
        "UPDATE journal SET sequence = 999 WHERE sequence = 7",
        "UPDATE journal SET sequence = 7 WHERE sequence = 8",
        "UPDATE journal SET sequence = 8 WHERE sequence = 999",
    )
    assert (await verified(written))[:2] == (False, 7)


async def test_a_row_put_in_is_named(written: Path) -> None:
    tamper(
        written,
        "INSERT INTO journal SELECT 21, time_ns, kind, desk, subject, agent_id, body, digest FROM journal WHERE sequence = 20",
    )
    assert (await verified(written))[:2] == (False, 21)


async def test_rows_cut_off_are_missed_because_the_end_is_remembered_beside(written: Path) -> None:
    tamper(written, "DELETE FROM journal WHERE sequence > 15")
    assert await verified(written) == (False, 16, "rows were cut off: there were 20, 15 are left")


async def test_the_loss_stays_known_when_writing_goes_on(written: Path, entry: Make) -> None:
    tamper(written, "DELETE FROM journal WHERE sequence > 15")
    store = SqliteStore(written)
    await store.append([entry(n) for n in range(16, 31)])
    await store.close()
    assert (await verified(written))[:2] == (False, 20)
    written.with_name("venuekit.db-anchor-lost").unlink()
    assert (await verified(written))[0]


async def test_rows_cut_off_are_missed_by_a_head_kept_elsewhere(written: Path) -> None:
    store = SqliteStore(written)
    head = store.verify().head
    await store.close()
    assert (await verified(written, head))[0]
    tamper(written, "DELETE FROM journal WHERE sequence = 20")
    for file in written.parent.glob("*-anchor*"):
        file.unlink()
    assert (await verified(written))[0]
    ok, sequence, problem = await verified(written, head)
    assert (ok, sequence) == (False, 20)
    assert head in problem


async def test_an_old_copy_put_back_is_noticed(written: Path, entry: Make) -> None:
    copy = written.read_bytes()
    store = SqliteStore(written)
    await store.append([entry(21)])
    await store.close()
    written.write_bytes(copy)
    assert (await verified(written))[:2] == (False, 21)


async def test_a_torn_anchor_falls_back_to_the_line_before(written: Path) -> None:
    anchor = written.with_name("venuekit.db-anchor")
    text = bytearray(anchor.read_bytes())
    text[0] ^= 1
    anchor.write_bytes(bytes(text))
    assert (await verified(written))[0]


async def test_a_flipped_byte_in_any_row_is_named(written: Path) -> None:
    """Every byte of every row's body, one bit at a time over the file."""
    original = written.read_bytes()
    for number in range(1, ROWS + 1):
        at = original.index(f"row-{number:04d}-body".encode())
        for offset in (0, 7, 12):
            damaged = bytearray(original)
            damaged[at + offset] ^= 0x01
            written.write_bytes(bytes(damaged))
            ok, sequence, _ = await verified(written)
            assert (ok, sequence) == (False, number)
    written.write_bytes(original)
    assert (await verified(written))[0]


async def test_a_flipped_byte_anywhere_in_the_table_never_passes_and_never_crashes(written: Path) -> None:
    original = written.read_bytes()
    begin = original.index(b"paper:defaults20tester") - 8  # below is free space
    end = original.index(b"row-0001-body") + 80
    passed = []
    for at in range(begin, end, 7):
        damaged = bytearray(original)
        damaged[at] ^= 0x10
        written.write_bytes(bytes(damaged))
        if (await verified(written))[0]:
            passed.append(at)
        with contextlib.suppress(JournalUnavailable):  # opening may refuse, in our words only
            await SqliteStore(written).close()
    assert passed == []


async def test_a_damaged_write_ahead_log_is_noticed(path: Path, entry: Make) -> None:
    store = SqliteStore(path)
    for n in range(1, ROWS + 1):
        await store.append([entry(n, body={"text": f"row-{n:04d}-body"})])
    copies = {
        p.name: p.read_bytes() for p in path.parent.iterdir() if not p.name.endswith("-shm")
    }  # as kill -9 leaves them
    await store.close()
    elsewhere = path.parent / "after-the-crash"
    elsewhere.mkdir()
    for name, content in copies.items():
        (elsewhere / name).write_bytes(content)
    assert (await verified(elsewhere / path.name)) == (True, None, "")
    for name, content in copies.items():
        damaged = bytearray(content)
        if name.endswith("-wal"):
            damaged[damaged.index(b"row-0012-body")] ^= 1
        (elsewhere / name).write_bytes(bytes(damaged))
    (elsewhere / f"{path.name}-shm").unlink(missing_ok=True)
    ok, sequence, problem = await verified(elsewhere / path.name)
    assert not ok
    assert sequence is not None
    assert sequence <= 12
    assert "cut off" in problem


@pytest.fixture
async def beside(file_store: SqliteStore, path: Path, entry: Make) -> Path:
    """A store in which a halt, two breakers and an approval stand beside the journal."""
    control = entry(kind=EntryKind.CONTROL, body={"action": "halt"}, desk="", subject="")
    await file_store.set_control(lambda _: Control(state=TradingState.HALTED), control)
    for name in ("latency", "daily_loss"):
        await file_store.set_breaker(DESK, BreakerRecord(name=name, state="OPEN"), entry(kind=EntryKind.CONTROL))
    await file_store.add_approval(
        Approval(
            id="a1",
            desk=DESK,
            agent_id="bot",
            order_id="o1",
            order={"size": "1"},
            order_hash="ff",
            summary="BUY 1",
            notional="100",
            reference_price="100",
            price_tolerance="0.01",
            state=ApprovalState.PENDING,
            created_ns=1,
            expires_ns=2,
        ),
        [],
    )
    await file_store.set_control(lambda _: Control(state=TradingState.ACTIVE), control)
    await file_store.set_breaker(DESK, BreakerRecord(name="latency", state="CLOSED"), entry(kind=EntryKind.CONTROL))
    return path


async def test_what_stands_beside_the_journal_and_agrees_with_it_passes(beside: Path) -> None:
    assert await verified(beside) == (True, None, "")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE control SET body = replace(body, 'ACTIVE', 'HALTED')", "the control record"),
        ("DELETE FROM control", "the control record"),
        ("UPDATE approvals SET body = replace(body, 'PENDING', 'APPROVED')", "approval a1"),
        ("UPDATE approvals SET body = '{'", "approval a1"),
        ("DELETE FROM approvals", "approval a1"),
        ("UPDATE breakers SET body = replace(body, 'OPEN', 'CLOSED')", f"breaker {DESK} daily_loss"),
        ("DELETE FROM breakers WHERE name = 'latency'", f"breaker {DESK} latency"),
    ],
)
async def test_a_record_changed_beside_the_journal_is_named(beside: Path, change: str, named: str) -> None:
    tamper(beside, change)
    ok, _, problem = await verified(beside)
    assert (ok, problem) == (False, f"{named} was altered outside the journal")


async def test_verifying_changes_no_file(written: Path) -> None:
    before = {file.name: file.read_bytes() for file in written.parent.iterdir()}
    await verified(written)
    after = {file.name: file.read_bytes() for file in written.parent.iterdir()}
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} <= {"venuekit.db-shm", "venuekit.db-wal"}
    assert after.get("venuekit.db-wal", b"") == b""


async def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="cannot be read"):
        verify_file(tmp_path / "nowhere" / "venuekit.db")
    with pytest.raises(JournalUnavailable, match="cannot be read"):
        verify_file(tmp_path)


async def test_a_crash_at_any_byte_of_the_log_keeps_exactly_what_was_committed(path: Path, entry: Make) -> None:
    """The write-ahead log is cut at many places, also in the middle of a commit, as a loss of power would."""
    store = SqliteStore(path)
    log = path.with_name(f"{path.name}-wal")
    committed = [(log.stat().st_size, 0)]
    for n in range(1, 13):
        if n % 4:
            await store.append([entry(n), entry(n)])
        else:  # a record beside the journal, which must come with its row or not at all
            await store.set_breaker(DESK, BreakerRecord(name=f"b{n}", state="OPEN"), entry(n, kind=EntryKind.CONTROL))
        committed.append((log.stat().st_size, store.verify().rows))
    database, whole = path.read_bytes(), log.read_bytes()
    await store.close()
    for number, size in enumerate(range(committed[0][0], len(whole) + 1, 331)):
        folder = path.parent / str(number)
        folder.mkdir()
        (folder / path.name).write_bytes(database)
        (folder / log.name).write_bytes(whole[:size])
        again = SqliteStore(folder / path.name)
        result = again.verify()
        expected = max(rows for end, rows in committed if end <= size)
        assert (result.ok, result.rows) == (True, expected), size
        assert await again.append([entry(99)]) == [expected + 1]
        await again.close()
