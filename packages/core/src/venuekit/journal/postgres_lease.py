"""One desk at a time runs a venue's account: a lock that the server holds for a session, and drops when it ends.

The lock belongs to the connection that writes. A desk whose connection was lost cannot write, and so cannot send,
until it has the lock again; a desk that took over meanwhile keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from venuekit.errors import JournalUnavailable
from venuekit.journal.lease import in_use
from venuekit.journal.postgres_connect import driver
from venuekit.protocols.journal import Holder

if TYPE_CHECKING:
    import psycopg

#: How long to wait for a lock: the server drops that of a killed process within milliseconds.
_PATIENCE = b"1s"
#: What only the session's own role and a superuser may know of it is null.
HOLDER = """
    SELECT pid, application_name, host(client_addr), (extract(epoch FROM backend_start) * 1000000)::bigint
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32) | objid::bigint = ?
"""


class Leases:
    """The desks that this process runs."""

    def __init__(self) -> None:
        self._desks: list[str] = []

    def take(self, db: psycopg.Connection[Any], journal: int, desk: str) -> None:
        """Become the only session that runs `desk`.

        Raises:
            StoreInUse: another session runs it. psycopg.Error: the server did not answer.
        """
        if desk in self._desks or not _locked(db, lock_number(journal, desk)):
            session, holder = _holder(db, lock_number(journal, desk))
            hangs = f"kill it, or end its session in the database with SELECT pg_terminate_backend({session})"
            raise in_use(desk, holder, hangs=hangs, session=session)
        self._desks.append(desk)

    def renew(self, db: psycopg.Connection[Any], journal: int, before: int) -> None:
        """Have every lease again on a new connection; `before` is the session that had them.

        Raises:
            JournalUnavailable: another process took over. psycopg.Error: the server did not answer.
        """
        for desk in self._desks:
            lock = lock_number(journal, desk)
            if _holder(db, lock)[0] == before:  # the server has not noticed yet that its peer is gone
                db.execute(b"SELECT pg_terminate_backend(%s)", (before,))
            if not _locked(db, lock):
                raise JournalUnavailable(
                    f"The lease of {desk} was lost with the connection, and another process has it now.",
                    fix="One process at a time runs a desk. Close this one, or the other.",
                )


def lock_number(journal: int, name: str) -> int:
    """The number of a lock that belongs to one journal of a database."""
    return int.from_bytes(sha256(f"{journal}:{name}".encode()).digest()[:8], signed=True)


def _locked(db: psycopg.Connection[Any], lock: int) -> bool:
    try:
        with db.transaction():
            db.execute(b"SET LOCAL lock_timeout = '%b'" % _PATIENCE)
            db.execute(b"SELECT pg_advisory_lock(%d)" % lock)  # until the session ends, not the transaction
    except driver().errors.LockNotAvailable:
        return False
    return True


def _holder(db: psycopg.Connection[Any], lock: int) -> tuple[int, Holder | None]:
    found = db.execute(HOLDER.replace("?", "%s").encode(), (lock,)).fetchone()
    return (found[0], named(found)) if found else (0, None)


def named(found: Sequence[Any]) -> Holder:
    """Who has a lease, of what `HOLDER` finds."""
    _, name, where, since_us = found
    told = f"{name or 'a session of another role'}{f' at {where}' if where else ''}"
    return Holder(name=told, since_ns=None if since_us is None else since_us * 1000)
