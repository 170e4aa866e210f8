"""One process at a time runs a desk of a file: a lock beside it, which the operating system drops with the process.

Each desk has a lock file of its own, so that processes may run different accounts on one database. It stays when the
lock is gone, for removing it would let two processes lock two files of one name. What is written in it says who
locked it last; only the lock itself says that somebody has it now.
"""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from hashlib import sha256
from io import FileIO
from pathlib import Path

from venuekit.errors import JournalUnavailable, StoreInUse
from venuekit.journal.lease import end_process, in_use, this_process
from venuekit.protocols.journal import Holder

if sys.platform == "win32":
    import msvcrt

    #: Far behind the text, because there a locked byte cannot be read.
    _PLACE = 2**30

    def _take(file: FileIO, *, shared: bool) -> None:  # noqa: ARG001 - there is one kind
        file.seek(_PLACE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: FileIO, *, shared: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


#: For about a second: one who asks has the lock for an instant, and a killed process until it is cleared away.
_TRIES = 50
_BETWEEN_SECONDS = 0.02
_MARK = 16


class FileLeases:
    """The desks that one store runs; `database` is None for a store in memory, which nobody else can have."""

    def __init__(self, database: Path | None) -> None:
        self._database = database.resolve() if database else None  # the same file by whatever name it is opened
        self._held: dict[str, FileIO | None] = {}
        _ALL.add(self)

    async def take(self, desk: str) -> None:
        """Become the only one that runs `desk`.

        Raises:
            StoreInUse: another store runs it, or this one already. JournalUnavailable: the disk cannot lock.
        """
        if self._database is None:
            if desk in self._held:
                raise self._refusal(desk)
            self._held[desk] = None
            return
        for tries_left in reversed(range(_TRIES)):
            file = _locked(self._path(self._database, desk))
            if file is not None:
                self._held[desk] = file
                return
            if tries_left:
                await asyncio.sleep(_BETWEEN_SECONDS)
        raise self._refusal(desk)

    def holder(self, desk: str) -> Holder | None:
        """Who runs `desk` now, or None. Asking makes no file, and never keeps anybody from running it.

        Raises:
            JournalUnavailable: the disk cannot tell.
        """
        if self._database is None:
            return Holder(name=this_process()) if desk in self._held else None
        path = self._path(self._database, desk)
        try:
            with FileIO(path, "r") as file:
                return None if _has(file, shared=True) else _signed(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unable(path, error) from error

    def evict(self, desk: str) -> Holder | None:
        """End by force the process that runs `desk`.

        Raises:
            StoreInUse: it is this one, or not on this machine, or another user's.
        """
        holder = self.holder(desk)
        if holder is not None and not end_process(holder.name):
            raise self._refusal(desk)
        return holder

    def release(self) -> None:
        """Run none any more; safe to call twice."""
        for file in self._held.values():
            if file is not None:
                file.close()
        self._held.clear()

    def _path(self, database: Path, desk: str) -> Path:
        mark = sha256(desk.encode()).hexdigest()[:_MARK]  # every disk can have it, and it tells nobody's address
        return database.with_name(f"{database.name}-lease-{mark}")

    def _refusal(self, desk: str) -> StoreInUse:
        return in_use(desk, self.holder(desk), hangs="kill it")


def _locked(path: Path) -> FileIO | None:
    """The file, locked and signed; None while somebody else has it."""
    try:
        file = FileIO(path, "a+", opener=lambda name, flags: os.open(name, flags, 0o600))
        try:
            if _has(file, shared=False) and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                file.write(this_process().encode())
                return file
        except FileNotFoundError:  # it was removed while we opened it: what we locked is nobody's any more
            pass
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise _unable(path, error) from error
    file.close()
    return None


def _has(file: FileIO, *, shared: bool) -> bool:
    """Lock the file; False when somebody else has."""
    try:
        _take(file, shared=shared)
    except (BlockingIOError, PermissionError):  # Windows says the latter
        return False
    return True


def _signed(file: FileIO) -> Holder:
    """Who wrote the file, and when by the disk's own clock; no name in the instant between locking and writing."""
    file.seek(0)
    name = file.readall()[:200].decode("utf-8", "replace")
    return Holder(name=name or "another process", since_ns=os.fstat(file.fileno()).st_mtime_ns)


def _unable(path: Path, error: OSError) -> JournalUnavailable:
    return JournalUnavailable(
        f"Whether another process runs this desk cannot be known: {path} cannot be locked: {error.strerror or error}.",
        fix="Keep the store on a local disk where this user may write; for several machines, use PostgreSQL.",
    )


_ALL: weakref.WeakSet[FileLeases] = weakref.WeakSet()


def _forked() -> None:
    for leases in list(_ALL):
        leases.release()


if sys.platform != "win32":
    # A forked child has the files too, and would keep the locks when its parent is killed.
    os.register_at_fork(after_in_child=_forked)
