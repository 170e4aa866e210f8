"""One process at a time runs a desk, on every store; the next one has it as soon as that process is gone."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from venuekit.errors import JournalUnavailable, StoreInUse
from venuekit.journal import file_lease, open_store
from venuekit.protocols.journal import Entry, Store

pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]
DESK = "paper:default"

_RUNNER = """
import asyncio, os, sys
from venuekit.journal import open_store

async def main(url, desk, then):
    store = open_store(url)
    await store.claim(desk)
    child = os.fork() if then == "fork" else os.getpid()
    if child == 0:
        os.write(1, b"child\\n")
    else:
        os.write(1, f"mine {child}\\n".encode())
    sys.stdin.read()

asyncio.run(main(*sys.argv[1:]))
"""


@contextmanager
def runner(url: str, then: str = "wait") -> Iterator[subprocess.Popen[str]]:
    """A real process that runs the desk until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _RUNNER, url, DESK, then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2 if then == "fork" else 1)]
        assert any(line.startswith("mine") for line in said)
        yield process
        process.kill()


async def left(store: Store) -> None:
    """Returns when nobody runs the desk any more."""
    while store.holder(DESK) is not None:  # noqa: ASYNC110 - that asking is enough is what is tried
        await asyncio.sleep(0)


async def test_a_desk_that_another_store_runs_is_refused_until_that_is_closed(url: str, entry: Make) -> None:
    first, second = open_store(url), open_store(url)
    await first.claim(DESK)
    with pytest.raises(StoreInUse, match=rf"{DESK} is open already: venuekit {os.getpid()} on [^/]+ since 20..-") as no:
        await second.claim(DESK)
    assert "kill it" in no.value.fix
    assert no.value.details["desk"] == DESK
    await second.append([entry(1)])
    await first.close()
    await second.claim(DESK)
    await second.close()


async def test_desks_of_other_accounts_run_beside_it(url: str) -> None:
    first, second = open_store(url), open_store(url)
    await first.claim(DESK)
    await second.claim("paper:Default")
    await second.claim("paper:0x" + "ab" * 200)
    await first.close()
    await second.close()


async def test_a_process_cannot_run_a_desk_twice(store: Store) -> None:
    await store.claim(DESK)
    with pytest.raises(StoreInUse, match=f"venuekit {os.getpid()} on "):
        await store.claim(DESK)


async def test_who_asks_learns_who_runs_a_desk_and_since_when(url: str, store: Store) -> None:
    assert store.holder(DESK) is None
    with runner(url) as process:
        found = store.holder(DESK)
        assert found is not None
        assert found.name.startswith(f"venuekit {process.pid} on ")
        assert found.since_ns is not None
        assert abs(found.since_ns - _started_ns(process.pid)) < 60e9
        assert store.holder("paper:second") is None
        process.kill()
        await asyncio.wait_for(left(store), 60)
    await store.claim(DESK)
    mine = store.holder(DESK)
    assert mine is not None
    assert mine.name.startswith(f"venuekit {os.getpid()} on ")


def _started_ns(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_mtime_ns


async def test_the_desk_of_a_killed_process_can_be_had_at_once(url: str, store: Store) -> None:
    with runner(url) as process:
        with pytest.raises(StoreInUse):
            await store.claim(DESK)
        process.kill()
        await store.claim(DESK)


async def test_of_many_that_want_a_desk_at_once_one_gets_it(url: str) -> None:
    stores = [open_store(url) for _ in range(4)]
    outcomes = await asyncio.gather(*(one.claim(DESK) for one in stores), return_exceptions=True)
    assert [type(o).__name__ for o in outcomes if o is not None] == ["StoreInUse"] * 3
    for one in stores:
        await one.close()


# -- a file's locks


async def test_a_store_in_memory_runs_a_desk_once_and_knows_that_it_does() -> None:
    one, other = open_store("sqlite://"), open_store("sqlite://")
    assert one.holder(DESK) is None
    await one.claim(DESK)
    await other.claim(DESK)
    with pytest.raises(StoreInUse):
        await one.claim(DESK)
    found = one.holder(DESK)
    assert found is not None
    assert f"venuekit {os.getpid()} on " in found.name
    await one.close()
    await other.close()


async def test_a_file_is_one_store_by_whatever_path_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    first = open_store(f"sqlite:///{tmp_path / 'real' / 'desk.db'}")
    (tmp_path / "alias.db").symlink_to(tmp_path / "real" / "desk.db")
    await first.claim(DESK)
    for name in ("link/desk.db", "alias.db", "real/../link/./desk.db"):
        second = open_store(f"sqlite:///{tmp_path}/{name}")
        assert second.holder(DESK) == first.holder(DESK)
        with pytest.raises(StoreInUse):
            await second.claim(DESK)
        await second.close()
    await first.close()


async def test_who_only_asks_leaves_no_file_and_is_in_nobodys_way(path: Path, file_store: Store) -> None:
    assert file_store.holder(DESK) is None
    assert not list(path.parent.glob("*lease*"))
    await file_store.claim(DESK)
    (lease,) = path.parent.glob("*lease*")
    assert lease.stat().st_mode & 0o777 == 0o600
    await file_store.close()
    second = open_store(f"sqlite:///{path}")
    with lease.open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)  # the instant in which somebody asks
        claiming = asyncio.ensure_future(second.claim(DESK))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not claiming.done()
    await claiming
    assert second.holder(DESK) is not None
    await second.close()


async def test_a_lock_on_a_file_that_was_removed_meanwhile_counts_for_nothing(
    path: Path, file_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await file_store.claim(DESK)
    await file_store.close()
    (lease,) = path.parent.glob("*lease*")
    take, removed = file_lease._take, []

    def after_it_was_removed(file: Any, *, shared: bool) -> None:
        if not removed:
            removed.append(lease.unlink())
        take(file, shared=shared)

    monkeypatch.setattr(file_lease, "_take", after_it_was_removed)
    first, second = open_store(f"sqlite:///{path}"), open_store(f"sqlite:///{path}")
    await first.claim(DESK)
    with pytest.raises(StoreInUse):
        await second.claim(DESK)
    await first.close()
    await second.close()


async def test_a_disk_that_cannot_lock_refuses_and_says_what_to_do(
    file_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_: Any, *, shared: bool) -> None:
        raise OSError(37, "No locks available")

    await file_store.claim(DESK)
    monkeypatch.setattr(file_lease, "_take", no_locks)
    for refused in (lambda: file_store.claim("paper:b"), lambda: asyncio.to_thread(file_store.holder, DESK)):
        with pytest.raises(JournalUnavailable, match="No locks available") as error:
            await refused()
        assert "PostgreSQL" in error.value.fix


async def test_a_forked_child_that_outlives_its_parent_keeps_no_desk(path: Path, file_store: Store) -> None:
    with runner(f"sqlite:///{path}", "fork") as process:
        with pytest.raises(StoreInUse):
            await file_store.claim(DESK)
        process.kill()
        await file_store.claim(DESK)
