"""Connecting to PostgreSQL: the driver when it is installed, patience with limits, and no password in any error."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.errors import ConfigError, JournalUnavailable
from venuekit.journal.lease import this_process
from venuekit.journal.migrate import missing
from venuekit.settings.address import passwords, shown
from venuekit.watch.redact import redact_text

if TYPE_CHECKING:
    import psycopg

#: What is not in the address. A peer that is gone is noticed within about twenty seconds, on both sides.
_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
#: A transaction that its process left open, because it was stopped or its machine froze, ends before those who
#: wait for the end of the chain give up.
_SESSION = (
    "-c search_path=venuekit -c statement_timeout=5s -c lock_timeout=5s "
    "-c idle_in_transaction_session_timeout=4s -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=3 "
    "-c tcp_keepalives_count=3"
)
_ONE_AT_A_TIME = 0x76656E75656B6974  # of all processes that may be making the same tables
_SET_VERSION = "INSERT INTO schema_version VALUES (1, %s) ON CONFLICT (one) DO UPDATE SET number = excluded.number"


@attrs.frozen
class Address:
    """Where the database is. `durable` insists that a commit waits for the disk, whatever the server is set to."""

    url: str = attrs.field(repr=shown)
    durable: bool = False

    def connect(self) -> psycopg.Connection[Any]:
        """A connection in which every statement stands for itself until BEGIN.

        Raises:
            ConfigError: the address is written wrong, or the driver is missing. psycopg.Error: it cannot be had.
        """
        try:
            wanted = driver().conninfo.conninfo_to_dict(self.url)
        except driver().Error as error:
            raise ConfigError(
                f"store.url {shown(self.url)!r} is not an address of PostgreSQL: {self.told(error)}.",
                fix="Use postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters written as %40.",
                field="store.url",
            ) from None
        wanted["options"] = f"{_SESSION} {wanted.get('options') or ''}".strip()
        wanted.setdefault("application_name", this_process())
        made: psycopg.Connection[Any] = driver().connect(**{**_DEFAULTS, **wanted}, autocommit=True)
        return made

    def told(self, error: Exception) -> str:
        """What the database said, on one line and without the password."""
        text = " ".join(str(error).split()) or type(error).__name__
        return redact_text(text, also=passwords(self.url)).rstrip(".")

    def unreadable(self, error: Exception) -> JournalUnavailable:
        """For a question that could not be answered."""
        return JournalUnavailable(
            f"The store {shown(self.url)} cannot be read: {self.told(error)}.",
            fix="Check that the database runs and can be reached; it is tried again by itself.",
        )


@lru_cache(maxsize=1)
def driver() -> Any:
    """The module `psycopg`.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - who keeps the journal in a file needs no driver
        import psycopg.conninfo  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "store.url is an address of PostgreSQL, and its driver is not installed.",
            fix='Run: pip install "venuekit[postgres]"',
            field="store.url",
        ) from error
    return psycopg


def prepare(db: psycopg.Connection[Any], *, durable: bool) -> int:
    """Make or complete the tables; the number of the journal's table, which is the same for all who share it.

    Raises:
        ConfigError: a newer version of the program made the tables, or the database keeps text in another encoding.
    """
    ((encoding,),) = db.execute("SHOW server_encoding")
    if encoding != "UTF8":
        raise ConfigError(
            f"The database keeps text as {encoding}; the journal needs UTF8.",
            fix="Make another: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
            field="store.url",
        )
    if durable:
        db.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    if missing("postgres", _version(db)):
        with db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
            db.execute(_make_schema(db))
            version = _version(db)
            for number, sql in missing("postgres", version):
                db.execute(sql.encode())
                db.execute(_SET_VERSION, (number,))
    ((number,),) = db.execute("SELECT 'journal'::regclass::oid::bigint")
    return int(number)


def _version(db: psycopg.Connection[Any]) -> int:
    ((there,),) = db.execute("SELECT to_regclass('schema_version') IS NOT NULL")
    if not there:
        return 0
    ((number,),) = db.execute("SELECT number FROM schema_version")
    return int(number)


def _make_schema(db: psycopg.Connection[Any]) -> Any:
    """SQL that makes the first schema of the search path, unless it is there."""
    sql = driver().sql
    ((path, there),) = db.execute("SELECT current_setting('search_path'), current_schema()")
    first = path.split(",")[0].strip().strip('"')
    return sql.SQL("SELECT") if there else sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(first))
