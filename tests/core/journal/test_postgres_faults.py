"""Servers that stop, wires that break, locks that are not let go, disks that fill: refused, never written twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from cut_wire import CLEAN_CUTS, Cut, Wire
from postgres_server import Server, stricter

from venuekit.errors import JournalUnavailable, StoreInUse
from venuekit.journal import open_store
from venuekit.protocols.journal import Control, Entry, EntryKind, RowQuery, Store
from venuekit.protocols.risk import TradingState

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.url()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = open_store(url)
    yield opened
    await opened.close()


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    with Wire(postgres.port) as made:
        yield made


@pytest.fixture
async def far(postgres: Server, url: str, wire: Wire) -> AsyncIterator[Store]:
    """The same store, over a wire that can be cut."""
    opened = open_store(url.replace(f":{postgres.port}/", f":{wire.port}/"))
    yield opened
    await opened.close()


def subjects(store: Store) -> list[str]:
    return [row.subject for row in store.rows(RowQuery(newest_first=False))]


async def answers(store: Store) -> bool:
    """What `changed` says once the store can be reached again."""
    while True:
        try:
            return store.changed()
        except JournalUnavailable:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_while_the_server_is_down_everything_is_refused_and_afterwards_it_goes_on(
    postgres: Server, store: Store, entry: Make, how: signal.Signals
) -> None:
    assert await store.append([entry(1), entry(2)]) == [1, 2]
    postgres.stop(how)
    try:
        for _ in range(2):
            with pytest.raises(JournalUnavailable) as refused:
                await store.append([entry(3)])
            assert "Nothing was sent" in refused.value.fix
            with pytest.raises(JournalUnavailable):
                store.changed()
            with pytest.raises(JournalUnavailable):
                store.control()
        with pytest.raises(JournalUnavailable):
            await store.set_control(lambda _: Control(state=TradingState.HALTED), entry(kind=EntryKind.CONTROL))
    finally:
        postgres.start()
    assert await store.append([entry(3)]) == [3]
    assert await answers(store), "what was said meanwhile may have been missed"
    assert subjects(store) == ["s1", "s2", "s3"]
    assert store.verify().ok


async def test_a_session_that_the_server_ended_is_replaced_without_a_refusal(store: Any, url: str, entry: Make) -> None:
    await store.append([entry(1)])
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (store._chain.session,))
    assert await store.append([entry(2)]) == [2]
    assert store.verify().ok


@pytest.mark.parametrize("lost", CLEAN_CUTS)
async def test_a_commit_cut_off_on_the_way_is_looked_for_and_written_once(
    far: Store, wire: Wire, entry: Make, lost: Cut
) -> None:
    await far.append([entry(1)])
    wire.cut_next(lost)
    assert await far.append([entry(2), entry(3)]) == [2, 3]
    assert await far.append([entry(4)]) == [4]
    assert subjects(far) == ["s1", "s2", "s3", "s4"]
    assert far.verify().ok


@pytest.mark.parametrize("lost", CLEAN_CUTS)
async def test_a_commit_of_unknown_outcome_is_refused_and_asking_again_writes_it_once(
    far: Store, store: Store, wire: Wire, entry: Make, lost: Cut
) -> None:
    await far.append([entry(1)])
    wire.cut_next(lost, for_good=True)
    with pytest.raises(JournalUnavailable):
        await far.append([entry(2), entry(3)])
    with pytest.raises(JournalUnavailable):
        await far.append([entry(2), entry(3)])
    (other,) = await store.append([entry(4)])
    wire.mend()
    numbers = list(await far.append([entry(2), entry(3), entry(5)]))
    assert sorted(subjects(store)) == ["s1", "s2", "s3", "s4", "s5"]
    assert numbers == ([2, 3, 5] if lost is Cut.ANSWER else [3, 4, 5])
    assert other == (4 if lost is Cut.ANSWER else 2)
    assert store.verify().ok


@pytest.mark.parametrize("lost", CLEAN_CUTS)
@pytest.mark.parametrize("step", range(1, 6))
async def test_a_change_beside_the_journal_is_made_once_wherever_the_wire_breaks(
    far: Store, wire: Wire, entry: Make, lost: Cut, step: int
) -> None:
    halted = Control(state=TradingState.HALTED, reason="news")
    first = await far.set_control(lambda _: halted, entry(kind=EntryKind.CONTROL))
    wire.cut_next(lost, after=step - 1)
    second = await far.set_control(lambda _: halted, entry(kind=EntryKind.CONTROL))
    assert (first.revision, second.revision) == (1, 2)
    assert far.control() == second
    result = far.verify()
    assert (result.ok, result.rows) == (True, 2), result.problem


async def test_a_commit_that_goes_on_after_the_wire_broke_is_waited_for(
    far: Store, wire: Wire, url: str, entry: Make
) -> None:
    await far.append([entry(1)])
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$"
        )
        admin.execute("CREATE TRIGGER slowly BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION slowly()")
    wire.cut_next(Cut.NOTICE)
    assert await far.append([entry(2)]) == [2]
    assert subjects(far) == ["s1", "s2"]
    assert far.verify().ok


async def test_a_desk_keeps_its_lease_though_the_server_has_not_noticed_that_its_connection_broke(
    far: Store, store: Store, wire: Wire, entry: Make
) -> None:
    await far.claim("paper:default")
    wire.cut_next(Cut.NOTICE)
    assert await far.append([entry(1)]) == [1]
    with pytest.raises(StoreInUse):
        await store.claim("paper:default")
    assert subjects(far) == ["s1"]


async def test_a_server_that_lost_what_it_had_acknowledged_is_not_written_to(store: Any, url: str, entry: Make) -> None:
    await store.append([entry(1), entry(2), entry(3)])
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        admin.execute("DELETE FROM journal WHERE sequence = 3")
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (store._chain.session,))
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match="lost row 3, which it had acknowledged"):
            await store.append([entry(4)])
    assert subjects(store) == ["s1", "s2"]


async def test_a_lock_that_is_not_let_go_refuses_after_a_while(postgres: Server, entry: Make) -> None:
    url = postgres.url("-c lock_timeout=100")
    holder, store = open_store(url), open_store(url)
    await holder.append([entry(1)])
    await store.append([entry(2)])
    chain: Any = holder
    chain._chain._db.execute("BEGIN")
    chain._chain._db.execute("SELECT pg_advisory_xact_lock(%s)", (chain._chain._lock,))
    with pytest.raises(JournalUnavailable, match="lock timeout"):
        await store.append([entry(3)])
    chain._chain._db.execute("ROLLBACK")
    assert await store.append([entry(3)]) == [3]
    await holder.close()
    await store.close()


async def test_a_process_that_froze_in_the_middle_of_a_transaction_holds_up_nobody_for_long(
    url: str, store: Store, entry: Make
) -> None:
    frozen = open_store(stricter(url, "idle_in_transaction_session_timeout=300"))
    await frozen.append([entry(1)])
    chain: Any = frozen
    chain._chain._db.execute("BEGIN")
    chain._chain._db.execute("SELECT pg_advisory_xact_lock(%s)", (chain._chain._lock,))
    assert await store.append([entry(2)]) == [2]
    assert await frozen.append([entry(3)]) == [3]
    await frozen.close()


async def test_a_full_disk_refuses_and_when_there_is_room_again_it_goes_on(store: Any, url: str, entry: Make) -> None:
    """The server answers as it does when a file cannot grow."""
    await store.append([entry(1)])
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        admin.execute("CREATE TRIGGER full_disk BEFORE INSERT ON journal EXECUTE FUNCTION full_disk()")
        for change in (
            store.append([entry(2)]),
            store.set_control(lambda _: Control(), entry(2, kind=EntryKind.CONTROL)),
        ):
            with pytest.raises(JournalUnavailable, match="cannot be written: could not extend file"):
                await change
        assert store.control().revision == 0
        admin.execute("DROP TRIGGER full_disk ON journal")
    assert await store.append([entry(3)]) == [2]
    assert store.verify().ok


async def test_callers_of_a_commit_that_fails_are_all_refused(postgres: Server, store: Store, entry: Make) -> None:
    await store.append([entry(1)])
    postgres.stop()
    try:
        results = await asyncio.gather(*(store.append([entry(n)]) for n in range(2, 12)), return_exceptions=True)
    finally:
        postgres.start()
    assert all(isinstance(result, JournalUnavailable) for result in results)
    assert await store.append([entry(2)]) == [2]


async def test_a_caller_who_goes_away_takes_nothing_back(store: Store, entry: Make) -> None:
    gone = asyncio.create_task(store.append([entry(1)]))
    await asyncio.sleep(0)
    gone.cancel()
    assert await store.append([entry(2)]) == [2]
    assert subjects(store) == ["s1", "s2"]
