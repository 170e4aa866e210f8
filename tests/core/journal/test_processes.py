"""Several real processes on one store, and one that is killed in the middle of writing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from venuekit.journal import open_store, verify_file
from venuekit.protocols.journal import RowQuery

pytestmark = pytest.mark.anyio

NAMES = ("north", "east", "south", "west")

_WRITER = """
import asyncio, sys
from venuekit.journal import open_store
from venuekit.protocols.journal import Entry, EntryKind

async def main(url, name, count, synchronous):
    store = open_store(url, synchronous=synchronous)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(count):
        entry = Entry(kind=EntryKind.CALL, desk="paper:default", subject=f"{name}-{n}", agent_id=name, body={"n": n}, time_ns=n)
        (number,) = await store.append([entry])
        print(number, name, n, flush=True)
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
"""


def writer(url: str, name: str, count: int, synchronous: str = "NORMAL") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, url, name, str(count), synchronous],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


async def test_processes_that_write_at_once_keep_one_valid_chain(url: str) -> None:
    writers = [writer(url, name, 150) for name in NAMES]
    for process in writers:
        start(process)
    said = [process.communicate()[0].splitlines() for process in writers]
    assert [process.returncode for process in writers] == [0, 0, 0, 0]
    store = open_store(url)
    result = store.verify()
    assert (result.ok, result.rows) == (True, 600), result.problem
    numbers = [int(line.split()[0]) for lines in said for line in lines if line]
    assert sorted(numbers) == list(range(1, 601))
    for name in NAMES:
        own = store.rows(RowQuery(agent_id=name, newest_first=False, limit=1000))
        assert [row.subject for row in own] == [f"{name}-{n}" for n in range(150)]
    await store.close()


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
@pytest.mark.parametrize("after", [1, 40, 333])
async def test_a_process_that_is_killed_loses_no_acknowledged_row(url: str, synchronous: str, after: int) -> None:
    process = writer(url, "victim", 100_000, synchronous)
    start(process)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    acknowledged += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    whole = [line.split() for line in acknowledged if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    assert process.stdin is not None
    process.stdin.close()
    assert len(whole) >= after
    store = open_store(url)
    result = store.verify()
    assert result.ok, result.problem
    assert result.rows >= len(whole)
    rows = store.rows(RowQuery(newest_first=False, limit=len(whole)))
    assert [(row.sequence, row.subject) for row in rows] == [(int(n), f"{name}-{i}") for n, name, i in whole]
    await store.close()


_SWITCHER = """
import asyncio, sys
from venuekit.journal import open_store
from venuekit.protocols.breakers import BreakerRecord
from venuekit.protocols.journal import Control, Entry, EntryKind
from venuekit.protocols.risk import TradingState

async def main(path):
    store = open_store(f"sqlite:///{path}")
    entry = Entry(kind=EntryKind.CONTROL, desk="d", subject="", agent_id="x", body={}, time_ns=1)
    print("ready", flush=True)
    for n in range(400):
        await store.set_control(lambda _, n=n: Control(state=list(TradingState)[n % 3]), entry)
        await store.set_breaker("d", BreakerRecord(name="latency", state=str(n)), entry)
    await store.close()

asyncio.run(main(sys.argv[1]))
"""


def test_verifying_while_another_process_writes_raises_no_false_alarm(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _SWITCHER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        seen = set()
        while process.poll() is None:
            result = verify_file(path)
            assert result.ok, result.problem
            seen.add(result.rows)
    assert process.returncode == 0
    assert verify_file(path).rows == 800
    assert len(seen) > 1, "it never looked while the other wrote"
