"""What only a store on PostgreSQL has: a driver, a password, others who change it, and tables of its own."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from postgres_server import PASSWORD, Server, stricter

from venuekit.errors import ConfigError, JournalUnavailable, StoreInUse, VenuekitError
from venuekit.journal import open_store
from venuekit.journal.postgres_connect import driver
from venuekit.protocols.journal import Control, Entry, EntryKind, RowQuery, Store
from venuekit.protocols.risk import TradingState
from venuekit.settings.address import passwords, shown

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.anyio
Make = Callable[..., Entry]
DESK = "paper:default"


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.url()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = open_store(url)
    yield opened
    await opened.close()


@pytest.fixture
def admin(url: str) -> Iterator[Any]:
    """A session of somebody who may change anything."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


async def heard(store: Store) -> None:
    """Returns when the store has heard of a change."""
    while not store.changed():  # noqa: ASYNC110 - that asking is enough is what is tried
        await asyncio.sleep(0)


# -- the driver and the password


def test_without_the_driver_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    driver.cache_clear()
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError) as refused:
        open_store("postgresql://me:hunter2@127.0.0.1/db")
    assert refused.value.fix == 'Run: pip install "venuekit[postgres]"'
    assert refused.value.field == "store.url"
    driver.cache_clear()


def test_who_keeps_the_journal_in_a_file_loads_no_driver() -> None:
    code = (
        "import sys; from venuekit.journal import open_store; open_store('sqlite://'); print('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("postgresql://me:{0}@db.example:5432/trading?sslmode=require", "postgresql://me@db.example:5432/trading"),
        ("postgresql://me:{0}@one,two/trading", "postgresql://me@one,two/trading"),
        ("postgresql:///trading?user=me&password={0}", "postgresql:///trading"),
        ("postgresql://me:a{0}/b@c@host/db", "postgresql://me@host/db"),
        ("postgresql:me:{0}@host/db", "host/db"),
        ("sqlite:////var/lib/a@b.db", "sqlite:////var/lib/a@b.db"),
    ],
)
def test_an_address_is_shown_without_its_password(written: str, told: str) -> None:
    assert shown(written.format("hunter2")) == told


def test_a_password_is_known_as_it_is_written_and_as_it_is_meant() -> None:
    assert passwords("postgresql://me:a%40b@h/db") == {"a%40b", "a@b"}
    assert passwords("postgresql://h/db?user=me&password=a%40b&x=1") == {"a%40b", "a@b"}
    assert passwords("sqlite:////home/me:x@y.db") == passwords("postgresql://h/db") == set()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://venuekit:hunter2hunter2@127.0.0.1:{port}/postgres",
        "postgresql://venuekit:hunter2hunter2@127.0.0.1:1/postgres",
        "postgresql://venuekit:hunter2hunter2@127.0.0.1:{port}/nowhere?connect_timeout=x",
        "postgresql://venuekit:hunter2/hunter2@127.0.0.1:{port}/postgres",
        "postgresql://venuekit:hunter2%zz@127.0.0.1:{port}/postgres",
        "postgresql://127.0.0.1:{port}/postgres?user=venuekit&password=hunter2hunter2",
        "postgresql://venuekit:hunter2hunter2@127.0.0.1:{port}/postgres?nothing=hunter2",
        "postgresql://venuekit:hunter2hunter2@[::1/postgres",
    ],
)
def test_whatever_is_wrong_with_an_address_its_password_is_not_told(postgres: Server, address: str) -> None:
    with pytest.raises(VenuekitError) as refused:
        open_store(address.format(port=postgres.port))
    assert isinstance(refused.value, ConfigError | JournalUnavailable)
    assert refused.value.fix
    told = "".join(traceback.format_exception(refused.value)) + str(refused.value.to_dict())
    assert "hunter2" not in told.replace(address, "")


async def test_the_password_is_in_no_error_of_an_open_store_and_not_in_its_log(postgres: Server, entry: Make) -> None:
    url = postgres.url("-c lock_timeout=50")
    store = open_store(url)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE journal IN EXCLUSIVE MODE")
        with pytest.raises(JournalUnavailable, match="lock timeout") as refused:
            await store.append([entry(1)])
    assert PASSWORD not in "".join(traceback.format_exception(refused.value)) + repr(vars(store))
    assert not any(PASSWORD in line for line in postgres.log)
    await store.close()


# -- the tables


async def test_the_tables_stand_in_a_schema_of_their_own_unless_the_address_names_another(postgres: Server) -> None:
    plain = postgres.url().partition("?")[0]
    store = open_store(plain)
    with psycopg.connect(plain) as connection:
        names = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'venuekit'")
        assert {name for (name,) in names} == {
            *(
                "journal",
                "actions",
                "approvals",
                "control",
                "breakers",
                "limits",
                "figures",
                "spent",
                "takes",
                "standings",
            ),
            *("checkpoint", "schema_version"),
        }
    await store.close()


async def test_a_newer_schema_is_refused_with_the_fix(url: str, store: Store, admin: Any) -> None:
    admin.execute("UPDATE schema_version SET number = 99")
    with pytest.raises(ConfigError, match="99") as refused:
        open_store(url)
    assert "Upgrade" in refused.value.fix


def test_a_database_of_another_encoding_is_refused(postgres: Server, admin: Any) -> None:
    admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ConfigError, match="LATIN1"):
        open_store(postgres.url(database="latin"))


@pytest.mark.parametrize(
    "statement", ["UPDATE journal SET body = '{}'", "DELETE FROM journal WHERE sequence = 1", "TRUNCATE journal"]
)
async def test_a_row_is_not_changed_by_mistake(store: Store, admin: Any, entry: Make, statement: str) -> None:
    await store.append([entry(1)])
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        admin.execute(statement)
    assert store.verify().rows == 1


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE journal SET body = replace(body, '7', '8') WHERE sequence = 7", 7),
        ("UPDATE journal SET agent_id = 'x' WHERE sequence = 7", 7),
        ("DELETE FROM journal WHERE sequence = 7", 7),
        ("DELETE FROM journal WHERE sequence > 15", 16),
        (
            "INSERT INTO journal SELECT 21, time_ns, kind, desk, subject, agent_id, body, digest FROM journal LIMIT 1",
            21,
        ),
    ],
)
async def test_what_is_changed_on_purpose_is_named(
    store: Store, admin: Any, entry: Make, statement: str, sequence: int
) -> None:
    await store.append([entry(n) for n in range(1, 21)])
    admin.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
    admin.execute(statement)
    result = store.verify()
    assert (result.ok, result.sequence) == (False, sequence), result.problem


async def test_a_record_changed_beside_the_journal_is_named(store: Store, admin: Any, entry: Make) -> None:
    await store.set_control(lambda _: Control(state=TradingState.HALTED), entry(kind=EntryKind.CONTROL))
    admin.execute("UPDATE control SET body = replace(body, 'HALTED', 'ACTIVE')")
    assert store.verify().problem == "the control record was altered outside the journal"


async def test_verifying_sees_one_moment_while_others_write(url: str, store: Store, entry: Make) -> None:
    other = open_store(url)
    writing = asyncio.gather(*(other.append([entry(n)]) for n in range(300)))
    while not writing.done():
        assert store.verify().ok
        await asyncio.sleep(0)
    assert store.verify().rows == 300
    await other.close()


async def test_full_waits_for_the_disk_even_where_the_server_does_not(postgres: Server, entry: Make) -> None:
    for synchronous, expected in (("NORMAL", "off"), ("FULL", "on")):
        store: Any = open_store(postgres.url("-c synchronous_commit=off"), synchronous=synchronous)
        await store.append([entry(1)])
        assert store._chain._db.execute("SHOW synchronous_commit").fetchone() == (expected,)
        await store.close()


async def test_questions_that_read_every_row_may_take_longer_than_others(url: str, store: Store, entry: Make) -> None:
    """Every question takes its time here, as it does when there are many rows."""
    await store.append([entry(n) for n in range(1, 4)])
    hurried = open_store(stricter(url, "statement_timeout=400"))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("ALTER TABLE journal RENAME TO real")
        admin.execute("CREATE VIEW journal AS SELECT real.* FROM real, pg_sleep(0.5)")
    with pytest.raises(JournalUnavailable, match="statement timeout"):
        hurried.rows(RowQuery())
    assert len(hurried.rows(RowQuery(text="s"))) == 3
    assert sum(day.count for day in hurried.stats()) == 3
    assert hurried.verify().rows == 3
    assert not hurried.changed(), "the connection is as good as before"
    await hurried.close()


# -- hearing of others


async def test_a_change_by_another_is_heard_once_and_an_own_one_is_none(url: str, store: Store, entry: Make) -> None:
    other = open_store(url)
    assert not store.changed()
    await other.set_control(lambda _: Control(state=TradingState.HALTED), entry(kind=EntryKind.CONTROL))
    await asyncio.wait_for(heard(store), 60)
    assert store.control().state is TradingState.HALTED
    assert not store.changed()
    assert not other.changed()
    await other.append([entry(1)])
    await other.append([entry(2)])
    assert store.rows(RowQuery(limit=1))[0].subject == "s2"
    assert not store.changed(), "rows alone decide nothing"
    await other.close()


async def test_asking_whether_something_changed_asks_the_server_nothing(store: Any, admin: Any) -> None:
    sql = "SELECT query_start, state_change FROM pg_stat_activity WHERE pid = %s"
    pid = store._reader.info.backend_pid
    before = admin.execute(sql, (pid,)).fetchone()
    assert not any(store.changed() for _ in range(200))
    assert admin.execute(sql, (pid,)).fetchone() == before


# -- the lease


async def test_the_refusal_says_how_to_end_a_session_that_hangs(url: str, store: Any, admin: Any) -> None:
    other = open_store(url)
    await store.claim(DESK)
    with pytest.raises(StoreInUse) as refused:
        await other.claim(DESK)
    assert refused.value.details["session"] == store._chain.session
    (end,) = re.findall(r"SELECT pg_terminate_backend\([0-9]+\)", refused.value.fix)
    admin.execute(end)
    await other.claim(DESK)
    await other.close()


async def test_a_lease_of_the_same_name_in_another_database_is_none_of_ours(postgres: Server, admin: Any) -> None:
    admin.execute("CREATE DATABASE one")
    url = postgres.url(database="one")
    await open_store(url).close()
    admin.execute("CREATE DATABASE two TEMPLATE one")  # the journal's table has the same number there
    first, second = open_store(url), open_store(url.replace("/one?", "/two?"))
    await first.claim(DESK)
    assert second.holder(DESK) is None
    await second.claim(DESK)
    await first.close()
    await second.close()


async def test_a_desk_that_loses_its_connection_keeps_its_lease_or_writes_nothing(
    url: str, store: Any, admin: Any, entry: Make
) -> None:
    end = "SELECT pg_terminate_backend(%s, 5000)"
    await store.claim(DESK)
    admin.execute(end, (store._chain.session,))
    assert await store.append([entry(1)]) == [1], "nobody else wanted it"
    admin.execute(end, (store._chain.session,))
    other = open_store(url)
    await other.claim(DESK)
    with pytest.raises(JournalUnavailable, match="another process has it now"):
        await store.append([entry(2)])
    assert await other.append([entry(3)]) == [2]
    await other.close()
    assert await store.append([entry(4)]) == [3], "it is free again"
