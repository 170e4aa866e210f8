"""One desk at a time runs a venue's account: a lock that the server holds for a session, and drops when it ends.

The lock belongs to the connection that writes. A desk whose connection was lost cannot write, and so cannot send,
until it has the lock again; a desk that took over meanwhile keeps it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from venuekit.errors import JournalUnavailable, StoreInUse
from venuekit.journal.postgres_connect import driver

if TYPE_CHECKING:
    import psycopg

#: How long to wait for a lock: the server drops that of a killed process within milliseconds.
_PATIENCE = b"1s"
_HOLDER = b"""
    SELECT pid, application_name, client_addr FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND (classid::bigint << 32) | objid::bigint = %s
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
            pid, name, where = _holder(db, lock_number(journal, desk))
            who = f"{name or 'a session of another role'}{f' at {where}' if where else ''}"
            raise StoreInUse(
                f"The desk {desk} is open already: {who} has its lease.",
                fix=f"Close it there, or name another account. When that process hangs: kill it, or end its session in "
                f"the database with SELECT pg_terminate_backend({pid}). Then try again.",
                details={"desk": desk, "holder": name or "", "session": pid},
            )
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


def _holder(db: psycopg.Connection[Any], lock: int) -> tuple[int, str, str]:
    found = db.execute(_HOLDER, (lock,)).fetchone()
    return found or (0, "", "")
